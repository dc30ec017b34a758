"""Queries about users."""

from collections.abc import Sequence

from sqlmodel import Session, col, select

from app.store.tables import UserTable


def add(session: Session, *, name: str, name_key: str, password_hash: str, is_admin: bool) -> UserTable:
    """Add a user; the caller has made sure, in the same transaction, that the name is free."""
    user = UserTable(name=name, name_key=name_key, password_hash=password_hash, is_admin=is_admin)
    session.add(user)
    session.flush()
    return user


def with_key(session: Session, name_key: str) -> UserTable | None:
    """The user with this name in the form for comparing."""
    return session.exec(select(UserTable).where(UserTable.name_key == name_key)).first()


def set_password_hash(session: Session, user_id: str, password_hash: str) -> None:
    """Replace the hash; a user who is gone is fine."""
    user = session.get(UserTable, user_id)
    if user is not None:
        user.password_hash = password_hash
        session.add(user)


def all_users(session: Session) -> Sequence[UserTable]:
    """Everybody, the oldest account first."""
    return session.exec(select(UserTable).order_by(col(UserTable.created_at), col(UserTable.id))).all()


def is_empty(session: Session) -> bool:
    """Whether there is no account."""
    return session.exec(select(UserTable.id).limit(1)).first() is None
