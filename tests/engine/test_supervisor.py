"""A worker over its lives: real processes and real kills, with a stub in place of llama.cpp."""

import os
import signal

import pytest

from app.engine.supervisor import Backoff
from app.engine.watch import Patience
from app.errors import BadFile, Unavailable
from app.worker.messages import Finished, Generate
from tests.engine.supervision import DIES, FINISHES, NONSENSE, STAYS, ask, end_of, is_there, ready, supervised

pytestmark = pytest.mark.anyio


async def test_worker_loads_and_answers() -> None:
    async with supervised() as supervisor:
        stream = await ask(await ready(supervisor), FINISHES)
        assert isinstance(await stream.next(), Finished)
        assert await stream.next() is None


async def test_kill_ends_open_streams_with_the_reason_and_the_next_request_starts_another() -> None:
    async with supervised() as supervisor:
        process = await ready(supervisor)
        streams = [await ask(process, STAYS, name) for name in ("one", "two")]
        assert process.pid is not None
        os.kill(process.pid, signal.SIGKILL)
        for stream in streams:
            error = await end_of(stream)
            assert isinstance(error, Unavailable)
            assert (error.code, error.params) == ("worker_died_killed", {"model": "stub", "signal": "SIGKILL"})
        assert supervisor.process is None
        again = await ready(supervisor)
        assert again.pid != process.pid
        await ask(again, FINISHES)


async def test_model_that_crashes_twice_in_a_row_is_refused_for_a_while() -> None:
    async with supervised() as supervisor:
        for _ in range(2):
            await end_of(await ask(await ready(supervisor), DIES))
        with pytest.raises(Unavailable) as refusal:
            supervisor.start()
        assert refusal.value.code == "model_keeps_crashing"
        assert refusal.value.params["crashes"] == 2


async def test_model_that_crashed_twice_is_not_loaded_by_itself_however_long_ago() -> None:
    async with supervised(backoff=Backoff(first_seconds=0.01, refuse_seconds=0.0)) as supervisor:
        for _ in range(2):
            await end_of(await ask(await ready(supervisor), DIES))
        with pytest.raises(Unavailable, match="model_keeps_crashing"):
            supervisor.start(by_itself=True)
        await ask(await ready(supervisor), FINISHES)


async def test_finished_reply_between_two_crashes_forgives_the_first() -> None:
    async with supervised() as supervisor:
        await end_of(await ask(await ready(supervisor), DIES))
        process = await ready(supervisor)
        stream = await ask(process, FINISHES)
        assert isinstance(await stream.next(), Finished)
        await end_of(await ask(process, DIES))
        await ask(await ready(supervisor), FINISHES)


async def test_refused_model_is_tried_again_later() -> None:
    async with supervised(backoff=Backoff(first_seconds=0.01, refuse_seconds=0.0)) as supervisor:
        for _ in range(3):
            await end_of(await ask(await ready(supervisor), DIES))
        await ask(await ready(supervisor), FINISHES)


async def test_worker_that_dies_while_loading_tells_how() -> None:
    async with supervised("dies-loading") as supervisor:
        with pytest.raises(Unavailable, match="worker_died_illegal_instruction"):
            await ready(supervisor)


async def test_model_that_cannot_be_loaded_is_no_crash() -> None:
    async with supervised("unloadable") as supervisor:
        for _ in range(3):
            with pytest.raises(BadFile) as failure:
                await ready(supervisor)
            assert failure.value.params == {"model": "stub", "detail": "tensor 'x' not found"}


async def test_worker_that_sends_nonsense_is_killed() -> None:
    async with supervised() as supervisor:
        process = await ready(supervisor)
        error = await end_of(await ask(process, NONSENSE))
        assert error.code == "worker_nonsense"
        assert process.pid is not None
        assert not is_there(process.pid)


async def test_worker_that_does_not_retire_is_ended_all_the_same() -> None:
    async with supervised("stubborn", patience=Patience(retire_seconds=0.05)) as supervisor:
        process = await ready(supervisor)
        await supervisor.close()
        assert process.pid is not None
        assert not is_there(process.pid)


async def test_cancelled_stream_is_told_to_the_worker() -> None:
    async with supervised() as supervisor:
        process = await ready(supervisor)
        stream = await ask(process, STAYS)
        process.cancel(stream)
        await ask(process, FINISHES, "next")


async def test_close_leaves_no_process_and_fails_what_is_open() -> None:
    async with supervised() as supervisor:
        process = await ready(supervisor)
        stream = await ask(process, STAYS)
        await supervisor.close()
        assert (await end_of(stream)).code == "engine_closed"
        assert process.pid is not None
        assert not is_there(process.pid)
        with pytest.raises(Unavailable):
            await process.open(Generate("late", [0], 1))
