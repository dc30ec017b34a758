"""The one way to the database: connections, transactions, migrations. SQLite by default, others by URL.

SQLite runs with WAL, foreign keys on, and synchronous=FULL: with NORMAL a power cut may take back the last commits,
and a message that a person saw accepted must be there afterwards. Hearth commits a few times a second at most, so the
fsync of each is affordable even on a spinning disk. Writers say BEGIN IMMEDIATE: two of them wait for each other
instead of failing half-way with "database is locked", as upgrading a read transaction does.
"""

import os
import sqlite3
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import URL, Connection, create_engine, event, make_url
from sqlalchemy.exc import ArgumentError, DatabaseError, NoSuchModuleError, OperationalError
from sqlmodel import Session

from app.errors import BadSetup, Unavailable
from app.store import migrate

__all__ = ["Database", "Session"]

BUSY_SECONDS = 15
_WRITES = "hearth_writes"
# What SQLite says of a disk that takes nothing; a full one fails as "disk I/O error" where a file has to grow first.
_FULL = frozenset({sqlite3.SQLITE_FULL, sqlite3.SQLITE_READONLY, sqlite3.SQLITE_IOERR})


class Database:
    """One database. Opening it touches nothing; `migrate` must have run once before the rest is used."""

    def __init__(self, url: str) -> None:
        try:
            self._url = make_url(url)
            self._engine = create_engine(self._url)
        except (ArgumentError, NoSuchModuleError, ImportError) as error:
            raise BadSetup("database_url_invalid", reason=str(error)) from error
        if self._is_sqlite:
            event.listen(self._engine, "connect", _prepare_sqlite)
            event.listen(self._engine, "begin", _begin_sqlite)
        self._writing_engine = self._engine.execution_options(**{_WRITES: True})

    @property
    def file(self) -> Path | None:
        """The file of an SQLite database."""
        return Path(self._url.database) if self._is_sqlite and self._url.database else None

    @property
    def _is_sqlite(self) -> bool:
        return self._url.get_backend_name() == "sqlite"

    def migrate(self) -> None:
        """Make the tables, or bring them up to date, in one transaction: a kill in the middle changes nothing.

        Raises BadSetup: data_dir_not_writable, database_newer, database_broken, database_unreachable.
        """
        if self.file is not None:
            _check_writable(self.file)
        with self._troubles_told(), self._writing_engine.begin() as connection:
            migrate.to_head(connection, _shown(self._url))

    def check(self) -> None:
        """Whether `migrate` would succeed, as far as can be seen without changing anything. Raises as it does."""
        if self.file is not None and not self.file.exists():
            return
        with self._troubles_told(), self._engine.connect() as connection:
            migrate.refuse_newer(connection, _shown(self._url))

    @contextmanager
    def _troubles_told(self) -> Iterator[None]:
        try:
            yield
        except DatabaseError as error:
            code = "database_broken" if self._is_sqlite else "database_unreachable"
            raise BadSetup(code, database=_shown(self._url), reason=str(error.orig)) from error

    @contextmanager
    def transaction(self) -> Iterator[Session]:
        """A transaction that may write: committed at the end of the block, rolled back when it raises.

        Raises Unavailable("storage_full", reason=) when the disk is full or read-only.
        """
        try:
            with Session(self._writing_engine, expire_on_commit=False) as session, session.begin():
                yield session
        except OperationalError as error:
            if _is_full(error):
                raise Unavailable("storage_full", reason=str(error.orig)) from error
            raise

    @contextmanager
    def reading(self) -> Iterator[Session]:
        """One consistent view of the database. What is changed in it is lost."""
        with Session(self._engine, expire_on_commit=False) as session:
            yield session

    def close(self) -> None:
        """Close all connections; SQLite then folds the WAL into the file."""
        self._engine.dispose()


def _prepare_sqlite(connection: sqlite3.Connection, _record: Any) -> None:  # noqa: ANN401
    # The driver's own idea of when to say BEGIN is switched off: `_begin_sqlite` says it.
    connection.isolation_level = None
    cursor = connection.cursor()
    cursor.execute(f"PRAGMA busy_timeout = {BUSY_SECONDS * 1000}")
    cursor.execute("PRAGMA journal_mode = WAL")
    cursor.execute("PRAGMA synchronous = FULL")
    cursor.execute("PRAGMA foreign_keys = ON")
    cursor.close()


def _begin_sqlite(connection: Connection) -> None:
    writes = connection.get_execution_options().get(_WRITES, False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")


def _is_full(error: OperationalError) -> bool:
    # The lowest byte is the kind of error, whatever the more exact code above it says.
    return isinstance(error.orig, sqlite3.Error) and error.orig.sqlite_errorcode & 0xFF in _FULL


def _check_writable(file: Path) -> None:
    folder = file.parent
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            # Every chat is in it: nobody but its owner reads it. SQLite gives its -wal and -shm the same mode.
            os.close(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC, 0o600))
    except OSError as error:
        raise BadSetup(
            "data_dir_not_writable", path=str(folder), uid=os.getuid(), gid=os.getgid(), reason=error.strerror or ""
        ) from error


def _shown(url: URL) -> str:
    return url.database or "" if url.get_backend_name() == "sqlite" else url.render_as_string(hide_password=True)
