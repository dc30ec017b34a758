"""What the page shows of a chat that is longer than the model's memory, and of what a model thinks aloud."""

import pytest
from playwright.sync_api import Page, expect

from app.engine.events import Delta
from app.store import messages, replies, summaries
from app.store.tables import ReplyTable
from tests.scripted_engine import Finish, Gate
from tests.ui.browser import steps
from tests.ui.browser.conftest import Visit

pytestmark = pytest.mark.browser


def long_chat(visit: Visit, summary: str = "", num_messages: int = 10) -> str:
    """A chat of which the newest answer was written without messages 2 to 7; returns its id."""
    parts = visit.site.parts
    chat_id = parts.chats.create(visit.person_id, "Long").id
    visit.site.add_messages(visit.person_id, chat_id, num_messages)
    with parts.database.transaction() as session:
        rows = messages.of_chat(session, chat_id)
        reply = ReplyTable(chat_id=chat_id, message_id=rows[-1].id, model="tiny-llama", status="finished")
        reply.cut_after_id, reply.cut_until_id = rows[1].id, rows[7].id
        if summary:
            reply.summary_id = summaries.add(
                session, chat_id=chat_id, after_id=None, until_id=rows[7].id, text=summary, model="tiny-llama"
            ).id
        replies.add(session, reply)
    return chat_id


def test_what_the_model_does_not_read_any_more_is_marked_where_it_ends(visit: Visit) -> None:
    page = visit.open(f"/?c={long_chat(visit)}")
    rows = page.locator("#talk .message-row")
    expect(rows).to_have_count(10)
    expect(page.locator(".hearth-cut")).to_have_count(1)
    expect(rows.nth(7).locator(".hearth-cut")).to_contain_text("6 earlier messages are not read any more")
    expect(page.locator("#talk .hearth-unread")).to_have_count(6)
    expect(page.locator(".hearth-cut details")).to_have_count(0)


def test_a_summary_is_folded_below_the_mark(visit: Visit) -> None:
    page = visit.open(f"/?c={long_chat(visit, 'You like <b>llamas</b>.')}")
    cut = page.locator(".hearth-cut")
    expect(cut).to_contain_text("6 earlier messages are summarised")
    expect(cut.get_by_text("You like")).to_be_hidden()
    cut.get_by_text("Summary", exact=True).click()
    expect(cut.get_by_text("You like <b>llamas</b>.")).to_be_visible()


def test_the_mark_stands_on_top_when_what_is_left_out_is_not_loaded(visit: Visit) -> None:
    page = visit.open(f"/?c={long_chat(visit, num_messages=80)}")
    expect(page.locator(".message-wrap > .hearth-cut")).to_contain_text("6 earlier messages")
    page.get_by_role("button", name="Show earlier messages").click()
    expect(page.locator("#talk .message-row").nth(7).locator(".hearth-cut")).to_have_count(1)
    expect(page.locator(".hearth-cut")).to_have_count(1)


def test_the_mark_goes_with_its_chat(visit: Visit) -> None:
    page = visit.open(f"/?c={long_chat(visit)}")
    expect(page.locator(".hearth-cut")).to_have_count(1)
    page.get_by_role("button", name="New chat").click()
    visit.site.engine.will_say(Delta("Hello.", 2), Finish())
    steps.say(page, "Hello")
    steps.wait_until_over(page)
    expect(page.locator(".hearth-cut")).to_have_count(0)
    expect(page.locator(".hearth-unread")).to_have_count(0)


def test_thoughts_are_folded_and_stay_open_while_they_grow(visit: Visit, page: Page) -> None:
    gates = [Gate(), Gate(), Gate()]
    visit.site.engine.will_say(
        Delta("<think>\nFirst, ```", 4),
        gates[0],
        Delta(" then *more*", 3),
        gates[1],
        Delta("</think>\n\nThe **answer**", 4),
        gates[2],
        Delta(".", 1),
        Finish(),
    )
    steps.say(page, "Hello")
    thoughts = page.locator(".hearth-reasoning")
    expect(thoughts.locator("summary")).to_have_text("Thinking …")
    expect(thoughts.locator("p")).to_be_hidden()
    thoughts.locator("summary").click()
    expect(thoughts.locator("p")).to_be_visible()
    gates[0].open.set()
    expect(thoughts.locator("p")).to_have_text("First, ``` then *more*")
    expect(thoughts.locator("p")).to_be_visible()
    gates[1].open.set()
    expect(thoughts.locator("summary")).to_have_text("Thoughts")
    expect(steps.answer(page).locator("strong")).to_have_text("answer")
    expect(thoughts.locator("p")).to_be_visible()
    gates[2].open.set()
    steps.wait_until_over(page)
    expect(thoughts.locator("p")).to_be_visible()
    page.reload()
    expect(thoughts.locator("summary")).to_have_text("Thoughts")
    expect(thoughts.locator("p")).to_be_hidden()
    expect(steps.answer(page)).to_contain_text("The answer.")


def test_an_answer_that_filled_the_context_says_so(visit: Visit, page: Page) -> None:
    visit.site.engine.will_say(Delta("On and on", 3), Finish("context"))
    steps.say(page, "Hello")
    steps.wait_until_over(page)
    expect(steps.numbers(page)).to_contain_text("cut off: the chat fills the model's memory")
