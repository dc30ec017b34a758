"""Transactions on a real SQLite file: what is committed is there, what fails leaves nothing, writers take turns."""

import signal
import subprocess
import sys
import threading
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError, StatementError

from app.errors import BadSetup, Unavailable
from app.store import chats, facts, messages, users
from app.store.database import Database, Session
from app.store.tables import ChatTable, MessageTable

KILLED_WRITER = """
import os, signal, sys
from app.store import facts
from app.store.database import Database
database = Database(sys.argv[1])
for number in range(1000):
    with database.transaction() as session:
        facts.put(session, "number", str(number))
    if number == 20:
        with database.transaction() as session:
            facts.put(session, "number", "half done")
            session.flush()
            os.kill(os.getpid(), signal.SIGKILL)
"""


def add_chat(session: Session) -> ChatTable:
    user = users.add(session, name="Ada", name_key="ada", password_hash="", is_admin=False)
    return chats.add(session, user_id=user.id, title="", model="", system_prompt="")


def test_a_transaction_that_raises_leaves_nothing(database: Database) -> None:
    with pytest.raises(RuntimeError), database.transaction() as session:
        facts.put(session, "key", "value")
        session.flush()
        raise RuntimeError
    with database.reading() as session:
        assert facts.get(session, "key") is None


def test_what_is_changed_while_only_reading_is_lost(database: Database) -> None:
    with database.reading() as session:
        facts.put(session, "key", "value")
        session.flush()
    with database.reading() as session:
        assert facts.get(session, "key") is None


def test_sqlite_runs_with_wal_full_sync_and_foreign_keys(database: Database) -> None:
    with database.reading() as session:
        connection = session.connection()
        pragmas = {
            name: connection.exec_driver_sql(f"PRAGMA {name}").scalar_one()
            for name in ("journal_mode", "synchronous", "foreign_keys", "busy_timeout")
        }
    assert pragmas == {"journal_mode": "wal", "synchronous": 2, "foreign_keys": 1, "busy_timeout": 15_000}


def test_writers_in_many_threads_wait_for_each_other(database: Database) -> None:
    with database.transaction() as session:
        facts.put(session, "count", "0")

    def count_to_ten() -> None:
        for _ in range(10):
            with database.transaction() as session:
                facts.put(session, "count", str(int(facts.get(session, "count") or "0") + 1))

    threads = [threading.Thread(target=count_to_ten) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=60)
    with database.reading() as session:
        assert facts.get(session, "count") == "80"


def test_a_kill_in_the_middle_of_a_commit_loses_nothing_that_was_committed(database: Database, url: str) -> None:
    database.close()
    killed = subprocess.run([sys.executable, "-c", KILLED_WRITER, url], check=False, timeout=60, capture_output=True)
    assert killed.returncode == -signal.SIGKILL, killed.stderr
    again = Database(url)
    with again.reading() as session:
        assert facts.get(session, "number") == "20"
        assert session.connection().exec_driver_sql("PRAGMA integrity_check").scalar_one() == "ok"
    again.close()


def test_a_message_without_a_chat_is_refused(database: Database) -> None:
    with pytest.raises(IntegrityError), database.transaction() as session:
        messages.add(session, chat_id="nowhere", parent_id=None, role="user", text="Hello")


def test_deleting_a_chat_takes_its_messages_along(database: Database) -> None:
    with database.transaction() as session:
        chat = add_chat(session)
        first = messages.add(session, chat_id=chat.id, parent_id=None, role="user", text="Hello")
        messages.add(session, chat_id=chat.id, parent_id=first.id, role="assistant", text="Hi")
    with database.transaction() as session:
        found = chats.owned(session, chat.user_id, chat.id)
        assert found is not None
        chats.remove(session, found)
    with database.reading() as session:
        assert session.connection().execute(text("SELECT count(*) FROM messages")).scalar_one() == 0


def test_times_come_back_aware_and_in_utc(database: Database) -> None:
    noon_in_china = datetime(2026, 8, 1, 12, tzinfo=timezone(timedelta(hours=8)))
    with database.transaction() as session:
        chat = add_chat(session)
        chat.updated_at = noon_in_china
    with database.reading() as session:
        found = session.get(ChatTable, chat.id)
        assert found is not None
        assert found.updated_at == noon_in_china
        assert found.updated_at.tzinfo is UTC


def test_a_time_without_a_zone_is_refused(database: Database) -> None:
    with pytest.raises(StatementError, match="without a time zone"), database.transaction() as session:
        add_chat(session).updated_at = datetime(2026, 8, 1)


def test_messages_are_numbered_within_their_chat(database: Database) -> None:
    with database.transaction() as session:
        chat = add_chat(session)
        numbers = [
            messages.add(session, chat_id=chat.id, parent_id=None, role="user", text="Hello").number for _ in range(3)
        ]
        assert numbers == [1, 2, 3]
        assert session.get(MessageTable, "nothing") is None


@pytest.mark.parametrize("wrong", ["no url", "mongo://localhost/hearth", "sqlite+nothing:///x"])
def test_a_url_that_names_no_database_we_know_is_refused(wrong: str) -> None:
    with pytest.raises(BadSetup) as caught:
        Database(wrong)
    assert caught.value.code == "database_url_invalid"


@pytest.mark.parametrize("pragma", ["max_page_count = 1", "query_only = ON"])
def test_a_disk_that_takes_nothing_is_told_and_the_next_write_works_when_it_does_again(
    database: Database, pragma: str
) -> None:
    with database.reading() as session:
        session.connection().exec_driver_sql(f"PRAGMA {pragma}")
    with pytest.raises(Unavailable) as caught, database.transaction() as session:
        facts.put(session, "key", "x" * 100_000)
    assert caught.value.code == "storage_full"
    with database.reading() as session:
        session.connection().exec_driver_sql("PRAGMA max_page_count = 1000000")
        session.connection().exec_driver_sql("PRAGMA query_only = OFF")
    with database.transaction() as session:
        facts.put(session, "key", "x" * 100_000)


def test_what_is_stored_is_for_its_owner_alone(database: Database) -> None:
    assert database.file is not None
    folder = database.file.parent
    with database.transaction() as session:
        facts.put(session, "key", "value")
        modes = {path.name: path.stat().st_mode & 0o777 for path in (folder, *folder.iterdir())}
    assert modes == {"data": 0o700, "hearth.db": 0o600, "hearth.db-wal": 0o600, "hearth.db-shm": 0o600}


def test_a_folder_that_is_there_keeps_its_mode(tmp_path: Path) -> None:
    folder = tmp_path / "shared"
    folder.mkdir()
    folder.chmod(0o755)
    database = Database(f"sqlite:///{folder / 'hearth.db'}")
    database.migrate()
    database.close()
    assert folder.stat().st_mode & 0o777 == 0o755
    assert (folder / "hearth.db").stat().st_mode & 0o777 == 0o600
