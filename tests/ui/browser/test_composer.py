"""The box for messages: what is written there is never lost."""

import pytest
from playwright.sync_api import Page, expect

from app.engine.events import Delta
from app.errors import Busy
from tests.scripted_engine import Finish, Gate
from tests.ui.browser import steps
from tests.ui.browser.conftest import Visit

pytestmark = pytest.mark.browser


def test_refused_message_stays_in_the_box_with_the_reason_above_it(visit: Visit, page: Page) -> None:
    engine = visit.site.engine
    engine.will_say(Delta("Yes.", 1), Finish())
    engine.room_error = Busy("queue_full", waiting=64)
    try:
        steps.say(page, "A long and careful question")
        expect(page.locator(".hearth-notice")).to_be_visible()
        expect(steps.box(page)).to_have_value("A long and careful question")
        assert visit.site.parts.chats.list(visit.person_id) == []
    finally:
        engine.room_error = None
    steps.send_button(page).click()
    expect(steps.answer(page)).to_have_text("Yes.")
    expect(steps.box(page)).to_have_value("")
    expect(page.locator(".hearth-notice")).to_be_hidden()


def test_message_to_a_chat_that_is_being_answered_elsewhere_is_refused_and_kept(visit: Visit, page: Page) -> None:
    rest = Gate()
    visit.site.engine.will_say(Delta("Quick.", 1), Finish())
    steps.say(page, "Hello")
    steps.wait_until_over(page)
    other = visit.open(f"/?c={visit.site.parts.chats.list(visit.person_id)[0].id}")
    expect(steps.answer(other)).to_have_text("Quick.")
    visit.site.engine.will_say(Delta("Slow", 1), rest, Delta(" but sure.", 2), Finish())
    steps.say(page, "Once more")
    expect(steps.answer(page)).to_have_text("Slow")
    steps.say(other, "And from here too")
    expect(other.locator(".hearth-notice")).to_be_visible()
    expect(steps.box(other)).to_have_value("And from here too")
    expect(steps.stop_button(other)).to_be_visible()
    rest.open.set()
    expect(steps.answer(other)).to_have_text("Slow but sure.")


def test_enter_sends_and_shift_enter_makes_a_line(visit: Visit, page: Page) -> None:
    visit.site.engine.will_say(Delta("Two lines.", 2), Finish())
    steps.box(page).press_sequentially("One")
    steps.box(page).press("Shift+Enter")
    steps.box(page).press_sequentially("Two")
    expect(steps.box(page)).to_have_value("One\nTwo")
    steps.box(page).press("Enter")
    expect(steps.answer(page)).to_have_text("Two lines.")
    assert page.locator("#talk .user-row .md p").inner_text() == "One\nTwo"


def test_draft_is_there_after_a_reload(page: Page) -> None:
    steps.box(page).fill("Not sent yet")
    page.reload()
    expect(steps.box(page)).to_have_value("Not sent yet")


def test_empty_message_cannot_be_sent(page: Page) -> None:
    steps.box(page).fill("   ")
    expect(steps.send_button(page)).to_be_disabled()
