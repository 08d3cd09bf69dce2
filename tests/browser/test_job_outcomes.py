"""How a job's page shows what went wrong, what a person ended, and a log that is long."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import Page, expect
from support.pages import cancel_jobs, go, lines, start, state
from support.programs import Program, running

if TYPE_CHECKING:
    from collections.abc import Iterator

    from support.programs import Node

APPS = Path(__file__).parent / "apps"
TALKED = 9_000


@pytest.fixture(scope="module")
def crowd(node: Node) -> Iterator[None]:
    """A worker for `crowd`."""
    with running(Program("worker", "crowd:app", cwd=APPS, TASKBAHN_URL=node.websocket), " ready"):
        yield


def test_the_newest_failure_shows_while_a_job_waits_for_its_retry(page: Page) -> None:
    id = start(page, "pictures.broken", ["cat.gif"], {}, delay=1, retries=2, retry_backoff=600)
    go(page, f"#/jobs/{id}")
    failure = page.get_by_role("region", name="Attempt 1 failed")

    def is_shown() -> None:
        expect(failure).to_contain_text("cat.gif is no picture")
        expect(failure).to_contain_text(re.compile(r"The next attempt is due in \d+ min.*It may fail 3 times"))
        expect(failure.get_by_role("group", name="Traceback")).to_contain_text("ZeroDivisionError")
        expect(page.get_by_role("region", name="Error")).to_have_count(0)

    is_shown()  # live
    page.reload()
    is_shown()
    cancel_jobs(page, [id])
    expect(failure).to_have_count(0)


def test_the_list_says_why_a_job_waits_for_its_retry(page: Page) -> None:
    tag = "waits for its retry"
    go(page, f"#/jobs?q=tag:'{tag}'")
    id = start(page, "pictures.broken", ["cow.gif"], {}, delay=1, retries=2, retry_backoff=600, tags=[tag])
    cell = page.locator(f"tr[data-job='{id}'] .cell-progress")
    for _ in "live", "reloaded":
        expect(cell).to_contain_text(re.compile(r"due in .* · ValueError: cow.gif is no picture"))
        page.reload()
    cancel_jobs(page, [id])
    expect(cell).not_to_contain_text("cow.gif")


def test_a_failed_job_says_why_it_is_not_tried_again(page: Page) -> None:
    go(page, f"#/jobs/{start(page, 'pictures.broken', ['dog.gif'], {})}")
    expect(page.get_by_role("region", name="Error")).to_contain_text("Not tried again: it has no retries.")


def test_a_cancelled_job_says_by_whom_and_why_and_is_no_error(page: Page) -> None:
    id = start(page, "sleep.long", [], {})
    go(page, f"#/jobs/{id}")
    page.get_by_role("button", name="Cancel").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("Reason").fill("not needed any more")
    dialog.get_by_label("Your name").fill("Ada")
    dialog.get_by_role("button", name="Cancel the job").click()
    expect(state(page)).to_have_text("cancelled")
    ended = page.get_by_role("region", name="Cancelled")
    for _ in "live", "reloaded":
        expect(ended).to_contain_text("not needed any more")
        expect(ended).to_contain_text(re.compile("By Ada, (just now|\\d+ s ago)"))
        expect(ended.locator(".failure")).to_have_count(0)
        expect(page.get_by_role("region", name="Error")).to_have_count(0)
        page.reload()
    page.evaluate("localStorage.clear()")


def test_a_long_log_says_what_it_leaves_out_and_loads_it(page: Page, crowd: None) -> None:
    id = start(page, "crowd.talk", [TALKED], {})
    go(page, f"#/jobs/{id}")
    expect(state(page)).to_have_text("succeeded")
    count = page.locator(".log-head span.muted")
    expect(count).to_have_text(re.compile(r"^the newest 5,000 of 9,00\d lines$"))
    page.get_by_role("log").evaluate("log => log.scrollTo(0, 0)")
    page.get_by_role("button", name=re.compile(r"Load the first 4,00\d lines")).click()
    expect(count).to_have_text(re.compile(r"^9,00\d lines$"))
    page.get_by_role("searchbox", name="Find in the log").fill("word 0")
    expect(page.get_by_role("log")).to_contain_text("word 0")
    assert lines(page) == ["word 0"]
