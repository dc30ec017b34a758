"""Fair turns between people."""

import pytest

from app.engine.queue import TurnQueue
from app.errors import Busy
from tests.engine.line import Line

pytestmark = pytest.mark.anyio


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


async def test_64_replies_of_8_people_are_served_fairly_at_every_moment() -> None:
    line = Line(slots=4)
    people = [f"person {number}" for number in range(8)]
    tickets = [line.join(person) for _ in range(8) for person in people]
    places: dict[int, list[int]] = {ticket.number: [ticket.position] for ticket in tickets if not ticket.has_turn}
    while line.running:
        counts = [line.order.count(person) for person in people]
        assert max(counts) - min(counts) <= 1, line.order
        line.finish_first()
        for ticket in tickets:
            if not ticket.has_turn:
                places[ticket.number].append(ticket.position)
    assert len(line.order) == 64
    assert all(seen == sorted(seen, reverse=True) for seen in places.values())


async def test_who_comes_later_gets_no_turns_in_arrears() -> None:
    line = Line()
    for _ in range(6):
        line.join("ann")
    for _ in range(3):
        line.finish_first()
    for _ in range(3):
        line.join("ben")
    for _ in range(4):
        line.finish_first()
    assert line.order == ["ann", "ann", "ann", "ann", "ben", "ann", "ben", "ann"]


async def test_group_that_is_full_does_not_hold_up_another() -> None:
    queue: TurnQueue[str] = TurnQueue(10)
    waiting, other = queue.join("ann", "full"), queue.join("ann", "free")
    assert queue.serve(lambda group, _: group == "free") == [other]
    assert (waiting.has_turn, queue.num_waiting("full"), queue.num_running("free")) == (False, 1, 1)
