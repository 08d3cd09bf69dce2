"""A million jobs in the store: the list of jobs appears at once, scrolls smoothly, and finds what is rare."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import Browser, Locator, Page, expect
from support import million
from support.frames import SMOOTH, frames_a_second, slowness, work_each_frame
from support.pages import go
from support.programs import Node, running_node

if TYPE_CHECKING:
    from collections.abc import Iterator

AT_ONCE = 3.0  # seconds until the first rows are there, with the page loaded again
STEP = 100  # pixels in a frame: 150 rows a second


@pytest.fixture(scope="module")
def stocked(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Node]:
    """A node with a million jobs that have ended."""
    folder = tmp_path_factory.mktemp("million")
    million.fill(folder / "data")
    with running_node(folder) as node:
        yield node


@pytest.fixture
def origin(stocked: Node) -> str:
    """The address of that node, in place of the one that all tests share."""
    return f"http://127.0.0.1:{stocked.port}"


def rows(page: Page) -> Locator:
    return page.locator("tbody tr[data-job]")


@pytest.mark.alone
@pytest.mark.timeout(150)  # a million jobs are made, and a node is started with them
def test_a_million_jobs_are_shown_scrolled_through_and_asked(page: Page, chromium: Browser, origin: str) -> None:
    page.goto(f"{origin}/#/jobs")
    page.reload()
    began = time.monotonic()
    expect(rows(page).first).to_be_visible()
    taken = time.monotonic() - began
    expect(page.get_by_text(f"{million.MANY:,} jobs").or_(page.get_by_text("more than 100 jobs"))).to_be_visible()
    expect(page.locator(".rows")).to_have_attribute("aria-rowcount", "101")  # with the head

    [frames] = frames_a_second([page], 4, STEP)
    work = work_each_frame(page, 4, STEP)
    empty = chromium.new_page()
    slow = slowness(empty)
    empty.context.close()
    print(f"first rows after {taken:.2f} s; scrolled: {frames} frames in each second, {work * 1000:.1f} ms of work for one")
    assert taken < AT_ONCE
    assert work < SMOOTH * slow
    expect(page.locator(".rows")).not_to_have_attribute("aria-rowcount", "101")  # older ones were fetched on the way
    assert page.locator("tbody tr").count() < 60

    go(page, "#/jobs?q=state:failed")
    expect(page.get_by_text(f"{million.MANY // million.FAILED_EACH:,} jobs").or_(page.get_by_text("more than"))).to_be_visible()
    expect(rows(page).first.get_by_text("failed", exact=True)).to_be_visible()
    expect(rows(page).first).to_contain_text("ValueError: no picture")

    go(page, f"#/jobs?q=tag:{million.TAG}")
    expect(page.get_by_text("Looking for jobs …")).to_be_visible()
    expect(page.get_by_role("heading", name="No such jobs")).to_have_count(0)
    expect(rows(page)).to_have_count(1, timeout=30_000)
    expect(rows(page).get_by_role("link", name=million.TAG)).to_be_visible()
    expect(page.get_by_text("Looking for")).to_have_count(0, timeout=30_000)
    expect(page.get_by_text("1 job", exact=True)).to_be_visible()
