"""Signing in and out by the API."""

from tests.api.house import ADMIN, PASSWORD, House


def test_person_signs_in_and_out(hearth: House) -> None:
    hearth.sign_in()
    client = hearth.visitor()
    assert client.post("/api/v1/session", json={"name": ADMIN, "password": PASSWORD}).status_code == 201
    assert client.get("/api/v1/session").json()["name"] == ADMIN
    secret = client.cookies["hearth"]
    assert client.delete("/api/v1/session").status_code == 204
    assert "hearth" not in client.cookies
    assert hearth.visitor().get("/api/v1/session", headers={"Cookie": f"hearth={secret}"}).status_code == 401


def test_wrong_password_is_refused_without_saying_which_part_is_wrong(hearth: House) -> None:
    hearth.sign_in()
    for wrong in ({"name": ADMIN, "password": "not this one"}, {"name": "Nobody", "password": PASSWORD}):
        answer = hearth.visitor().post("/api/v1/session", json=wrong)
        assert (answer.status_code, answer.json()["code"]) == (401, "sign_in_wrong")
        assert "set-cookie" not in answer.headers


def test_too_many_tries_are_told_how_long_to_wait(hearth: House) -> None:
    hearth.sign_in()
    client = hearth.visitor()
    answers = [client.post("/api/v1/session", json={"name": ADMIN, "password": "wrong"}) for _ in range(30)]
    assert answers[-1].status_code == 429
    assert int(answers[-1].headers["retry-after"]) >= 1


def test_new_password_ends_all_sign_ins(hearth: House) -> None:
    client = hearth.person()
    hearth.parts.accounts.set_password(ADMIN, "another good one")
    assert client.get("/api/v1/session").status_code == 401


def test_cookie_over_plain_http_is_not_readable_by_scripts(hearth: House) -> None:
    hearth.sign_in()
    answer = hearth.visitor().post("/api/v1/session", json={"name": ADMIN, "password": PASSWORD})
    cookie = answer.headers["set-cookie"].lower()
    assert cookie.startswith("hearth=")
    assert "httponly" in cookie
    assert "samesite=lax" in cookie
    assert "secure" not in cookie
