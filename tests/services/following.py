"""Waiting for what a reply tells, with a limit: a test that hangs fails instead."""

import anyio

from app.services.reply import Reply
from app.services.reply_events import AnyEvent, ReplyEvent

TIMEOUT_SECONDS = 20


async def all_events(reply: Reply, after: int = 0) -> list[ReplyEvent]:
    """What a watcher hears to the end."""
    with anyio.fail_after(TIMEOUT_SECONDS):
        return [numbered async for numbered in reply.watch(after)]


async def ending_of(reply: Reply) -> AnyEvent:
    """How it ended."""
    return (await all_events(reply))[-1].event
