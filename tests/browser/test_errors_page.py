"""What a person does on the pages Errors, Queues and Settings, and what `/view/` keeps from those who may only look."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from playwright.sync_api import Locator, Page, expect
from support.pages import go, start_jobs

if TYPE_CHECKING:
    from pathlib import Path

    from support.programs import Node

ATTEMPTS = """async ids => {
    const { connect } = await import("/taskbahn.js");
    const bahn = await connect();
    const jobs = await Promise.all(ids.map((id) => bahn.ask("taskbahn.job.get", [id])));
    bahn.close();
    return jobs.map(({ attempt }) => attempt);
}"""


def group(page: Page, message: str) -> Locator:
    """The jobs that failed with such a message."""
    return page.locator(".group").filter(has_text=message)


def test_a_fingerprint_in_the_search_leads_to_its_jobs(page: Page) -> None:
    ids = start_jobs(page, ("pictures.broken", ["searched.gif"], {}))
    go(page, f"#/jobs/{ids[0]}")
    expect(page.locator(".headline").get_by_role("status")).to_have_text("failed")
    go(page, "#/errors")
    fingerprint = page.locator(".group code").first.inner_text()
    page.get_by_role("combobox", name="Search jobs, tasks, pages").fill(fingerprint)
    page.keyboard.press("Enter")  # before or after the answer
    expect(page).to_have_url(re.compile(rf"#/jobs\?q=state%3Afailed\+error%3A{fingerprint}$"))


def test_jobs_that_failed_alike_are_one_line_and_retried_as_one(page: Page, tmp_path: Path) -> None:
    go(page, "#/errors")
    expect(page.get_by_role("heading", name=re.compile("Errors|No job has failed")).first).to_be_visible()
    ids = start_jobs(page, *[("pictures.broken", [f"reel{number}.gif"], {}) for number in range(3)])
    reels = group(page, "reel")
    expect(reels).to_contain_text(re.compile(r"ValueError\s*reel\d\.gif is no picture"))
    expect(reels).to_contain_text(re.compile("newest (just now|\\d+ s ago)"))
    expect(reels.get_by_role("link", name="3 jobs failed")).to_be_visible()
    page.screenshot(path=tmp_path / "errors.png")

    dialog = page.get_by_role("dialog")
    page.keyboard.press("j")
    expect(page.locator(".group").first.get_by_role("link").first).to_be_focused()
    page.keyboard.press("r")
    expect(dialog.get_by_role("heading")).to_have_text(re.compile(r"^Retry [\d,]+ jobs?\?$"))
    page.keyboard.press("Escape")
    expect(dialog).to_have_count(0)
    reels.get_by_role("button", name=re.compile("^Retry all: ValueError in pictures.broken")).click()
    expect(dialog.get_by_role("heading")).to_have_text("Retry 3 jobs?")
    expect(dialog).to_contain_text("pictures.broken")
    page.screenshot(path=tmp_path / "asks.png")
    dialog.get_by_role("button", name="Retry 3 jobs").click()
    expect(dialog.get_by_role("heading")).to_have_text("3 jobs accepted again")
    dialog.get_by_role("button", name="Close").click()
    expect(dialog).to_have_count(0)
    expect(reels.get_by_role("link", name="3 jobs failed")).to_be_visible()  # they failed again

    reels.get_by_role("link", name="Show the jobs").click()
    expect(page).to_have_url(re.compile(r"#/jobs\?q=state%3Afailed\+error%3A[0-9a-f]{12}$"))
    expect(page.get_by_role("link", name=re.compile("pictures.broken")).first).to_be_visible()
    page.wait_for_function(f"async ids => (await ({ATTEMPTS})(ids)).every((attempt) => attempt === 2)", arg=ids, polling=500)


def test_settings_say_where_each_value_comes_from(page: Page, node: Node) -> None:
    go(page, "#/settings")
    port = page.get_by_role("row", name=re.compile(r"^node\.port"))
    expect(port.get_by_role("cell")).to_have_text([str(node.port), "command line", re.compile("taskbahn up --port")])
    journal = page.get_by_role("row", name=re.compile(r"^store\.journal"))
    expect(journal.get_by_role("cell")).to_have_text(["WAL", "default", "fixed"])
    expect(page.get_by_role("region", name="This node")).to_contain_text(re.compile(r"crossbar\s*\d+\.\d+"))


def test_queues_lead_to_their_jobs(page: Page) -> None:
    start_jobs(page, ("numbers.add", [1], {}), delay=3600)
    go(page, "#/queues")
    default = page.get_by_role("row", name=re.compile("^default "))
    expect(default.get_by_role("cell").nth(1)).to_have_text(re.compile(r"^[1-9]\d*$"))
    default.get_by_role("cell").nth(1).get_by_role("link").click()
    expect(page).to_have_url(re.compile(r"#/jobs\?q=state%3Awaiting\+queue%3Adefault$"))
    expect(page.get_by_role("link", name=re.compile("numbers.add")).first).to_be_visible()


def test_a_read_only_page_shows_what_is_wrong_and_offers_no_action(page: Page, origin: str) -> None:
    start_jobs(page, ("pictures.broken", ["seen.gif"], {}))
    page.goto(f"{origin}/view/#/errors")
    expect(page.get_by_text("Live", exact=True)).to_be_visible()
    expect(page.get_by_text("Read-only", exact=True)).to_be_visible()
    expect(group(page, "seen.gif")).to_be_visible()
    expect(page.get_by_role("button", name=re.compile("Retry"))).to_have_count(0)
    page.get_by_role("link", name=re.compile("^Overview")).click()
    expect(page.get_by_role("region", name="Failed last")).to_contain_text("pictures.broken")
