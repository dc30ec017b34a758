"""Which models are in memory: as many as fit, the longest idle one leaves for another, pinned ones stay.

Knows sizes and idleness, not who asks.
"""

import asyncio
import logging
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import replace

from app.engine import process_memory
from app.engine.backends import StepDown
from app.engine.box import Box
from app.engine.children import Children
from app.engine.events import ModelFile
from app.engine.load_message import Running, load_message
from app.engine.memory_plan import LoadPlan, Planner
from app.engine.resident import ModelKey, Resident
from app.engine.worker_process import WorkerProcess
from app.errors import HearthError
from app.settings import Settings
from app.worker.messages import Backend, Load

log = logging.getLogger(__name__)

MIB = 1024**2
# Left for everything else on the box when a model is loaded.
SPARE_BYTES = 128 * MIB


class Residents:
    """The models of this box. `is_idle` says whether nobody's turn needs a model now."""

    def __init__(
        self, settings: Settings, box: Box, planner: Planner, children: Children, is_idle: Callable[[ModelKey], bool]
    ) -> None:
        self.threads = 0
        self._settings = settings
        self._box = box
        self._planner = planner
        self._children = children
        self._is_idle = is_idle
        self._residents: dict[ModelKey, Resident] = {}
        self._entering: defaultdict[ModelKey, asyncio.Lock] = defaultdict(asyncio.Lock)
        self._unloading: dict[asyncio.Task[None], WorkerProcess] = {}

    def __iter__(self) -> Iterator[Resident]:
        """All that have a worker."""
        return iter([each for each in self._residents.values() if each.process is not None])

    def get(self, key: ModelKey) -> Resident:
        """One that has been entered."""
        return self._residents[key]

    async def enter(self, model: ModelFile, is_embedding: bool = False) -> Resident:
        """Get to know a model, or how it is asked for now. Raises BadFile when it is gone and not loaded.

        Those who ask for the same model come out in the order in which they came in: it is the one they are served in.
        """
        key = ModelKey(model.path, is_embedding)
        async with self._entering[key]:
            return await self._enter(key, model)

    def context_tokens(self, resident: Resident) -> int:
        """As loaded, or as it would be once all has left that may. Raises TooLarge, BadFile."""
        return resident.context_tokens or self._best_plan(resident).context_tokens

    def make_room(self, resident: Resident, by_itself: bool = False) -> bool:
        """Whether it is loaded or may be loaded now; idle models are unloaded for it, not when it comes `by_itself`.

        Where nothing can help, it may be tried: loading then says what is wrong.
        """
        if resident.process is not None and not resident.is_stale:
            return True
        if not self._is_idle(resident.key):
            # Its turn is given already, and it is about to start; or others still use it in its old form.
            return resident.process is None
        if resident.process is not None:
            self.unload(resident)
        while not self._has_room(resident):
            leaving = [each for each in self._others(resident) if self._may_leave(each)]
            if by_itself:
                return not self._others(resident) and self._fits(resident)
            if not leaving:
                return self._may_try(resident)
            self.unload(min(leaving, key=lambda each: each.supervisor.last_used))
        return True

    def unload(self, resident: Resident, reason: HearthError | None = None) -> None:
        """Take it out of memory; whoever starts another waits for that."""
        process = resident.supervisor.let_go()
        if process is not None:
            task = asyncio.create_task(process.close(reason), name=f"unloading {resident.model.name}")
            self._unloading[task] = process
            task.add_done_callback(self._unloading.pop)

    def unload_idle(self, idle_seconds: float) -> None:
        """Those that nobody has used for so long, pinned ones excepted."""
        for resident in self:
            is_old = time.monotonic() - resident.supervisor.last_used > idle_seconds
            if is_old and self._may_leave(resident):
                self.unload(resident)

    async def wait_for_memory(self) -> None:
        """Until all that were unloaded are really gone."""
        if self._unloading:
            await asyncio.wait(set(self._unloading))

    def follow_threads(self) -> None:
        """The container's share of the CPU may change while it runs."""
        threads = self._settings.threads or self._box.threads()
        if threads != self.threads:
            self.threads = threads
            for resident in self:
                if resident.process is not None:
                    resident.process.set_threads(threads)

    async def _enter(self, key: ModelKey, model: ModelFile) -> Resident:
        resident = self._residents.get(key)
        try:
            stamp = await self._planner.read(model)
        except HearthError:
            # Half of a new file is there already. The old one, which the worker has open, serves on.
            if resident is None or resident.process is None:
                raise
            stamp = resident.stamp
        if resident is None:
            step_down = StepDown(self._box.backends, _log_change)
            resident = self._residents[key] = Resident(key, model, self._make_load, self._children, step_down)
        resident.look(model, stamp)
        if resident.process is None and self._layers_on_gpu(resident):
            resident.gpu_bytes = await asyncio.to_thread(self._box.gpu_bytes)
        return resident

    def _make_load(self, resident: Resident) -> Load:
        plan = resident.plan = self._plan(resident, self._room_bytes(resident))
        running = Running(self.threads, resident.step_down.backend(), resident.key.is_embedding)
        return load_message(resident.model, plan, self._settings, running)

    def _has_room(self, resident: Resident) -> bool:
        if len(self._others(resident)) >= self._settings.loaded_models:
            return False
        return self._fits(resident) and resident.plan is not None and resident.plan.is_whole

    def _may_try(self, resident: Resident) -> bool:
        """Nobody can leave now. Whether to load with what there is, or to be told that it cannot be; else, to wait."""
        others = self._others(resident)
        num_busy = sum(not self._is_idle(each.key) for each in others)
        if num_busy == 0 or self._fits(resident):
            most = self._settings.loaded_models
            return num_busy == 0 or not len(others) - num_busy < most <= len(others)
        try:
            self._best_plan(resident)
        except HearthError:
            return True
        return False

    def _fits(self, resident: Resident) -> bool:
        """Whether it can be loaded now, if in a smaller form than was wished."""
        try:
            resident.plan = self._plan(resident, self._room_bytes(resident))
        except HearthError:
            return False
        return True

    def _plan(self, resident: Resident, room_bytes: int) -> LoadPlan:
        gpu_bytes = resident.gpu_bytes if self._layers_on_gpu(resident) else 0
        plan = self._planner.plan(resident.model, room_bytes + gpu_bytes, resident.key.is_embedding)
        return replace(plan, gpu_bytes=min(gpu_bytes, plan.needs_bytes))

    def _layers_on_gpu(self, resident: Resident) -> int:
        chosen = resident.model.options.gpu_layers
        return resident.step_down.backend().gpu_layers if chosen is None else chosen

    def _best_plan(self, resident: Resident) -> LoadPlan:
        """With all the memory that would be there if every other model left that may."""
        staying = [each for each in self._others(resident) if each.model.options.is_pinned]
        leaving = [each for each in self if each not in staying]
        room = self._available_bytes() + sum(each.own_bytes for each in leaving)
        return self._plan(resident, room - sum(each.claimed_bytes for each in staying))

    def _room_bytes(self, resident: Resident) -> int:
        return self._available_bytes() - sum(each.claimed_bytes for each in self._others(resident))

    def _available_bytes(self) -> int:
        """What can be had as soon as all that leave are gone."""
        coming = sum(process_memory.of(process.pid).own_bytes for process in self._unloading.values())
        return self._box.main_bytes() + coming - SPARE_BYTES

    def _others(self, resident: Resident) -> list[Resident]:
        """Those that take memory, or are about to."""
        all_ = self._residents.values()
        return [each for each in all_ if each is not resident and (each.process or not self._is_idle(each.key))]

    def _may_leave(self, resident: Resident) -> bool:
        return resident.process is not None and not resident.model.options.is_pinned and self._is_idle(resident.key)


def _log_change(backend: Backend, reason: str) -> None:
    log.warning("%s; the next try is with %s", reason, backend)
