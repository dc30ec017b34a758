"""Replies: say something and have it answered, watch the answer being written, stop it."""

from typing import Annotated

import anyio
from fastapi import APIRouter, Query
from fastapi.concurrency import run_in_threadpool
from pydantic import BaseModel, ConfigDict, Field

from app.api.chat_shapes import ModelName, Text
from app.api.deps import LanguageDep, PartsDep, PersonDep
from app.api.event_stream import EventStreamResponse, kept_alive
from app.api.reply_stream import reply_frames
from app.api.sampling import MaxTokens, SamplingCreate
from app.services.asking import ACTIVE_LEAF
from app.services.chats import ReplyStatus
from app.services.replies import Reply
from app.worker.messages import Sampling

router = APIRouter(tags=["replies"])


class ReplyWish(BaseModel):
    """How an answer is to be written. What is left out has the chat's or Hearth's default."""

    model_config = ConfigDict(extra="forbid")

    model: ModelName | None = None
    sampling: SamplingCreate | None = None
    max_tokens: MaxTokens | None = None
    slides: Annotated[
        bool,
        Field(
            description="An answer that fills the context forgets what stands behind its beginning, and goes on: an "
            "endless answer. Otherwise it ends, with the stop_reason `context`."
        ),
    ] = False

    async def drawing(self) -> Sampling | None:
        """How the answer is drawn. Raises InvalidInput("json_schema_unsupported", reason=)."""
        # In a thread, since a large schema takes a while.
        return await anyio.to_thread.run_sync(self.sampling.sampling) if self.sampling else None


class ReplyCreate(ReplyWish):
    """A message to be answered.

    It follows the chat's active leaf; with `parent_id` it follows that message instead and so begins a branch, and
    with `"parent_id": null` it begins the chat anew.
    """

    text: Text
    parent_id: Annotated[str, Field(max_length=100)] | None = None


class ReplyPublic(BaseModel):
    """One run of generation, with what was written so far."""

    id: str
    chat_id: str | None
    message_id: str | None
    model: str
    status: ReplyStatus
    text: str

    @classmethod
    def of(cls, reply: Reply) -> "ReplyPublic":
        """As the services know it."""
        return cls(
            id=reply.id,
            chat_id=reply.chat_id,
            message_id=reply.message_id,
            model=reply.model,
            status=reply.status,
            text=reply.text,
        )


@router.post("/chats/{chat_id}/replies", status_code=201, summary="Say something")
async def create_reply(chat_id: str, wish: ReplyCreate, parts: PartsDep, person: PersonDep) -> ReplyPublic:
    """Stores the message and starts the answer, which goes on whether anybody watches it or not."""
    reply = await parts.chat.start_reply(
        person.id,
        chat_id,
        wish.text,
        parent_id=wish.parent_id if "parent_id" in wish.model_fields_set else ACTIVE_LEAF,
        model=wish.model or None,
        sampling=await wish.drawing(),
        max_tokens=wish.max_tokens,
        slides=wish.slides,
    )
    return ReplyPublic.of(reply)


@router.post("/chats/{chat_id}/messages/{message_id}/retry", status_code=201, summary="Have it answered again")
async def retry_message(
    chat_id: str, message_id: str, parts: PartsDep, person: PersonDep, wish: ReplyWish | None = None
) -> ReplyPublic:
    """Another answer to a message (or beside an answer), as a branch: the first one stays."""
    wish = wish or ReplyWish()
    reply = await parts.chat.retry(
        person.id,
        chat_id,
        message_id,
        model=wish.model or None,
        sampling=await wish.drawing(),
        max_tokens=wish.max_tokens,
        slides=wish.slides,
    )
    return ReplyPublic.of(reply)


@router.get("/replies/{reply_id}", summary="Read a reply")
def read_reply(reply_id: str, parts: PartsDep, person: PersonDep) -> ReplyPublic:
    """How far it is, and what was written so far."""
    return ReplyPublic.of(parts.replies.find(person.id, reply_id))


@router.post(
    "/replies/{reply_id}/watch",
    status_code=200,
    summary="Watch a reply being written",
    response_class=EventStreamResponse,
)
async def watch_reply(
    reply_id: str,
    parts: PartsDep,
    person: PersonDep,
    language: LanguageDep,
    after: Annotated[int, Query(ge=0, le=2**53, description="The number of the last event that you have.")] = 0,
) -> EventStreamResponse:
    """Server-sent events: `queued`, `loading`, `reading`, `delta`…, and at the end `finished`, `stopped` or `failed`.

    The `id` of each is its number: come back with `after` set to the last one that you got, and nothing is missed.
    Leaving does not stop the reply. It is a POST since some tunnels hold a streamed GET back until its end.
    """
    reply = await run_in_threadpool(parts.replies.find, person.id, reply_id)
    return EventStreamResponse(kept_alive(reply_frames(reply, after, language), parts.ping_seconds))


@router.post("/replies/{reply_id}/stop", summary="Stop a reply")
async def stop_reply(reply_id: str, parts: PartsDep, person: PersonDep) -> ReplyPublic:
    """Ends it and keeps what was written. Does nothing to one that is over."""
    reply = await run_in_threadpool(parts.replies.find, person.id, reply_id)
    await reply.stop()
    return ReplyPublic.of(reply)
