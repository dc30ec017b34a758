"""Until the pages are there a person is told to wait, by a page that asks again by itself."""

import pytest
from starlette.responses import PlainTextResponse
from starlette.routing import Mount
from starlette.websockets import WebSocketDisconnect

from app.api.late_pages import LatePages
from tests.api.house import House

PAGE = {"Accept": "text/html"}


@pytest.fixture
def late_pages(hearth: House) -> LatePages:
    late = LatePages()
    hearth.app.router.routes[-1] = Mount("/", late)
    return late


@pytest.mark.usefixtures("late_pages")
def test_page_that_is_starting_asks_again_by_itself(hearth: House) -> None:
    answer = hearth.person().get("/", headers=PAGE)
    assert answer.status_code == 503
    assert 'http-equiv="refresh"' in answer.text


@pytest.mark.usefixtures("late_pages")
def test_websocket_of_a_page_that_is_starting_is_closed(hearth: House) -> None:
    with pytest.raises(WebSocketDisconnect) as refused, hearth.person().websocket_connect("/ws"):
        pass
    assert refused.value.code == 1013


def test_pages_that_failed_say_so_and_do_not_ask_again(hearth: House, late_pages: LatePages) -> None:
    late_pages.has_failed = True
    answer = hearth.person().get("/", headers=PAGE)
    assert answer.status_code == 503
    assert 'http-equiv="refresh"' not in answer.text


def test_pages_answer_once_they_are_there(hearth: House, late_pages: LatePages) -> None:
    late_pages.pages = PlainTextResponse("the page")
    assert hearth.person().get("/", headers=PAGE).text == "the page"
