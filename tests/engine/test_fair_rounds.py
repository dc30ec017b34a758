"""What the line promises, whatever people do: drawn by chance, a thousand lines long."""

from collections import Counter
from random import Random

import pytest

from app.engine.queue import Ticket, TurnQueue
from tests.engine.line import Line

pytestmark = pytest.mark.anyio

PEOPLE = ("ann", "ben", "eva", "kim", "lee")
MODELS = ("small", "large")
SLOTS = 2


class Crowd:
    """People who ask, give up and are answered by chance, for two models of which each may be held up for a while."""

    def __init__(self, seed: int) -> None:
        self.random = Random(seed)
        self.queue: TurnQueue[str] = TurnQueue(50, SLOTS, lambda: 0.0)
        self.waiting: list[Ticket[str]] = []
        self.running: list[Ticket[str]] = []
        self.held_up: set[str] = set()

    def act(self) -> Ticket[str] | None:
        """Something happens; who came, if that is what it was."""
        act = self.random.choice((self.come, self.come, self.finish, self.finish, self.give_up, self.hold_up))
        came = act()
        self.serve()
        return came

    def come(self) -> Ticket[str] | None:
        if len(self.waiting) >= 30:
            return None
        person, model = self.random.choice(PEOPLE), self.random.choice(MODELS)
        ticket = self.queue.join(person, model, is_background=self.random.random() < 0.1)
        self.running = [each for each in self.running if not each.is_preempted]
        self.waiting.append(ticket)
        return ticket

    def finish(self) -> None:
        if self.running:
            self.queue.leave(self.running.pop(self.random.randrange(len(self.running))))

    def give_up(self) -> None:
        if self.waiting:
            self.queue.leave(self.waiting.pop(self.random.randrange(len(self.waiting))))

    def hold_up(self) -> None:
        self.held_up = set(self.random.sample(MODELS, self.random.randrange(len(MODELS))))

    def serve(self) -> None:
        served = self.queue.serve(
            lambda model, _: model not in self.held_up and self.queue.num_running(model) < SLOTS,
        )
        self.waiting = [each for each in self.waiting if each not in served]
        self.running += served

    def places(self) -> dict[Ticket[str], int]:
        return {each: each.position for each in self.waiting}


@pytest.mark.parametrize("seed", range(50))
async def test_no_place_gets_worse_while_nobody_comes(seed: int) -> None:
    crowd = Crowd(seed)
    for _ in range(300):
        before = crowd.places()
        came = crowd.act()
        after = crowd.places()
        assert sorted(after.values()) == list(range(1, len(after) + 1))
        if came is None:
            assert all(place <= before[each] for each, place in after.items())


@pytest.mark.parametrize("seed", range(50))
async def test_who_comes_stands_before_nobody_who_asked_for_one_thing_only(seed: int) -> None:
    crowd = Crowd(seed)
    only: dict[Ticket[str], int] = {}
    seen: set[str] = set()
    for _ in range(300):
        came = crowd.act()
        if came is not None and not came.is_background:
            if came.person not in seen:
                only[came] = came.position
            seen.add(came.person)
        if not crowd.waiting and not crowd.running:
            seen.clear()
        for ticket in [each for each in only if each in crowd.waiting]:
            assert ticket.position <= only[ticket]
            only[ticket] = ticket.position


@pytest.mark.parametrize("seed", range(50))
async def test_turns_of_those_who_wait_all_the_time_differ_by_one_at_most(seed: int) -> None:
    random, patient = Random(seed), PEOPLE[:3]
    line = Line(slots=random.randint(1, 4), max_waiting=500)
    tickets = [line.queue.join(person, "model") for person in [*patient, *random.choices(patient, k=60)]]
    line.serve()
    while line.running:
        act = random.choice(("come", "give up", "finish", "finish", "finish"))
        waiting = [each for each in tickets if not each.has_turn]
        if act == "come":
            tickets.append(line.join(random.choice(PEOPLE)))
        elif act == "finish":
            line.finish_first()
        elif waiting:
            leaving = random.choice(waiting)
            if sum(each.person == leaving.person for each in waiting) > 1:
                tickets.remove(leaving)
                line.queue.leave(leaving)
        num_waiting = Counter(each.person for each in tickets if not each.has_turn)
        if not all(num_waiting[each] for each in patient):
            break
        turns = [line.order.count(each) for each in patient]
        assert max(turns) - min(turns) <= 1, line.order
    assert len(line.order) > 10


async def test_who_has_one_long_turn_gets_no_turns_in_arrears_either() -> None:
    line = Line(slots=2)
    line.join("ann")
    for _ in range(10):
        line.join("ben")
    long, line.running = line.running[:1], line.running[1:]
    for _ in range(5):
        line.finish_first()
    for _ in range(3):
        line.join("ann")
    line.running += long
    for _ in range(6):
        line.finish_first()
    assert line.order[-6:] == ["ann", "ben", "ann", "ben", "ann", "ben"]


async def test_turn_for_another_model_costs_no_place_in_the_line_for_this_one() -> None:
    queue: TurnQueue[str] = TurnQueue(10)
    first, second, other = queue.join("ann", "full"), queue.join("ann", "free"), queue.join("ben", "full")
    queue.serve(lambda model, _: model == "free")
    assert second.has_turn
    assert (first.position, other.position) == (1, 2)
