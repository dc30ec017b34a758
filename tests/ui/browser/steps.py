"""What people do on the page, in their own words."""

from playwright.sync_api import Locator, Page, expect


def say(page: Page, text: str) -> None:
    """Write a message and send it."""
    box(page).fill(text)
    box(page).press("Enter")


def box(page: Page) -> Locator:
    """Where messages are written."""
    return page.get_by_label("Your message")


def answer(page: Page) -> Locator:
    """The newest answer's text."""
    return page.locator("#talk .bot-row .md").last


def numbers(page: Page) -> Locator:
    """The small line below the newest answer."""
    return page.locator(".hearth-numbers").last


def stop_button(page: Page) -> Locator:
    """Stop, while an answer is written."""
    return page.get_by_role("button", name="Stop", exact=True)


def send_button(page: Page) -> Locator:
    """Send, while none is written."""
    return page.get_by_role("button", name="Send", exact=True)


def chats(page: Page) -> Locator:
    """The titles in the list of chats."""
    return page.locator(".hearth-row-title span")


def wait_until_over(page: Page) -> None:
    """Until the message was taken, and nothing is being written any more."""
    expect(box(page)).to_have_value("")
    expect(send_button(page)).to_be_visible()
