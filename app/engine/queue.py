"""Whose turn it is: fair between people, first come first served for each of them. Knows no models and no workers."""

import asyncio
import contextlib
from collections import Counter
from collections.abc import Callable
from typing import Generic, TypeVar

from app.errors import Busy

SMOOTHING = 0.3

Group = TypeVar("Group")


class Ticket(Generic[Group]):
    """One request in line. `position` 1 is next; 0 once it has its turn."""

    def __init__(self, person: str, group: Group, number: int) -> None:
        self.person = person
        self.group = group
        self.number = number
        self.position = 0
        self.has_turn = False
        self._changed = asyncio.Event()

    def place(self, position: int) -> None:
        """Tell the one who waits, when something changed."""
        if position != self.position:
            self.position = position
            self._changed.set()

    def give_turn(self) -> None:
        """The wait is over."""
        self.has_turn = True
        self.position = 0
        self._changed.set()

    async def change(self, seconds: float) -> None:
        """Until the place has changed, or `seconds` have passed."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._changed.wait()
        self._changed.clear()


class TurnQueue(Generic[Group]):
    """Tickets that wait and tickets that have their turn. `group` is what a turn is needed for: a model."""

    def __init__(self, max_waiting: int) -> None:
        self._max_waiting = max_waiting
        self._waiting: list[Ticket[Group]] = []
        self._running: list[Ticket[Group]] = []
        self._last_turn: dict[str, int] = {}
        self._numbers = 0
        self._mean_seconds: float | None = None

    def check_room(self) -> None:
        """Raises Busy when no more may wait."""
        if len(self._waiting) >= self._max_waiting:
            raise Busy("queue_full", waiting=len(self._waiting))

    def join(self, person: str, group: Group) -> Ticket[Group]:
        """Stand in line. Raises Busy when it is full."""
        self.check_room()
        self._numbers += 1
        ticket = Ticket(person, group, self._numbers)
        self._waiting.append(ticket)
        return ticket

    def leave(self, ticket: Ticket[Group]) -> None:
        """Give the turn back, or stop waiting for it."""
        tickets = self._running if ticket.has_turn else self._waiting
        if ticket in tickets:
            tickets.remove(ticket)
        self._forget_people()

    def serve(self, can_take: Callable[[Group], bool]) -> list[Ticket[Group]]:
        """Give turns, in fair order, as long as `can_take(group)` agrees; whoever stays is told the new place.

        A group that cannot take one more is passed over. What `can_take` reserves for a group is its own affair.
        """
        served: list[Ticket[Group]] = []
        refused: set[Group] = set()
        while ticket := next((each for each in self._order() if each.group not in refused), None):
            if can_take(ticket.group):
                self._start(ticket)
                served.append(ticket)
            else:
                refused.add(ticket.group)
        for position, ticket in enumerate(self._order(), start=1):
            ticket.place(position)
        return served

    def num_running(self, group: Group) -> int:
        """Turns that a group has given."""
        return sum(ticket.group == group for ticket in self._running)

    def num_waiting(self, group: Group) -> int:
        """Tickets that wait for a group."""
        return sum(ticket.group == group for ticket in self._waiting)

    def learn(self, seconds: float) -> None:
        """A turn has taken this long."""
        mean = self._mean_seconds
        self._mean_seconds = seconds if mean is None else mean + SMOOTHING * (seconds - mean)

    def eta_seconds(self, ticket: Ticket[Group]) -> float | None:
        """A guess of the wait, from how long turns have taken; None before the first one was measured."""
        if self._mean_seconds is None:
            return None
        return round(self._mean_seconds * ticket.position / max(1, len(self._running)), 1)

    def _start(self, ticket: Ticket[Group]) -> None:
        self._waiting.remove(ticket)
        self._running.append(ticket)
        self._numbers += 1
        self._last_turn[ticket.person] = self._numbers
        ticket.give_turn()

    def _order(self) -> list[Ticket[Group]]:
        """Who has least comes first: turns held now and own tickets in front count; then who waited longest."""
        held = Counter(ticket.person for ticket in self._running)
        rounds: dict[int, int] = {}
        for ticket in self._waiting:
            rounds[ticket.number] = held[ticket.person]
            held[ticket.person] += 1
        return sorted(
            self._waiting,
            key=lambda each: (rounds[each.number], self._last_turn.get(each.person, 0), each.number),
        )

    def _forget_people(self) -> None:
        """Keep no record of who is not here any more, once nobody is."""
        if not self._waiting and not self._running:
            self._last_turn.clear()
