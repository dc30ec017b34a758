"""A reply's numbered events as server-sent events. Whoever leaves the stream leaves the reply alone."""

import contextlib
from collections.abc import AsyncGenerator
from dataclasses import asdict
from typing import Any

from app.api.errors import sentence
from app.api.event_stream import event_frame
from app.api.logprobs import logprobs_of
from app.engine.events import Delta, Finished, Loading, Queued, Reading
from app.services.replies import AnyEvent, FailedEvent, Reply, Stopped


async def reply_frames(reply: Reply, after: int, language: str) -> AsyncGenerator[bytes]:
    """The events after number `after`, ready to be sent; ends after the reply's last one."""
    async with contextlib.aclosing(reply.watch(after)) as events:
        async for numbered in events:
            name, data = described(numbered.event, language)
            yield event_frame(name, data, numbered.number)


def described(event: AnyEvent, language: str) -> tuple[str, dict[str, Any]]:
    """An event's name, and what it says."""
    match event:
        case Queued():
            return "queued", asdict(event)
        case Loading():
            return "loading", asdict(event)
        case Reading():
            return "reading", asdict(event)
        case Delta():
            told = logprobs_of(event.logprobs)
            logprobs = {"logprobs": told.model_dump()["content"]} if told else {}
            return "delta", {"text": event.text, "tokens": event.tokens, **logprobs}
        case Finished():
            return "finished", asdict(event)
        case Stopped():
            return "stopped", asdict(event)
        case FailedEvent():
            return "failed", {"code": event.code, "message": sentence(event.code, event.params, language)}
