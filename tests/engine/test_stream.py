"""One request's messages, for a reader who may be slow."""

import pytest

from app.engine.stream import Stream
from app.errors import Unavailable
from app.worker.messages import Delta, Failed, Finished, Numbers, Reading

pytestmark = pytest.mark.anyio
END = Finished("r", "end", Numbers(1, 0, 1, 0.0, 0.0))


async def test_messages_come_in_order_and_end() -> None:
    stream = Stream("r")
    for message in (Reading("r", 1, 1), Delta("r", "a", 1), END):
        stream.put(message)
    assert [await stream.next() for _ in range(4)] == [Reading("r", 1, 1), Delta("r", "a", 1), END, None]


async def test_slow_reader_gets_deltas_merged_and_the_newest_reading() -> None:
    stream = Stream("r")
    for done in range(100):
        stream.put(Reading("r", done, 99))
    for _ in range(1000):
        stream.put(Delta("r", "ab", 1))
    assert await stream.next() == Reading("r", 99, 99)
    assert await stream.next() == Delta("r", "ab" * 1000, 1000)


async def test_failure_comes_after_what_was_said_before() -> None:
    stream = Stream("r")
    stream.put(Delta("r", "a", 1))
    stream.fail(Unavailable("worker_died", model="m", status=1))
    assert await stream.next() == Delta("r", "a", 1)
    with pytest.raises(Unavailable):
        await stream.next()


async def test_nothing_follows_the_end() -> None:
    stream = Stream("r")
    stream.put(Failed("r", "decode_failed", ""))
    stream.put(Delta("r", "late", 1))
    stream.fail(Unavailable("worker_died"))
    assert await stream.next() == Failed("r", "decode_failed", "")
    assert await stream.next() is None
