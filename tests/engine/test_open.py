"""A request on its way to a worker that has just died, or that its reader has left."""

import asyncio
import os
import signal

import msgspec
import pytest

from app.errors import Unavailable
from app.worker.messages import Delta, Generate
from tests.engine.stub_children import Told
from tests.engine.supervision import FINISHES, ask, end_of, ready, supervised

pytestmark = pytest.mark.anyio

TELLS, FALLS_SILENT = 2, 7


async def test_who_comes_to_a_worker_that_has_just_died_is_told_that_it_died() -> None:
    async with supervised() as supervisor:
        process = await ready(supervisor)
        stream = await ask(process, FALLS_SILENT)
        async with asyncio.timeout(30):
            while process.is_live:  # noqa: ASYNC110  Nothing tells of it.
                await asyncio.sleep(0)
        with pytest.raises(Unavailable) as failure:
            await process.open(Generate("late", [FINISHES], 10))
        assert failure.value.code == (await end_of(stream)).code
        assert failure.value.code.startswith("worker_died")


async def test_who_comes_to_a_worker_that_is_being_unloaded_is_told_so() -> None:
    async with supervised("stubborn") as supervisor:
        process = await ready(supervisor)
        closing = asyncio.create_task(process.close(Unavailable("model_unloaded", model="stub")))
        await asyncio.sleep(0)
        with pytest.raises(Unavailable, match="model_unloaded"):
            await process.open(Generate("late", [FINISHES], 10))
        os.kill(process.pid or 0, signal.SIGKILL)
        await closing


async def test_request_whose_reader_leaves_while_it_is_sent_is_cancelled_in_the_worker() -> None:
    async with supervised() as supervisor:
        process = await ready(supervisor)
        os.kill(process.pid or 0, signal.SIGSTOP)
        opening = asyncio.create_task(process.open(Generate("left", [1] * 3_000_000, 10)))
        await asyncio.sleep(0)
        opening.cancel()
        await asyncio.wait({opening})
        assert opening.cancelled()
        os.kill(process.pid or 0, signal.SIGCONT)
        stream = await process.open(Generate("next", [TELLS], 10))
        async with asyncio.timeout(30):
            told = await stream.next()
        assert isinstance(told, Delta)
        assert msgspec.json.decode(told.text, type=Told).cancelled == ["left"]
