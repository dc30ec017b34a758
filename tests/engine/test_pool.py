"""Turns, loading, unloading and cancelling, with real processes and a stub in place of llama.cpp."""

import asyncio
import os
import signal
from contextlib import aclosing

import pytest

from app.engine.events import Delta, Finished, GenerationRequest, Loading, Queued
from app.engine.pool import Pool
from app.errors import Busy, TooLarge, Unavailable
from tests.engine.party import DIES, FINISHES, STAYS, Asked, ask, check_places_fall, pool_of, stub_model

pytestmark = pytest.mark.anyio


def names(pool: Pool) -> list[str]:
    """Of the models in memory."""
    return [model.name for model in pool.loaded()]


def pid_of(pool: Pool) -> int:
    """Of the only worker."""
    (resident,) = pool._residents
    assert resident.process is not None and resident.process.pid is not None
    return resident.process.pid


async def test_events_come_in_the_promised_order() -> None:
    async with pool_of() as pool:
        asked = ask(pool, FINISHES)
        finished = await asked.end()
        kinds = [type(event) for event in asked.events]
        assert kinds == sorted(kinds, key=[Queued, Loading, Delta, Finished].index)
        assert (finished.reason, finished.completion_tokens) == ("end", 1)
        assert finished.first_token_seconds > 0


async def test_request_beyond_the_slots_is_told_its_place_as_it_changes() -> None:
    async with pool_of(slots=1) as pool:
        first = ask(pool, STAYS)
        await first.until(Delta)
        second, third = ask(pool, STAYS), ask(pool, FINISHES)
        assert await second.until(Queued) == Queued(1, None)
        assert await third.until(Queued) == Queued(2, None)
        await first.leave()
        await second.until(Delta)
        await second.leave()
        await third.end()
        places = [event.position for event in third.events if isinstance(event, Queued)]
        assert places == [2, 1]


async def test_wait_is_guessed_for_who_comes_after_a_reader_that_stopped_at_the_end() -> None:
    async with pool_of(slots=1) as pool:
        async with aclosing(pool.generate(stub_model(), GenerationRequest("ann", (FINISHES,), 10))) as events:
            async for event in events:
                if isinstance(event, Finished):
                    break
        writing = ask(pool, STAYS)
        await writing.until(Delta)
        waiting = ask(pool, FINISHES)
        queued = await waiting.until(Queued)
        assert isinstance(queued, Queued)
        assert queued.eta_seconds is not None
        await waiting.leave()


async def test_leaving_frees_the_turn_whether_waiting_or_writing() -> None:
    async with pool_of(slots=1) as pool:
        writing, waiting, last = ask(pool, STAYS), ask(pool, STAYS), ask(pool, FINISHES)
        await writing.until(Delta)
        await waiting.leave()
        await writing.leave()
        await last.end()
        assert [(model.active, model.waiting) for model in pool.loaded()] == [(0, 0)]


async def test_full_queue_is_refused_before_anything_is_said() -> None:
    async with pool_of(slots=1, waiting_replies=1) as pool:
        running = ask(pool, STAYS)
        await running.until(Delta)
        pool.check_room("ben")
        waiting = ask(pool, STAYS)
        await waiting.until(Queued)
        with pytest.raises(Busy, match="queue_full"):
            pool.check_room("ben")
        with pytest.raises(Busy):
            await ask(pool, FINISHES).end()


async def test_prompt_that_leaves_no_room_is_refused() -> None:
    async with pool_of() as pool:
        asked = Asked(pool, stub_model(), GenerationRequest("ann", (0,) * 64, 10))
        with pytest.raises(TooLarge) as refusal:
            await asked.end()
        assert (refusal.value.code, refusal.value.params) == ("prompt_too_long", {"tokens": 64, "limit": 64})


async def test_killed_worker_ends_all_its_replies_and_the_next_message_works() -> None:
    async with pool_of() as pool:
        asked = [ask(pool, STAYS, person) for person in ("ann", "ben")]
        for each in asked:
            await each.until(Delta)
        os.kill(pid_of(pool), signal.SIGKILL)
        for each in asked:
            with pytest.raises(Unavailable, match="worker_died_killed"):
                await each.end()
            assert each.text == "hi"
        await ask(pool, FINISHES).end()


async def test_model_that_keeps_crashing_is_refused_and_others_work() -> None:
    async with pool_of(loaded_models=2) as pool:
        for _ in range(2):
            with pytest.raises(Unavailable, match="worker_died"):
                await ask(pool, DIES).end()
        with pytest.raises(Unavailable, match="model_keeps_crashing"):
            await ask(pool, FINISHES).end()
        await ask(pool, FINISHES, model=stub_model("other")).end()


async def test_second_model_takes_the_place_of_an_idle_one() -> None:
    async with pool_of(loaded_models=1) as pool:
        await ask(pool, FINISHES, model=stub_model("one")).end()
        assert names(pool) == ["one"]
        await ask(pool, FINISHES, model=stub_model("two")).end()
        assert names(pool) == ["two"]


async def test_longest_idle_model_is_the_one_that_leaves() -> None:
    async with pool_of(loaded_models=2) as pool:
        for name in ("one", "two", "one", "three"):
            await ask(pool, FINISHES, model=stub_model(name)).end()
        assert sorted(names(pool)) == ["one", "three"]


async def test_model_waits_while_all_others_are_busy_and_is_not_overtaken() -> None:
    async with pool_of(loaded_models=1, slots=2) as pool:
        busy = ask(pool, STAYS, "ann", stub_model("one"))
        await busy.until(Delta)
        other = ask(pool, FINISHES, "ben", stub_model("two"))
        assert await other.until(Queued) == Queued(1, None)
        overtaking = ask(pool, FINISHES, "ann", stub_model("one"))
        assert await overtaking.until(Queued) == Queued(2, None)
        await busy.leave()
        await other.end()
        await overtaking.end()
        assert names(pool) == ["one"]


async def test_idle_model_is_unloaded() -> None:
    async with pool_of(idle_minutes=0.001) as pool:
        await ask(pool, FINISHES).end()
        (resident,) = pool._residents
        process = resident.process
        assert process is not None and process._task is not None
        await asyncio.wait({process._task}, timeout=30)
        assert names(pool) == []
        await ask(pool, FINISHES).end()


async def test_close_ends_waiting_and_writing_requests_and_refuses_new_ones() -> None:
    async with pool_of(slots=1) as pool:
        writing = ask(pool, STAYS)
        await writing.until(Delta)
        waiting = ask(pool, STAYS)
        await waiting.until(Queued)
        pid = pid_of(pool)
        await pool.close()
        for each in (writing, waiting):
            with pytest.raises(Unavailable, match="engine_closed"):
                await each.end()
        with pytest.raises(Unavailable, match="engine_closed"):
            await ask(pool, FINISHES).end()
        with pytest.raises(ProcessLookupError):
            os.kill(pid, 0)


async def test_64_replies_of_8_people_on_4_slots_all_finish_and_turns_go_round() -> None:
    async with pool_of(slots=4) as pool:
        people = [f"person {number}" for number in range(8)]
        asked = [ask(pool, FINISHES, person) for _ in range(8) for person in people]
        for each in asked:
            await each.end()
        check_places_fall(asked)
