"""Chat completions for OpenAI's clients. Nothing is stored, and a client that leaves ends its answer."""

import asyncio
import contextlib
import time

import anyio
from fastapi import APIRouter, Request, Response
from starlette.types import Receive

from app.api.deps import LanguageDep, PartsDep, PersonDep
from app.api.event_stream import EventStreamResponse, kept_alive
from app.api.logprobs import LogprobsPublic, logprobs_of
from app.api.openai.chunks import ChunkHead, chunk_frames
from app.api.openai.endings import finish_reason, usage
from app.api.openai.shapes import AnswerMessage, Choice, CompletionCreate, CompletionPublic
from app.engine.events import Delta
from app.errors import Unavailable
from app.services.replies import FailedEvent, Reply
from app.services.reply_events import Ending
from app.worker.reasoning import split

router = APIRouter(prefix="/chat/completions")

CLIENT_LEFT = 499


@router.post("", summary="Continue a conversation", response_model=CompletionPublic)
async def create_completion(
    wish: CompletionCreate, request: Request, parts: PartsDep, person: PersonDep, language: LanguageDep
) -> CompletionPublic | Response:
    """Streamed with `"stream": true`, else as a whole."""
    reply = await parts.chat.start_stateless(
        person.id,
        [message.turn() for message in wish.messages],
        wish.model,
        await anyio.to_thread.run_sync(wish.sampling),
        wish.most_tokens,
        wish.stop_strings,
    )
    completion_id, created = f"chatcmpl-{reply.id}", int(time.time())
    if wish.stream:
        frames = chunk_frames(reply, ChunkHead(completion_id, created, reply.model, wish.with_usage), language)
        return EventStreamResponse(kept_alive(frames, parts.ping_seconds), leave=reply.stop)
    ending = await ending_of(reply, request.receive)
    if ending is None:
        return Response(status_code=CLIENT_LEFT)
    if isinstance(ending, FailedEvent):
        raise Unavailable(ending.code, **ending.params)
    reasoning, answer = split(reply.text)
    choice = Choice(
        message=AnswerMessage(content=answer, reasoning_content=reasoning or None),
        finish_reason=finish_reason(ending),
        logprobs=await _logprobs(reply),
    )
    return CompletionPublic(id=completion_id, created=created, model=reply.model, choices=[choice], usage=usage(ending))


async def ending_of(reply: Reply, receive: Receive) -> Ending | None:
    """How a reply ends; None when the client left before, which stops the reply."""
    ending = asyncio.create_task(_at_its_end(reply))
    leaving = asyncio.create_task(_client_left(receive))
    try:
        await asyncio.wait({ending, leaving}, return_when=asyncio.FIRST_COMPLETED)
        return ending.result() if ending.done() else None
    finally:
        with anyio.CancelScope(shield=True):
            ending.cancel()
            leaving.cancel()
            await asyncio.wait({ending, leaving})
            await reply.stop()


async def _at_its_end(reply: Reply) -> Ending | None:
    async with contextlib.aclosing(reply.watch()) as events:
        async for _ in events:
            pass
    return reply.ending


async def _logprobs(reply: Reply) -> LogprobsPublic | None:
    """Those of all tokens of a reply that is over."""
    async with contextlib.aclosing(reply.watch()) as events:
        deltas = [each.event async for each in events if isinstance(each.event, Delta)]
    return logprobs_of(told for delta in deltas for told in delta.logprobs)


async def _client_left(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
