"""The loop of a worker whose model turns texts into vectors: one request after the other, one pass at a time."""

from collections import deque
from collections.abc import Iterator, Sequence
from typing import Protocol

from app.child import ChildPipe
from app.worker import messages
from app.worker.errors import DecodeFailed, LlamaError
from app.worker.messages import Embed, FromWorker, Numbers


class Embedder(Protocol):
    """What is asked of llama.cpp; `app.worker.llama.embeddings.EmbeddingContext` is the real one."""

    def steps(self, texts: Sequence[Sequence[int]], /) -> Iterator[list[list[float]]]: ...
    def set_threads(self, threads: int, /) -> None: ...


class EmbeddingWorker:
    """Joins the pipe and the model; between two passes it looks at what else was said."""

    def __init__(self, pipe: ChildPipe, embedder: Embedder) -> None:
        self._pipe = pipe
        self._embedder = embedder
        self._waiting: deque[Embed] = deque()
        self._current: Embed | None = None
        self._steps: Iterator[list[list[float]]] = iter(())
        self._vectors: list[list[float]] = []
        self._is_retired = False

    def run(self) -> None:
        """Until it is told to retire, or the parent is gone: EOFError."""
        while not self._is_retired:
            frame = self._pipe.receive(0 if self._current or self._waiting else None)
            while frame is not None:
                self._handle(messages.read_to_worker(frame))
                frame = self._pipe.receive(0)
            self._work()

    def _handle(self, message: messages.ToWorker) -> None:
        match message:
            case messages.Embed():
                self._waiting.append(message)
            case messages.Generate(request):
                self._say(messages.Failed(request, "model_writes_nothing", ""))
            case messages.Cancel(request):
                self._cancel(request)
            case messages.SetThreads(threads):
                self._embedder.set_threads(threads)
            case messages.Ping():
                self._say(messages.Pong(int(self._current is not None), len(self._waiting)))
            case messages.Retire():
                self._is_retired = True
            case messages.Forget():
                pass
            case messages.Load():
                raise AssertionError("a worker loads once")

    def _work(self) -> None:
        if self._current is None:
            if not self._waiting:
                return
            self._current = self._waiting.popleft()
            self._steps = self._embedder.steps(self._current.texts)
            self._vectors = []
        try:
            vectors = next(self._steps, None)
        except LlamaError as error:
            self._end(messages.Failed(self._current.request, error.code, error.detail))
        except DecodeFailed as error:
            self._end(messages.Failed(self._current.request, "decode_failed", str(error)))
        else:
            if vectors is None:
                self._end(messages.Embedded(self._current.request, self._vectors))
            else:
                self._vectors += vectors

    def _cancel(self, request: str) -> None:
        stopped = messages.Finished(request, "stopped", Numbers(0, 0, 0, 0.0, 0.0))
        if self._current is not None and self._current.request == request:
            self._end(stopped)
        for embed in self._waiting:
            if embed.request == request:
                self._waiting.remove(embed)
                self._say(stopped)
                return

    def _end(self, message: FromWorker) -> None:
        self._current = None
        self._say(message)

    def _say(self, message: FromWorker) -> None:
        self._pipe.send(messages.write(message))
