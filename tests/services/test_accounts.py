"""Accounts after the setup: signing in and out, passwords, tokens, names."""

from datetime import timedelta
from typing import Literal

import pytest
from argon2 import PasswordHasher
from sqlalchemy import text
from sqlmodel import select

from app.errors import Busy, Conflict, InvalidInput, NotFound, NotSignedIn
from app.services.accounts import Accounts, Person
from app.services.passwords import Passwords
from app.services.sign_in_throttle import SignInThrottle
from app.settings import Settings
from app.store import users
from app.store.database import Database
from app.store.tables import SignInTable, now
from tests.services.conftest import PASSWORD


@pytest.mark.parametrize(
    ("name", "password"), [("Ada", "wrong horse"), ("Eve", PASSWORD), ("", ""), ("\ud800", PASSWORD), ("Ada", "\ud800")]
)
def test_a_wrong_name_and_a_wrong_password_read_the_same(
    accounts: Accounts, ada: Person, name: str, password: str
) -> None:
    assert ada.name == "Ada"
    with pytest.raises(NotSignedIn) as caught:
        accounts.sign_in(name, password, "browser")
    assert (caught.value.code, caught.value.params) == ("sign_in_wrong", {})


def test_an_unknown_name_costs_a_hash_too(database: Database, settings: Settings) -> None:
    verified: list[str] = []

    class CountingHasher(PasswordHasher):
        def verify(self, hash: str | bytes, password: str | bytes) -> Literal[True]:
            verified.append(str(hash))
            return super().verify(hash, password)

    accounts = Accounts(database, settings, Passwords(CountingHasher(time_cost=1, memory_cost=8, parallelism=1)))
    with pytest.raises(NotSignedIn):
        accounts.sign_in("Nobody", PASSWORD, "browser")
    assert len(verified) == 1


def test_too_many_tries_for_one_name_wait_and_leave_the_others_alone(accounts: Accounts, bob: Person) -> None:
    for _ in range(5):
        with pytest.raises(NotSignedIn):
            accounts.sign_in("Ada", "wrong horse", "browser")
    for name in ("Ada", "ADA", " ada "):
        with pytest.raises(Busy) as caught:
            accounts.sign_in(name, PASSWORD, "browser")
        assert caught.value.code == "sign_in_throttled"
    assert accounts.sign_in("Bob", PASSWORD, "browser")[0] == bob


def test_after_the_wait_the_right_password_works_and_clears_the_count(
    database: Database, settings: Settings, passwords: Passwords
) -> None:
    time = [0.0]
    accounts = Accounts(database, settings, passwords, SignInThrottle(lambda: time[0]))
    accounts.add("Ada", PASSWORD)
    for _ in range(5):
        with pytest.raises(NotSignedIn):
            accounts.sign_in("Ada", "wrong horse", "browser")
    with pytest.raises(Busy) as caught:
        accounts.sign_in("Ada", PASSWORD, "browser")
    time[0] += float(caught.value.params["seconds"])
    accounts.sign_in("Ada", PASSWORD, "browser")
    for _ in range(5):
        with pytest.raises(NotSignedIn):
            accounts.sign_in("Ada", "wrong horse", "browser")


def test_signing_in_gives_a_secret_until_signing_out(accounts: Accounts, ada: Person) -> None:
    person, secret = accounts.sign_in("ada", PASSWORD, "phone")
    _, other = accounts.sign_in("ADA", PASSWORD, "desk")
    assert person == ada
    assert accounts.person_of_sign_in(secret) == ada
    accounts.sign_out(secret)
    accounts.sign_out("unknown")
    assert accounts.person_of_sign_in(secret) is None
    assert accounts.person_of_sign_in(other) == ada


def test_a_sign_in_expires(accounts: Accounts, ada: Person, database: Database) -> None:
    _, secret = accounts.sign_in(ada.name, PASSWORD, "phone")
    with database.transaction() as session:
        for row in session.exec(select(SignInTable)):
            row.expires_at = now() - timedelta(seconds=1)
    assert accounts.person_of_sign_in(secret) is None


def test_a_new_password_ends_all_sign_ins(accounts: Accounts, ada: Person) -> None:
    _, secret = accounts.sign_in(ada.name, PASSWORD, "phone")
    accounts.set_password("ada", "another horse")
    assert accounts.person_of_sign_in(secret) is None
    with pytest.raises(NotSignedIn):
        accounts.sign_in("Ada", PASSWORD, "phone")
    assert accounts.sign_in("Ada", "another horse", "phone")[0] == ada


def test_a_password_typed_on_another_keyboard_is_the_same(accounts: Accounts, ada: Person) -> None:
    accounts.set_password(ada.name, "cafe\u0301 au lait")
    assert accounts.sign_in(ada.name, "caf\u00e9 au lait", "phone")[0] == ada


def test_old_hashes_are_renewed_at_the_next_sign_in(ada: Person, database: Database, settings: Settings) -> None:
    stronger = Accounts(database, settings, Passwords(PasswordHasher(time_cost=2, memory_cost=16, parallelism=1)))
    stronger.sign_in(ada.name, PASSWORD, "phone")
    with database.reading() as session:
        user = users.with_key(session, "ada")
    assert user is not None
    assert "m=16,t=2" in user.password_hash
    assert stronger.sign_in(ada.name, PASSWORD, "phone")[0] == ada


def test_tokens_open_the_api_for_their_person_only(accounts: Accounts, ada: Person, bob: Person) -> None:
    token = accounts.create_token("Bob", "editor")
    assert token.startswith("hearth_")
    assert accounts.person_of_token(token) == bob != ada
    for wrong in ("", "hearth_", token[:-1], token.removeprefix("hearth_")):
        assert accounts.person_of_token(wrong) is None
    assert accounts.person_of_sign_in(token) is None


def test_neither_secrets_nor_tokens_nor_passwords_are_in_the_database(
    accounts: Accounts, ada: Person, database: Database
) -> None:
    token = accounts.create_token(ada.name, "editor")
    _, secret = accounts.sign_in(ada.name, PASSWORD, "phone")
    with database.reading() as session:
        tables = ("users", "sign_ins", "api_tokens", "facts")
        rows = [str(row) for table in tables for row in session.connection().execute(text(f"SELECT * FROM {table}"))]
    assert len(rows) == 4
    for hidden in (token, token.removeprefix("hearth_"), secret, PASSWORD):
        assert not any(hidden in row for row in rows)


def test_tokens_and_passwords_for_nobody_are_refused(accounts: Accounts) -> None:
    for call in (lambda: accounts.create_token("Eve", "editor"), lambda: accounts.set_password("Eve", PASSWORD)):
        with pytest.raises(NotFound) as caught:
            call()
        assert (caught.value.code, caught.value.params) == ("person_unknown", {"name": "Eve"})


def test_a_token_needs_a_label(accounts: Accounts, ada: Person) -> None:
    with pytest.raises(InvalidInput):
        accounts.create_token(ada.name, " ")


@pytest.mark.parametrize("taken", ["Ada", "ada", " ADA ", "\uff21\uff24\uff21"])
def test_a_name_that_somebody_has_is_refused(accounts: Accounts, ada: Person, taken: str) -> None:
    with pytest.raises(Conflict) as caught:
        accounts.add(taken, PASSWORD)
    assert caught.value.code == "name_taken"
    assert accounts.people() == [ada]


@pytest.mark.parametrize("name", ["", " ", "x" * 65, "a\nb", "a\0b", "a\u200bb", "a\u202eb", "\ud800", "\u2028"])
def test_a_name_that_cannot_be_shown_is_refused(accounts: Accounts, name: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        accounts.add(name, PASSWORD)
    assert caught.value.code == "name_invalid"


@pytest.mark.parametrize(
    ("name", "kept"), [("  Ada   Lovelace ", "Ada Lovelace"), ("王小明", "王小明"), ("x" * 64, "x" * 64)]
)
def test_names_are_kept_as_written_without_needless_spaces(accounts: Accounts, name: str, kept: str) -> None:
    assert accounts.add(name, PASSWORD).name == kept
    assert accounts.sign_in(name, PASSWORD, "phone")[0].name == kept


@pytest.mark.parametrize(
    ("password", "code"),
    [("1234567", "password_too_short"), ("x" * 1025, "password_too_long"), ("\ud800" * 8, "password_invalid")],
)
def test_passwords_have_bounds(accounts: Accounts, password: str, code: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        accounts.add("Ada", password)
    assert caught.value.code == code


def test_only_the_first_account_is_an_admin_by_itself(accounts: Accounts, ada: Person, bob: Person) -> None:
    assert (ada.is_admin, bob.is_admin) == (True, False)
    assert accounts.add("Cid", PASSWORD, is_admin=True).is_admin
    assert [person.name for person in accounts.people()] == ["Ada", "Bob", "Cid"]
