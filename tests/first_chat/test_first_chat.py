"""The first five minutes, as a newcomer lives them, in a real Chromium with nothing but the Guide."""

from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, ViewportSize, expect

from tests.chromium import chromium
from tests.commands.hearth import PASSWORD
from tests.ui.browser.steps import answer, box, say, wait_until_over

PATIENCE_MS = 60_000
WIDE: ViewportSize = {"width": 1280, "height": 800}
PHONE: ViewportSize = {"width": 390, "height": 844}


def set_up(page: Page, address: str) -> None:
    """Open Hearth for the first time and make the first account."""
    page.goto(address)
    expect(page).to_have_url(f"{address}/set-up")
    page.get_by_label("Setup token").fill("wrong")
    page.get_by_label("Name").fill("Ann")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Make my account").click()
    expect(page.get_by_role("alert")).to_be_visible()
    expect(page.get_by_label("Name")).to_have_value("Ann")
    page.get_by_label("Setup token").fill("let-me-in")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Make my account").click()


def first_chat(browser: Browser, address: str, screenshots: Path) -> None:
    """From an empty browser to an answer that is still there on the phone."""
    context = browser.new_context(viewport=WIDE)
    context.set_default_timeout(PATIENCE_MS)
    page = context.new_page()
    set_up(page, address)
    page.wait_for_selector("body.hearth-ready")
    say(page, "How do I download a model?")
    expect(answer(page)).to_contain_text("GGUF")
    expect(answer(page)).to_contain_text("models folder")
    wait_until_over(page)
    whole = answer(page).inner_text()
    page.screenshot(path=screenshots / "wide.png")
    page.reload()
    expect(answer(page)).to_have_text(whole)
    say(page, "Which model fits into 8 GB of RAM?")
    expect(page.get_by_text("Which model fits into 8 GB of RAM?")).to_be_visible()
    chat = page.url
    page.close()
    phone = context.new_page()
    phone.set_viewport_size(PHONE)
    phone.goto(chat)
    phone.wait_for_selector("body.hearth-ready")
    expect(answer(phone)).to_contain_text("Llama 3.2 3B Instruct")
    wait_until_over(phone)
    phone.screenshot(path=screenshots / "phone.png")
    assert phone.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
    assert box(phone).is_visible()
    context.close()


@pytest.mark.browser
def test_a_newcomer_gets_a_right_answer_and_finds_it_again(address: str, screenshots: Path) -> None:
    expect.set_options(timeout=PATIENCE_MS)
    with chromium() as browser:
        first_chat(browser, address, screenshots)
    assert {file.name for file in screenshots.iterdir()} == {"wide.png", "phone.png"}
