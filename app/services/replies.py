"""The replies of this server: each belongs to it, whoever watches. Knows no HTTP.

A reply ends in exactly one of finished, stopped and failed, and what was said is stored whatever happens.
"""

import asyncio
from collections.abc import Coroutine
from dataclasses import dataclass
from typing import cast

from app.engine.events import Delta, Finished, GenerationRequest, ModelFile
from app.engine.face import Engine
from app.errors import NotFound, Unavailable
from app.services.reply import Reply
from app.services.reply_events import AnyEvent, Ending, FailedEvent, ReplyEvent, ReplyEvents, Stopped
from app.services.reply_record import NoRecord, RowRecord
from app.services.reply_task import DEFAULT_TIMES, ReplyTask, Times
from app.store import replies as replies_store
from app.store.database import Database
from app.store.tables import ReplyTable, new_id
from app.worker.messages import StopReason

__all__ = ["AnyEvent", "FailedEvent", "Place", "Replies", "Reply", "ReplyEvent", "Stopped", "Times"]

MOST_IN_BACKGROUND = 64


@dataclass(frozen=True, slots=True)
class Place:
    """Where a reply is stored: its row, its chat, the assistant's message."""

    reply_id: str
    chat_id: str
    message_id: str


class Replies:
    """All replies that are being written, and those that ended in the last minutes."""

    def __init__(self, database: Database, engine: Engine, times: Times = DEFAULT_TIMES) -> None:
        self._database = database
        self._engine = engine
        self._times = times
        self._replies: dict[str, Reply] = {}
        self._tasks: dict[str, asyncio.Task[None]] = {}
        self._background: dict[str, asyncio.Task[None]] = {}
        self._closing = asyncio.Event()

    def check_open(self) -> None:
        """Raises Unavailable("server_stopping") when nothing may start any more."""
        if self._closing.is_set():
            raise Unavailable("server_stopping")

    def start(self, person_id: str, model: ModelFile, request: GenerationRequest, place: Place | None = None) -> Reply:
        """Start to write; without a place nothing is stored. Must be called in the event loop."""
        reply = Reply(place.reply_id if place else new_id(), person_id, model.name, ReplyEvents())
        if place is not None:
            reply.chat_id, reply.message_id = place.chat_id, place.message_id
        record = NoRecord() if place is None else RowRecord(self._database, place.reply_id)
        writing = ReplyTask(reply, record, self._engine, self._times, self._closing)
        task = asyncio.create_task(writing.run(model, request), name=f"reply {reply.id}")
        self._replies[reply.id] = reply
        self._tasks[reply.id] = task
        task.add_done_callback(lambda _task: self._has_ended(reply.id))
        if self._closing.is_set():
            reply.ask_to_stop("server")
        return reply

    def find(self, person_id: str, reply_id: str) -> Reply:
        """A person's reply, running or over; the latter from the database if need be. May be called in a thread.

        Raises NotFound("reply_unknown"), for somebody else's too.
        """
        reply = self._replies.get(reply_id)
        if reply is not None and reply.person_id == person_id:
            return reply
        with self._database.reading() as session:
            found = replies_store.owned(session, person_id, reply_id)
        if found is None:
            raise NotFound("reply_unknown")
        row, message = found
        reply = Reply(row.id, person_id, row.model, _stored_events(row, message.text))
        reply.chat_id, reply.message_id = row.chat_id, row.message_id
        return reply

    def of_chat(self, chat_id: str) -> Reply | None:
        """The reply that is being written in a chat."""
        return next((reply for reply in self.running() if reply.chat_id == chat_id), None)

    def running(self) -> list[Reply]:
        """The replies that are being written."""
        return [reply for reply in list(self._replies.values()) if not reply.is_over]

    def in_background(self, chat_id: str, work: Coroutine[None, None, None]) -> None:
        """Do something for a chat that nobody waits for, instead of what was being done for it before."""
        if self._closing.is_set() or len(self._background) >= MOST_IN_BACKGROUND:
            work.close()
            return
        if chat_id in self._background:
            self._background[chat_id].cancel()
        task = asyncio.create_task(work, name=f"background of {chat_id}")
        self._background[chat_id] = task
        task.add_done_callback(lambda ended: self._background_has_ended(chat_id, ended))

    async def end_background(self, chat_id: str, seconds: float = 1.0) -> None:
        """End what is done for a chat in the background: a person wants something there."""
        task = self._background.get(chat_id)
        if task is not None:
            task.cancel()
            await asyncio.wait({task}, timeout=seconds)

    def fail_interrupted(self) -> int:
        """At server start: what a killed server left running becomes failed("server_stopped"). Returns how many."""
        with self._database.transaction() as session:
            rows = replies_store.all_running(session)
            for row in rows:
                replies_store.fail(session, row, "server_stopped")
            return len(rows)

    async def close(self, seconds: float = 5.0) -> None:
        """Stop all, and wait until what was said is stored or `seconds` have gone by. Nothing starts any more."""
        self._closing.set()
        for reply in self.running():
            reply.ask_to_stop("server")
        for task in self._background.values():
            task.cancel()
        if tasks := {*self._tasks.values(), *self._background.values()}:
            await asyncio.wait(tasks, timeout=seconds)

    def _background_has_ended(self, chat_id: str, task: asyncio.Task[None]) -> None:
        if self._background.get(chat_id) is task:
            del self._background[chat_id]

    def _has_ended(self, reply_id: str) -> None:
        del self._tasks[reply_id]
        asyncio.get_running_loop().call_later(self._times.remember_seconds, self._replies.pop, reply_id, None)


def _stored_events(row: ReplyTable, text: str) -> ReplyEvents:
    """The events of a reply that is over, made again from what was stored of it."""
    events = ReplyEvents(row.text_starts_after)
    events.add(Delta(text, row.completion_tokens or 0))
    events.add(_stored_ending(row))
    return events


def _stored_ending(row: ReplyTable) -> Ending:
    if row.status == "stopped":
        return Stopped("server" if row.stop_reason == "server" else "person")
    if row.status == "finished":
        return Finished(
            reason=cast(StopReason, row.stop_reason),
            prompt_tokens=row.prompt_tokens or 0,
            cached_tokens=row.cached_tokens or 0,
            completion_tokens=row.completion_tokens or 0,
            first_token_seconds=row.first_token_seconds or 0.0,
            tokens_per_second=row.tokens_per_second or 0.0,
        )
    # A row that says "running" while nobody writes it: its end could not be stored.
    return FailedEvent(row.error_code or "reply_not_stored", row.error_params)
