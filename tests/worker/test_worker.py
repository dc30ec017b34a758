"""The worker's loop over a real pipe and a tiny model, in a thread of the test."""

import socket
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from app.child import ChildPipe
from app.worker import main, messages
from app.worker.messages import (
    Cancel,
    Delta,
    Draft,
    Embed,
    Embedded,
    Failed,
    Finished,
    Forget,
    FromWorker,
    Generate,
    Load,
    Loaded,
    LoadFailed,
    Ping,
    Pong,
    Retire,
    Sampling,
    SetThreads,
    SnapshotPlan,
    ToWorker,
)

PATIENCE_SECONDS = 30.0
PROMPT = list(range(5, 85))
GREEDY = Sampling(temperature=0)


class Guest:
    """The parent's side."""

    def __init__(self) -> None:
        ours, theirs = socket.socketpair()
        self._pipe = ChildPipe(ours)
        self._thread = threading.Thread(target=self._serve, args=(ChildPipe(theirs),))
        self._thread.start()

    def _serve(self, pipe: ChildPipe) -> None:
        try:
            main.run(pipe)
        except EOFError:
            pass
        finally:
            pipe.close()

    def tell(self, *told: ToWorker) -> None:
        self._pipe.send(*map(messages.write, told))

    def hear(self, is_last: Callable[[FromWorker], bool]) -> list[FromWorker]:
        """All that is said until what was waited for."""
        heard: list[FromWorker] = []
        deadline = time.monotonic() + PATIENCE_SECONDS
        while not heard or not is_last(heard[-1]):
            frame = self._pipe.receive(deadline - time.monotonic())
            assert frame is not None, "the worker has gone silent"
            heard.append(messages.read_from_worker(frame))
        return heard

    def answer(self, generate: Generate) -> tuple[str, Finished]:
        """The text and the end of one request."""
        self.tell(generate)
        heard = self.hear(lambda each: isinstance(each, Finished) and each.request == generate.request)
        finished = heard[-1]
        assert isinstance(finished, Finished)
        return "".join(each.text for each in heard if isinstance(each, Delta)), finished

    def wait_for_end(self) -> None:
        """The worker has ended by itself."""
        self._thread.join(PATIENCE_SECONDS)
        assert not self._thread.is_alive()

    def leave(self) -> None:
        """Close the pipe."""
        self._pipe.close()
        self._thread.join(PATIENCE_SECONDS)


@pytest.fixture
def guest() -> Iterator[Guest]:
    """Leaves at the end."""
    guest = Guest()
    yield guest
    guest.leave()


def a_load(path: Path, snapshots: SnapshotPlan | None = None, draft: Draft = Draft()) -> Load:  # noqa: B008
    """Two slots."""
    return Load(str(path), 256, 2, 32, 2, snapshots=snapshots, draft=draft)


def is_loaded(message: FromWorker) -> bool:
    return isinstance(message, Loaded | LoadFailed)


def test_worker_loads_answers_and_is_alive(guest: Guest, tiny_gguf: Path) -> None:
    guest.tell(a_load(tiny_gguf))
    assert isinstance(guest.hear(is_loaded)[-1], Loaded)
    text, finished = guest.answer(Generate("one", PROMPT, 12, GREEDY))
    assert text
    assert finished.numbers.completion_tokens == 12
    guest.tell(SetThreads(1), Ping())
    assert guest.hear(lambda each: isinstance(each, Pong))[-1] == Pong(0, 0)


def test_cancelled_request_ends_while_another_goes_on(guest: Guest, tiny_gguf: Path) -> None:
    guest.tell(a_load(tiny_gguf))
    guest.hear(is_loaded)
    guest.tell(Generate("one", PROMPT, 100, GREEDY), Generate("two", [7, 8], 5, GREEDY), Cancel("one"))
    heard = guest.hear(lambda each: isinstance(each, Finished) and each.request == "two")
    reasons = {each.request: each.reason for each in heard if isinstance(each, Finished)}
    assert reasons == {"one": "stopped", "two": "length"}


def test_retiring_worker_leaves_its_chats_on_the_disk_for_the_next(tiny_gguf: Path, tmp_path: Path) -> None:
    plan = SnapshotPlan(str(tmp_path), "tiny", 1 << 24, 1 << 24)
    generate = Generate("one", PROMPT, 4, GREEDY, owner="ann", chat="chat")
    cached = []
    for _ in range(2):
        guest = Guest()
        guest.tell(a_load(tiny_gguf, plan))
        guest.hear(is_loaded)
        cached.append(guest.answer(generate)[1].numbers.cached_tokens)
        guest.tell(Retire())
        guest.wait_for_end()
        guest.leave()
    assert cached == [0, len(PROMPT) - 1]


def test_resting_worker_saves_by_itself_and_forgets_when_told(guest: Guest, tiny_gguf: Path, tmp_path: Path) -> None:
    guest.tell(a_load(tiny_gguf, SnapshotPlan(str(tmp_path), "tiny", 1 << 24, 1 << 24)))
    guest.hear(is_loaded)
    guest.answer(Generate("one", PROMPT, 4, GREEDY, owner="ann", chat="chat"))
    wait_until(lambda: len(list(tmp_path.rglob("*.snapshot"))) == 1)
    guest.tell(Forget("ann", "chat"))
    wait_until(lambda: not list(tmp_path.rglob("*.snapshot")))
    assert guest.answer(Generate("two", PROMPT, 4, GREEDY, owner="ann", chat="chat"))[1].numbers.cached_tokens == 0


def test_retiring_worker_ends_what_is_still_written(guest: Guest, tiny_gguf: Path) -> None:
    guest.tell(a_load(tiny_gguf))
    guest.hear(is_loaded)
    guest.tell(Generate("one", PROMPT, 150, GREEDY), Retire())
    finished = guest.hear(lambda each: isinstance(each, Finished))[-1]
    assert isinstance(finished, Finished)
    assert finished.reason == "stopped"
    guest.wait_for_end()


@pytest.mark.parametrize("kind", ["lookup", "model"])
def test_worker_that_guesses_writes_the_same(guest: Guest, tiny_q8_gguf: Path, kind: str) -> None:
    guest.tell(a_load(tiny_q8_gguf, draft=Draft("lookup" if kind == "lookup" else "model", str(tiny_q8_gguf), 4)))
    guest.hear(is_loaded)
    guessed, _ = guest.answer(Generate("one", PROMPT, 60, GREEDY))
    plain = Guest()
    plain.tell(a_load(tiny_q8_gguf))
    plain.hear(is_loaded)
    expected, _ = plain.answer(Generate("one", PROMPT, 60, GREEDY))
    plain.leave()
    assert guessed == expected


def test_model_that_cannot_be_loaded_is_told(guest: Guest, tmp_path: Path) -> None:
    (tmp_path / "no.gguf").write_bytes(b"GGUF")
    guest.tell(a_load(tmp_path / "no.gguf"))
    assert isinstance(guest.hear(is_loaded)[-1], LoadFailed)
    guest.wait_for_end()


def test_missing_file_is_told(guest: Guest, tmp_path: Path) -> None:
    guest.tell(a_load(tmp_path / "gone.gguf"))
    assert isinstance(guest.hear(is_loaded)[-1], LoadFailed)


def test_model_that_writes_makes_no_vectors(guest: Guest, tiny_gguf: Path) -> None:
    guest.tell(a_load(tiny_gguf))
    guest.hear(is_loaded)
    guest.tell(Embed("one", [[5, 6]]))
    failed = guest.hear(lambda each: isinstance(each, Failed))[-1]
    assert isinstance(failed, Failed)
    assert failed.request == "one"


def test_embedding_model_makes_a_vector_of_each_text_and_answers_between(guest: Guest, tiny_gguf: Path) -> None:
    guest.tell(Load(str(tiny_gguf), 256, 1, 32, 1, is_embedding=True))
    loaded = guest.hear(is_loaded)[-1]
    assert isinstance(loaded, Loaded)
    guest.tell(Embed("one", [[5, 6, 7]] * 20), Embed("two", [[5]]), Cancel("two"), Ping(), SetThreads(1))
    guest.tell(Embed("long", [[5] * 300]), Generate("no", [5], 1))
    heard = guest.hear(lambda each: isinstance(each, Failed) and each.request == "long")
    vectors = [each.vectors for each in heard if isinstance(each, Embedded)]
    assert [len(each) for each in vectors] == [20]
    assert len(vectors[0][0]) == loaded.embedding_size > 0
    assert [each.request for each in heard if isinstance(each, Failed)] == ["no", "long"]
    assert any(isinstance(each, Pong) for each in heard)
    guest.tell(Forget("ann", "chat"), Retire())
    guest.wait_for_end()


def wait_until(is_so: Callable[[], bool]) -> None:
    """Look again and again."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    pause = threading.Event()
    while not is_so():
        assert time.monotonic() < deadline
        pause.wait(0.01)
