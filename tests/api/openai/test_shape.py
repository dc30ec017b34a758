"""Refusals under /v1 have OpenAI's shape, whatever refuses."""

import pytest

from tests.api.house import MODEL, House

HI = [{"role": "user", "content": "Hi"}]


@pytest.mark.parametrize(
    ("method", "path", "body", "status", "code"),
    [
        ("GET", "/v1/nothing", None, 404, "route_unknown"),
        ("GET", "/v1/models/nothing", None, 404, "model_not_found"),
        ("POST", "/v1/chat/completions", {}, 400, "invalid_value"),
        ("POST", "/v1/chat/completions", {"model": MODEL, "messages": []}, 400, "invalid_value"),
        ("POST", "/v1/chat/completions", {"model": MODEL, "messages": HI, "n": 2}, 400, "invalid_value"),
        ("POST", "/v1/chat/completions", {"model": MODEL, "messages": HI, "seed": -2}, 400, "invalid_value"),
        ("POST", "/v1/chat/completions", {"model": MODEL, "messages": HI, "max_tokens": True}, 400, "invalid_value"),
        ("POST", "/v1/chat/completions", {"model": "none", "messages": HI}, 404, "model_not_found"),
        (
            "POST",
            "/v1/chat/completions",
            {"model": MODEL, "messages": [{"role": "user", "content": " "}]},
            400,
            "message_empty",
        ),
    ],
)
def test_refusal_has_openais_shape(hearth: House, method: str, path: str, body: object, status: int, code: str) -> None:
    headers = {"Authorization": f"Bearer {hearth.token()}"}
    answer = hearth.visitor().request(method, path, json=body, headers=headers)
    assert answer.status_code == status
    error = answer.json()["error"]
    assert set(error) == {"message", "type", "param", "code"}
    assert (error["code"], error["type"]) == (code, "invalid_request_error")
    assert error["message"]


def test_picture_in_a_message_is_refused(hearth: House) -> None:
    headers = {"Authorization": f"Bearer {hearth.token()}"}
    content = [{"type": "image_url", "image_url": {"url": "http://192.168.1.1/"}}]
    body = {"model": MODEL, "messages": [{"role": "user", "content": content}]}
    answer = hearth.visitor().post("/v1/chat/completions", json=body, headers=headers)
    assert answer.status_code == 400


def test_missing_token_is_told_how_to_get_one(hearth: House) -> None:
    answer = hearth.visitor().get("/v1/models")
    assert answer.status_code == 401
    assert answer.json()["error"]["code"] == "invalid_api_key"
    assert "hearth tokens create" in answer.json()["error"]["message"]
