"""Writes one reply from the engine's first event to its stored end. Owned by `Replies`; knows no watchers.

Stopping works by cancelling the generation and waiting a moment for the engine; the end is stored either way.
"""

import asyncio
import contextlib
import logging
import time
from dataclasses import dataclass

import anyio

from app.engine.events import Delta, Finished, GenerationRequest, ModelFile
from app.engine.face import Engine
from app.errors import HearthError
from app.services.reply import Reply
from app.services.reply_events import Ending, FailedEvent, Stopped
from app.services.reply_record import Measured, Record

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Times:
    """How often the text so far is stored, how long the engine may take to let go, how long an end is remembered.

    An end that could not be stored, for the disk was full, is tried again every `store_again_seconds`.
    """

    store_every_seconds: float = 2.0
    store_again_seconds: float = 3.0
    grace_seconds: float = 3.0
    remember_seconds: float = 600.0


DEFAULT_TIMES = Times()


class ReplyTask:
    """The writing of one reply."""

    def __init__(self, reply: Reply, record: Record, engine: Engine, times: Times, closing: asyncio.Event) -> None:
        self._reply = reply
        self._record = record
        self._engine = engine
        self._times = times
        self._closing = closing
        self._is_ending = False
        self._started_at = time.monotonic()
        self._first_token_at: float | None = None

    async def run(self, model: ModelFile, request: GenerationRequest) -> None:
        """Write the reply; returns when its end is told, and stored or given up because the server closes.

        Raises nothing but cancellation.
        """
        writing = asyncio.create_task(self._generate(model, request))
        stopping = asyncio.create_task(self._reply.stop_asked())
        keeping = asyncio.create_task(self._keep_storing())
        try:
            await asyncio.wait({writing, stopping}, return_when=asyncio.FIRST_COMPLETED)
            if not writing.done():
                writing.cancel()
                # An engine that does not let go in time is left to itself: the reply ends without it.
                await asyncio.wait({writing}, timeout=self._times.grace_seconds)
        finally:
            self._is_ending = True
            for task in (writing, stopping, keeping):
                task.cancel()
            ending, measured = self._ending_of(writing), self._measured(len(request.tokens))
            is_stored = await self._end(ending, measured)
        if not is_stored:
            await self._store_later(ending, measured)

    async def _generate(self, model: ModelFile, request: GenerationRequest) -> Finished | None:
        async with contextlib.aclosing(self._engine.generate(model, request)) as events:
            async for event in events:
                if self._is_ending:
                    return None
                if isinstance(event, Finished):
                    return event
                if isinstance(event, Delta) and self._first_token_at is None:
                    self._first_token_at = time.monotonic()
                self._reply.publish(event)
        return None

    async def _keep_storing(self) -> None:
        """Store the text so far every few seconds; end the reply when its chat was deleted."""
        stored = ""
        while True:
            await asyncio.sleep(self._times.store_every_seconds)
            text = self._reply.text
            try:
                if text != stored:
                    await anyio.to_thread.run_sync(self._record.store_text, text, self._reply.text_starts_after)
                    stored = text
                if not await anyio.to_thread.run_sync(self._record.is_there):
                    self._reply.ask_to_stop("person")
                    return
            except Exception:
                # The next round, or the end, stores this text too: a full disk now need not be one then.
                log.exception("reply %s: the text so far could not be stored", self._reply.id)

    def _ending_of(self, writing: asyncio.Task[Finished | None]) -> Ending:
        stopped = Stopped(self._reply.stopped_by or "server")
        if not writing.done() or writing.cancelled():
            return stopped
        error = writing.exception()
        if error is None:
            finished = writing.result()
            if finished is None:
                return FailedEvent("reply_broken_off", {})
            return stopped if finished.reason == "stopped" else finished
        if self._reply.stopped_by is not None:
            return stopped
        if isinstance(error, HearthError):
            return FailedEvent(error.code, error.params)
        log.error("reply %s failed", self._reply.id, exc_info=error)
        return FailedEvent("reply_internal_error", {})

    async def _end(self, ending: Ending, measured: Measured) -> bool:
        """Store the end, whatever is cancelled meanwhile, and only then tell it: who hears of it finds it stored.

        Returns whether it is stored; who watches is told at once when it is not.
        """
        told: Ending = FailedEvent("reply_not_stored", {})
        try:
            with anyio.CancelScope(shield=True):
                if await self._is_end_stored(ending, measured):
                    told = ending
        finally:
            self._reply.publish(told)
        return told is ending

    async def _store_later(self, ending: Ending, measured: Measured) -> None:
        """Try again to store the end, until that works, and one last time when the server closes."""
        is_last = False
        while not is_last:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._closing.wait(), self._times.store_again_seconds)
            is_last = self._closing.is_set()
            if await self._is_end_stored(ending, measured):
                log.info("reply %s: its end is stored now", self._reply.id)
                return

    async def _is_end_stored(self, ending: Ending, measured: Measured) -> bool:
        text, starts_after = self._reply.text, self._reply.text_starts_after
        try:
            await anyio.to_thread.run_sync(self._record.store_end, text, starts_after, ending, measured)
        except Exception:
            log.exception("reply %s: its end could not be stored", self._reply.id)
            return False
        return True

    def _measured(self, prompt_tokens: int) -> Measured:
        tokens = self._reply.num_tokens
        if self._first_token_at is None:
            return Measured(prompt_tokens, tokens, None, None)
        seconds = time.monotonic() - self._first_token_at
        speed = (tokens - 1) / seconds if tokens > 1 and seconds > 0 else None
        return Measured(prompt_tokens, tokens, self._first_token_at - self._started_at, speed)
