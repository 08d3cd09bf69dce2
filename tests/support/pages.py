"""What tests of the page do and look at again and again."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from playwright.sync_api import Locator, Page

START = """async calls => {
    const { connect } = await import("/taskbahn.js");
    const bahn = await connect();
    const jobs = await Promise.all(calls.map(([task, args, kwargs, options]) => bahn.start(task, args, kwargs, options)));
    bahn.close();
    return jobs.map(({ id }) => id);
}"""

CANCEL = """async ids => {
    const { connect } = await import("/taskbahn.js");
    const bahn = await connect();
    await bahn.cancel(ids);
    bahn.close();
}"""


def start(page: Page, task: str, args: list[Any], kwargs: dict[str, Any], **options: Any) -> str:
    """Start a job as another client would; return its id."""
    return start_many(page, [[task, args, kwargs, options]])[0]


def start_many(page: Page, calls: list[list[Any]]) -> list[str]:
    """Start jobs, each given as task, args, kwargs, options; return their ids."""
    ids: list[str] = page.evaluate(START, calls)
    return ids


def start_jobs(page: Page, *calls: tuple[str, list[Any], dict[str, Any]], **options: Any) -> list[str]:
    """Start jobs as another client would, each with these options; return their ids."""
    return start_many(page, [[*call, options] for call in calls])


def cancel_jobs(page: Page, ids: list[str]) -> None:
    """Cancel jobs as another client would."""
    page.evaluate(CANCEL, ids)


def go(page: Page, place: str) -> None:
    """Go to a place of the page, as a link does."""
    page.evaluate("place => { location.hash = place }", place)


def form_of(page: Page, task: str) -> Locator:
    """Return the form of a task's page.  Labels are looked for in it: the page before may have the same ones, and is there a moment longer."""
    return page.get_by_role("form", name=f"Arguments of {task}")


def state(page: Page) -> Locator:
    """Return the state at the head of a job's page."""
    return page.locator(".headline").get_by_role("status")


def lines(page: Page) -> list[str]:
    """Return the log as a job's page shows it."""
    return page.get_by_role("log").locator(".line span").all_inner_texts()


OVERLAPS = """part => {
    const texts = [];
    const walker = document.createTreeWalker(part, NodeFilter.SHOW_TEXT);
    while (walker.nextNode()) {
        const range = document.createRange();
        range.selectNodeContents(walker.currentNode);
        for (const { left, right, top, bottom } of range.getClientRects()) {
            if (right > left) texts.push({ text: walker.currentNode.data.trim(), left, right, top, bottom });
        }
    }
    const common = (a, b, low, high) => Math.min(a[high], b[high]) - Math.max(a[low], b[low]);
    const overlap = (a, b) => common(a, b, "left", "right") > 1 && common(a, b, "top", "bottom") > 1;
    return texts.flatMap((a, index) => texts.slice(index + 1).filter(b => overlap(a, b)).map(b => [a.text, b.text]));
}"""


def overlaps(part: Locator) -> list[list[str]]:
    """Return the pairs of texts in a part of the page whose boxes overlap."""
    pairs: list[list[str]] = part.evaluate(OVERLAPS)
    return pairs
