"""The pages as an application, without a browser: what they answer to, and what stands in the page."""

from collections.abc import Iterator

import httpx
import pytest

from app.ui.page_head import PageHead, read_page_head
from tests.ui.site import Site


@pytest.fixture
def client(site: Site) -> Iterator[httpx.Client]:
    """Somebody who is signed in."""
    headers = {"cookie": f"hearth={site.sign_in('Anna')}", "origin": site.url}
    with httpx.Client(base_url=site.url, headers=headers) as client:
        yield client


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", "/gradio_api/upload"),
        ("GET", "/gradio_api/file=/etc/passwd"),
        ("GET", "/gradio_api/proxy=http://127.0.0.1/"),
        ("POST", "/gradio_api/run/predict"),
        ("POST", "/gradio_api/call/predict"),
        ("GET", "/gradio_api/info"),
        ("GET", "/openapi.json"),
        ("GET", "/docs"),
        ("GET", "/monitoring"),
        ("POST", "/gradio_api/vibe-edit"),
        ("GET", "/gradio_api/heartbeat/x"),
        ("POST", "/login"),
        ("GET", "/static/../mount.py"),
    ],
)
def test_what_the_page_does_not_use_is_not_there(client: httpx.Client, method: str, path: str) -> None:
    assert client.request(method, path).status_code == httpx.codes.NOT_FOUND


def test_config_holds_no_data_of_anybody(site: Site, client: httpx.Client) -> None:
    site.parts.chats.create(site.person_id("Anna"), title="A secret title")
    assert "A secret title" not in client.get("/config").text
    assert "A secret title" not in client.get("/", headers={"accept": "text/html"}).text


def test_page_of_another_language_is_told_so(client: httpx.Client) -> None:
    page = client.get("/", headers={"accept": "text/html", "accept-language": "zh-CN,en;q=0.5"}).text
    assert '<html\n\tlang="zh-CN"' in page
    assert "新对话" in page


def test_page_names_nobody_else(client: httpx.Client) -> None:
    page = client.get("/", headers={"accept": "text/html"}).text
    assert "og:image" not in page
    assert "fonts.googleapis" not in page


def test_other_origins_get_no_leave(client: httpx.Client) -> None:
    answer = client.get("/theme.css", headers={"origin": "https://evil.example"})
    assert "access-control-allow-origin" not in answer.headers


def test_events_of_somebody_who_is_not_signed_in_are_refused(site: Site) -> None:
    answer = httpx.post(f"{site.url}/gradio_api/queue/join", json={}, headers={"origin": site.url})
    assert answer.status_code == httpx.codes.UNAUTHORIZED


def test_head_comes_before_all_scripts_and_style_after_all_others() -> None:
    page = PageHead("style{}", "script()", "<svg/>").put_into(
        '<html lang="en"><head><meta property="og:x" content="y"><script>a</script></head><body class="b">', "en"
    )
    assert page.index("script()") < page.index("<script>a</script>")
    assert page.index('<body class="b">') < page.index("style{}")
    assert "og:x" not in page


def test_words_cannot_end_the_script() -> None:
    assert "</script>" not in read_page_head().put_into("<head><body>", "en").split("hearthWords", 1)[1].split("\n")[0]
