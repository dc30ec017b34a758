"""Queries about sign-ins: browsers in which somebody is signed in."""

from datetime import datetime

from sqlmodel import Session, col, delete, select

from app.store.tables import SignInTable, UserTable


def add(session: Session, *, user_id: str, secret_sha256: str, device: str, expires_at: datetime) -> None:
    """Add a sign-in."""
    session.add(SignInTable(user_id=user_id, secret_sha256=secret_sha256, device=device, expires_at=expires_at))


def user_of(session: Session, secret_sha256: str, at: datetime) -> UserTable | None:
    """Whose sign-in this is, unless it has expired."""
    query = (
        select(UserTable)
        .join(SignInTable, col(SignInTable.user_id) == col(UserTable.id))
        .where(SignInTable.secret_sha256 == secret_sha256, col(SignInTable.expires_at) > at)
    )
    return session.exec(query).first()


def remove(session: Session, secret_sha256: str) -> None:
    """End one sign-in."""
    session.exec(delete(SignInTable).where(col(SignInTable.secret_sha256) == secret_sha256))


def remove_of_user(session: Session, user_id: str) -> None:
    """End all sign-ins of a user."""
    session.exec(delete(SignInTable).where(col(SignInTable.user_id) == user_id))


def remove_expired(session: Session, at: datetime) -> None:
    """Forget the sign-ins that have expired."""
    session.exec(delete(SignInTable).where(col(SignInTable.expires_at) <= at))
