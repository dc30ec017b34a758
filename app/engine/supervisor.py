"""Keeps one model's worker: starts it when needed, again after a crash, and not for a while if it crashes each time."""

import asyncio
import logging
import signal
import time
from collections.abc import Callable
from dataclasses import dataclass

from app.engine.backends import StepDown
from app.engine.watch import Patience
from app.engine.worker_process import WORKER_TARGET, Ending, WorkerProcess
from app.errors import Unavailable
from app.worker.messages import Load

log = logging.getLogger(__name__)

# What a worker dies of when its way to compute does not work on this processor.
FAULTS = frozenset({signal.SIGILL, signal.SIGSEGV, signal.SIGABRT, signal.SIGBUS, signal.SIGFPE})


@dataclass(frozen=True, slots=True)
class Backoff:
    """After a crash the next start waits `first_seconds`, doubled each time. From the second crash on that no finished
    reply lies between, the model is refused for `refuse_seconds`, doubled each time, and then tried again.
    """

    first_seconds: float = 0.5
    refuse_seconds: float = 30.0
    most_seconds: float = 900.0


PATIENCE = Patience()
BACKOFF = Backoff()


class Supervisor:
    """One model's worker over all its lives. `make_load` is asked anew for each start.

    `step_down` is told of which way to compute a worker died before its first token, and knows of another.
    """

    def __init__(
        self,
        model: str,
        make_load: Callable[[], Load],
        target: str = WORKER_TARGET,
        patience: Patience = PATIENCE,
        backoff: Backoff = BACKOFF,
        step_down: StepDown | None = None,
    ) -> None:
        self.model = model
        self.last_used = time.monotonic()
        self._make_load = make_load
        self._target = target
        self._patience = patience
        self._backoff = backoff
        self._step_down = step_down
        self._process: WorkerProcess | None = None
        self._replaced: WorkerProcess | None = None
        self._num_crashes = 0
        self._crashed_at = 0.0

    @property
    def process(self) -> WorkerProcess | None:
        """The worker that takes requests, if there is one."""
        return self._process if self._process is not None and self._process.is_live else None

    def start(self, by_itself: bool = False) -> WorkerProcess:
        """The live worker, started now if there is none. Raises Unavailable while the model is refused.

        `by_itself`: no person asks for it. Then a model that crashed twice in a row is refused however long ago.
        """
        if self.process is not None:
            return self.process
        self._check_refusal(by_itself)
        process = WorkerProcess(
            self.model,
            self._make_load(),
            self._target,
            self._patience,
            self._note_work,
            lambda ending: self._note_end(process, ending),
        )
        self._process = process
        process.start(self._restart_delay())
        return process

    def has_replacement(self, process: WorkerProcess) -> bool:
        """Whether this worker died at once, and the next will compute in another way: its request may go there."""
        return self._replaced is process

    def forgive(self) -> None:
        """It works, or is another now: crashes of the past do not count any more."""
        self._num_crashes = 0

    def touch(self) -> None:
        """It was just used."""
        self.last_used = time.monotonic()

    def let_go(self) -> WorkerProcess | None:
        """Hand the worker over to whoever ends it; from now on there is none, and a request would start another."""
        process, self._process = self._process, None
        return process

    async def close(self) -> None:
        """End the worker; the next request starts another."""
        process = self.let_go()
        if process is not None:
            await process.close()

    def _check_refusal(self, by_itself: bool) -> None:
        if self._num_crashes < 2:
            return
        refused = min(self._backoff.most_seconds, self._backoff.refuse_seconds * 2 ** (self._num_crashes - 2))
        remaining = self._crashed_at + refused - time.monotonic()
        if remaining > 0 or by_itself:
            raise Unavailable(
                "model_keeps_crashing", model=self.model, crashes=self._num_crashes, seconds=max(1, round(remaining))
            )

    def _restart_delay(self) -> float:
        if self._num_crashes == 0:
            return 0.0
        delay: float = min(self._backoff.most_seconds, self._backoff.first_seconds * 2 ** (self._num_crashes - 1))
        return max(0.0, self._crashed_at + delay - time.monotonic())

    def _note_work(self) -> None:
        self.forgive()
        if self._step_down is not None:
            self._step_down.works()

    def _note_end(self, process: WorkerProcess, ending: Ending) -> None:
        if not ending.is_crash:
            return
        self._num_crashes += 1
        self._crashed_at = time.monotonic()
        if ending.is_early and -ending.status in FAULTS:
            reason = f"{self.model}: {signal.Signals(-ending.status).name}"
            if self._step_down is not None and self._step_down.has_other(process.load.backend, reason):
                self._replaced = process
                self._num_crashes -= 1


async def close_all(supervisors: list[Supervisor]) -> None:
    """End all workers side by side."""
    async with asyncio.TaskGroup() as group:
        for supervisor in supervisors:
            group.create_task(supervisor.close())
