"""One model that is in memory, or was, or is about to be: its worker, how it was loaded, and what it takes."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

from app.engine import process_memory
from app.engine.backends import StepDown
from app.engine.children import Children
from app.engine.events import LoadedModel, ModelFile
from app.engine.memory_plan import LoadPlan, Stamp
from app.engine.supervisor import Supervisor
from app.engine.worker_process import WorkerProcess
from app.worker.messages import Load


@dataclass(frozen=True, slots=True)
class ModelKey:
    """What has a worker of its own: a file, for chats or for embeddings."""

    path: Path
    is_embedding: bool = False


class Resident:
    """A model file as it was asked for last, and the worker that runs it, perhaps as it was before."""

    def __init__(
        self,
        key: ModelKey,
        model: ModelFile,
        make_load: Callable[["Resident"], Load],
        children: Children,
        step_down: StepDown,
    ) -> None:
        self.key = key
        self.model = model
        self.stamp: Stamp | None = None
        self.plan: LoadPlan | None = None
        self.step_down = step_down
        self.gpu_bytes = 0
        self.supervisor = Supervisor(
            model.name,
            lambda: self._load(make_load),
            children.worker_target,
            children.patience,
            children.backoff,
            step_down,
        )
        self._loaded: tuple[ModelFile, Stamp | None] = (model, None)

    def look(self, model: ModelFile, stamp: Stamp | None) -> None:
        """Somebody asks for it in this form, and the files are in this state; None: the model's own is gone."""
        if stamp is not None and self.stamp is not None and stamp != self.stamp:
            self.supervisor.forgive()
        self.model = model
        self.stamp = stamp or self.stamp

    @property
    def process(self) -> WorkerProcess | None:
        """The worker, if there is one that takes requests."""
        return self.supervisor.process

    @property
    def is_stale(self) -> bool:
        """Whether the worker runs what is not asked for any more: other options, or files that were replaced since.

        A file that is gone serves on: the worker has it open.
        """
        model, stamp = self._loaded
        return self.process is not None and (_form(model) != _form(self.model) or stamp != self.stamp)

    @property
    def context_tokens(self) -> int | None:
        """Tokens for each chat, as loaded; None where it is not, or will be loaded anew."""
        process = self.process
        if process is None or self.is_stale:
            return None
        return process.context_tokens

    @property
    def slots(self) -> int | None:
        """Replies at the same time, as loaded."""
        return None if self.process is None else self.process.load.slots

    @property
    def own_bytes(self) -> int:
        """Memory that only comes free when it ends."""
        process = self.process
        return 0 if process is None else process_memory.of(process.pid).own_bytes

    @property
    def claimed_bytes(self) -> int:
        """Memory that counts as available and will be needed, or is: what is yet to be loaded, and mapped files."""
        return 0 if self.plan is None else max(0, self.plan.main_bytes - self.own_bytes)

    def shown(self, active: int, waiting: int) -> LoadedModel:
        """For people to see."""
        process = self.process
        return LoadedModel(
            name=self.model.name,
            state="ready" if process is not None and process.is_ready else "loading",
            active=active,
            waiting=waiting,
            context_tokens=self.context_tokens or 0,
            memory_bytes=0 if process is None else process_memory.of(process.pid).total_bytes,
            is_pinned=self.model.options.is_pinned,
        )

    def _load(self, make_load: Callable[["Resident"], Load]) -> Load:
        load = make_load(self)
        self._loaded = (self.model, self.stamp)
        return load


def _form(model: ModelFile) -> ModelFile:
    """What a worker depends on; the name, the template and what is kept in memory are no reason to load anew."""
    options = replace(model.options, prompt_format="", is_pinned=False, is_preloaded=False)
    return replace(model, name="", fingerprint="", options=options)
