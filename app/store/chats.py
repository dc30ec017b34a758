"""Queries about chats. A chat is only ever found together with its owner."""

from collections.abc import Sequence

from sqlmodel import Session, col, select

from app.store.tables import ChatTable, now


def add(session: Session, *, user_id: str, title: str, model: str, system_prompt: str) -> ChatTable:
    """Add an empty chat."""
    chat = ChatTable(user_id=user_id, title=title, model=model, system_prompt=system_prompt)
    session.add(chat)
    session.flush()
    return chat


def owned(session: Session, user_id: str, chat_id: str) -> ChatTable | None:
    """The chat, if it is there and this user's."""
    return session.exec(select(ChatTable).where(ChatTable.id == chat_id, ChatTable.user_id == user_id)).first()


def of_user(session: Session, user_id: str) -> Sequence[ChatTable]:
    """A user's chats, the one that changed last first."""
    query = select(ChatTable).where(ChatTable.user_id == user_id)
    return session.exec(query.order_by(col(ChatTable.updated_at).desc(), col(ChatTable.id))).all()


def touch(session: Session, chat: ChatTable) -> None:
    """The chat has changed now."""
    chat.updated_at = now()
    session.add(chat)


def remove(session: Session, chat: ChatTable) -> None:
    """Delete the chat; the database takes its messages and replies along."""
    session.delete(chat)
