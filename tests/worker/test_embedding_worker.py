"""The loop of a worker for embeddings over a real pipe and a tiny model, in a thread of the test."""

import contextlib
import socket
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from app.child import ChildPipe
from app.worker import messages
from app.worker.embedding_worker import EmbeddingWorker
from app.worker.llama.embeddings import EmbeddingContext
from app.worker.llama.log import Log
from app.worker.messages import (
    Cancel,
    Embed,
    Embedded,
    Failed,
    Finished,
    FromWorker,
    Load,
    Ping,
    Pong,
    Retire,
    SetThreads,
)

PATIENCE_SECONDS = 30.0


class Guest:
    """The parent's side."""

    def __init__(self, context: EmbeddingContext) -> None:
        ours, theirs = socket.socketpair()
        self.pipe = ChildPipe(ours)
        self._thread = threading.Thread(target=self._serve, args=(ChildPipe(theirs), context))
        self._thread.start()

    def _serve(self, pipe: ChildPipe, context: EmbeddingContext) -> None:
        with contextlib.closing(pipe), contextlib.suppress(EOFError):
            EmbeddingWorker(pipe, context).run()

    def tell(self, *told: messages.ToWorker) -> None:
        self.pipe.send(*map(messages.write, told))

    def hear(self) -> FromWorker:
        frame = self.pipe.receive(PATIENCE_SECONDS)
        assert frame is not None, "the worker has gone silent"
        return messages.read_from_worker(frame)

    def wait_for_end(self) -> None:
        self._thread.join(PATIENCE_SECONDS)
        assert not self._thread.is_alive()


@pytest.fixture(scope="module")
def context(tiny_gguf: Path) -> EmbeddingContext:
    load = Load(str(tiny_gguf), context_tokens=64, slots=1, batch_tokens=64, threads=1, is_embedding=True)
    return EmbeddingContext(load, Log(), lambda _fraction: None)


@pytest.fixture
def guest(context: EmbeddingContext) -> Iterator[Guest]:
    made = Guest(context)
    yield made
    made.pipe.close()
    made.wait_for_end()


def test_vectors_come_in_the_order_of_the_requests(guest: Guest, context: EmbeddingContext) -> None:
    guest.tell(Embed("one", [[5, 6], [7]]), Embed("two", [[5, 6]]))
    one, two = guest.hear(), guest.hear()
    assert isinstance(one, Embedded)
    assert isinstance(two, Embedded)
    assert (one.request, two.request) == ("one", "two")
    assert [len(vector) for vector in one.vectors] == [context.size] * 2


def test_a_text_that_is_too_long_fails_alone(guest: Guest) -> None:
    guest.tell(Embed("long", [[5] * 65]), Embed("short", [[5]]))
    failed, embedded = guest.hear(), guest.hear()
    assert isinstance(failed, Failed)
    assert (failed.request, failed.code) == ("long", "text_too_long")
    assert isinstance(embedded, Embedded)


def test_it_answers_pings_and_cancels_in_the_middle_of_a_long_request(guest: Guest) -> None:
    guest.tell(Embed("long", [[number % 400] * 60 for number in range(5000)]), Ping(), SetThreads(2), Cancel("long"))
    pong, ended = guest.hear(), guest.hear()
    assert isinstance(pong, Pong)
    assert pong.active + pong.waiting == 1
    assert isinstance(ended, Finished)
    assert (ended.request, ended.reason) == ("long", "stopped")
    guest.tell(Ping(), Cancel("long"))
    assert guest.hear() == Pong(0, 0)


def test_it_ends_when_it_is_told_to(guest: Guest) -> None:
    guest.tell(Retire())
    guest.wait_for_end()
