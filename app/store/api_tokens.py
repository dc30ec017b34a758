"""Queries about API tokens."""

from sqlmodel import Session, col, select

from app.store.tables import ApiTokenTable, UserTable


def add(session: Session, *, user_id: str, label: str, token_sha256: str) -> None:
    """Add a token by its hash."""
    session.add(ApiTokenTable(user_id=user_id, label=label, token_sha256=token_sha256))


def user_of(session: Session, token_sha256: str) -> UserTable | None:
    """Whose token this is."""
    query = (
        select(UserTable)
        .join(ApiTokenTable, col(ApiTokenTable.user_id) == col(UserTable.id))
        .where(ApiTokenTable.token_sha256 == token_sha256)
    )
    return session.exec(query).first()
