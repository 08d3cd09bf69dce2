"""Names with blanks, quotes and stars: every link and every action finds the jobs of that name, and no others."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import Locator, Page, expect
from support.pages import cancel_jobs, go, start, start_many
from support.populated_node import APPS
from support.programs import Program, running

if TYPE_CHECKING:
    from collections.abc import Iterator

    from support.programs import Node

QUEUE, WORKER = "odd 'lane'", "odd * one"
LIKE_QUEUE, LIKE_WORKER = "odd", "odd other one"


@pytest.fixture(scope="module", autouse=True)
def workers(node: Node) -> Iterator[None]:
    """Two workers, each of its own queue; the name of the one, as a pattern, is the other's as well."""
    apart = [("--name", WORKER, "--queues", QUEUE), ("--name", LIKE_WORKER, "--queues", LIKE_QUEUE)]
    first, second = (Program("worker", "browser_tasks:app", *words, cwd=APPS, TASKBAHN_URL=node.websocket) for words in apart)
    with running(first, " ready"), running(second, " ready"):
        yield


def shown(page: Page) -> Locator:
    return page.locator("tbody tr[data-job]")


def only(page: Page, id: str) -> None:
    expect(shown(page)).to_have_count(1)
    expect(shown(page)).to_have_attribute("data-job", id)


def test_every_link_to_a_name_finds_its_jobs_alone(page: Page) -> None:
    id = start(page, "numbers.add", [1], {}, queue=QUEUE, tags=["odd nightly * weird"])
    start(page, "numbers.add", [1], {}, queue=LIKE_QUEUE, tags=["odd", "odd nightly and so weird"])
    go(page, f"#/jobs/{id}")
    expect(page.locator(".headline").get_by_role("status")).to_have_text("succeeded")
    for name in (QUEUE, "odd nightly * weird"):
        go(page, f"#/jobs/{id}")
        page.get_by_role("link", name=name, exact=True).click()
        only(page, id)
    page.get_by_role("link", name="odd nightly * weird").click()  # that of the row
    only(page, id)

    go(page, "#/queues")
    page.get_by_role("link", name=QUEUE, exact=True).click()
    only(page, id)
    go(page, "#/workers")
    page.get_by_role("link", name=WORKER, exact=True).click()
    expect(page.get_by_role("heading", name=WORKER)).to_be_visible()
    expect(page.get_by_role("table", name=f"What {WORKER} ran last").get_by_role("row")).to_have_count(2)  # with the head
    page.get_by_role("link", name="Its jobs").click()
    only(page, id)
    expect(page.get_by_role("combobox", name="Filter the jobs")).to_have_value("worker:'odd * one'")


def test_a_bulk_action_reaches_the_jobs_of_a_name_alone(page: Page) -> None:
    tags = ["odd bulk", "odd", "odd bulk and more"]
    ids = start_many(page, [["numbers.add", [1], {}, {"tags": [tag], "delay": 600}] for tag in tags])
    go(page, "#/jobs?q=tag:odd*")
    page.get_by_role("link", name="odd bulk", exact=True).click()
    only(page, ids[0])
    page.locator("summary", has_text="All that match").click()
    page.get_by_role("button", name="Cancel all").click()
    dialog = page.get_by_role("dialog")
    expect(dialog.get_by_role("heading")).to_have_text("Cancel 1 job?")
    dialog.get_by_label("Reason").fill("sent twice")
    dialog.get_by_label("Your name").fill("Ada")
    dialog.get_by_role("button", name=re.compile("^Cancel 1 job")).click()
    dialog.get_by_role("button", name="Close").click()
    expect(page.locator("tbody .cell-state")).to_have_text(["cancelled"])
    go(page, f"#/jobs/{ids[0]}")
    expect(page.locator(".job")).to_contain_text("sent twice")
    expect(page.locator(".job")).to_contain_text("Ada")
    go(page, "#/jobs?q=tag:odd* state:waiting")
    expect(shown(page)).to_have_count(2)
    cancel_jobs(page, ids[1:])


def test_characters_that_turn_the_text_around_them_are_seen(page: Page) -> None:
    tag = "odd \u202egnp\u2066"
    id = start(page, "numbers.add", [1], {}, tags=[tag])
    go(page, "#/jobs?q=tag:odd*gnp*")
    only(page, id)
    seen = page.get_by_role("link", name="odd \ufffdgnp\ufffd")
    expect(page.locator("tbody .cell-tags")).to_have_attribute("title", "odd \ufffdgnp\ufffd")
    seen.click()  # and the link leads to the tag as it is
    only(page, id)
    expect(page.get_by_role("combobox", name="Filter the jobs")).to_have_value(f"tag:'{tag}'")


def test_the_bar_offers_names_with_blanks_in_quotes(page: Page) -> None:
    go(page, "#/jobs")
    bar = page.get_by_role("combobox", name="Filter the jobs")
    bar.press_sequentially("worker:odd")
    page.get_by_role("option", name=re.compile(r"odd \* one")).click()
    expect(bar).to_have_value("worker:'odd * one' ")
    bar.press("Enter")
    expect(page).to_have_url(re.compile(r"q=worker%3A%27odd\+\*\+one%27$"))
