"""Where the text and the end of a reply are kept: in its row, or, for a reply without a place, nowhere.

Synchronous; knows the database, not the task that writes.
"""

from dataclasses import dataclass
from typing import Protocol

from app.engine.events import Finished
from app.services.chat_views import ReplyStatus
from app.services.reply_events import Ending, FailedEvent, Stopped
from app.store import replies as replies_store
from app.store.database import Database
from app.store.tables import ReplyTable, now


@dataclass(frozen=True, slots=True)
class Measured:
    """What Hearth itself measured of a reply, for one that did not get as far as the engine's own numbers."""

    prompt_tokens: int
    completion_tokens: int
    first_token_seconds: float | None
    tokens_per_second: float | None


class Record(Protocol):
    """Keeps one reply."""

    def is_there(self) -> bool:
        """False when the reply is gone, because its chat was deleted."""
        ...

    def store_text(self, text: str, text_starts_after: int) -> None:
        """Keep the text so far. Does nothing when the reply is gone or over."""
        ...

    def store_end(self, text: str, text_starts_after: int, ending: Ending, measured: Measured) -> None:
        """Keep the end. Does nothing when the reply is gone or over."""
        ...


class NoRecord:
    """Keeps nothing."""

    def is_there(self) -> bool:
        """It cannot be deleted."""
        return True

    def store_text(self, text: str, text_starts_after: int) -> None:
        """Nothing to do."""

    def store_end(self, text: str, text_starts_after: int, ending: Ending, measured: Measured) -> None:
        """Nothing to do."""


class RowRecord:
    """Keeps a reply in its row and its message."""

    def __init__(self, database: Database, reply_id: str) -> None:
        self._database = database
        self._reply_id = reply_id

    def is_there(self) -> bool:
        """Whether the row is."""
        with self._database.reading() as session:
            return replies_store.still_running(session, self._reply_id) is not None

    def store_text(self, text: str, text_starts_after: int) -> None:
        """Only while the row is running: a text that comes late must not overwrite the end."""
        with self._database.transaction() as session:
            reply = replies_store.still_running(session, self._reply_id)
            if reply is not None:
                replies_store.set_text(session, reply, text)
                reply.text_starts_after = text_starts_after

    def store_end(self, text: str, text_starts_after: int, ending: Ending, measured: Measured) -> None:
        """The text, the status and the numbers in one transaction."""
        with self._database.transaction() as session:
            reply = replies_store.still_running(session, self._reply_id)
            if reply is None:
                return
            replies_store.set_text(session, reply, text)
            reply.text_starts_after = text_starts_after
            reply.status = status_of(ending)
            reply.ended_at = now()
            _put_numbers(reply, ending, measured)


def status_of(ending: Ending | None) -> ReplyStatus:
    """The status of a reply that ended so, or has not ended."""
    match ending:
        case None:
            return "running"
        case Finished():
            return "finished"
        case Stopped():
            return "stopped"
        case FailedEvent():
            return "failed"


def _put_numbers(reply: ReplyTable, ending: Ending, measured: Measured) -> None:
    if isinstance(ending, Finished):
        reply.prompt_tokens = ending.prompt_tokens
        reply.cached_tokens = ending.cached_tokens
        reply.completion_tokens = ending.completion_tokens
        reply.first_token_seconds = ending.first_token_seconds
        reply.tokens_per_second = ending.tokens_per_second
        reply.stop_reason = ending.reason
        return
    reply.prompt_tokens = measured.prompt_tokens
    reply.completion_tokens = measured.completion_tokens
    reply.first_token_seconds = measured.first_token_seconds
    reply.tokens_per_second = measured.tokens_per_second
    if isinstance(ending, Stopped):
        reply.stop_reason = "stopped" if ending.by == "person" else "server"
    else:
        reply.error_code = ending.code
        reply.error_params = dict(ending.params)
