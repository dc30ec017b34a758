"""The way from nothing, or from an older database, to today's tables; and the refusals on it."""

import threading
from pathlib import Path

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import create_engine, inspect, text

from app.errors import BadSetup
from app.store import facts, messages, migrate, model_settings, replies, users
from app.store.database import Database
from app.store.tables import ChatTable, ReplyTable, Table


def test_migrations_make_exactly_the_tables_of_the_code(database: Database) -> None:
    with database.reading() as session:
        context = MigrationContext.configure(session.connection(), opts={"target_metadata": Table.metadata})
        assert compare_metadata(context, Table.metadata) == []


def test_a_database_of_the_first_release_is_brought_up_to_date_and_keeps_everything(url: str, tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    old = create_engine(url)
    with old.begin() as connection:
        command.upgrade(migrate.config_for(connection), "0001")
        connection.execute(text("INSERT INTO facts VALUES ('key', 'value')"))
        assert "model_settings" not in inspect(connection).get_table_names()
    old.dispose()
    database = Database(url)
    database.migrate()
    with database.transaction() as session:
        assert facts.get(session, "key") == "value"
        model_settings.put(session, "f" * 64, {"kv_type": "q8_0"})
    with database.reading() as session:
        assert model_settings.get(session, "f" * 64) == {"kv_type": "q8_0"}
        assert model_settings.get(session, "e" * 64) == {}
    database.close()


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


def test_replies_of_a_hearth_before_long_chats_are_kept_and_read_as_not_cut(url: str) -> None:
    database = Database(url)
    database.migrate()
    with database.transaction() as session:
        chat = ChatTable(user_id=users.add(session, name="Ada", name_key="ada", password_hash="", is_admin=True).id)
        session.add(chat)
        session.flush()
        answer = messages.add(session, chat_id=chat.id, parent_id=None, role="assistant", text="Hello.")
        replies.add(session, ReplyTable(chat_id=chat.id, message_id=answer.id, model="tiny"))
        for statement in (
            "DROP TABLE summaries",
            "ALTER TABLE replies DROP COLUMN cut_after_id",
            "ALTER TABLE replies DROP COLUMN cut_until_id",
            "ALTER TABLE replies DROP COLUMN summary_id",
            "UPDATE alembic_version SET version_num = '0002'",
        ):
            session.connection().execute(text(statement))
    database.migrate()
    with database.reading() as session:
        (reply,) = replies.of_chat(session, chat.id)
        assert (reply.model, reply.cut_after_id, reply.cut_until_id, reply.summary_id) == ("tiny", None, None, None)
        assert messages.of_chat(session, chat.id)[0].text == "Hello."
    database.close()
