"""What the pool sees to by itself: that forgotten is forgotten, and that its rounds never end."""

import asyncio
from collections.abc import Callable, Iterator
from contextlib import aclosing
from dataclasses import replace
from itertools import chain, repeat
from pathlib import Path

import pytest

from app.engine.events import Finished, GenerationRequest, Loading, ModelOptions
from tests.engine.party import FINISHES, ask, pool_of, stub_model, told

pytestmark = pytest.mark.anyio


async def test_chat_is_forgotten_only_once_a_worker_that_leaves_has_saved_its_last(tmp_path: Path) -> None:
    async with pool_of(data_dir=tmp_path) as pool:
        await told(pool, replace(stub_model(), path=tmp_path / "good.gguf"))
        unloading = asyncio.create_task(pool.unload("good"))
        await asyncio.sleep(0)
        await pool.forget("ann", "c1")
        assert (tmp_path / "retired").exists()
        await unloading


async def test_failure_in_one_round_of_care_does_not_end_the_next_ones(caplog: pytest.LogCaptureFixture) -> None:
    def fail() -> int:
        raise OSError("no such file")

    counts: Iterator[Callable[[], int]] = chain([lambda: 1, fail], repeat(lambda: 1))
    async with pool_of(idle_minutes=0.001, count_threads=lambda: next(counts)()) as pool:
        await ask(pool, FINISHES).end()
        (resident,) = pool._residents
        process = resident.process
        assert process is not None and process._task is not None
        await asyncio.wait({process._task}, timeout=30)
        assert resident.process is None
    assert "no such file" in caplog.text


async def test_reply_goes_on_where_the_model_is_asked_for_in_another_form_meanwhile() -> None:
    async with pool_of() as pool:
        events = pool.generate(stub_model(), GenerationRequest("ann", (FINISHES,), 10))
        async with aclosing(events), asyncio.timeout(30):
            assert isinstance(await anext(events), Loading)
            await pool.context_tokens(replace(stub_model(), options=ModelOptions(kv_type="q8_0")))
            seen = [event async for event in events]
        assert isinstance(seen[-1], Finished)
