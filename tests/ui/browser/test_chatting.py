"""Saying something on the page and reading the answer."""

import pytest
from playwright.sync_api import Page, expect

from app.engine.events import Delta, Loading, Queued, Reading
from app.errors import Unavailable
from tests.scripted_engine import Finish, Gate
from tests.ui.browser import steps
from tests.ui.browser.conftest import Visit

pytestmark = pytest.mark.browser


def test_answer_is_read_while_it_is_written(visit: Visit, page: Page) -> None:
    half = Gate()
    visit.site.engine.will_say(Delta("The first half, ", 3), half, Delta("and **the rest**.", 3), Finish())
    steps.say(page, "Hello")
    expect(steps.answer(page)).to_have_text("The first half,")
    expect(steps.stop_button(page)).to_be_visible()
    half.open.set()
    expect(steps.answer(page)).to_have_text("The first half, and the rest.")
    expect(steps.answer(page).locator("strong")).to_have_text("the rest")
    steps.wait_until_over(page)
    expect(steps.numbers(page)).to_contain_text("Tiny Llama · 6 tokens")
    expect(steps.numbers(page)).to_contain_text("tokens/s")


def test_page_says_what_an_answer_waits_for(visit: Visit, page: Page) -> None:
    queued, loading, reading = Gate(), Gate(), Gate()
    visit.site.engine.will_say(
        Queued(2, 12.0), queued, Loading(0.42), loading, Reading(3, 10), reading, Delta("Here.", 1), Finish()
    )
    status = page.locator(".hearth-status")
    steps.say(page, "Hello")
    expect(status).to_contain_text("place 2, about 12 s")
    queued.open.set()
    expect(status).to_contain_text("Loading Tiny Llama: 42 %")
    loading.open.set()
    expect(status).to_contain_text("Reading: 30 %")
    reading.open.set()
    expect(steps.answer(page)).to_have_text("Here.")
    expect(status).to_have_count(0)


def test_stop_keeps_what_was_written(visit: Visit, page: Page) -> None:
    visit.site.engine.will_say(Delta("So far so good", 4), Gate())
    steps.say(page, "Hello")
    expect(steps.answer(page)).to_have_text("So far so good")
    steps.stop_button(page).click()
    steps.wait_until_over(page)
    expect(steps.answer(page)).to_have_text("So far so good")
    expect(steps.numbers(page)).to_contain_text("stopped")


def test_reload_in_the_middle_of_an_answer_goes_on_with_it(visit: Visit, page: Page) -> None:
    half = Gate()
    visit.site.engine.will_say(Delta("Before the reload", 3), half, Delta(", and after it.", 3), Finish())
    steps.say(page, "Hello")
    expect(steps.answer(page)).to_have_text("Before the reload")
    page.reload()
    expect(steps.answer(page)).to_have_text("Before the reload")
    expect(steps.stop_button(page)).to_be_visible()
    half.open.set()
    expect(steps.answer(page)).to_have_text("Before the reload, and after it.")
    steps.wait_until_over(page)


def test_second_tab_follows_and_a_closed_one_ends_nothing(visit: Visit, page: Page) -> None:
    half = Gate()
    visit.site.engine.will_say(Delta("One half", 2), half, Delta(" and the other.", 3), Finish())
    steps.say(page, "Hello")
    expect(steps.answer(page)).to_have_text("One half")
    chat_id = visit.site.parts.chats.list(visit.person_id)[0].id
    page.close()
    other = visit.open(f"/?c={chat_id}")
    expect(steps.answer(other)).to_have_text("One half")
    expect(steps.stop_button(other)).to_be_visible()
    half.open.set()
    expect(steps.answer(other)).to_have_text("One half and the other.")


def test_another_chat_can_be_read_while_one_is_answered(visit: Visit, page: Page) -> None:
    visit.site.engine.will_say(Delta("A short one.", 3), Finish())
    steps.say(page, "The first chat")
    steps.wait_until_over(page)
    half = Gate()
    visit.site.engine.will_say(Delta("A long", 2), half, Delta(" one.", 2), Finish())
    page.get_by_role("button", name="New chat").click()
    expect(page.get_by_role("heading", name="Hello, Anna")).to_be_visible()
    steps.say(page, "The second chat")
    expect(steps.answer(page)).to_have_text("A long")
    steps.chats(page).filter(has_text="The first chat").click()
    expect(steps.answer(page)).to_have_text("A short one.")
    expect(steps.send_button(page)).to_be_visible()
    steps.chats(page).filter(has_text="The second chat").click()
    expect(steps.answer(page)).to_have_text("A long")
    half.open.set()
    expect(steps.answer(page)).to_have_text("A long one.")


def test_failed_answer_says_why_and_can_be_tried_again(visit: Visit, page: Page) -> None:
    engine = visit.site.engine
    engine.scripts = [(Delta("It began", 2), Unavailable("server_stopping")), (Delta("Now it works.", 3), Finish())]
    steps.say(page, "Hello")
    expect(page.locator(".hearth-problem")).to_contain_text("Hearth")
    expect(steps.answer(page)).to_have_text("It began")
    page.locator(".hearth-problem").get_by_role("button", name="Try again").click()
    expect(steps.answer(page)).to_have_text("Now it works.")
    steps.wait_until_over(page)
    page.get_by_role("button", name="Previous version").click()
    expect(steps.answer(page)).to_have_text("It began")


def test_example_of_an_empty_chat_is_asked_with_one_click(visit: Visit, page: Page) -> None:
    visit.site.engine.will_say(Delta("Like this.", 2), Finish())
    page.get_by_role("button", name="Model: Tiny Llama").click()
    page.get_by_role("menuitemradio", name="Guide").click()
    page.get_by_role("button", name="How do I download a model?").click()
    expect(steps.answer(page)).to_have_text("Like this.")
    expect(page.locator("#talk .user-row")).to_have_text("How do I download a model?")
    expect(steps.numbers(page)).to_contain_text("Guide")
