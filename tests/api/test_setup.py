"""The first account: by the API, once, and only with the token."""

from tests.api.house import ADMIN, PASSWORD, TOKEN, House

SETUP = {"token": TOKEN, "name": ADMIN, "password": PASSWORD}


def test_first_account_is_made_and_signed_in(hearth: House) -> None:
    client = hearth.visitor()
    assert client.get("/api/v1/setup").json() == {"is_needed": True}
    answer = client.post("/api/v1/setup", json=SETUP)
    assert answer.status_code == 201
    assert (answer.json()["name"], answer.json()["is_admin"]) == (ADMIN, True)
    assert client.get("/api/v1/session").json() == answer.json()
    assert client.get("/api/v1/setup").json() == {"is_needed": False}


def test_wrong_token_makes_nothing(hearth: House) -> None:
    answer = hearth.visitor().post("/api/v1/setup", json={**SETUP, "token": "wrong"})
    assert (answer.status_code, answer.json()["code"]) == (403, "setup_token_wrong")
    assert hearth.parts.accounts.needs_setup()


def test_second_attempt_is_refused_even_with_the_token(hearth: House) -> None:
    hearth.visitor().post("/api/v1/setup", json=SETUP)
    answer = hearth.visitor().post("/api/v1/setup", json={**SETUP, "name": "Mallory"})
    assert (answer.status_code, answer.json()["code"]) == (409, "setup_done")
    assert [person.name for person in hearth.parts.accounts.people()] == [ADMIN]


def test_short_password_leaves_the_token_good(hearth: House) -> None:
    answer = hearth.visitor().post("/api/v1/setup", json={**SETUP, "password": "short"})
    assert (answer.status_code, answer.json()["code"]) == (422, "password_too_short")
    assert hearth.visitor().post("/api/v1/setup", json=SETUP).status_code == 201
