"""A supervisor of a stub, and what is asked of it."""

import asyncio
import os
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

import pytest

from app.engine.stream import Stream
from app.engine.supervisor import Backoff, Supervisor
from app.engine.watch import Patience
from app.engine.worker_process import WorkerProcess
from app.errors import HearthError
from app.worker.messages import Delta, Generate, Load

STUB = "tests.engine.stub_children:worker"
QUICK = Backoff(first_seconds=0.01, refuse_seconds=600.0)
FINISHES, STAYS, NONSENSE, DIES = 0, 1, 8, 9


@asynccontextmanager
async def supervised(
    manner: str = "good", backoff: Backoff = QUICK, patience: Patience | None = None
) -> AsyncGenerator[Supervisor, None]:
    """A supervisor of a stub of that manner, ended afterwards."""
    supervisor = Supervisor("stub", lambda: Load(f"/{manner}.gguf", 64, 2, 8, 1), STUB, patience or Patience(), backoff)
    try:
        yield supervisor
    finally:
        await supervisor.close()


async def ready(supervisor: Supervisor) -> WorkerProcess:
    """A loaded worker."""
    process = supervisor.start()
    fraction: float | None = None
    async with asyncio.timeout(30):
        while (fraction := await process.progress(fraction)) is not None:
            pass
    return process


async def ask(process: WorkerProcess, manner: int, name: str = "r") -> Stream:
    """A request, of which the first word has come."""
    stream = await process.open(Generate(name, [manner], 10))
    async with asyncio.timeout(30):
        assert await stream.next() == Delta(name, "hi", 1)
    return stream


async def end_of(stream: Stream) -> HearthError:
    """The error that it ends with."""
    async with asyncio.timeout(30):
        with pytest.raises(HearthError) as failure:
            await stream.next()
    return failure.value


def is_there(pid: int) -> bool:
    """Whether the process is still known to the system."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True
