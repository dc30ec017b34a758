"""Texts to be continued as they are, without a chat template. Nothing is stored, and who leaves ends the answer."""

import contextlib
import time
from collections.abc import AsyncGenerator, Mapping
from typing import Annotated, Any, Literal

import anyio
from fastapi import APIRouter, Request, Response
from pydantic import BaseModel, Field

from app.api.deps import LanguageDep, PartsDep, PersonDep
from app.api.errors import sentence
from app.api.event_stream import EventStreamResponse, data_frame, kept_alive
from app.api.openai.chunks import DONE, ChunkHead
from app.api.openai.completions import CLIENT_LEFT, ending_of
from app.api.openai.endings import finish_reason, usage
from app.api.openai.problems import error_body
from app.api.openai.shapes import AskingFields, FinishReason, Text, Usage
from app.api.sampling import SamplingFields
from app.engine.events import Delta, Finished
from app.errors import Unavailable
from app.services.replies import AnyEvent, FailedEvent, Reply, Stopped

router = APIRouter(prefix="/completions")

OBJECT = "text_completion"
# OpenAI's own default: a text has no end of its own.
MAX_TOKENS = 16


class RawCompletionCreate(AskingFields, SamplingFields):
    """A text to be continued. It is read as plain text: what looks like a special token is none."""

    prompt: Text | Annotated[list[Text], Field(min_length=1, max_length=1)]
    best_of: Literal[1] | None = None
    echo: Literal[False] | None = None
    suffix: Literal[""] | None = None
    logprobs: None = None

    @property
    def text(self) -> str:
        """The one text that there is."""
        return self.prompt if isinstance(self.prompt, str) else self.prompt[0]


class RawChoice(BaseModel):
    """How the text goes on."""

    index: int = 0
    text: str
    finish_reason: FinishReason
    logprobs: None = None


class RawCompletionPublic(BaseModel):
    """A whole continuation."""

    id: str
    object: Literal["text_completion"] = "text_completion"
    created: int
    model: str
    choices: list[RawChoice]
    usage: Usage | None


@router.post("", summary="Continue a text", response_model=RawCompletionPublic)
async def create_raw_completion(
    wish: RawCompletionCreate, request: Request, parts: PartsDep, person: PersonDep, language: LanguageDep
) -> RawCompletionPublic | Response:
    """The model's chat template is not applied. Streamed with `"stream": true`, else as a whole."""
    sampling = await anyio.to_thread.run_sync(wish.sampling)
    most = wish.max_tokens or MAX_TOKENS
    reply = await parts.chat.start_raw(person.id, wish.text, wish.model, sampling, most, wish.stop_strings)
    head = ChunkHead(f"cmpl-{reply.id}", int(time.time()), reply.model, wish.with_usage, OBJECT)
    if wish.stream:
        return EventStreamResponse(kept_alive(_text_frames(reply, head, language), parts.ping_seconds), reply.stop)
    ending = await ending_of(reply, request.receive)
    if ending is None:
        return Response(status_code=CLIENT_LEFT)
    if isinstance(ending, FailedEvent):
        raise Unavailable(ending.code, **ending.params)
    choice = RawChoice(text=reply.text, finish_reason=finish_reason(ending))
    return RawCompletionPublic(
        id=head.id, created=head.created, model=head.model, choices=[choice], usage=usage(ending)
    )


async def _text_frames(reply: Reply, head: ChunkHead, language: str) -> AsyncGenerator[bytes]:
    """The text as it comes, why it ended, the numbers if wished, and `[DONE]`."""
    async with contextlib.aclosing(reply.watch()) as events:
        async for numbered in events:
            for frame in _frames(numbered.event, head, language):
                yield frame
    yield DONE


def _frames(event: AnyEvent, head: ChunkHead, language: str) -> list[bytes]:
    match event:
        case Delta():
            return [head.chunk([_choice(event.text)])]
        case Finished() | Stopped():
            numbers = usage(event)
            told = [head.chunk([], numbers.model_dump())] if head.with_usage and numbers else []
            return [head.chunk([_choice("", finish_reason(event))]), *told]
        case FailedEvent():
            _, body = error_body(503, event.code, sentence(event.code, event.params, language))
            return [data_frame(body)]
        case _:
            return []


def _choice(text: str, reason: str | None = None) -> Mapping[str, Any]:
    return {"index": 0, "text": text, "logprobs": None, "finish_reason": reason}
