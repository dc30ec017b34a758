"""Chats and messages, as the API shows and takes them."""

from datetime import datetime
from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field

from app.api.errors import ErrorPublic, sentence
from app.services.chats import ChatSummary, ChatView, MessageView, ReplyStatus, ReplyView
from app.services.cut import CutView

Title = Annotated[str, Field(max_length=300)]
ModelName = Annotated[str, Field(max_length=500)]
Text = Annotated[str, Field(max_length=1_000_000)]


class ChatCreate(BaseModel):
    """A chat to begin. All may be left out: the title comes with the first message."""

    model_config = ConfigDict(extra="forbid")

    title: Title = ""
    model: ModelName = ""
    system_prompt: Text = ""


class ChatUpdate(BaseModel):
    """What is to change of a chat; what is left out stays."""

    model_config = ConfigDict(extra="forbid")

    title: Title | None = None
    model: ModelName | None = None
    system_prompt: Text | None = None
    active_leaf_id: Annotated[str, Field(max_length=100)] | None = None


class ChatPublic(BaseModel):
    """A chat in the list."""

    id: str
    title: str
    model: str
    updated_at: datetime
    is_answering: bool

    @classmethod
    def of(cls, chat: ChatSummary) -> Self:
        """As the services know it."""
        return cls.model_validate(chat, from_attributes=True)


class ReplyNumbersPublic(BaseModel):
    """How the reply went that wrote a message. `error` says why it failed, where it did."""

    id: str
    status: ReplyStatus
    model: str
    prompt_tokens: int | None
    cached_tokens: int | None
    completion_tokens: int | None
    first_token_seconds: float | None
    tokens_per_second: float | None
    stop_reason: str | None
    error: ErrorPublic | None = None

    @classmethod
    def of(cls, reply: ReplyView, language: str) -> Self:
        """As the services know it; a failure is worded."""
        public = cls.model_validate(reply, from_attributes=True)
        if reply.error_code:
            message = sentence(reply.error_code, reply.error_params, language)
            public.error = ErrorPublic(code=reply.error_code, message=message)
        return public


class MessagePublic(BaseModel):
    """One message. `sibling_ids` are the messages with the same parent, this one included, oldest first."""

    id: str
    parent_id: str | None
    role: Literal["user", "assistant"]
    text: str
    created_at: datetime
    sibling_ids: list[str]
    reply: ReplyNumbersPublic | None

    @classmethod
    def of(cls, message: MessageView, language: str) -> Self:
        """As the services know it."""
        return cls(
            id=message.id,
            parent_id=message.parent_id,
            role=message.role,
            text=message.text,
            created_at=message.created_at,
            sibling_ids=list(message.sibling_ids),
            reply=ReplyNumbersPublic.of(message.reply, language) if message.reply else None,
        )


class CutPublic(BaseModel):
    """What the model did not read for its newest answer, since the chat is longer than its context.

    It is the `num_messages` messages behind `after_message_id` (null: from the first one on), `num_summarised` of which
    `summary` tells.
    """

    after_message_id: str | None
    num_messages: int
    num_summarised: int
    summary: str

    @classmethod
    def of(cls, cut: CutView) -> Self:
        """As the services know it."""
        return cls.model_validate(cut, from_attributes=True)


class ChatWithMessagesPublic(BaseModel):
    """A chat with the messages of its active path, from the first one to the active leaf."""

    id: str
    title: str
    model: str
    system_prompt: str
    active_leaf_id: str | None
    messages: list[MessagePublic]
    cut: CutPublic | None

    @classmethod
    def of(cls, chat: ChatView, language: str) -> Self:
        """As the services know it."""
        return cls(
            id=chat.id,
            title=chat.title,
            model=chat.model,
            system_prompt=chat.system_prompt,
            active_leaf_id=chat.active_leaf_id,
            messages=[MessagePublic.of(message, language) for message in chat.messages],
            cut=CutPublic.of(chat.cut) if chat.cut else None,
        )
