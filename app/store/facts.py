"""Queries about facts: single values of the whole Hearth."""

from sqlmodel import Session

from app.store.tables import FactTable


def get(session: Session, key: str) -> str | None:
    """The value, or None where there is none."""
    row = session.get(FactTable, key)
    return None if row is None else row.value


def put(session: Session, key: str, value: str) -> None:
    """Set a value, new or not."""
    session.merge(FactTable(key=key, value=value))


def remove(session: Session, key: str) -> None:
    """Forget a value; one that is not there is fine."""
    row = session.get(FactTable, key)
    if row is not None:
        session.delete(row)
