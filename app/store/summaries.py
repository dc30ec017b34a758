"""Queries about summaries: what models wrote, while idle, about the earlier part of long chats."""

from collections.abc import Sequence

from sqlmodel import Session, col, select

from app.store.tables import SummaryTable


def add(session: Session, *, chat_id: str, after_id: str | None, until_id: str, text: str, model: str) -> SummaryTable:
    """Add a summary of the messages behind `after_id` (None: from the first one on) up to `until_id`."""
    summary = SummaryTable(chat_id=chat_id, after_id=after_id, until_id=until_id, text=text, model=model)
    session.add(summary)
    session.flush()
    return summary


def of_chat(session: Session, chat_id: str) -> Sequence[SummaryTable]:
    """All summaries of a chat, of all its branches, oldest first."""
    query = select(SummaryTable).where(SummaryTable.chat_id == chat_id)
    return session.exec(query.order_by(col(SummaryTable.created_at))).all()
