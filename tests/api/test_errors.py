"""What a wrong request is told under /api/v1: a code, and a sentence that names the field."""

import pytest

from app.api.errors import sentence
from tests.api.house import House


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ("{", "not valid JSON"),
        ("", "no content"),
        ("[]", "no content"),
        (b'{"title": "\xff"}', "not valid JSON"),
        ("[" * 200_000, "not valid JSON"),
        ('{"colour": "red"}', "“colour”"),
        ('{"title": 5}', "“title”"),
        ('{"title": "' + "x" * 301 + '"}', "300"),
    ],
)
def test_wrong_request_is_told_what_is_wrong(hearth: House, body: str | bytes, words: str) -> None:
    answer = hearth.person().post("/api/v1/chats", content=body, headers={"Content-Type": "application/json"})
    assert answer.status_code == 422
    assert answer.json()["code"] == "request_invalid"
    assert words in answer.json()["message"]


@pytest.mark.parametrize(
    "sampling",
    [
        '{"temperature": NaN}',
        '{"temperature": Infinity}',
        '{"temperature": -0.1}',
        '{"temperature": 5.1}',
        '{"top_k": -1}',
        '{"top_k": 1001}',
        '{"top_p": 0}',
        '{"min_p": 1.5}',
        '{"repeat_penalty": 0.05}',
        '{"seed": -1}',
        '{"seed": 4294967296}',
        '{"penalty": 1}',
    ],
)
def test_sampling_out_of_bounds_is_refused(hearth: House, sampling: str) -> None:
    body = f'{{"text": "Hi", "sampling": {sampling}}}'
    answer = hearth.person().post("/api/v1/chats/x/replies", content=body, headers={"Content-Type": "application/json"})
    assert answer.status_code == 422
    assert "“sampling." in answer.json()["message"]


def test_wrong_field_is_told_in_chinese(hearth: House) -> None:
    headers = {"Accept-Language": "zh-CN"}
    answer = hearth.person().post("/api/v1/chats", json={"colour": "red"}, headers=headers)
    assert answer.json()["message"].startswith("这里没有字段“colour”。")


@pytest.mark.parametrize("path", ["/api", "/api/v1/nothing", "/api/v2/chats", "/api/v1/chats/x/y/z"])
def test_unknown_route_is_told_in_the_shape_of_the_api(hearth: House, path: str) -> None:
    answer = hearth.person().get(path)
    assert answer.status_code == 404
    assert answer.json()["code"] == "route_unknown"
    assert path in answer.json()["message"]


def test_unknown_page_is_a_page(hearth: House) -> None:
    answer = hearth.person().get("/nothing", headers={"Accept": "text/html"})
    assert answer.status_code == 404


def test_foreign_host_is_told_to_a_person_as_a_page(hearth: House) -> None:
    answer = hearth.visitor(base_url="http://<b>.example").get(
        "/", headers={"Accept": "text/html", "Host": "<b>.example"}
    )
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    assert "<b>" not in answer.text


def test_code_of_another_version_has_a_sentence_too() -> None:
    assert "grue_attack" in sentence("grue_attack", {}, "en")
    assert "grue_attack" in sentence("grue_attack", {}, "zh-CN")


def test_wrong_method_is_told_which_ones_work(hearth: House) -> None:
    answer = hearth.person().put("/api/v1/chats")
    assert (answer.status_code, answer.json()["code"]) == (405, "method_unknown")
    assert answer.headers["allow"] == "GET, POST"
