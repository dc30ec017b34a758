"""A real SQLite database in a temporary folder."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from app.store.database import Database


@pytest.fixture
def url(tmp_path: Path) -> str:
    """Where the database is; opening it again is how a restart looks."""
    return f"sqlite:///{tmp_path / 'data' / 'hearth.db'}"


@pytest.fixture
def database(url: str) -> Iterator[Database]:
    """A database with all tables."""
    database = Database(url)
    database.migrate()
    yield database
    database.close()
