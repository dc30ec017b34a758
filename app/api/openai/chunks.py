"""A reply as the stream of chunks that OpenAI's clients read."""

import contextlib
from collections.abc import AsyncGenerator, Mapping
from dataclasses import dataclass
from typing import Any

from app.api.errors import sentence
from app.api.event_stream import data_frame
from app.api.openai.endings import finish_reason, usage
from app.api.openai.problems import error_body
from app.engine.events import Delta, Finished
from app.services.replies import AnyEvent, FailedEvent, Reply, Stopped

DONE = b"data: [DONE]\n\n"


@dataclass(frozen=True, slots=True)
class ChunkHead:
    """What is the same in all chunks of one stream."""

    id: str
    created: int
    model: str
    with_usage: bool

    def chunk(self, choices: list[Mapping[str, Any]], numbers: Mapping[str, Any] | None = None) -> bytes:
        """One chunk, ready to be sent."""
        extra = {"usage": numbers} if self.with_usage else {}
        head = {"id": self.id, "object": "chat.completion.chunk", "created": self.created, "model": self.model}
        return data_frame({**head, "choices": choices, **extra})


async def chunk_frames(reply: Reply, head: ChunkHead, language: str) -> AsyncGenerator[bytes]:
    """First who speaks, then the text as it comes, why it ended, the numbers if wished, and `[DONE]`."""
    yield head.chunk([_choice({"role": "assistant", "content": ""})])
    async with contextlib.aclosing(reply.watch()) as events:
        async for numbered in events:
            for frame in _frames(numbered.event, head, language):
                yield frame
    yield DONE


def _frames(event: AnyEvent, head: ChunkHead, language: str) -> list[bytes]:
    match event:
        case Delta():
            return [head.chunk([_choice({"content": event.text})])]
        case Finished() | Stopped():
            end = head.chunk([_choice({}, finish_reason(event))])
            numbers = usage(event)
            return [end, head.chunk([], numbers.model_dump())] if head.with_usage and numbers else [end]
        case FailedEvent():
            _, body = error_body(503, event.code, sentence(event.code, event.params, language))
            return [data_frame(body)]
        case _:
            return []


def _choice(delta: Mapping[str, str], reason: str | None = None) -> Mapping[str, Any]:
    return {"index": 0, "delta": delta, "logprobs": None, "finish_reason": reason}
