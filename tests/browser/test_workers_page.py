"""The pages of the workers: what each does now, and draining one."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import Locator, Page, expect
from support.pages import go, start, state
from support.populated_node import APPS
from support.programs import Program, running

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from support.programs import Node


@pytest.fixture(scope="module", autouse=True)
def aside(node: Node) -> Iterator[Program]:
    """A worker of its own queue, with three slots."""
    words = ("browser_tasks:app", "--name", "aside", "--queues", "aside", "--slots", "3")
    with running(Program("worker", *words, cwd=APPS, TASKBAHN_URL=node.websocket), " ready") as program:
        yield program


def card(page: Page) -> Locator:
    return page.locator(".worker").filter(has=page.get_by_role("heading", name="aside"))


def cancel(page: Page, id: str) -> None:
    go(page, f"#/jobs/{id}")
    page.get_by_role("button", name="Cancel").click()
    page.get_by_role("dialog").get_by_role("button", name="Cancel the job").click()
    expect(state(page)).to_have_text("cancelled")


def test_a_worker_shows_what_it_does_and_is_drained_and_taken_back(page: Page) -> None:
    go(page, "#/workers")
    expect(card(page)).to_contain_text("0 of 3 slots")
    first = start(page, "sleep.long", [], {}, queue="aside")
    expect(card(page)).to_contain_text("1 of 3 slots")
    expect(card(page).get_by_role("img", name="1 of 3 in use")).to_be_visible()
    jobs = card(page).get_by_role("list", name="What aside runs")
    expect(jobs.get_by_role("link", name="sleep.long")).to_have_attribute("href", f"#/jobs/{first}")
    expect(card(page)).to_contain_text(re.compile(r"Memory\s*\d+(\.\d)? MB"))
    expect(card(page)).to_contain_text(re.compile(r"Python 3\.\d+"))

    card(page).get_by_role("button", name="Drain aside").click()
    dialog = page.get_by_role("dialog", name="Drain aside?")
    expect(dialog).to_contain_text("It gets no new jobs and stays attached. The one that it runs may finish.")
    page.keyboard.press("Escape")
    expect(dialog).to_have_count(0)
    expect(card(page).get_by_role("button", name="Drain aside")).to_be_focused()
    page.keyboard.press("Enter")
    dialog.get_by_role("button", name="Drain").click()
    expect(page.get_by_text("aside takes no new jobs; 1 job still runs.")).to_be_visible()
    expect(card(page)).to_contain_text("drained")
    second = start(page, "sleep.long", [], {}, queue="aside")
    go(page, f"#/jobs/{second}")
    expect(state(page)).to_have_text("ready")

    go(page, "#/workers/aside")
    expect(page.get_by_role("heading", level=1)).to_contain_text("drained")
    page.get_by_role("button", name="Take jobs again aside").click()
    page.get_by_role("dialog").get_by_role("button", name="Take jobs again").click()
    expect(page.get_by_text("aside takes jobs again.")).to_be_visible()
    expect(page.get_by_role("table", name="What aside runs").get_by_role("link", name="sleep.long")).to_have_count(2)
    expect(page.get_by_role("link", name="Its jobs")).to_have_attribute("href", "#/jobs?q=worker%3Aaside")
    for id in (first, second):
        cancel(page, id)


def test_the_pages_of_workers_are_walked_with_the_keyboard(page: Page) -> None:
    go(page, "#/workers")
    expect(card(page)).to_be_visible()
    page.keyboard.press("j")
    expect(page.locator(".worker h2 a").first).to_be_focused()
    page.keyboard.press("k")
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile(r"#/workers/.+"))
    page.get_by_role("link", name="← Workers").or_(page.locator(".crumbs a")).first.click()
    expect(page.get_by_role("heading", name="Workers")).to_be_visible()


def test_a_worker_that_is_not_attached_is_said_to_be_away(page: Page) -> None:
    go(page, "#/workers/unknown")
    expect(page.get_by_role("heading", name="Worker unknown is not attached")).to_be_visible()
    expect(page.get_by_role("link", name="in the list of jobs")).to_have_attribute("href", "#/jobs?q=worker%3Aunknown")


def test_who_only_looks_sees_workers_and_tasks_but_no_actions(page: Page, node: Node) -> None:
    page.goto(f"http://127.0.0.1:{node.port}/view/#/workers")
    expect(card(page)).to_contain_text("of 3 slots")
    expect(page.get_by_role("button", name="Drain")).to_have_count(0)
    go(page, "#/tasks/numbers.add")
    expect(page.get_by_role("heading", name="Takes and gives")).to_be_visible()
    expect(page.get_by_role("heading", name="Start a job")).to_have_count(0)


def test_a_worker_with_a_blocked_loop_shows_what_blocks_it_and_where(page: Page, tmp_path: Path) -> None:
    release = tmp_path / "release"
    go(page, "#/workers")
    job = start(page, "loop.hold", [str(release)], {}, queue="aside")
    try:
        expect(card(page).get_by_text("blocked", exact=True)).to_be_visible()
        where = re.compile(r"loop\.hold blocks its event loop at .*browser_tasks\.py:\d+ \(hold_loop\) for \d")
        expect(card(page).get_by_role("alert")).to_contain_text(where)
        expect(card(page).get_by_role("alert").get_by_role("link")).to_have_attribute("href", f"#/jobs/{job}")
        go(page, "#/workers/aside")
        expect(page.get_by_role("heading", level=1)).to_contain_text("blocked")
        go(page, "#/")
        expect(page.get_by_text(re.compile(r"A job of loop\.hold blocks the event loop of the worker aside"))).to_be_visible()
        go(page, f"#/jobs/{job}")
        expect(page.get_by_role("alert")).to_contain_text(re.compile(r"It blocks the worker's event loop at .*\(hold_loop\)"))
    finally:
        release.touch()
    expect(state(page)).to_have_text("succeeded")
    expect(page.get_by_role("alert")).to_have_count(0)
    go(page, "#/workers/aside")
    expect(page.get_by_role("heading", level=1)).not_to_contain_text("blocked")
