"""The worker's loop: receive, schedule, decode, sample, send. One process, one model, one thread of Python."""

import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import msgspec

from app import hardware
from app.child import ChildPipe
from app.worker import messages, read_ahead
from app.worker.drafting import Drafter, DraftGate, LookupDrafter
from app.worker.embedding_worker import EmbeddingWorker
from app.worker.errors import LlamaError
from app.worker.idle_cores import IdleCores
from app.worker.llama import backends
from app.worker.llama.context import LlamaContext
from app.worker.llama.draft_model import DraftModel
from app.worker.llama.embeddings import EmbeddingContext
from app.worker.llama.log import Log
from app.worker.messages import FromWorker
from app.worker.scheduler import Parts, Scheduler
from app.worker.snapshots import Snapshots
from app.worker.threads import ThreadChooser

MIN_PROGRESS = 0.01
# After so long without work, chats are saved; a worker that retires has so long to bring them to the disk.
IDLE_SECONDS = 1.0
RETIRING_SECONDS = 4.0
# Nobody reads faster than this; and on a small box each piece costs everything above the worker as much as a token.
PAUSE_SECONDS = 0.012


def run(pipe: ChildPipe) -> None:
    """Serve one parent until it closes the pipe, or lets the worker retire."""
    load = messages.read_to_worker(receive(pipe))
    assert isinstance(load, messages.Load), "the first message is Load"
    started = time.monotonic()
    try:
        worker, loaded = open_worker(load, pipe)
    except LlamaError as error:
        pipe.send(messages.write(messages.LoadFailed(error.code, error.detail)))
        return
    seconds = time.monotonic() - started
    pipe.send(messages.write(msgspec.structs.replace(loaded, load_seconds=seconds)))
    worker.run()


def receive(pipe: ChildPipe) -> bytes:
    """The next frame, however long it takes."""
    frame = pipe.receive(None)
    assert frame is not None, "without a timeout there is a frame or the end"
    return frame


def progress(pipe: ChildPipe) -> Callable[[float], None]:
    """Reports how far the loading is, in steps of a percent."""
    reported = 0.0

    def report(fraction: float) -> None:
        nonlocal reported
        if fraction >= reported + MIN_PROGRESS:
            reported = fraction
            pipe.send(messages.write(messages.Loading(fraction)))

    return report


def open_worker(load: messages.Load, pipe: ChildPipe) -> tuple["Worker | EmbeddingWorker", messages.Loaded]:
    """Load the model and all that goes with it; what there is to say of it. Raises LlamaError."""
    backends.load(load.backend)
    log = Log()
    load, report = prepare_file(load, progress(pipe))
    if load.is_embedding:
        embedder = EmbeddingContext(load, log, report)
        return EmbeddingWorker(pipe, embedder), messages.Loaded(embedder.context_tokens, 1, 0.0, embedder.size)
    llama = LlamaContext(load, log, report)
    snapshots = Snapshots(load.snapshots) if load.snapshots is not None else None
    parts, draft_model = Parts(snapshots, pause_seconds=PAUSE_SECONDS), None
    if load.draft.kind == "lookup":
        parts = replace(parts, drafter=lookup_drafter, gate=DraftGate())
    elif load.draft.kind == "model":
        draft_model = DraftModel(load, log, llama.vocabulary)
        gate, drafter, draft_all = DraftGate(), draft_model.drafter, draft_model.draft_all
        parts = replace(parts, gate=gate, drafter=drafter, draft_all=draft_all)
    worker = Worker(pipe, llama, parts, load.threads, draft_model)
    return worker, messages.Loaded(llama.context_tokens, llama.slots, 0.0)


def prepare_file(load: messages.Load, report: read_ahead.Report) -> tuple[messages.Load, read_ahead.Report]:
    """Choose whether to map the file, and bring it into memory if so. Raises LlamaError when it cannot be read."""
    path = Path(load.path)
    is_mapped = load.use_mmap
    try:
        if is_mapped is None:
            is_mapped = read_ahead.choose_mmap(path, path.stat().st_size, hardware.memory().available_bytes)
        report = read_ahead.load_reports(path, is_mapped, report)
    except OSError as error:
        raise LlamaError("model_load_failed", str(error)) from error
    return msgspec.structs.replace(load, use_mmap=is_mapped), report


def lookup_drafter(_slot: int) -> Drafter:
    """One for each sequence."""
    return LookupDrafter()


class Worker:
    """Joins the pipe and the scheduler. What one step has to say goes out in one write."""

    def __init__(
        self,
        pipe: ChildPipe,
        llama: LlamaContext,
        parts: Parts,
        most_threads: int,
        draft_model: DraftModel | None = None,
    ) -> None:
        self._llama = llama
        self._draft_model = draft_model
        self._pipe = pipe
        self._threads = ThreadChooser(most_threads, IdleCores())
        self._outgoing: list[FromWorker] = []
        self._scheduler = Scheduler(llama, self._outgoing.append, time.monotonic, parts)
        self._is_retired = False
        self._last_worked = time.monotonic()

    def run(self) -> None:
        """Until it is told to retire, or the parent is gone: EOFError."""
        while not self._is_retired:
            self._receive(self._patience())
            if self._scheduler.has_work:
                self._step()
            elif self._is_resting:
                # One state between two looks at the pipe, so that nobody waits for more than that.
                self._scheduler.prefixes.save_next()
            self._send()
        self._scheduler.prefixes.close(RETIRING_SECONDS)

    @property
    def _is_resting(self) -> bool:
        return time.monotonic() - self._last_worked >= IDLE_SECONDS

    def _patience(self) -> float | None:
        """How long to wait for the next message."""
        if self._scheduler.has_work:
            return 0
        if self._scheduler.prefixes.has_unsaved:
            return max(0.0, self._last_worked + IDLE_SECONDS - time.monotonic())
        return None

    def _step(self) -> None:
        self._scheduler.step()
        self._last_worked = time.monotonic()
        for step in self._scheduler.steps_taken:
            self._threads.note(step.is_reading, step.num_tokens, step.seconds)
        self._use_threads()

    def _use_threads(self) -> None:
        writing, reading = self._threads.threads, self._threads.reading_threads
        self._llama.set_threads(writing, reading)
        if self._draft_model is not None:
            self._draft_model.set_threads(writing, reading)

    def _receive(self, patience: float | None) -> None:
        frame = self._pipe.receive(patience)
        while frame is not None:
            self._handle(messages.read_to_worker(frame))
            frame = self._pipe.receive(0)

    def _handle(self, message: messages.ToWorker) -> None:
        match message:
            case messages.Generate():
                self._scheduler.submit(message)
            case messages.Cancel(request):
                self._scheduler.cancel(request)
            case messages.Forget(owner, chat):
                self._scheduler.forget(owner, chat)
            case messages.SetThreads(threads):
                self._threads.limit(threads)
                self._use_threads()
            case messages.Ping():
                self._outgoing.append(messages.Pong(self._scheduler.num_active, self._scheduler.num_waiting))
            case messages.Retire():
                self._scheduler.cancel_all()
                self._is_retired = True
            case messages.Embed(request):
                self._outgoing.append(messages.Failed(request, "embedding_not_supported", "it was loaded to write"))
            case messages.Load():
                raise AssertionError("a worker loads once")

    def _send(self) -> None:
        if self._outgoing:
            self._pipe.send(*map(messages.write, self._outgoing))
            self._outgoing.clear()
