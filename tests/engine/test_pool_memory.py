"""Which models are in memory: what fits, what leaves, what stays, and what is refused before loading."""

import asyncio
from dataclasses import replace
from pathlib import Path

import pytest

from app.engine.events import Delta, GenerationRequest, Loading, ModelFile, ModelOptions, Queued
from app.engine.pool import Pool
from app.engine.pulse import PROC
from app.errors import TooLarge, Unavailable
from tests.engine.party import FINISHES, STAYS, TELLS, Asked, Scales, ask, pool_of, stub_model, told

pytestmark = pytest.mark.anyio


def names(pool: Pool) -> list[str]:
    """Of the models in memory."""
    return sorted(model.name for model in pool.loaded())


def pinned(name: str) -> ModelFile:
    """A model that never leaves."""
    return replace(stub_model(name), options=ModelOptions(is_pinned=True))


async def use(pool: Pool, *models: str) -> None:
    """One short reply of each, in turn."""
    for name in models:
        await ask(pool, FINISHES, model=stub_model(name)).end()


async def test_models_stay_side_by_side_while_they_fit_and_the_longest_idle_one_leaves() -> None:
    async with pool_of(planner=Scales(gib=4), room_gib=9) as pool:
        await use(pool, "one", "two", "one")
        assert names(pool) == ["one", "two"]
        await use(pool, "three")
        assert names(pool) == ["one", "three"]


async def test_pinned_model_stays_and_another_takes_what_is_left() -> None:
    async with pool_of(planner=Scales(gib=4), room_gib=6.5) as pool:
        await ask(pool, FINISHES, model=pinned("one")).end()
        assert (await told(pool, stub_model("two"))).load.context_tokens == 32
        assert names(pool) == ["one", "two"]
        assert [model.is_pinned for model in pool.loaded()] == [True, False]


async def test_too_large_model_is_refused_before_anything_leaves_for_it() -> None:
    async with pool_of(planner=Scales(gib=4, sizes={"huge": 40}), room_gib=9) as pool:
        await use(pool, "one")
        for attempt in (pool.context_tokens(stub_model("huge")), ask(pool, FINISHES, model=stub_model("huge")).task):
            with pytest.raises(TooLarge) as refusal:
                await attempt
            assert refusal.value.code == "model_too_large"
        assert names(pool) == ["one"]


async def test_too_large_beside_a_pinned_model_is_refused_too() -> None:
    async with pool_of(planner=Scales(gib=4, sizes={"big": 8}), room_gib=7) as pool:
        assert await pool.context_tokens(stub_model("big")) == 32
        await ask(pool, FINISHES, model=pinned("one")).end()
        with pytest.raises(TooLarge):
            await pool.context_tokens(stub_model("big"))


async def test_context_is_told_as_it_would_be_and_then_as_it_is() -> None:
    async with pool_of(planner=Scales(gib=4), room_gib=3) as pool:
        assert await pool.context_tokens(stub_model()) == 32
        await use(pool, "good")
        assert await pool.context_tokens(stub_model()) == 32
        (loaded,) = pool.loaded()
        assert loaded.context_tokens == 32
        with pytest.raises(TooLarge, match="prompt_too_long"):
            await Asked(pool, stub_model(), GenerationRequest("ann", (0,) * 32, 10)).end()


async def test_model_that_does_not_fit_beside_a_busy_one_waits_for_it() -> None:
    async with pool_of(planner=Scales(gib=4), room_gib=5.5) as pool:
        busy = ask(pool, STAYS, "ann", stub_model("one"))
        await busy.until(Delta)
        other = ask(pool, FINISHES, "ben", stub_model("two"))
        assert await other.until(Queued) == Queued(1, None)
        await busy.leave()
        await other.end()
        assert names(pool) == ["two"]


async def test_memory_that_a_loaded_model_takes_is_shown() -> None:
    async with pool_of() as pool:
        await use(pool, "good")
        (loaded,) = pool.loaded()
        assert loaded.memory_bytes > 2**20 or not PROC.exists()


async def test_unload_ends_the_reply_with_a_reason_and_the_next_message_loads_again() -> None:
    async with pool_of() as pool:
        writing = ask(pool, STAYS)
        await writing.until(Delta)
        await pool.unload("unknown")
        await pool.unload("good")
        with pytest.raises(Unavailable, match="model_unloaded"):
            await writing.end()
        assert names(pool) == []
        await use(pool, "good")


async def test_unload_of_a_model_that_is_being_loaded_is_told_as_such() -> None:
    async with pool_of() as pool:
        loading = ask(pool, STAYS, model=stub_model("loads-for-ever"))
        while Loading(0.5) not in loading.events:
            await loading.news()
        await pool.unload("loads-for-ever")
        with pytest.raises(Unavailable, match="model_unloaded"):
            await loading.end()


async def test_unloaded_worker_saves_before_it_ends(tmp_path: Path) -> None:
    async with pool_of() as pool:
        await ask(pool, FINISHES, model=ModelFile("good", tmp_path / "good.gguf", 64)).end()
        await pool.unload("good")
        assert (tmp_path / "retired").read_text() == "saved"


async def test_pinned_model_is_not_unloaded_for_being_idle() -> None:
    async with pool_of(idle_minutes=0.0001) as pool:
        await ask(pool, FINISHES, model=pinned("one")).end()
        await use(pool, "two")
        (two,) = [resident.process for resident in pool._residents if resident.model.name == "two"]
        assert two is not None and two._task is not None
        await asyncio.wait({two._task}, timeout=30)
        assert names(pool) == ["one"]


async def test_preload_takes_what_fits_and_a_broken_one_stops_nobody() -> None:
    async with pool_of(planner=Scales(gib=4), room_gib=9) as pool:
        await pool.preload([stub_model(name) for name in ("unloadable", "one", "two", "three")])
        assert names(pool) == ["one", "two"]
        assert all(model.state == "ready" for model in pool.loaded())


async def test_changed_options_load_the_model_anew_once_it_is_idle() -> None:
    changed = replace(stub_model(), options=ModelOptions(kv_type="q8_0"))
    async with pool_of() as pool:
        before = await told(pool, stub_model())
        writing = ask(pool, STAYS)
        await writing.until(Delta)
        waiting = Asked(pool, changed, GenerationRequest("ben", (TELLS,), 10))
        assert isinstance(await waiting.until(Queued), Queued)
        await ask(pool, FINISHES, model=stub_model("other")).end()
        await writing.leave()
        await waiting.end()
        after = await told(pool, changed)
        assert (before.load.kv_type, after.load.kv_type, before.pid != after.pid) == ("f16", "q8_0", True)
        assert len(pool.loaded()) == 2


async def test_pinning_does_not_load_anew() -> None:
    async with pool_of() as pool:
        assert (await told(pool, stub_model())).pid == (await told(pool, pinned("good"))).pid


async def test_replaced_file_is_loaded_anew_and_a_deleted_one_serves_on() -> None:
    scales = Scales()
    async with pool_of(planner=scales) as pool:
        scales.stamps["good"] = ((1, 1, 1),)
        first = await told(pool, stub_model())
        scales.stamps["good"] = None
        assert (await told(pool, stub_model())).pid == first.pid
        scales.stamps["good"] = ((2, 2, 2),)
        assert (await told(pool, stub_model())).pid != first.pid


async def test_embeddings_have_a_worker_of_their_own() -> None:
    async with pool_of(room_gib=9, renderer_target="tests.engine.stub_children:renderer") as pool:
        await use(pool, "good")
        assert await pool.embed(stub_model(), "ann", ["one", "four", ""]) == [[3.0], [4.0], [0.0]]
        assert len(pool.loaded()) == 2
        with pytest.raises(TooLarge, match="prompt_too_long"):
            await pool.embed(stub_model(), "ann", ["x" * 65])


async def test_many_texts_are_embedded_in_pieces_and_stay_in_order() -> None:
    async with pool_of(renderer_target="tests.engine.stub_children:renderer") as pool:
        vectors = await pool.embed(stub_model(), "ann", ["x" * (number % 60) for number in range(600)])
        assert vectors == [[float(number % 60)] for number in range(600)]
