"""Queries about replies: runs of generation and the text that they have written so far."""

from collections.abc import Sequence

from sqlmodel import Session, col, select

from app.store.tables import ChatTable, MessageTable, ReplyTable, now

RUNNING = "running"


def add(session: Session, reply: ReplyTable) -> ReplyTable:
    """Add a running reply."""
    session.add(reply)
    session.flush()
    return reply


def of_chat(session: Session, chat_id: str) -> Sequence[ReplyTable]:
    """All replies of a chat, oldest first."""
    query = select(ReplyTable).where(ReplyTable.chat_id == chat_id)
    return session.exec(query.order_by(col(ReplyTable.started_at))).all()


def owned(session: Session, user_id: str, reply_id: str) -> tuple[ReplyTable, MessageTable] | None:
    """The reply and its message, if it is there and in a chat of this user."""
    query = (
        select(ReplyTable, MessageTable)
        .join(MessageTable, col(MessageTable.id) == col(ReplyTable.message_id))
        .join(ChatTable, col(ChatTable.id) == col(ReplyTable.chat_id))
        .where(ReplyTable.id == reply_id, ChatTable.user_id == user_id)
    )
    found = session.exec(query).first()
    return None if found is None else (found[0], found[1])


def answering_chats(session: Session, user_id: str) -> set[str]:
    """The user's chats in which a reply is being written."""
    query = (
        select(ReplyTable.chat_id)
        .join(ChatTable, col(ChatTable.id) == col(ReplyTable.chat_id))
        .where(ReplyTable.status == RUNNING, ChatTable.user_id == user_id)
    )
    return set(session.exec(query).all())


def still_running(session: Session, reply_id: str) -> ReplyTable | None:
    """The reply, if it is there and has not ended."""
    query = select(ReplyTable).where(ReplyTable.id == reply_id, ReplyTable.status == RUNNING)
    return session.exec(query).first()


def set_text(session: Session, reply: ReplyTable, text: str) -> None:
    """What the reply's message says now."""
    message = session.get(MessageTable, reply.message_id)
    if message is not None and message.text != text:
        message.text = text
        session.add(message)


def all_running(session: Session) -> Sequence[ReplyTable]:
    """Every reply that has not ended, of all users."""
    return session.exec(select(ReplyTable).where(ReplyTable.status == RUNNING)).all()


def fail(session: Session, reply: ReplyTable, code: str) -> None:
    """End a reply that nobody writes any more."""
    reply.status = "failed"
    reply.error_code = code
    reply.ended_at = now()
    session.add(reply)
