"""The first account: one token, used once, for exactly one admin, and never again."""

import threading
from pathlib import Path

import pytest
from pydantic import SecretStr
from sqlalchemy import text

from app.errors import Busy, Conflict, Forbidden, HearthError, InvalidInput
from app.services.accounts import Accounts, Person
from app.services.passwords import Passwords
from app.settings import Settings
from app.store.database import Database

PASSWORD = "correct horse"


def prepared(accounts: Accounts) -> str:
    token = accounts.prepare_setup()
    assert token is not None
    return token


def test_a_wrong_token_is_refused_and_the_right_one_stays_good(accounts: Accounts) -> None:
    token = prepared(accounts)
    for wrong in ("", "wrong", token[:-1], token + "x", "\ud800"):
        with pytest.raises(Forbidden) as caught:
            accounts.set_up(wrong, "Ada", PASSWORD)
        assert caught.value.code == "setup_token_wrong"
        if wrong == token + "x":
            break
    assert accounts.set_up(token, "Ada", PASSWORD).is_admin


def test_tokens_cannot_be_guessed_at_speed(accounts: Accounts) -> None:
    prepared(accounts)
    for _ in range(5):
        with pytest.raises(Forbidden):
            accounts.set_up("guess", "Ada", PASSWORD)
    with pytest.raises(Busy):
        accounts.set_up("guess", "Ada", PASSWORD)


def test_without_a_prepared_token_no_token_is_right(accounts: Accounts) -> None:
    with pytest.raises(Forbidden):
        accounts.set_up("", "Ada", PASSWORD)


def test_a_bad_name_or_password_does_not_use_the_token_up(accounts: Accounts) -> None:
    token = prepared(accounts)
    with pytest.raises(InvalidInput) as caught:
        accounts.set_up(token, "Ada", "short")
    assert (caught.value.code, caught.value.params) == ("password_too_short", {"least": 8})
    with pytest.raises(InvalidInput):
        accounts.set_up(token, "  ", PASSWORD)
    assert accounts.needs_setup()
    assert accounts.set_up(token, "Ada", PASSWORD).name == "Ada"


def test_a_second_setup_is_refused(accounts: Accounts) -> None:
    token = prepared(accounts)
    accounts.set_up(token, "Ada", PASSWORD)
    for given in (token, "wrong"):
        with pytest.raises(Conflict) as caught:
            accounts.set_up(given, "Eve", PASSWORD)
        assert caught.value.code == "setup_done"
    assert [person.name for person in accounts.people()] == ["Ada"]


def test_of_many_setups_at_once_exactly_one_makes_an_admin(accounts: Accounts) -> None:
    token = prepared(accounts)
    results: list[Person | HearthError] = []
    start = threading.Barrier(4)

    def set_up(name: str) -> None:
        start.wait()
        try:
            results.append(accounts.set_up(token, name, PASSWORD))
        except HearthError as error:
            results.append(error)

    threads = [threading.Thread(target=set_up, args=(name,)) for name in ("Ada", "Bob", "Cid", "Dee")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=60)
    assert len(results) == 4
    assert [type(result) for result in results].count(Person) == 1
    assert {result.code for result in results if isinstance(result, HearthError)} == {"setup_done"}
    assert len(accounts.people()) == 1


def test_setup_never_opens_again_when_all_accounts_are_gone(accounts: Accounts, database: Database) -> None:
    accounts.set_up(prepared(accounts), "Ada", PASSWORD)
    with database.transaction() as session:
        session.connection().execute(text("DELETE FROM users"))
    assert not accounts.needs_setup()
    assert accounts.prepare_setup() is None


def test_the_token_is_in_a_file_for_its_owner_until_it_was_used(accounts: Accounts, settings: Settings) -> None:
    token = prepared(accounts)
    file = settings.setup_token_file
    assert file.read_text().strip() == token
    assert file.stat().st_mode & 0o777 == 0o600
    accounts.set_up(f" {token}\n", "Ada", PASSWORD)
    assert not file.exists()


def test_a_restart_keeps_the_token_of_the_file(accounts: Accounts, database: Database, settings: Settings) -> None:
    assert prepared(accounts) == prepared(Accounts(database, settings))


def test_a_token_that_others_could_read_is_made_anew(accounts: Accounts, settings: Settings) -> None:
    token = prepared(accounts)
    settings.setup_token_file.chmod(0o644)
    assert prepared(accounts) != token
    assert settings.setup_token_file.stat().st_mode & 0o777 == 0o600


def test_the_token_itself_is_not_in_the_database(accounts: Accounts, database: Database) -> None:
    token = prepared(accounts)
    database.close()
    assert database.file is not None
    assert token.encode() not in database.file.read_bytes()


def test_the_token_of_the_settings_is_honoured_and_written_nowhere(
    database: Database, settings: Settings, passwords: Passwords
) -> None:
    chosen = settings.model_copy(update={"setup_token": SecretStr("my own token")})
    accounts = Accounts(database, chosen, passwords)
    assert prepared(accounts) == "my own token"
    assert not settings.setup_token_file.exists()
    assert accounts.set_up("my own token", "Ada", PASSWORD).is_admin


def test_an_account_from_the_command_line_ends_the_setup(accounts: Accounts, settings: Settings) -> None:
    token = prepared(accounts)
    assert accounts.add("Ada", PASSWORD).is_admin
    assert not accounts.needs_setup()
    assert not Path(settings.setup_token_file).exists()
    with pytest.raises(Conflict):
        accounts.set_up(token, "Eve", PASSWORD)
