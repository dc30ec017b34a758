"""Headers that a proxy sets are believed from the proxies in the settings, and from nobody else."""

from pathlib import Path

import pytest

from tests.api import house
from tests.api.house import House

PROXY = ("10.0.0.2", 40000)
STRANGER = ("10.9.9.9", 40000)
FORWARDED = {"X-Forwarded-Proto": "https", "X-Forwarded-Host": "chat.example.org"}


@pytest.fixture
def proxied(tmp_path: Path, tiny_gguf: Path) -> House:
    return house.build(tmp_path, tiny_gguf, trusted_proxies=("10.0.0.0/24",), allowed_hosts="chat.example.org")


def test_trusted_proxy_says_name_and_scheme(proxied: House) -> None:
    client = proxied.visitor(base_url="http://hearth.local:7860", client=PROXY)
    headers = {**FORWARDED, "Cookie": f"__Host-hearth={proxied.sign_in()}", "Origin": "https://chat.example.org"}
    answer = client.post("/", headers=headers)
    assert answer.json()["url"] == "https://chat.example.org/"


def test_stranger_cannot_forge_name_and_scheme(proxied: House) -> None:
    client = proxied.visitor(base_url="http://hearth.local:7860", client=STRANGER)
    more = {"Forwarded": "host=evil.example", "X-Real-IP": "127.0.0.1", "X-Gradio-Server": "https://evil.example"}
    answer = client.get("/", headers={**FORWARDED, **more, "Cookie": f"hearth={proxied.sign_in()}"}).json()
    assert answer["url"] == "http://hearth.local:7860/"
    assert not [name for name in answer["headers"] if name.startswith(("x-", "forwarded"))]


def test_name_from_a_trusted_proxy_must_be_ours_too(proxied: House) -> None:
    client = proxied.visitor(client=PROXY)
    assert client.get("/sign-in", headers={"X-Forwarded-Host": "evil.example"}).status_code == 421


def test_of_several_proxies_the_nearest_one_counts(proxied: House) -> None:
    client = proxied.visitor(client=PROXY)
    headers = {"X-Forwarded-Proto": "https, http", "Cookie": f"hearth={proxied.sign_in()}"}
    assert client.get("/", headers=headers).json()["url"] == "http://hearth.local/"


def test_public_address_is_known_to_be_https(tmp_path: Path, tiny_gguf: Path) -> None:
    public = house.build(tmp_path, tiny_gguf, public_url="https://Chat.example.org/")
    public.sign_in()
    client = public.visitor(base_url="http://chat.example.org", headers={"Origin": "https://chat.example.org"})
    answer = client.post("/api/v1/session", json={"name": house.ADMIN, "password": house.PASSWORD})
    cookie = answer.headers["set-cookie"]
    assert cookie.startswith("__Host-hearth=")
    assert "Secure" in cookie
    assert "HttpOnly" in cookie
    assert "SameSite=lax" in cookie
    assert "Path=/;" in cookie
    assert "Domain" not in cookie


def test_cookie_of_plain_http_does_not_count_over_https(hearth: House) -> None:
    client = hearth.visitor(base_url="https://hearth.local")
    secret = hearth.sign_in()
    assert client.get("/config", headers={"Cookie": f"hearth={secret}"}).status_code == 401
    assert client.get("/config", headers={"Cookie": f"__Host-hearth={secret}"}).status_code == 200
