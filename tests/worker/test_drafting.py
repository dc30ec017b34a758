"""Guesses from the text so far, and whether guessing pays, on boxes that are only a formula."""

import random
from collections.abc import Callable
from dataclasses import dataclass, field

import pytest

from app.worker.drafting import Drafter, DraftGate, LookupDrafter


def test_what_followed_the_last_three_tokens_before_is_guessed_again() -> None:
    drafter: Drafter = LookupDrafter()
    assert drafter.draft([1, 2, 3, 4, 5, 6, 9, 2, 3, 4], 3) == [5, 6, 9]


def test_two_tokens_are_enough_where_three_were_never_seen() -> None:
    assert LookupDrafter().draft([1, 2, 3, 4, 5, 9, 3, 4], 2) == [5, 9]


def test_three_tokens_decide_against_a_later_match_of_two() -> None:
    assert LookupDrafter().draft([1, 2, 3, 4, 7, 2, 3, 5, 1, 2, 3], 1) == [4]


def test_latest_of_several_places_is_taken() -> None:
    assert LookupDrafter().draft([1, 2, 3, 4, 1, 2, 3, 5, 1, 2, 3], 1) == [5]


def test_repetition_is_guessed_to_go_on() -> None:
    assert LookupDrafter().draft([7, 8, 7, 8, 7, 8], 5) == [7, 8, 7, 8, 7]
    assert LookupDrafter().draft([4, 4, 4, 4], 3) == [4, 4, 4]


@pytest.mark.parametrize("tokens", [[], [1], [1, 2], [1, 2, 3], [1, 2, 3, 4, 5]])
def test_text_without_a_repetition_gives_no_guess(tokens: list[int]) -> None:
    assert LookupDrafter().draft(tokens, 8) == []


def test_none_are_guessed_where_none_are_wanted() -> None:
    assert LookupDrafter().draft([4, 4, 4, 4], 0) == []


def test_growing_text_is_guessed_as_if_it_were_given_at_once() -> None:
    draw = random.Random(2)
    tokens = [draw.randrange(6) for _ in range(400)]
    growing = LookupDrafter()
    for length in range(0, 400, 3):
        assert growing.draft(tokens[:length], 4) == LookupDrafter().draft(tokens[:length], 4)


def test_text_that_became_shorter_or_another_one_starts_over() -> None:
    drafter = LookupDrafter()
    drafter.draft([1, 2, 3, 4, 5, 1, 2, 3], 2)
    assert drafter.draft([1, 2, 3, 6, 1, 2, 3], 1) == [6]
    assert drafter.draft([7, 8, 9, 5, 4, 3, 7, 8, 9, 5, 7, 8, 9], 1) == [5]


def test_long_text_is_indexed_over_several_calls() -> None:
    tokens = [*range(5000), 4990, 4991, 4992]
    drafter = LookupDrafter()
    assert drafter.draft(tokens, 2) == []
    assert [drafter.draft(tokens, 2) for _ in range(3)][-1] == [4993, 4994]


def test_tokens_of_large_vocabularies_are_not_mixed_up() -> None:
    large = 1 << 20
    assert LookupDrafter().draft([1, large, 5, 6, 1 + large, 0, 5], 1) == []


@dataclass
class Box:
    """Writes with a gate: each guess is right with `chance`, and a step takes `seconds` for so many tokens."""

    seconds: Callable[[int], float]
    chance: float
    num_sequences: int = 1
    gate: DraftGate = field(default_factory=DraftGate)
    draw: random.Random = field(default_factory=lambda: random.Random(4))
    passed: float = 0.0
    written: int = 0
    drafts: list[int] = field(default_factory=list)

    def run(self, num_steps: int) -> float:
        """So many steps; tokens a second."""
        passed, written = self.passed, self.written
        for _ in range(num_steps):
            self._step()
        return (self.written - written) / (self.passed - passed)

    def _step(self) -> None:
        num = self.gate.num_to_draft(self.num_sequences, 8)
        self.drafts.append(num)
        took = self.seconds(self.num_sequences * (1 + num)) * self.draw.uniform(0.9, 1.1)
        self.passed += took
        self.gate.note_step(self.num_sequences * (1 + num), took)
        for _ in range(self.num_sequences):
            accepted = 0
            while accepted < num and self.draw.random() < self.chance:
                accepted += 1
            self.written += 1 + accepted
            self.gate.note_drafted(num, accepted)


def bound_by_memory(num_tokens: int) -> float:
    """Weights are read once for all: eight tokens cost little more than one."""
    return 0.02 + 0.001 * num_tokens


def bound_by_computing(num_tokens: int) -> float:
    """Each token costs nearly as much as the first."""
    return 0.005 + 0.015 * num_tokens


def test_guessing_is_on_where_it_pays() -> None:
    box = Box(bound_by_memory, 0.9)
    box.run(50)
    assert box.run(1000) > 3 / bound_by_memory(1)
    assert min(box.drafts[50:]) == 0, "now and then it looks how long a plain step takes"


@pytest.mark.parametrize(
    ("seconds", "chance", "num_sequences"),
    [(bound_by_memory, 0.0, 1), (bound_by_computing, 0.5, 1), (bound_by_computing, 0.9, 8), (bound_by_memory, 0.02, 4)],
)
def test_guessing_is_off_where_it_does_not_pay_and_looking_costs_little(
    seconds: Callable[[int], float], chance: float, num_sequences: int
) -> None:
    box = Box(seconds, chance, num_sequences)
    box.run(100)
    assert box.run(3000) > 0.97 * num_sequences / seconds(num_sequences)


def test_rare_hits_make_it_guess_few_tokens() -> None:
    box = Box(bound_by_memory, 0.4)
    box.run(50)
    assert box.run(2000) > 1.2 / bound_by_memory(1)
    assert sorted(box.drafts)[len(box.drafts) // 2] <= 4


def test_it_turns_on_when_the_text_becomes_foreseeable_and_off_again() -> None:
    box = Box(bound_by_memory, 0.0)
    box.run(2000)
    assert sum(map(bool, box.drafts[-500:])) < 60
    box.chance = 0.95
    box.run(600)
    assert box.run(500) > 3 / bound_by_memory(1)
    box.chance = 0.0
    box.run(100)
    assert sum(map(bool, box.drafts[-30:])) <= 10


def test_it_turns_off_when_the_box_becomes_slow_at_large_batches() -> None:
    box = Box(bound_by_memory, 0.7)
    box.run(500)
    box.seconds = lambda num_tokens: 0.02 * num_tokens**2
    box.run(500)
    assert box.run(2000) > 0.95 / 0.02


def test_nothing_is_guessed_before_a_plain_step_was_measured_nor_for_nobody() -> None:
    gate = DraftGate()
    assert gate.num_to_draft(1, 8) == 0
    gate.note_step(1, 0.02)
    assert gate.num_to_draft(0, 8) == 0
    assert gate.num_to_draft(1, 0) == 0
    assert gate.num_to_draft(1, 8) > 0
    assert gate.num_to_draft(1, 2) == 2


def test_empty_guesses_teach_nothing_and_use_up_no_trial() -> None:
    gate = DraftGate()
    gate.note_step(1, 0.02)
    for _ in range(100):
        assert gate.num_to_draft(1, 8) > 0
        gate.note_step(1, 0.02)
        gate.note_drafted(0, 0)


def test_one_step_that_took_very_long_does_not_change_its_mind() -> None:
    box = Box(bound_by_memory, 0.9)
    box.run(200)
    box.gate.note_step(9, 10.0)
    box.run(3)
    assert any(box.drafts[-3:])
