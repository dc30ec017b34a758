"""Watches a running reply for a page: tells that there is news, and what to say until the first words come."""

import asyncio
from contextlib import suppress
from types import TracebackType
from typing import Self

from app.engine.events import Delta, Loading, Queued, Reading
from app.services.replies import Reply
from app.ui.viewing import first_of

Waiting = Queued | Loading | Reading


class Following:
    """A reply as one page sees it. The reply does not notice whether it is followed."""

    def __init__(self, reply: Reply) -> None:
        self._reply = reply
        self._news = asyncio.Event()
        self._watching: asyncio.Task[None] | None = None
        self.waiting: Waiting | None = None

    async def __aenter__(self) -> Self:
        self._watching = asyncio.create_task(self._watch())
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        assert self._watching is not None
        self._watching.cancel()
        with suppress(asyncio.CancelledError):
            await self._watching

    @property
    def text(self) -> str:
        """What was written so far."""
        return self._reply.text

    @property
    def is_over(self) -> bool:
        """Whether nothing more will come."""
        return self._watching is not None and self._watching.done()

    async def news(self, left: asyncio.Event) -> None:
        """Return as soon as there is more to show, the reply is over, or `left` is set."""
        if not self.is_over:
            await first_of(self._news, left)
        self._news.clear()

    async def _watch(self) -> None:
        try:
            async for item in self._reply.watch():
                if isinstance(item.event, Queued | Loading | Reading):
                    self.waiting = item.event
                elif isinstance(item.event, Delta):
                    self.waiting = None
                self._news.set()
        finally:
            self._news.set()
