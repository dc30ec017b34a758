"""The list of chats at the left."""

import pytest
from playwright.sync_api import Page, expect

from app.engine.events import Delta
from tests.scripted_engine import Finish
from tests.ui.browser import steps
from tests.ui.browser.conftest import Visit

pytestmark = pytest.mark.browser

NASTY = "${document.title='owned'} <img src=x onerror=alert(1)> {{this}}"


def test_chats_are_listed_renamed_and_deleted(visit: Visit, page: Page) -> None:
    visit.site.engine.will_say(Delta("Fine.", 1), Finish())
    steps.say(page, "The first")
    steps.wait_until_over(page)
    page.get_by_role("button", name="New chat").click()
    steps.say(page, "The second")
    steps.wait_until_over(page)
    expect(steps.chats(page)).to_have_text(["The second", "The first"])
    page.get_by_role("button", name="Rename: The second").click()
    page.get_by_label("Title of the chat").fill("Another name")
    page.get_by_role("button", name="Save").click()
    expect(steps.chats(page)).to_have_text(["Another name", "The first"])
    page.get_by_role("button", name="Delete: Another name").click()
    page.get_by_role("dialog").get_by_role("button", name="Delete").click()
    expect(steps.chats(page)).to_have_text(["The first"])
    expect(page.get_by_role("heading", name="Hello, Anna")).to_be_visible()
    assert "c=" not in page.url


def test_title_is_shown_as_text_whatever_it_holds(visit: Visit) -> None:
    visit.site.parts.chats.create(visit.person_id, title=NASTY)
    page = visit.open()
    expect(steps.chats(page)).to_have_text([NASTY])
    steps.chats(page).click()
    expect(page).to_have_title(f"{NASTY} · Hearth")
    page.get_by_role("button", name="Delete: ").click()
    expect(page.get_by_role("dialog")).to_contain_text(NASTY)
    expect(page.locator("#side img, dialog img")).to_have_count(0)


def test_chat_of_somebody_else_is_not_shown(visit: Visit, site_of_bob: str) -> None:
    page = visit.open(f"/?c={site_of_bob}")
    expect(page.locator(".hearth-notice")).to_be_visible()
    expect(page.get_by_role("heading", name="Hello, Anna")).to_be_visible()
    assert "c=" not in page.url


@pytest.fixture
def site_of_bob(visit: Visit) -> str:
    """A chat of somebody else."""
    visit.site.sign_in("Bob")
    return visit.site.parts.chats.create(visit.site.person_id("Bob"), title="A secret").id


def test_long_chat_begins_with_its_end_and_shows_more_on_demand(visit: Visit, page: Page) -> None:
    visit.site.engine.will_say(Delta("Yes.", 1), Finish())
    steps.say(page, "Number 0")
    steps.wait_until_over(page)
    chat_id = visit.site.parts.chats.list(visit.person_id)[0].id
    visit.site.add_messages(visit.person_id, chat_id, 60)
    page.reload()
    rows = page.locator("#talk .message-row")
    expect(rows).to_have_count(50)
    page.get_by_role("button", name="Show earlier messages (12)").click()
    expect(rows).to_have_count(62)
    expect(rows.first).to_contain_text("Number 0")


def test_each_chat_keeps_its_model(visit: Visit, page: Page) -> None:
    visit.site.engine.will_say(Delta("Yes.", 1), Finish())
    steps.say(page, "To Tiny")
    steps.wait_until_over(page)
    page.get_by_role("button", name="New chat").click()
    page.get_by_role("button", name="Model: Tiny Llama").click()
    page.get_by_role("menuitemradio", name="Guide").click()
    steps.say(page, "To the Guide")
    steps.wait_until_over(page)
    steps.chats(page).filter(has_text="To Tiny").click()
    expect(page.get_by_role("button", name="Model: Tiny Llama")).to_be_visible()
    steps.chats(page).filter(has_text="To the Guide").click()
    expect(page.get_by_role("button", name="(built in)")).to_be_visible()
