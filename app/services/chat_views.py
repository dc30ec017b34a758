"""What people see of a chat, its messages and its replies. Values only."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from app.errors import Param
from app.services.cut import CutView

ReplyStatus = Literal["running", "finished", "stopped", "failed"]


@dataclass(frozen=True, slots=True)
class ChatSummary:
    """A chat in the list. `model` is empty until a reply was started with one; `title` until something was said."""

    id: str
    title: str
    model: str
    updated_at: datetime
    is_answering: bool


@dataclass(frozen=True, slots=True)
class ReplyView:
    """One run of generation. Numbers are None as long as they are not known."""

    id: str
    status: ReplyStatus
    model: str
    prompt_tokens: int | None
    cached_tokens: int | None
    completion_tokens: int | None
    first_token_seconds: float | None
    tokens_per_second: float | None
    stop_reason: str | None
    error_code: str | None
    error_params: Mapping[str, Param]


@dataclass(frozen=True, slots=True)
class MessageView:
    """One message. `sibling_ids` are all messages with the same parent, this one included, oldest first."""

    id: str
    parent_id: str | None
    role: Literal["user", "assistant"]
    text: str
    created_at: datetime
    sibling_ids: list[str]
    reply: ReplyView | None


@dataclass(frozen=True, slots=True)
class ChatView:
    """A chat with its active path: `messages` lead from the root to the active leaf.

    `cut` is what the newest reply's model did not read of them.
    """

    id: str
    title: str
    model: str
    system_prompt: str
    active_leaf_id: str | None
    messages: list[MessageView]
    cut: CutView | None = None
