"""Keeps one model's worker: starts it when needed, again after a crash, and not for a while if it crashes each time."""

import asyncio
import logging
import time
from collections.abc import Callable
from dataclasses import dataclass

from app.engine.worker_process import WORKER_TARGET, Ending, Patience, WorkerProcess
from app.errors import Unavailable
from app.worker.messages import Load

log = logging.getLogger(__name__)


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
    """One model's worker over all its lives. `make_load` is asked anew for each start."""

    def __init__(
        self,
        model: str,
        make_load: Callable[[], Load],
        target: str = WORKER_TARGET,
        patience: Patience = PATIENCE,
        backoff: Backoff = BACKOFF,
    ) -> None:
        self.model = model
        self.last_used = time.monotonic()
        self._make_load = make_load
        self._target = target
        self._patience = patience
        self._backoff = backoff
        self._process: WorkerProcess | None = None
        self._num_crashes = 0
        self._crashed_at = 0.0

    @property
    def process(self) -> WorkerProcess | None:
        """The worker that takes requests, if there is one."""
        return self._process if self._process is not None and self._process.is_live else None

    def start(self) -> WorkerProcess:
        """The live worker, started now if there is none. Raises Unavailable while the model is refused."""
        if self.process is not None:
            return self.process
        self._check_refusal()
        process = WorkerProcess(
            self.model, self._make_load(), self._target, self._patience, self._forgive, self._note_end
        )
        self._process = process
        process.start(self._restart_delay())
        return process

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

    def _check_refusal(self) -> None:
        if self._num_crashes < 2:
            return
        refused = min(self._backoff.most_seconds, self._backoff.refuse_seconds * 2 ** (self._num_crashes - 2))
        remaining = self._crashed_at + refused - time.monotonic()
        if remaining > 0:
            raise Unavailable(
                "model_keeps_crashing", model=self.model, crashes=self._num_crashes, seconds=max(1, round(remaining))
            )

    def _restart_delay(self) -> float:
        if self._num_crashes == 0:
            return 0.0
        delay: float = min(self._backoff.most_seconds, self._backoff.first_seconds * 2 ** (self._num_crashes - 1))
        return max(0.0, self._crashed_at + delay - time.monotonic())

    def _forgive(self) -> None:
        self._num_crashes = 0

    def _note_end(self, ending: Ending) -> None:
        if ending.is_crash:
            self._num_crashes += 1
            self._crashed_at = time.monotonic()


async def close_all(supervisors: list[Supervisor]) -> None:
    """End all workers side by side."""
    async with asyncio.TaskGroup() as group:
        for supervisor in supervisors:
            group.create_task(supervisor.close())
