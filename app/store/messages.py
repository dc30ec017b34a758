"""Queries about messages: the tree of one chat."""

from collections.abc import Sequence

from sqlmodel import Session, col, func, select

from app.store.tables import MessageTable


def of_chat(session: Session, chat_id: str) -> Sequence[MessageTable]:
    """All messages of a chat, oldest first; a parent always stands before its children."""
    query = select(MessageTable).where(MessageTable.chat_id == chat_id)
    return session.exec(query.order_by(col(MessageTable.number))).all()


def add(session: Session, *, chat_id: str, parent_id: str | None, role: str, text: str = "") -> MessageTable:
    """Add a message as the newest of its chat. Needs a transaction that writes, for the number to be its own."""
    newest = session.exec(select(func.max(MessageTable.number)).where(MessageTable.chat_id == chat_id)).one()
    message = MessageTable(chat_id=chat_id, parent_id=parent_id, number=(newest or 0) + 1, role=role, text=text)
    session.add(message)
    session.flush()
    return message
