"""How long a wait will be, as those who wait are told."""

import pytest

from app.engine.queue import TurnQueue
from tests.engine.line import Line

pytestmark = pytest.mark.anyio


async def test_wait_is_guessed_only_after_a_turn_was_measured() -> None:
    line = Line(slots=2)
    tickets = [line.join("ann") for _ in range(6)]
    assert line.queue.eta_seconds(tickets[2]) is None
    line.now = 10.0
    line.finish_first()
    line.finish_first()
    # Two have just begun to run and take 10 s like those before: so two more wait 10 s, and nobody else is in front.
    assert [line.queue.eta_seconds(ticket) for ticket in tickets[4:]] == [10.0, 10.0]


async def test_guessed_wait_falls_as_time_passes_and_never_below_a_rest() -> None:
    line = Line(slots=1)
    tickets = [line.join("ann") for _ in range(4)]
    line.now = 10.0
    line.finish_first()
    guesses = []
    for line.now in (10.0, 13.0, 19.0, 25.0):
        guesses.append([line.queue.eta_seconds(ticket) for ticket in tickets[2:]])
    assert guesses == [[10.0, 20.0], [7.0, 17.0], [1.0, 11.0], [1.0, 11.0]]


async def test_model_with_fewer_slots_than_wished_is_waited_for_as_long_as_it_takes() -> None:
    now = 0.0
    queue: TurnQueue[str] = TurnQueue(10, 4, lambda: now)
    first = queue.join("ann", "shrunk")
    second, third = queue.join("ben", "shrunk"), queue.join("eva", "shrunk")
    queue.serve(lambda group, _: not queue.num_running(group))
    now = 10.0
    queue.learn(first)
    queue.leave(first)
    queue.serve(lambda group, _: not queue.num_running(group))
    assert second.has_turn
    assert queue.eta_seconds(third) == 10.0


async def test_turns_of_each_model_are_measured_apart() -> None:
    now = 0.0
    queue: TurnQueue[str] = TurnQueue(10, 1, lambda: now)
    first = {group: queue.join("ann", group) for group in ("slow", "quick")}
    queue.serve(lambda group, _: not queue.num_running(group))
    waiting = {group: queue.join("ben", group) for group in ("slow", "quick")}
    now = 1.0
    queue.learn(first["quick"])
    now = 9.0
    queue.learn(first["slow"])
    now = 0.0
    assert [queue.eta_seconds(waiting[group]) for group in ("slow", "quick")] == [9.0, 1.0]


async def test_who_waits_for_another_model_to_leave_is_told_when_the_first_of_its_turns_ends() -> None:
    now = 0.0
    queue: TurnQueue[str] = TurnQueue(10, 1, lambda: now)
    running = queue.join("ann", "one")
    queue.serve(lambda group, _: group == "one" and not queue.num_running("one"))
    waiting = [queue.join("ben", "two") for _ in range(2)]
    now = 8.0
    queue.learn(running)
    now = 2.0
    assert [queue.eta_seconds(ticket) for ticket in waiting] == [6.0, 14.0]
    assert queue.eta_seconds(running) is None
