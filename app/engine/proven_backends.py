"""The ways to compute that have proved to work on this box, best first: what the pool asks when it starts a worker.

Keeps what was found out in the data folder. Implements `app.engine.backends.Backends`.
"""

import asyncio
import logging
from datetime import UTC, datetime
from pathlib import Path

from app import hardware
from app.engine import candidates, verdict
from app.engine.probe import ProbePlan, probe
from app.engine.verdict import StepDown, Verdict
from app.worker.messages import Backend

log = logging.getLogger(__name__)

# What is tried in turn as long as nothing is known of this box.
UNPROVEN = (Backend(), Backend(extra_buffers=False))


class ProvenBackends:
    """What is known of this box; `data_dir` keeps it."""

    def __init__(self, data_dir: Path) -> None:
        self._data_dir = data_dir
        self._verdict = verdict.load(data_dir)

    @property
    def verdict(self) -> Verdict | None:
        """All that is known; None before the first time."""
        return self._verdict

    def current(self) -> Backend:
        """The best that works; until that is known, llama.cpp as it comes."""
        ladder = self._ladder()
        return next(iter(self._left(ladder)), ladder[-1])

    def following(self, backend: Backend) -> Backend | None:
        """The next best after this one, which is not given up by that; None: it is the last."""
        left = self._left(self._ladder())
        return next(iter(left[left.index(backend) + 1 :]), None) if backend in left else None

    def step_down(self, backend: Backend, reason: str) -> Backend | None:
        """A worker died of this one: the next one, from now on and after a restart too; None: there is none left."""
        now = datetime.now(UTC).isoformat(timespec="seconds")
        known = self._verdict or Verdict("", (), now)
        if all(step.backend != backend for step in known.step_downs):
            step_down = StepDown(backend, reason, now)
            self._verdict = Verdict(known.key, known.steps, known.at, (*known.step_downs, step_down))
            verdict.save(self._data_dir, self._verdict)
            log.warning("This way to compute is given up: %s, because %s", backend, reason)
        return next(iter(self._left(self._ladder())), None)

    async def find_out(self, plan: ProbePlan) -> Verdict:
        """Try what there is, unless that was done for this processor, these libraries and graphics cards already."""
        gpus = await asyncio.to_thread(hardware.gpus)
        folder = candidates.libraries_folder()
        key = await asyncio.to_thread(candidates.box_key, folder, gpus)
        if self._verdict is not None and self._verdict.key == key:
            return self._verdict
        found = await probe(plan, candidates.candidates(folder, gpus), key)
        if self._verdict is not None and not self._verdict.key:
            # Workers died of these while it was not known yet whether they work.
            found = Verdict(found.key, found.steps, found.at, self._verdict.step_downs)
        self._verdict = found
        await asyncio.to_thread(verdict.save, self._data_dir, found)
        return found

    def _ladder(self) -> tuple[Backend, ...]:
        proven = self._verdict.backends if self._verdict is not None else ()
        there = tuple(one for one in proven if not one.libraries or Path(one.libraries).is_dir())
        return there or UNPROVEN

    def _left(self, ladder: tuple[Backend, ...]) -> list[Backend]:
        given_up = [step.backend for step in self._verdict.step_downs] if self._verdict is not None else []
        return [backend for backend in ladder if backend not in given_up]
