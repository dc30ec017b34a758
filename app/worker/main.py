"""The worker's loop: receive, schedule, decode, sample, send. One process, one model, one thread of Python."""

import time
from pathlib import Path

from app.child import ChildPipe
from app.worker import messages
from app.worker.errors import LlamaError
from app.worker.llama import ContextPlan, LlamaContext, Log
from app.worker.messages import FromWorker
from app.worker.scheduler import Scheduler

MIN_PROGRESS = 0.01


def run(pipe: ChildPipe) -> None:
    """Serve one parent until it closes the pipe."""
    load = messages.read_to_worker(receive(pipe))
    assert isinstance(load, messages.Load), "the first message is Load"
    started = time.monotonic()
    try:
        llama = open_context(load, pipe)
    except LlamaError as error:
        pipe.send(messages.write(messages.LoadFailed(error.code, error.detail)))
        return
    seconds = time.monotonic() - started
    pipe.send(messages.write(messages.Loaded(llama.context_tokens, llama.slots, seconds)))
    Worker(pipe, llama).run()


def receive(pipe: ChildPipe) -> bytes:
    """The next frame, however long it takes."""
    frame = pipe.receive(None)
    assert frame is not None, "without a timeout there is a frame or the end"
    return frame


def open_context(load: messages.Load, pipe: ChildPipe) -> LlamaContext:
    """Load the model and report how far it is, in steps of a percent."""
    reported = 0.0

    def report(fraction: float) -> None:
        nonlocal reported
        if fraction >= reported + MIN_PROGRESS:
            reported = fraction
            pipe.send(messages.write(messages.Loading(fraction)))

    plan = ContextPlan(Path(load.path), load.context_tokens, load.slots, load.batch_tokens, load.threads)
    return LlamaContext(plan, Log(), report)


class Worker:
    """Joins the pipe and the scheduler. What one step has to say goes out in one write."""

    def __init__(self, pipe: ChildPipe, llama: LlamaContext) -> None:
        self._pipe = pipe
        self._llama = llama
        self._outgoing: list[FromWorker] = []
        self._scheduler = Scheduler(llama, self._outgoing.append, time.monotonic)

    def run(self) -> None:
        """Until the parent is gone: EOFError."""
        while True:
            self._receive()
            self._scheduler.step()
            self._send()

    def _receive(self) -> None:
        frame = self._pipe.receive(0 if self._scheduler.has_work else None)
        while frame is not None:
            self._handle(messages.read_to_worker(frame))
            frame = self._pipe.receive(0)

    def _handle(self, message: messages.ToWorker) -> None:
        match message:
            case messages.Generate():
                self._scheduler.submit(message)
            case messages.Cancel(request):
                self._scheduler.cancel(request)
            case messages.SetThreads(threads):
                self._llama.set_threads(threads)
            case messages.Ping():
                self._outgoing.append(messages.Pong(self._scheduler.num_active, self._scheduler.num_waiting))
            case messages.Load():
                raise AssertionError("a worker loads once")

    def _send(self) -> None:
        if self._outgoing:
            self._pipe.send(*map(messages.write, self._outgoing))
            self._outgoing.clear()
