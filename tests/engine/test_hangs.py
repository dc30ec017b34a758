"""Workers that do not answer: real processes, really stopped."""

import asyncio
import os
import signal

import pytest

from app.engine.pulse import PROC
from app.engine.watch import Patience
from app.errors import Unavailable
from tests.engine.supervision import FINISHES, STAYS, ask, end_of, is_there, ready, supervised

pytestmark = pytest.mark.anyio


async def test_worker_that_answers_no_ping_is_killed() -> None:
    async with supervised("deaf", patience=Patience(0.05, 30.0, 0.3)) as supervisor:
        assert (await end_of(await ask(await ready(supervisor), STAYS))).code == "worker_hung"


@pytest.mark.skipif(not PROC.exists(), reason="only Linux tells whether a process is stopped")
async def test_stopped_worker_is_found_killed_and_replaced() -> None:
    patience = Patience(ping_seconds=0.05, quiet_seconds=0.3)
    async with supervised(patience=patience) as supervisor:
        process = await ready(supervisor)
        stream = await ask(process, STAYS)
        assert process.pid is not None
        os.kill(process.pid, signal.SIGSTOP)
        error = await end_of(stream)
        assert (error.code, error.params["model"]) == ("worker_hung", "stub")
        assert not is_there(process.pid)
        await ask(await ready(supervisor), FINISHES)


@pytest.mark.skipif(not PROC.exists(), reason="only Linux tells whether a process is stopped")
async def test_worker_that_is_stopped_while_it_loads_is_found_too() -> None:
    async with supervised("loads-for-ever", patience=Patience(ping_seconds=0.05, quiet_seconds=0.3)) as supervisor:
        process = supervisor.start()
        assert await process.progress(None) == 0.0
        assert await process.progress(0.0) == 0.5
        assert process.pid is not None
        os.kill(process.pid, signal.SIGSTOP)
        async with asyncio.timeout(30):
            with pytest.raises(Unavailable, match="worker_hung"):
                await process.progress(0.5)


async def test_pings_keep_an_idle_worker() -> None:
    async with supervised(patience=Patience(0.02, 30.0, 0.3)) as supervisor:
        stream = await ask(await ready(supervisor), STAYS)
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(1):
                await stream.next()
        assert supervisor.process is not None
