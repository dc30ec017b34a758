"""What the gate refuses whoever asks, and what it makes of a request that it lets through."""

import pytest
from starlette.testclient import TestClient
from starlette.websockets import WebSocketDisconnect

from tests.api.house import House

EVIL = "https://evil.example"


@pytest.mark.parametrize("path", ["/", "/set-up", "/api/v1/setup", "/healthz", "/assets/x.js", "/v1/models"])
def test_foreign_host_name_is_refused_everywhere(hearth: House, path: str) -> None:
    answer = hearth.visitor(base_url="http://evil.example").get(path)
    assert answer.status_code == 421
    assert "HEARTH_ALLOWED_HOSTS" in answer.text
    assert "evil.example" in answer.text


@pytest.mark.parametrize("origin", [EVIL, "null", "http://hearth.local:8080", "https://hearth.local", "http://x.local"])
def test_request_from_another_site_is_refused(hearth: House, origin: str) -> None:
    anna = hearth.person()
    for method in ("POST", "PUT", "PATCH", "DELETE"):
        answer = anna.request(method, "/api/v1/chats", headers={"Origin": origin}, json={})
        assert answer.status_code == 403
        assert answer.json()["code"] == "origin_foreign"


def test_request_from_another_site_is_refused_before_anybody_is_signed_in(hearth: House) -> None:
    for path in ("/api/v1/setup", "/api/v1/session", "/sign-in", "/set-up"):
        assert hearth.visitor().post(path, headers={"Origin": EVIL}).status_code == 403


@pytest.mark.parametrize(
    ("site", "status"), [("same-origin", 201), ("none", 201), ("same-site", 403), ("cross-site", 403)]
)
def test_without_an_origin_the_browser_says_where_it_comes_from(hearth: House, site: str, status: int) -> None:
    answer = hearth.person().post("/api/v1/chats", headers={"Sec-Fetch-Site": site}, json={})
    assert answer.status_code == status


def test_own_origin_is_let_through(hearth: House) -> None:
    for base_url, origin in (
        ("http://hearth.local", "http://hearth.local"),
        ("http://hearth.local:80", "http://hearth.local"),
        ("http://192.168.1.5:7860", "http://192.168.1.5:7860"),
        ("http://[::1]:7860", "http://[::1]:7860"),
    ):
        client = hearth.visitor(base_url=base_url)
        headers = {"Origin": origin, "Cookie": f"hearth={hearth.sign_in()}"}
        assert client.post("/api/v1/chats", headers=headers, json={}).status_code == 201


def test_token_needs_no_origin_since_no_browser_adds_it_by_itself(hearth: House) -> None:
    headers = {"Origin": EVIL, "Authorization": f"Bearer {hearth.token()}"}
    assert hearth.visitor().post("/api/v1/chats", headers=headers, json={}).status_code == 201


def test_other_origins_are_never_given_leave_to_read(hearth: House) -> None:
    for headers in ({"Origin": EVIL}, {"Origin": EVIL, "Access-Control-Request-Method": "POST"}):
        for method in ("GET", "OPTIONS"):
            answer = hearth.person().request(method, "/", headers=headers)
            assert not [name for name in answer.headers if name.startswith("access-control")]


def test_every_answer_has_the_security_headers(hearth: House) -> None:
    for path in ("/", "/config", "/api/v1/chats", "/v1/models", "/sign-in", "/nothing", "/broken", "/healthz"):
        headers = hearth.person().get(path).headers
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["referrer-policy"] == "same-origin"
        assert "frame-ancestors" in headers["content-security-policy"]
        assert "strict-transport-security" not in headers


def test_no_cache_on_the_way_keeps_what_belongs_to_a_person(hearth: House) -> None:
    client = hearth.person()
    assert client.get("/api/v1/chats").headers["cache-control"] == "no-store"
    assert client.get("/sign-in").headers["cache-control"] == "no-store"
    assert client.get("/config").headers["cache-control"] == "private, no-cache"
    assert client.get("/assets/x.js").headers["cache-control"] == "public, no-cache"


def test_own_pages_run_no_scripts_of_others(hearth: House) -> None:
    policy = hearth.visitor().get("/set-up").headers["content-security-policy"]
    assert "script-src 'self'" in policy
    assert "unsafe" not in policy


def test_body_that_says_it_is_too_big_is_refused(hearth: House) -> None:
    answer = hearth.person().post("/api/v1/chats", content=b"x" * (1024 * 1024 + 1))
    assert answer.status_code == 413
    assert answer.json()["code"] == "body_too_large"


@pytest.mark.parametrize(("path", "size"), [("/api/v1/chats", 1024 * 1024), ("/gradio_api/upload", 25 * 1024 * 1024)])
def test_body_that_only_turns_out_too_big_is_refused(hearth: House, path: str, size: int) -> None:
    chunk = b"x" * (size // 8)
    answer = hearth.person().post(path, content=(chunk for _ in range(9)), headers={"Content-Type": "application/json"})
    assert answer.status_code == 413


def test_upload_to_the_pages_may_be_bigger(hearth: House) -> None:
    answer = hearth.person().post("/gradio_api/upload", content=b"x" * (2 * 1024 * 1024))
    assert answer.json()["body_bytes"] == 2 * 1024 * 1024


def test_event_stream_of_the_pages_may_be_asked_for_by_post(hearth: House) -> None:
    assert hearth.person().post("/gradio_api/queue/data").json()["method"] == "GET"
    assert hearth.person().post("/gradio_api/queue/join").json()["method"] == "POST"
    assert hearth.person().post("/config").status_code == 405


def test_websocket_needs_a_person_and_our_own_page(hearth: House) -> None:
    secret = {"Cookie": f"hearth={hearth.sign_in()}"}
    for headers, code in (({}, 4401), ({**secret, "Origin": EVIL}, 4403), ({**secret, "Host": "evil.example"}, 4403)):
        with pytest.raises(WebSocketDisconnect) as refused, hearth.visitor().websocket_connect("/ws", headers=headers):
            pass
        assert refused.value.code == code


def test_unexpected_error_tells_no_details(hearth: House) -> None:
    answer = hearth.person().get("/broken")
    assert answer.status_code == 500
    assert answer.json()["code"] == "internal_error"
    assert "secret" not in answer.text


def test_refusal_is_worded_for_the_reader(hearth: House) -> None:
    client: TestClient = hearth.visitor()
    chinese = client.get("/api/v1/chats", headers={"Accept-Language": "zh-CN,zh;q=0.9,en;q=0.8"}).json()
    assert chinese == {"code": "not_signed_in", "message": "请先登录。"}
