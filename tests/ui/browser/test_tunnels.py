"""The page behind a tunnel that holds back what answers a GET."""

from urllib.parse import urlsplit

import pytest
from playwright.sync_api import expect

from app.engine.events import Delta
from tests.scripted_engine import Finish, Gate
from tests.ui.browser import steps
from tests.ui.browser.buffering_proxy import buffering_proxy
from tests.ui.browser.conftest import Visit

pytestmark = pytest.mark.browser


def test_answer_streams_through_a_proxy_that_buffers_gets(visit: Visit) -> None:
    half = Gate()
    visit.site.engine.will_say(Delta("Not held back", 3), half, Delta(" at all.", 2), Finish())
    with buffering_proxy(urlsplit(visit.site.url).port or 0) as url:
        page = visit.open(url=url)
        steps.say(page, "Hello")
        expect(steps.answer(page)).to_have_text("Not held back")
        expect(steps.stop_button(page)).to_be_visible()
        half.open.set()
        expect(steps.answer(page)).to_have_text("Not held back at all.")
        steps.wait_until_over(page)
        page.close()


def test_page_finds_its_answer_again_after_the_connection_was_cut(visit: Visit) -> None:
    half = Gate()
    visit.site.engine.will_say(Delta("Before the cut", 3), half, Delta(" and after.", 2), Finish())
    server_port = urlsplit(visit.site.url).port or 0
    with buffering_proxy(server_port) as url:
        page = visit.open(url=url)
        steps.say(page, "Hello")
        expect(steps.answer(page)).to_have_text("Before the cut")
        steps.box(page).fill("A draft")
    expect(page.locator(".hearth-notice")).to_contain_text("The connection was lost")
    half.open.set()
    with buffering_proxy(server_port, urlsplit(url).port or 0):
        expect(steps.answer(page)).to_have_text("Before the cut and after.")
        expect(steps.box(page)).to_have_value("A draft")
        page.close()
    # The browser itself reports each request that failed.
    visit.complaints.clear()
