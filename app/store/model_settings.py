"""Queries about model settings: how the model with certain contents is to run."""

from collections.abc import Mapping
from typing import Any

from sqlmodel import Session

from app.store.tables import ModelSettingsTable


def get(session: Session, fingerprint: str) -> Mapping[str, Any]:
    """The options that were chosen; empty where none were."""
    row = session.get(ModelSettingsTable, fingerprint)
    return {} if row is None else row.options


def put(session: Session, fingerprint: str, options: Mapping[str, Any]) -> None:
    """Choose these options and no others."""
    session.merge(ModelSettingsTable(fingerprint=fingerprint, options=dict(options)))


def remove(session: Session, fingerprint: str) -> None:
    """Choose nothing any more; where nothing was chosen that is fine."""
    row = session.get(ModelSettingsTable, fingerprint)
    if row is not None:
        session.delete(row)
