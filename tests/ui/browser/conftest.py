"""One browser for all tests here; a new person with an empty page for each.

Of the scope of this package, since Playwright's event loop would be in the way of the async tests elsewhere.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect, sync_playwright

from tests.ui.site import Site

CHROMIUM = Path("/usr/bin/chromium")
QUIET = ("--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update")
PATIENCE_MS = 20_000
NUMBERS = count(1)


@dataclass
class Visit:
    """A person in front of a browser. What the browser complains of or asks others for is collected."""

    site: Site
    context: BrowserContext
    name: str
    complaints: list[str] = field(default_factory=list)

    @property
    def person_id(self) -> str:
        """The person's id."""
        return self.site.person_id(self.name)

    def open(self, address: str = "/", url: str = "") -> Page:
        """Another tab with a page of Hearth, ready for use."""
        page = self.context.new_page()
        page.on("console", lambda said: self.complaints.append(said.text) if said.type == "error" else None)
        page.on("pageerror", lambda error: self.complaints.append(str(error)))
        page.on("request", lambda request: self._check_host(request.url, url or self.site.url))
        page.goto((url or self.site.url) + address)
        page.wait_for_selector("body.hearth-ready", timeout=PATIENCE_MS)
        return page

    def _check_host(self, asked: str, home: str) -> None:
        if not asked.startswith((home, "data:", "blob:")):
            self.complaints.append(f"asked for {asked}")


@pytest.fixture(scope="package")
def browser() -> Iterator[Browser]:
    """A real Chromium: the system's where there is one, else Playwright's own."""
    with sync_playwright() as playwright:
        path = CHROMIUM if CHROMIUM.exists() else None
        browser = playwright.chromium.launch(executable_path=path, args=QUIET)
        yield browser
        browser.close()


@pytest.fixture
def visit_with(site: Site, browser: Browser) -> Iterator[Callable[..., Visit]]:
    """Makes visits, with options for the browser such as `locale`. None may end with a complaint."""
    expect.set_options(timeout=PATIENCE_MS)
    visits: list[Visit] = []

    def make(**options: object) -> Visit:
        name = f"Anna {next(NUMBERS)}"
        context = browser.new_context(**options)  # type: ignore[arg-type]
        context.set_default_timeout(PATIENCE_MS)
        context.add_cookies([{"name": "hearth", "value": site.sign_in(name), "url": site.url}])
        visits.append(Visit(site, context, name))
        return visits[-1]

    yield make
    for visit in visits:
        visit.context.close()
        assert visit.complaints == []


@pytest.fixture
def visit(visit_with: Callable[..., Visit]) -> Visit:
    """Somebody new, on a wide screen."""
    return visit_with(viewport={"width": 1280, "height": 800})


@pytest.fixture
def page(visit: Visit) -> Page:
    """Their page, with an empty chat."""
    return visit.open()
