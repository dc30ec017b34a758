"""The stream of events itself: its opening, its pings, and what is left behind when it is closed."""

import asyncio
from collections.abc import AsyncGenerator

import pytest

from app.api.event_stream import OPENING, PING, data_frame, event_frame, kept_alive

pytestmark = pytest.mark.anyio
NEVER = 60.0


async def test_frames_follow_the_opening() -> None:
    async def frames() -> AsyncGenerator[bytes]:
        yield b"one"
        yield b"two"

    assert [frame async for frame in kept_alive(frames(), NEVER)] == [OPENING, b"one", b"two"]


async def test_pings_fill_the_wait_and_nothing_is_lost() -> None:
    go_on = asyncio.Event()

    async def frames() -> AsyncGenerator[bytes]:
        await go_on.wait()
        yield b"late"

    stream = kept_alive(frames(), 0.001)
    assert [await anext(stream) for _ in range(3)] == [OPENING, PING, PING]
    go_on.set()
    assert [frame async for frame in stream if frame != PING] == [b"late"]


async def test_closing_cleans_up_what_is_waiting() -> None:
    waiting, cleaned = asyncio.Event(), asyncio.Event()

    async def frames() -> AsyncGenerator[bytes]:
        try:
            waiting.set()
            await asyncio.Event().wait()
            yield b"never"
        finally:
            cleaned.set()

    stream = kept_alive(frames(), 0.001)
    assert [await anext(stream) for _ in range(2)] == [OPENING, PING]
    await waiting.wait()
    await stream.aclose()
    assert cleaned.is_set()


async def test_error_of_the_frames_comes_through() -> None:
    async def frames() -> AsyncGenerator[bytes]:
        yield b"one"
        raise ZeroDivisionError

    stream = kept_alive(frames(), NEVER)
    assert [await anext(stream) for _ in range(2)] == [OPENING, b"one"]
    with pytest.raises(ZeroDivisionError):
        await anext(stream)


async def test_line_breaks_in_a_text_do_not_break_the_frame() -> None:
    assert event_frame("delta", {"text": "a\n\nid: 9\r\n"}, 3) == (
        b'id: 3\nevent: delta\ndata: {"text":"a\\n\\nid: 9\\r\\n"}\n\n'
    )
    assert data_frame({"a": "暖"}) == 'data: {"a":"暖"}\n\n'.encode()
