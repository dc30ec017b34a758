"""The way from nothing, or from an older database, to today's tables; and the refusals on it."""

import threading
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import text

from app.errors import BadSetup
from app.store import facts
from app.store.database import Database
from app.store.tables import Table


def test_migrations_make_exactly_the_tables_of_the_code(database: Database) -> None:
    with database.reading() as session:
        context = MigrationContext.configure(session.connection(), opts={"target_metadata": Table.metadata})
        assert compare_metadata(context, Table.metadata) == []


def test_migrating_again_keeps_everything(database: Database, url: str) -> None:
    with database.transaction() as session:
        facts.put(session, "key", "value")
    again = Database(url)
    again.migrate()
    with again.reading() as session:
        assert facts.get(session, "key") == "value"
    again.close()


def test_two_servers_that_start_at_once_both_find_their_tables(url: str) -> None:
    errors: list[BaseException] = []

    def start() -> None:
        database = Database(url)
        try:
            database.migrate()
        except BaseException as error:  # noqa: BLE001
            errors.append(error)
        finally:
            database.close()

    threads = [threading.Thread(target=start) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=60)
    assert errors == []


def test_a_database_of_a_newer_hearth_is_refused_and_left_alone(database: Database, url: str) -> None:
    with database.transaction() as session:
        facts.put(session, "key", "value")
        session.connection().execute(text("UPDATE alembic_version SET version_num = '9999'"))
    with pytest.raises(BadSetup) as caught:
        Database(url).migrate()
    assert caught.value.code == "database_newer"
    assert caught.value.params["revision"] == "9999"
    with database.reading() as session:
        assert facts.get(session, "key") == "value"
        assert session.connection().execute(text("SELECT version_num FROM alembic_version")).scalar_one() == "9999"


def test_a_folder_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    # A file where the folder should be refuses root too, whom no mode of a folder stops.
    (tmp_path / "data").write_text("I am no folder")
    with pytest.raises(BadSetup) as caught:
        Database(f"sqlite:///{tmp_path / 'data' / 'hearth.db'}").migrate()
    assert caught.value.code == "data_dir_not_writable"
    assert caught.value.params["path"] == str(tmp_path / "data")


def test_a_file_that_is_no_database_is_refused_and_left_alone(tmp_path: Path) -> None:
    file = tmp_path / "hearth.db"
    file.write_bytes(b"this is no database at all " * 100)
    with pytest.raises(BadSetup) as caught:
        Database(f"sqlite:///{file}").migrate()
    assert caught.value.code == "database_broken"
    assert file.read_bytes() == b"this is no database at all " * 100
