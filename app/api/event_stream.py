"""Server-sent events that survive proxies: something at once, something every few seconds, nothing held back.

Knows nothing of replies; `reply_stream.py` and `openai/stream.py` say what is in the events.
"""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping
from typing import Any, Final

import anyio
import msgspec
from starlette.responses import StreamingResponse
from starlette.types import Receive, Scope, Send

OPENING: Final = b": ok\n\n"
PING: Final = b": ping\n\n"


class EventStreamResponse(StreamingResponse):
    """Sends a generator's bytes. Whatever becomes of the connection, the generator is closed and `leave` is called."""

    media_type = "text/event-stream"

    def __init__(self, content: AsyncGenerator[bytes], leave: Callable[[], Awaitable[None]] | None = None) -> None:
        super().__init__(content, headers={"Cache-Control": "no-cache, no-transform", "X-Accel-Buffering": "no"})
        self._content = content
        self._leave = leave

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """As starlette does it; a client that leaves cancels the sending, but not the cleaning up."""
        try:
            await super().__call__(scope, receive, send)
        finally:
            with anyio.CancelScope(shield=True):
                await self._content.aclose()
                if self._leave is not None:
                    await self._leave()


async def kept_alive(frames: AsyncGenerator[bytes], ping_seconds: float) -> AsyncGenerator[bytes]:
    """An opening comment at once, then the frames, with a comment after every `ping_seconds` without one."""
    yield OPENING
    coming: asyncio.Task[bytes | None] | None = None
    try:
        while True:
            coming = asyncio.create_task(_next(frames))
            while not (await asyncio.wait({coming}, timeout=ping_seconds))[0]:
                yield PING
            frame = coming.result()
            if frame is None:
                return
            yield frame
    finally:
        with anyio.CancelScope(shield=True):
            if coming is not None:
                coming.cancel()
                await asyncio.wait({coming})
            await frames.aclose()


def event_frame(name: str, data: Mapping[str, Any], number: int) -> bytes:
    """One event with a name and a number."""
    return b"id: %d\nevent: %s\ndata: %s\n\n" % (number, name.encode(), msgspec.json.encode(data))


def data_frame(data: Mapping[str, Any]) -> bytes:
    """One event with nothing but data."""
    return b"data: %s\n\n" % msgspec.json.encode(data)


async def _next(frames: AsyncGenerator[bytes]) -> bytes | None:
    return await anext(frames, None)
