"""Pages of the examples in Chromium, from tests that have a reactor's thread to themselves or not."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

from playwright.sync_api import sync_playwright

from support.chromium import launch

if TYPE_CHECKING:
    from collections.abc import Callable

    from playwright.sync_api import Browser, Page


def in_chromium(test: Callable[[Browser], None]) -> None:
    """Run *test* in a thread of its own, which is what Playwright's synchronous API wants."""

    def run() -> None:
        with sync_playwright() as playwright:
            browser = launch(playwright)
            test(browser)
            browser.close()

    with ThreadPoolExecutor(1) as thread:
        thread.submit(run).result()


def in_page(site: str, act: Callable[[Page], None], *, refusals: bool = False) -> None:
    """Open a page in Chromium, and see that it does not complain. refusals: Chromium may say that a server refused or was not there."""
    complaints: list[str] = []

    def look(browser: Browser) -> None:
        tab = browser.new_page()
        tab.on("console", lambda said: complaints.append(said.text) if said.type in ("error", "warning") else None)
        tab.on("pageerror", lambda error: complaints.append(f"an error that the page does not catch: {error}"))
        tab.route("**/favicon.ico", lambda route: route.fulfill(status=204))
        tab.goto(site)
        act(tab)

    in_chromium(look)
    assert [said for said in complaints if not (refusals and said.startswith("Failed to load resource"))] == []
