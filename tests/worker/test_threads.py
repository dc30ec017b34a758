"""How threads are chosen, on boxes that are only a formula: how long a step takes with so many threads."""

import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from app.worker.threads import ThreadChooser

Seconds = Callable[[int, int], float]


def quiet(threads: int, num_tokens: int) -> float:
    """20 ms with two cores, and 35 with one; somewhat more for each further token."""
    return {1: 0.035, 2: 0.020}[threads] * (1 + 0.3 * (num_tokens - 1))


def beside_a_neighbour(threads: int, num_tokens: int) -> float:
    """What was measured with another process on one of two cores."""
    return {1: 0.036, 2: 0.270}[threads] * (1 + 0.3 * (num_tokens - 1))


@dataclass
class Box:
    """Runs steps, and keeps count of the time and of the threads that were used."""

    chooser: ThreadChooser
    seconds: Seconds
    jitter: float = 0.1
    passed: float = 0.0
    used: list[int] = field(default_factory=list)
    draw: random.Random = field(default_factory=lambda: random.Random(11))

    def write(self, num_steps: int, num_tokens: int | Iterator[int] = 1) -> None:
        """Steps of writing."""
        for _ in range(num_steps):
            size = num_tokens if isinstance(num_tokens, int) else next(num_tokens)
            self._step(False, size, self.chooser.threads)

    def read(self, num_steps: int, num_tokens: int = 256) -> None:
        """Steps of reading: as long as so many tokens take by the formula for one, at a tenth of the price."""
        for _ in range(num_steps):
            self._step(True, num_tokens, self.chooser.reading_threads)

    def _step(self, is_reading: bool, num_tokens: int, threads: int) -> None:
        took = self.seconds(threads, 1) * num_tokens / 10 if is_reading else self.seconds(threads, num_tokens)
        took *= self.draw.uniform(1 - self.jitter, 1 + self.jitter)
        if self.draw.random() < 0.02:
            took *= 6
        self.passed += took
        self.used.append(threads)
        self.chooser.note(is_reading, num_tokens, took)


def lost(box: Box) -> float:
    """The part of the time that steps with one thread took too long, in a quiet box."""
    return 0.75 * box.used.count(1) / len(box.used)


def test_quiet_box_keeps_all_threads_and_trying_costs_less_than_two_in_a_hundred() -> None:
    box = Box(ThreadChooser(2), quiet)
    box.write(10_000)
    assert box.chooser.threads == 2
    assert lost(box) < 0.02


def test_neighbour_makes_it_use_fewer_threads_within_a_few_steps() -> None:
    box = Box(ThreadChooser(2), quiet)
    box.write(300)
    box.seconds = beside_a_neighbour
    before, num_before = box.passed, len(box.used)
    while box.used[-6:] != [1] * 6:
        box.write(1)
    assert box.passed - before < 2.0
    assert len(box.used) - num_before < 20
    box.write(5000)
    slow = box.used[-5000:].count(2)
    assert slow * 0.234 < 0.025 * 5000 * 0.036


def test_neighbour_that_was_there_from_the_start_is_found_out() -> None:
    box = Box(ThreadChooser(2), beside_a_neighbour)
    box.write(120)
    assert box.chooser.threads == 1
    assert box.passed < 16


def test_all_threads_come_back_when_the_neighbour_leaves() -> None:
    box = Box(ThreadChooser(2), quiet)
    box.write(300)
    box.seconds = beside_a_neighbour
    box.write(300)
    assert box.chooser.threads == 1
    box.seconds = quiet
    before = box.passed
    while box.used[-20:] != [2] * 20:
        box.write(1)
    assert box.passed - before < 40


def test_more_threads_are_not_tried_while_no_core_is_idle_and_at_once_when_one_is() -> None:
    idle = 0.0
    box = Box(ThreadChooser(2, lambda: idle), beside_a_neighbour)
    box.write(100)
    assert box.chooser.threads == 1
    box.write(2000)
    assert 2 not in box.used[-2000:]
    box.seconds = quiet
    idle = 1.0
    before = box.passed
    while box.used[-20:] != [2] * 20:
        box.write(1)
    assert box.passed - before < 5


def test_steps_of_other_sizes_are_not_taken_for_a_slower_box() -> None:
    box = Box(ThreadChooser(2), quiet, jitter=0.02)
    draw = random.Random(5)
    box.write(4000, iter(lambda: draw.choice((1, 1, 1, 5, 9, 3)), None))
    assert lost(box) < 0.02


def test_best_number_between_one_and_all_is_found() -> None:
    best = Box(ThreadChooser(8), lambda threads, _tokens: 0.02 + 0.002 * abs(threads - 5))
    best.write(6000)
    assert best.chooser.threads in (4, 5, 6)


def test_fewer_allowed_are_used_from_the_next_step_and_more_as_well() -> None:
    chooser = ThreadChooser(2)
    chooser.limit(1)
    assert (chooser.threads, chooser.reading_threads) == (1, 1)
    chooser.limit(2)
    assert (chooser.threads, chooser.reading_threads) == (2, 2)


def test_one_thread_is_never_tried_less() -> None:
    box = Box(ThreadChooser(1), lambda _threads, _tokens: 0.02)
    box.write(3000)
    box.read(100)
    assert set(box.used) == {1}


def test_limit_in_the_middle_of_a_trial_holds() -> None:
    box = Box(ThreadChooser(4), lambda threads, _tokens: 0.08 / threads)
    while box.used[-1:] != [3]:
        box.write(1)
    box.chooser.limit(2)
    box.write(2000)
    assert max(box.used[-2000:]) <= 2


def test_reading_follows_what_writing_has_found_out() -> None:
    box = Box(ThreadChooser(2), quiet)
    box.read(10)
    box.write(100)
    box.seconds = beside_a_neighbour
    box.write(30)
    box.read(12)
    assert box.chooser.reading_threads == 1


def test_reading_keeps_all_threads_in_a_quiet_box() -> None:
    box = Box(ThreadChooser(2), quiet)
    box.read(1000)
    assert box.chooser.reading_threads == 2
    assert lost(box) < 0.02
