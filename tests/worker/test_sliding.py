"""Answers that fill the context and go on, on a fake llama."""

from app.worker.messages import Generate, Sampling
from tests.worker.desk import Desk
from tests.worker.fake_llama import FakeLlama

PROMPT = [1, 2, 3, 4, 5, 6, 7, 97]


def write(desk: Desk, max_tokens: int, num_shared: int = 0, slides: bool = True) -> None:
    """An answer to the end."""
    sampling = Sampling(temperature=0)
    desk.scheduler.submit(Generate("one", PROMPT, max_tokens, sampling, num_shared=num_shared, slides=slides))
    desk.run()


def test_sliding_answer_writes_on_in_a_full_context() -> None:
    desk = Desk(FakeLlama(slots=1, context_tokens=16))
    write(desk, 60)
    assert (desk.text("one"), desk.reason("one")) == ("a" * 60, "length")


def test_first_tokens_and_the_system_prompt_stay() -> None:
    desk = Desk(FakeLlama(slots=1, context_tokens=16))
    write(desk, 60, num_shared=6)
    assert desk.llama.cells[0] == PROMPT[:6], "what stood behind them was read behind other tokens"
    desk = Desk(FakeLlama(slots=1, context_tokens=16))
    write(desk, 60)
    assert desk.llama.cells[0] == PROMPT[:4]


def test_memory_that_cannot_be_shifted_ends_the_answer() -> None:
    desk = Desk(FakeLlama(slots=1, context_tokens=16, can_shift=False))
    write(desk, 60)
    assert (desk.text("one"), desk.reason("one")) == ("a" * 9, "context")


def test_answer_that_does_not_slide_ends_as_before() -> None:
    desk = Desk(FakeLlama(slots=1, context_tokens=16))
    write(desk, 60, slides=False)
    assert desk.reason("one") == "context"


def test_next_turn_reads_all_but_what_stayed() -> None:
    desk = Desk(FakeLlama(slots=1, context_tokens=16))
    write(desk, 60)
    desk.scheduler.submit(Generate("two", [*PROMPT, 98], 1, Sampling(temperature=0)))
    desk.run()
    finished = desk.finished("two")
    assert finished is not None
    assert finished.numbers.cached_tokens == 4


def test_whole_context_of_system_prompt_still_leaves_room() -> None:
    desk = Desk(FakeLlama(slots=1, context_tokens=8))
    write(desk, 30, num_shared=8)
    assert (desk.text("one"), desk.reason("one")) == ("a" * 30, "length")


def test_what_was_read_behind_dropped_tokens_is_not_copied_as_if_it_were_whole() -> None:
    desk = Desk(FakeLlama(slots=2, context_tokens=64))
    greedy = Sampling(temperature=0)
    desk.scheduler.submit(Generate("one", [97] * 40, 500, greedy, num_shared=20, slides=True))
    desk.step(60)
    desk.scheduler.submit(Generate("two", [97] * 60, 1, greedy))
    desk.step(12)
    two = desk.finished("two")
    assert two is not None and two.numbers.cached_tokens == 20
