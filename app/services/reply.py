"""One reply as those see it who watch or stop it. The task that writes it is in `reply_task.py`."""

import asyncio
from collections.abc import AsyncGenerator
from typing import Literal

from app.services.chat_views import ReplyStatus
from app.services.reply_events import AnyEvent, Ending, ReplyEvent, ReplyEvents
from app.services.reply_record import status_of


class Reply:
    """One reply, running or over. All but the properties belongs to the event loop in which it is written."""

    def __init__(self, reply_id: str, person_id: str, model: str, events: ReplyEvents) -> None:
        self.id = reply_id
        self.person_id = person_id
        self.model = model
        self.chat_id: str | None = None
        self.message_id: str | None = None
        self.stopped_by: Literal["person", "server"] | None = None
        self._events = events
        self._changed = asyncio.Event()
        self._stop_asked = asyncio.Event()
        self._over = asyncio.Event()

    @property
    def text(self) -> str:
        """What was written so far."""
        return self._events.text

    @property
    def num_tokens(self) -> int:
        """The tokens that were written so far."""
        return self._events.num_tokens

    @property
    def text_starts_after(self) -> int:
        """The number of the last event before the text."""
        return self._events.text_starts_after

    @property
    def ending(self) -> Ending | None:
        """How it ended, when it is over."""
        return self._events.ending

    @property
    def status(self) -> ReplyStatus:
        """Running, or how it ended."""
        return status_of(self._events.ending)

    @property
    def is_over(self) -> bool:
        """Whether it has ended, and its end is stored."""
        return self._events.ending is not None

    async def watch(self, after: int = 0) -> AsyncGenerator[ReplyEvent]:
        """The events with numbers over `after`, then those to come; ends after the last one, which always comes.

        Deltas that wait together come as one. Leaving (aclose, cancel) changes nothing for the reply.
        """
        while True:
            changed = self._changed
            for numbered in list(self._events.since(after)):
                after = max(after, numbered.number)
                yield numbered
                if isinstance(numbered.event, Ending):
                    return
            await changed.wait()

    async def stop(self) -> None:
        """End it and keep what was said; returns when it is over and stored. Does nothing to one that is over."""
        self.ask_to_stop("person")
        await self.over()

    async def over(self) -> None:
        """Return when it has ended, and its end is stored."""
        if not self.is_over:
            await self._over.wait()

    def ask_to_stop(self, by: Literal["person", "server"]) -> None:
        """Have it ended, without waiting for that. Who asks first is who stopped it."""
        self.stopped_by = self.stopped_by or by
        self._stop_asked.set()

    async def stop_asked(self) -> None:
        """Return when somebody wants it to stop. For the task that writes."""
        await self._stop_asked.wait()

    def publish(self, event: AnyEvent) -> None:
        """Tell the watchers. For the task that writes."""
        self._events.add(event)
        if self.is_over:
            self._over.set()
        self._changed.set()
        self._changed = asyncio.Event()
