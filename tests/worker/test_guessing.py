"""Guessed tokens in the scheduler, on a fake llama: every one is checked, and none is left behind."""

from collections.abc import Sequence

from app.worker.drafting import DraftGate
from app.worker.messages import Generate, Sampling
from app.worker.scheduler import Parts
from tests.worker.desk import Desk
from tests.worker.fake_llama import END, FakeLlama


class EagerGate(DraftGate):
    """Guesses always, and keeps what it is told."""

    def __init__(self) -> None:
        super().__init__()
        self.drafted: list[tuple[int, int]] = []

    def num_to_draft(self, num_sequences: int, max_tokens: int) -> int:  # noqa: ARG002
        return max_tokens

    def note_drafted(self, drafted: int, accepted: int) -> None:
        self.drafted.append((drafted, accepted))


class Counting:
    """Guesses that the text counts on, and is wrong behind every multiple of 8."""

    def draft(self, tokens: Sequence[int], max_tokens: int) -> list[int]:
        return [next_token(token) for token in range(tokens[-1], tokens[-1] + max_tokens)]


def next_token(token: int) -> int:
    """Wrong behind every multiple of 8."""
    return token + 1 if token % 8 else 77


def guessing(last: int = 120, slots: int = 1, context_tokens: int = 64) -> Desk:
    """Counts up to `last`, five guesses a time."""
    llama = FakeLlama(slots, context_tokens, 8, 5, script=lambda tokens: END if tokens[-1] >= last else tokens[-1] + 1)
    return Desk(llama, parts=Parts(None, lambda _slot: Counting(), EagerGate()))


def test_right_guesses_save_steps_and_the_text_is_the_same() -> None:
    desk = guessing(last=96)
    desk.ask("one", [65], max_tokens=100)
    desk.run()
    assert desk.text("one") == "".join(map(chr, range(66, 97)))
    assert desk.reason("one") == "end"
    assert len(desk.llama.batches) < 16
    finished = desk.finished("one")
    assert finished is not None
    assert 20 <= finished.numbers.accepted_tokens < finished.numbers.drafted_tokens


def test_wrong_guesses_leave_the_cache_as_if_they_had_never_been() -> None:
    desk = guessing()
    desk.ask("one", [65], max_tokens=30)
    desk.run()
    assert desk.llama.cells[0] == list(range(65, 95))


def test_guesses_end_with_the_answer() -> None:
    desk = guessing()
    desk.ask("one", [65], max_tokens=4)
    desk.run()
    assert (desk.text("one"), desk.reason("one")) == ("BCDE", "length")
    desk.ask("two", [65], max_tokens=50, stop=["DE"])
    desk.run()
    assert (desk.text("two"), desk.reason("two")) == ("BC", "stop_string")


def test_guesses_never_reach_beyond_the_context() -> None:
    desk = guessing(context_tokens=12)
    desk.ask("one", [65], max_tokens=50)
    desk.run()
    assert (desk.text("one"), desk.reason("one")) == ("BCDEFGHIJKLM", "context")


def test_several_writers_guess_in_one_batch() -> None:
    desk = guessing(slots=3)
    for place in range(3):
        desk.ask(str(place), [65 + place], max_tokens=9)
    desk.run()
    assert [desk.text(str(place)) for place in range(3)] == [
        "".join(map(chr, range(66 + place, 75 + place))) for place in range(3)
    ]


def test_cancel_between_guesses_leaves_a_clean_cache() -> None:
    desk = guessing()
    desk.ask("one", [65], max_tokens=50)
    desk.step(3)
    desk.scheduler.cancel("one")
    cells = desk.llama.cells[0]
    assert cells == list(range(65, 65 + len(cells)))
    assert desk.llama.num_samplers == 0


def test_nobody_guesses_while_a_prompt_is_read() -> None:
    desk = guessing(slots=2)
    desk.ask("one", [65], max_tokens=50)
    desk.step(2)
    desk.ask("two", [70] * 40, max_tokens=1)
    desk.step(3)
    assert desk.llama.batches[-6:] == [{1: 8}, {0: 1}] * 3


def test_what_comes_of_guesses_is_told_to_the_gate() -> None:
    gate = EagerGate()
    llama = FakeLlama(1, 64, 8, 5, script=lambda tokens: tokens[-1] + 1)
    desk = Desk(llama, parts=Parts(None, lambda _slot: Counting(), gate))
    desk.scheduler.submit(Generate("one", [65], 8, Sampling(temperature=0)))
    desk.run()
    assert gate.drafted == [(5, 5)]
