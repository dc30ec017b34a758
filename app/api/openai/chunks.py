"""A reply as the stream of chunks that OpenAI's clients read."""

import contextlib
from collections.abc import AsyncGenerator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from app.api.errors import sentence
from app.api.event_stream import data_frame
from app.api.logprobs import LogprobsPublic, logprobs_of
from app.api.openai.endings import finish_reason, usage
from app.api.openai.problems import error_body
from app.engine.events import Delta, Finished
from app.services.replies import AnyEvent, FailedEvent, Reply, Stopped
from app.worker.reasoning import Kind, ReasoningSplitter

DONE = b"data: [DONE]\n\n"
# As DeepSeek's own API names what a model thinks aloud, and most servers after it.
FIELDS: Mapping[Kind, str] = {"reasoning": "reasoning_content", "answer": "content"}


@dataclass(frozen=True, slots=True)
class ChunkHead:
    """What is the same in all chunks of one stream."""

    id: str
    created: int
    model: str
    with_usage: bool
    object: str = "chat.completion.chunk"

    def chunk(self, choices: list[Mapping[str, Any]], numbers: Mapping[str, Any] | None = None) -> bytes:
        """One chunk, ready to be sent."""
        extra = {"usage": numbers} if self.with_usage else {}
        head = {"id": self.id, "object": self.object, "created": self.created, "model": self.model}
        return data_frame({**head, "choices": choices, **extra})


async def chunk_frames(reply: Reply, head: ChunkHead, language: str) -> AsyncGenerator[bytes]:
    """First who speaks, then the text as it comes, why it ended, the numbers if wished, and `[DONE]`."""
    yield head.chunk([_choice({"role": "assistant", "content": ""})])
    splitter = ReasoningSplitter()
    async with contextlib.aclosing(reply.watch()) as events:
        async for numbered in events:
            for frame in _frames(numbered.event, head, splitter, language):
                yield frame
    yield DONE


def _frames(event: AnyEvent, head: ChunkHead, splitter: ReasoningSplitter, language: str) -> list[bytes]:
    match event:
        case Delta():
            return _text_frames(splitter.add(event.text), head, logprobs_of(event.logprobs))
        case Finished() | Stopped():
            rest = _text_frames(splitter.finish(), head)
            end = head.chunk([_choice({}, finish_reason(event))])
            numbers = usage(event)
            told = [head.chunk([], numbers.model_dump())] if head.with_usage and numbers else []
            return [*rest, end, *told]
        case FailedEvent():
            _, body = error_body(503, event.code, sentence(event.code, event.params, language))
            return [data_frame(body)]
        case _:
            return []


def _text_frames(
    parts: Sequence[tuple[Kind, str]], head: ChunkHead, logprobs: LogprobsPublic | None = None
) -> list[bytes]:
    """The pieces of an answer and of the reasoning before it; the probabilities go with the first, or alone."""
    deltas = [{FIELDS[kind]: text} for kind, text in parts] or ([{"content": ""}] if logprobs else [])
    told = [logprobs, *[None] * len(deltas)]
    return [head.chunk([_choice(delta, logprobs=one)]) for delta, one in zip(deltas, told, strict=False)]


def _choice(
    delta: Mapping[str, str], reason: str | None = None, logprobs: LogprobsPublic | None = None
) -> Mapping[str, Any]:
    told = logprobs.model_dump() if logprobs else None
    return {"index": 0, "delta": delta, "logprobs": told, "finish_reason": reason}
