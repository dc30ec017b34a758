"""Fair turns between people."""

import pytest

from app.engine.queue import Ticket, TurnQueue
from app.errors import Busy

pytestmark = pytest.mark.anyio


class Line:
    """A queue for one model with a number of slots."""

    def __init__(self, slots: int = 1, max_waiting: int = 100) -> None:
        self.queue: TurnQueue[str] = TurnQueue(max_waiting)
        self.slots = slots
        self.order: list[str] = []
        self.running: list[Ticket[str]] = []

    def join(self, person: str) -> Ticket[str]:
        ticket = self.queue.join(person, "model")
        self.serve()
        return ticket

    def serve(self) -> None:
        for ticket in self.queue.serve(lambda group: self.queue.num_running(group) < self.slots):
            self.order.append(ticket.person)
            self.running.append(ticket)

    def finish_first(self) -> None:
        self.queue.leave(self.running.pop(0))
        self.serve()


async def test_who_comes_to_an_empty_line_has_the_turn_at_once() -> None:
    line = Line(slots=2)
    assert [line.join("ann").has_turn, line.join("ann").has_turn, line.join("ben").has_turn] == [True, True, False]


async def test_turns_go_round_between_people_whoever_asked_most() -> None:
    line = Line()
    for person in ("ann", "ann", "ann", "ann", "ben", "ben", "eva"):
        line.join(person)
    for _ in range(6):
        line.finish_first()
    assert line.order == ["ann", "ben", "eva", "ann", "ben", "ann", "ann"]


async def test_one_persons_requests_keep_their_order() -> None:
    line = Line()
    tickets = [line.join("ann") for _ in range(4)]
    served = []
    for _ in range(4):
        served.append(line.running[0])
        line.finish_first()
    assert served == tickets


async def test_person_with_replies_running_comes_after_one_with_none() -> None:
    line = Line(slots=2)
    for person in ("ann", "ann", "ann", "ben"):
        line.join(person)
    line.finish_first()
    assert line.order == ["ann", "ann", "ben"]


async def test_each_waiting_request_knows_its_place() -> None:
    line = Line()
    tickets = [line.join(person) for person in ("ann", "ann", "ann", "ben")]
    assert [ticket.position for ticket in tickets] == [0, 2, 3, 1]
    line.finish_first()
    assert [ticket.position for ticket in tickets[1:]] == [1, 2, 0]


async def test_change_of_place_wakes_the_one_who_waits() -> None:
    line = Line()
    line.join("ann")
    ticket = line.join("ben")
    await ticket.change(10)
    line.finish_first()
    await ticket.change(10)
    assert ticket.has_turn


async def test_who_stops_waiting_makes_room_for_the_next() -> None:
    line = Line()
    line.join("ann")
    first, second = line.join("ben"), line.join("eva")
    line.queue.leave(first)
    line.serve()
    assert second.position == 1
    line.finish_first()
    assert second.has_turn


async def test_full_line_is_refused() -> None:
    line = Line(max_waiting=2)
    for _ in range(3):
        line.join("ann")
    with pytest.raises(Busy) as refusal:
        line.queue.check_room()
    assert (refusal.value.code, refusal.value.params) == ("queue_full", {"waiting": 2})
    with pytest.raises(Busy):
        line.queue.join("ben", "model")


async def test_wait_is_guessed_only_after_a_turn_was_measured() -> None:
    line = Line(slots=2)
    for _ in range(4):
        ticket = line.join("ann")
    assert line.queue.eta_seconds(ticket) is None
    line.queue.learn(10.0)
    assert line.queue.eta_seconds(ticket) == 10.0
    line.queue.learn(20.0)
    assert line.queue.eta_seconds(ticket) == 13.0


async def test_group_that_is_full_does_not_hold_up_another() -> None:
    queue: TurnQueue[str] = TurnQueue(10)
    waiting, other = queue.join("ann", "full"), queue.join("ann", "free")
    assert queue.serve(lambda group: group == "free") == [other]
    assert (waiting.has_turn, queue.num_waiting("full"), queue.num_running("free")) == (False, 1, 1)
