"""Whose turn it is: fair between people, first come first served for each of them. Knows no models and no workers.

What Hearth asks for itself stands behind everybody, runs only while no person waits or runs, and makes way.
"""

import asyncio
import contextlib
import time
from collections.abc import Callable
from typing import Generic, TypeVar

from app.engine.wait_estimate import WaitEstimate
from app.errors import Busy

Group = TypeVar("Group")


class Ticket(Generic[Group]):
    """One request in line. `position` 1 is next; 0 once it has its turn."""

    def __init__(self, person: str, group: Group, number: int, is_background: bool) -> None:
        self.person = person
        self.group = group
        self.number = number
        self.is_background = is_background
        self.round = 0
        self.position = 0
        self.has_turn = False
        self.is_preempted = False
        self.began = 0.0
        self.on_preempted: Callable[[], None] = lambda: None
        self._changed = asyncio.Event()

    def place(self, position: int) -> None:
        """Tell the one who waits, when something changed."""
        if position != self.position:
            self.position = position
            self._changed.set()

    def give_turn(self, now: float) -> None:
        """The wait is over."""
        self.has_turn = True
        self.began = now
        self.position = 0
        self._changed.set()

    def preempt(self) -> None:
        """Its turn is over: somebody came."""
        self.is_preempted = True
        self.on_preempted()

    async def change(self, seconds: float) -> None:
        """Until the place has changed, or `seconds` have passed."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._changed.wait()
        self._changed.clear()


class TurnQueue(Generic[Group]):
    """Tickets that wait and tickets that have their turn. `group` is what a turn is needed for: a model."""

    def __init__(self, max_waiting: int, slots: int = 1, clock: Callable[[], float] = time.monotonic) -> None:
        self._max_waiting = max_waiting
        self._clock = clock
        self._waiting: list[Ticket[Group]] = []
        self._running: list[Ticket[Group]] = []
        self._rounds: dict[str, int] = {}
        self._round = 0
        self._numbers = 0
        self._estimate: WaitEstimate[Group] = WaitEstimate(slots)

    def check_room(self) -> None:
        """Raises Busy when no more may wait."""
        num_waiting = sum(not ticket.is_background for ticket in self._waiting)
        if num_waiting >= self._max_waiting:
            raise Busy("queue_full", waiting=num_waiting)

    def join(self, person: str, group: Group, is_background: bool = False) -> Ticket[Group]:
        """Stand in line. Raises Busy when it is full."""
        if not is_background:
            self.check_room()
        elif self.num_waiting_background() >= self._max_waiting:
            raise Busy("queue_full", waiting=self.num_waiting_background())
        self._numbers += 1
        ticket = Ticket(person, group, self._numbers, is_background)
        if not is_background:
            # Turns of the past are not made up for: nobody's round is one that is over.
            ticket.round = max(self._round, self._next_round(person))
            self.preempt_background()
        self._waiting.append(ticket)
        return ticket

    def leave(self, ticket: Ticket[Group]) -> None:
        """Give the turn back, or stop waiting for it."""
        tickets = self._running if ticket.has_turn else self._waiting
        if ticket in tickets:
            if not ticket.has_turn and not ticket.is_background:
                self._move_up(ticket)
            tickets.remove(ticket)
        self._forget_people()

    def serve(self, can_take: Callable[[Group, bool], bool]) -> list[Ticket[Group]]:
        """Give turns, in fair order, as long as `can_take(group, is_background)` agrees; whoever stays is told where.

        A group that cannot take one more is passed over. What `can_take` reserves for a group is its own affair.
        """
        served: list[Ticket[Group]] = []
        refused: set[Group] = set()
        while ticket := next((each for each in self._order() if self._may_run(each, refused)), None):
            if can_take(ticket.group, ticket.is_background):
                self._start(ticket)
                served.append(ticket)
            else:
                refused.add(ticket.group)
        for position, ticket in enumerate(self._order(), start=1):
            ticket.place(position)
        return served

    def preempt_background(self) -> None:
        """End the turns of all background tickets: a person needs what they have."""
        for ticket in [each for each in self._running if each.is_background]:
            self._running.remove(ticket)
            ticket.preempt()

    def num_running(self, group: Group) -> int:
        """Turns that a group has given."""
        return sum(ticket.group == group for ticket in self._running)

    def num_waiting(self, group: Group) -> int:
        """Tickets of people that wait for a group."""
        return sum(ticket.group == group and not ticket.is_background for ticket in self._waiting)

    def num_waiting_background(self) -> int:
        """Background tickets that wait, whatever for."""
        return sum(ticket.is_background for ticket in self._waiting)

    def learn(self, ticket: Ticket[Group]) -> None:
        """A turn has come to its natural end; how long it took tells what the next ones take."""
        if not ticket.is_background:
            self._estimate.learn(ticket.group, self._clock() - ticket.began)

    def eta_seconds(self, ticket: Ticket[Group]) -> float | None:
        """A guess of the wait, which falls as time passes; None before the first turn was measured."""
        if ticket not in self._waiting:
            return None
        order = self._order()
        ahead = sum(each.group == ticket.group for each in order[: order.index(ticket)])
        now = self._clock()
        running = [now - each.began for each in self._running if each.group == ticket.group]
        others = [(each.group, now - each.began) for each in self._running if each.group != ticket.group]
        return self._estimate.seconds(ticket.group, ahead, running, others)

    def _may_run(self, ticket: Ticket[Group], refused: set[Group]) -> bool:
        if ticket.group in refused:
            return False
        return not ticket.is_background or all(each.is_background for each in (*self._waiting, *self._running))

    def _start(self, ticket: Ticket[Group]) -> None:
        self._waiting.remove(ticket)
        self._running.append(ticket)
        if not ticket.is_background:
            self._round = max(self._round, ticket.round)
            self._rounds[ticket.person] = max(self._rounds.get(ticket.person, 0), ticket.round + 1)
        ticket.give_turn(self._clock())

    def _order(self) -> list[Ticket[Group]]:
        """In rounds, of which each person has one turn in each; in a round, who came first. Background is last.

        This is start-time fair queueing (Goyal, Vin, Cheng 1996) where all turns weigh the same. While nobody comes,
        no place ever gets worse; and who comes stands before none but those who have had, or wait for, a turn more.
        """
        return sorted(self._waiting, key=lambda each: (each.is_background, each.round, each.number))

    def _next_round(self, person: str) -> int:
        """Behind all that a person waits for, and all the turns that the person has had."""
        return max(self._rounds.get(person, 0), *(each.round + 1 for each in self._of_person(person)), 0)

    def _move_up(self, leaving: Ticket[Group]) -> None:
        """What a person gives up is the person's own gain: each later request has the round of the one before it."""
        free = leaving.round
        for ticket in self._of_person(leaving.person):
            if ticket.number > leaving.number:
                ticket.round, free = free, ticket.round

    def _of_person(self, person: str) -> list[Ticket[Group]]:
        """What a person waits for, in the order in which it was asked for."""
        return [each for each in self._waiting if each.person == person and not each.is_background]

    def _forget_people(self) -> None:
        """Keep no record of who is not here any more, once nobody is."""
        if not self._waiting and not self._running:
            self._rounds.clear()
            self._round = 0
