"""The page of the audit: rows come as things are done, its line finds them, and the page of a job has what was done to it."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import Page, expect
from support.pages import cancel_jobs, go, start

from taskbahn import Taskbahn
from taskbahn.protocol import messages

if TYPE_CHECKING:
    from collections.abc import Iterator

    from support.programs import Node

NAME = "Ada\u202e <b>Lovelace</b>"


@pytest.fixture(scope="module")
def app(node: Node) -> Iterator[Taskbahn]:
    with Taskbahn(node.websocket) as app:
        yield app


def test_a_row_comes_when_something_is_done_and_is_found_again(page: Page, app: Taskbahn) -> None:
    go(page, "#/audit?q=audited")
    expect(page.get_by_role("status").last).to_have_text("No entry is like that.")
    job = start(page, "sleep.long", [], {}, delay=900)
    app.client.ask(messages.JOB_CANCEL, [job], reason="audited \x07 bell", who=NAME).get()
    row = page.locator(".audit tbody tr")
    expect(row).to_have_count(1)
    expect(row).to_contain_text("Ada� <b>Lovelace</b>")
    expect(row.locator(".audit-reason")).to_have_text("audited ␇ bell")
    expect(row.locator(".cell-effect")).to_have_text("cancelled")
    app.client.ask(messages.JOB_CANCEL, [job], reason="audited again", who=NAME).get()
    expect(row).to_have_count(2)
    expect(row.first.locator(".cell-effect")).to_have_text("nothing: it is cancelled")
    page.get_by_label("What was done").select_option("retry")
    expect(page.get_by_role("status").last).to_have_text("No entry is like that.")
    page.get_by_label("What was done").select_option("cancel")
    page.get_by_label("Who did it").fill("Ada*")
    expect(page).to_have_url(re.compile(r"who=Ada"))
    expect(row).to_have_count(2)
    row.last.get_by_role("link").click()
    expect(page).to_have_url(re.compile(job))
    notes = page.locator(".audit-notes li")
    expect(notes).to_have_count(2)
    expect(notes.last).to_contain_text("cancel by Ada� <b>Lovelace</b>")
    page.get_by_role("button", name="Retry").click()
    expect(notes).to_have_count(3)
    expect(notes.first).to_contain_text("retry by the dashboard")
    cancel_jobs(page, [job])
    expect(notes).to_have_count(4)


def test_one_who_only_looks_has_no_page_of_the_audit(page: Page, node: Node) -> None:
    page.goto(f"http://127.0.0.1:{node.port}/view/#/jobs")
    expect(page.get_by_role("link", name="Jobs")).to_be_visible()
    expect(page.get_by_role("link", name="Audit")).to_have_count(0)
