"""A worker over its lives: real processes and real kills, with a stub in place of llama.cpp."""

import asyncio
import os
import signal
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

import pytest

from app.engine.stream import Stream
from app.engine.supervisor import Backoff, Supervisor
from app.engine.worker_process import Patience, WorkerProcess
from app.errors import BadFile, HearthError, Unavailable
from app.worker.messages import Delta, Finished, Generate, Load

pytestmark = pytest.mark.anyio

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
        assert error.code == "worker_died_killed"
        assert process.pid is not None
        assert not is_there(process.pid)


async def test_worker_that_answers_no_ping_is_killed() -> None:
    async with supervised("deaf", patience=Patience(0.05, 30.0, 0.3)) as supervisor:
        assert (await end_of(await ask(await ready(supervisor), STAYS))).code == "worker_died_killed"


async def test_pings_keep_an_idle_worker() -> None:
    async with supervised(patience=Patience(0.02, 30.0, 0.3)) as supervisor:
        stream = await ask(await ready(supervisor), STAYS)
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(1):
                await stream.next()
        assert supervisor.process is not None


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
