"""What a watcher of a reply is told: the engine's events and two more endings, each with a number; and their record.

Numbers rise from 1, by one for each event before the text; a delta's number rises by its characters instead. So
what somebody missed is known from the number alone, also when the single deltas are long forgotten.
"""

from bisect import bisect_right
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Literal

from app.engine.events import Delta, EngineEvent, Finished
from app.errors import Param


@dataclass(frozen=True, slots=True)
class Stopped:
    """The end of a reply that somebody stopped, or that the server stopped when it went down."""

    by: Literal["person", "server"]


@dataclass(frozen=True, slots=True)
class FailedEvent:
    """The end of a reply that broke; `code` is a key of `app.words`."""

    code: str
    params: Mapping[str, Param]


Ending = Finished | Stopped | FailedEvent
AnyEvent = EngineEvent | Stopped | FailedEvent


@dataclass(frozen=True, slots=True)
class ReplyEvent:
    """An event and its number."""

    number: int
    event: AnyEvent


class ReplyEvents:
    """The numbered events of one reply so far. What comes when, and who waits for it, is not known here."""

    def __init__(self, text_starts_after: int = 0) -> None:
        self._events: list[ReplyEvent] = []
        self._texts: list[str] = []
        self._last_number = text_starts_after
        self.text_starts_after = text_starts_after
        self.num_tokens = 0
        self.ending: Ending | None = None

    @property
    def text(self) -> str:
        """All deltas together."""
        if len(self._texts) > 1:
            self._texts = ["".join(self._texts)]
        return self._texts[0] if self._texts else ""

    def add(self, event: AnyEvent) -> None:
        """Take the next event. Empty deltas, and progress that is told after the text has begun, are not kept."""
        assert self.ending is None, "an event after the end"
        match event:
            case Delta():
                self.num_tokens += event.tokens
                if not event.text:
                    return
                self._texts.append(event.text)
                self._last_number += len(event.text)
            case Finished() | Stopped() | FailedEvent():
                self.ending = event
                self._last_number += 1
            case _:
                if self._texts:
                    return
                self._last_number += 1
                self.text_starts_after = self._last_number
        self._events.append(ReplyEvent(self._last_number, event))

    def since(self, after: int) -> Iterator[ReplyEvent]:
        """The events over number `after`. Deltas come as one; of progress of one kind in a row, only the newest.

        The ending comes always, also to somebody who has seen it or more than we know.
        """
        start = bisect_right(self._events, after, key=lambda numbered: numbered.number)
        if self.ending is not None:
            start = min(start, len(self._events) - 1)
        waiting: ReplyEvent | None = None
        for numbered in self._events[start:]:
            merged = _merged(waiting, numbered)
            if merged is None and waiting is not None:
                yield _unseen(waiting, after)
            waiting = merged or numbered
        if waiting is not None:
            yield _unseen(waiting, after)


def _merged(first: ReplyEvent | None, second: ReplyEvent) -> ReplyEvent | None:
    """Both as one, or None where they cannot be."""
    if first is None or type(first.event) is not type(second.event):
        return None
    if isinstance(first.event, Delta) and isinstance(second.event, Delta):
        delta = Delta(
            first.event.text + second.event.text,
            first.event.tokens + second.event.tokens,
            first.event.logprobs + second.event.logprobs,
        )
        return ReplyEvent(second.number, delta)
    return second


def _unseen(numbered: ReplyEvent, after: int) -> ReplyEvent:
    """Of a delta that was seen in part, the rest."""
    unseen = numbered.number - after
    if isinstance(numbered.event, Delta) and 0 < unseen < len(numbered.event.text):
        return ReplyEvent(
            numbered.number, Delta(numbered.event.text[-unseen:], numbered.event.tokens, numbered.event.logprobs)
        )
    return numbered
