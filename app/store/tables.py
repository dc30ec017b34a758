"""The tables of Hearth. Changing one needs a migration in `migrations/versions` in the same commit.

Ids are opaque random strings; times are aware and in UTC on every database.
"""

import secrets
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import JSON, DateTime, Dialect, MetaData, TypeDecorator, UniqueConstraint
from sqlmodel import Field, SQLModel


def new_id() -> str:
    """An opaque random id of 16 characters."""
    return secrets.token_urlsafe(12)


def now() -> datetime:
    """The present time in UTC."""
    return datetime.now(UTC)


class UtcDateTime(TypeDecorator[datetime]):
    """An aware datetime in UTC. SQLite keeps no time zone, so it is put back on what comes out."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:  # noqa: ARG002
        """To the database: a naive time is a bug of ours and raises ValueError."""
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("a time without a time zone")
        return value.astimezone(UTC)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:  # noqa: ARG002
        """From the database."""
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


class Table(SQLModel):
    """The root of all tables. Named constraints, so that migrations can change them on SQLite too."""

    metadata = MetaData(
        naming_convention={
            "ix": "ix_%(column_0_label)s",
            "uq": "uq_%(table_name)s_%(column_0_name)s",
            "ck": "ck_%(table_name)s_%(constraint_name)s",
            "fk": "fk_%(table_name)s_%(column_0_name)s_%(referred_table_name)s",
            "pk": "pk_%(table_name)s",
        }
    )


class FactTable(Table, table=True):
    """Single values that belong to the whole Hearth, such as the hash of the setup token."""

    __tablename__ = "facts"

    key: str = Field(primary_key=True, max_length=64)
    value: str


class UserTable(Table, table=True):
    """Somebody with an account. `name_key` is the name in the form in which names are compared."""

    __tablename__ = "users"

    id: str = Field(default_factory=new_id, primary_key=True, max_length=32)
    name: str = Field(max_length=64)
    name_key: str = Field(max_length=256, unique=True)
    password_hash: str
    is_admin: bool = False
    created_at: datetime = Field(default_factory=now, sa_type=UtcDateTime)


class SignInTable(Table, table=True):
    """One browser in which somebody is signed in. The secret itself is only in the browser's cookie."""

    __tablename__ = "sign_ins"

    id: str = Field(default_factory=new_id, primary_key=True, max_length=32)
    user_id: str = Field(foreign_key="users.id", ondelete="CASCADE", index=True, max_length=32)
    secret_sha256: str = Field(unique=True, max_length=64)
    device: str
    created_at: datetime = Field(default_factory=now, sa_type=UtcDateTime)
    expires_at: datetime = Field(sa_type=UtcDateTime)


class ApiTokenTable(Table, table=True):
    """A bearer token of somebody's program. The token itself was shown once and is not kept."""

    __tablename__ = "api_tokens"

    id: str = Field(default_factory=new_id, primary_key=True, max_length=32)
    user_id: str = Field(foreign_key="users.id", ondelete="CASCADE", index=True, max_length=32)
    label: str
    token_sha256: str = Field(unique=True, max_length=64)
    created_at: datetime = Field(default_factory=now, sa_type=UtcDateTime)


class ChatTable(Table, table=True):
    """A conversation. `active_leaf_id` has no foreign key, since messages point here already."""

    __tablename__ = "chats"

    id: str = Field(default_factory=new_id, primary_key=True, max_length=32)
    user_id: str = Field(foreign_key="users.id", ondelete="CASCADE", index=True, max_length=32)
    title: str = ""
    model: str = ""
    system_prompt: str = ""
    active_leaf_id: str | None = Field(default=None, max_length=32)
    created_at: datetime = Field(default_factory=now, sa_type=UtcDateTime)
    updated_at: datetime = Field(default_factory=now, sa_type=UtcDateTime)


class MessageTable(Table, table=True):
    """A message of the tree. `number` is its place in the chat by age: clocks of small boxes jump."""

    __tablename__ = "messages"
    __table_args__ = (UniqueConstraint("chat_id", "number"),)

    id: str = Field(default_factory=new_id, primary_key=True, max_length=32)
    chat_id: str = Field(foreign_key="chats.id", ondelete="CASCADE", max_length=32)
    parent_id: str | None = Field(
        default=None, foreign_key="messages.id", ondelete="CASCADE", index=True, max_length=32
    )
    number: int
    role: str = Field(max_length=16)
    text: str = ""
    created_at: datetime = Field(default_factory=now, sa_type=UtcDateTime)


class ReplyTable(Table, table=True):
    """One run of generation that wrote, or writes, an assistant's message.

    `text_starts_after` is the number of the last event before the text: see `services/reply_events.py`. The model did
    not read the messages behind `cut_after_id` up to `cut_until_id`, but the summary `summary_id`; see
    `services/cut.py`. These have no foreign keys: what they name goes with the chat only.
    """

    __tablename__ = "replies"

    id: str = Field(default_factory=new_id, primary_key=True, max_length=32)
    chat_id: str = Field(foreign_key="chats.id", ondelete="CASCADE", index=True, max_length=32)
    message_id: str = Field(foreign_key="messages.id", ondelete="CASCADE", index=True, max_length=32)
    status: str = Field(default="running", max_length=16, index=True)
    model: str
    text_starts_after: int = 0
    prompt_tokens: int | None = None
    cached_tokens: int | None = None
    completion_tokens: int | None = None
    first_token_seconds: float | None = None
    tokens_per_second: float | None = None
    stop_reason: str | None = Field(default=None, max_length=16)
    error_code: str | None = Field(default=None, max_length=64)
    error_params: dict[str, Any] = Field(default_factory=dict, sa_type=JSON)
    cut_after_id: str | None = Field(default=None, max_length=32)
    cut_until_id: str | None = Field(default=None, max_length=32)
    summary_id: str | None = Field(default=None, max_length=32)
    started_at: datetime = Field(default_factory=now, sa_type=UtcDateTime)
    ended_at: datetime | None = Field(default=None, sa_type=UtcDateTime)


class SummaryTable(Table, table=True):
    """What a model wrote about a part of a path: behind `after_id` (None: from its beginning) up to `until_id`."""

    __tablename__ = "summaries"

    id: str = Field(default_factory=new_id, primary_key=True, max_length=32)
    chat_id: str = Field(foreign_key="chats.id", ondelete="CASCADE", index=True, max_length=32)
    after_id: str | None = Field(default=None, max_length=32)
    until_id: str = Field(max_length=32)
    text: str
    model: str
    created_at: datetime = Field(default_factory=now, sa_type=UtcDateTime)


class ModelSettingsTable(Table, table=True):
    """How the model with these contents is to run, whatever its file is called: see `services/model_settings.py`."""

    __tablename__ = "model_settings"

    fingerprint: str = Field(primary_key=True, max_length=64)
    options: dict[str, Any] = Field(default_factory=dict, sa_type=JSON)
    updated_at: datetime = Field(default_factory=now, sa_type=UtcDateTime)
