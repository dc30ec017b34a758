"""What each open page looks at: at most one handler draws the conversation of a page, the newest one."""

import asyncio
from collections import OrderedDict
from types import TracebackType
from typing import Self

GIVE_UP_SECONDS = 2.0
PAGES_REMEMBERED = 1000


class Viewing:
    """The drawing handlers of all pages, by page."""

    def __init__(self) -> None:
        self._looks: dict[str, Look] = {}
        self._turns: OrderedDict[str, int] = OrderedDict()

    def look(self, session: str, turn: int) -> "Look":
        """Start to draw on a page; used as `async with`. Who drew there before stops and is waited for.

        `turn` numbers what a page asks for. Events may overtake each other: what was asked earlier comes too late then.
        """
        look = Look(self._looks, session)
        if turn < self._turns.get(session, 0):
            look.left.set()
        else:
            self._turns[session] = turn
            self._turns.move_to_end(session)
            if len(self._turns) > PAGES_REMEMBERED:
                self._turns.popitem(last=False)
        return look


class Look:
    """One handler's right to draw, until the page looks at something else."""

    def __init__(self, looks: "dict[str, Look]", session: str) -> None:
        self._looks = looks
        self._session = session
        self._over = asyncio.Event()
        self.left = asyncio.Event()

    @property
    def is_current(self) -> bool:
        """Whether what this handler draws still belongs on the page."""
        return not self.left.is_set()

    async def __aenter__(self) -> Self:
        if not self.is_current:
            return self
        earlier = self._looks.get(self._session)
        self._looks[self._session] = self
        if earlier is not None:
            earlier.left.set()
            await first_of(earlier._over, seconds=GIVE_UP_SECONDS)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._over.set()
        if self._looks.get(self._session) is self:
            del self._looks[self._session]


async def first_of(*events: asyncio.Event, seconds: float | None = None) -> None:
    """Return when one of the events is set, or after `seconds`."""
    waits = [asyncio.create_task(event.wait()) for event in events]
    try:
        await asyncio.wait(waits, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for wait in waits:
            wait.cancel()
