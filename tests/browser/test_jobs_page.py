"""What a person does on the page of all jobs."""

from __future__ import annotations

import re
import uuid
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import Locator, Page, expect
from support.pages import cancel_jobs, go, start, start_many

if TYPE_CHECKING:
    from pathlib import Path


SCROLL_DOWN = """text => {
    scrollTo(0, 1e6); // more comes in each time
    return document.querySelector(".list-head p").textContent === text;
}"""


@pytest.fixture
def tag() -> str:
    """A tag that no other test's jobs have."""
    return f"t:{uuid.uuid4().hex[:12]}"


def rows(page: Page) -> Locator:
    return page.locator("tbody tr")


def states(page: Page) -> Locator:
    return page.locator("tbody .cell-state")


def bar(page: Page) -> Locator:
    return page.get_by_role("combobox", name="Filter the jobs")


def test_the_list_is_live_and_asked_for_in_the_query_bar(page: Page, tag: str, gate: Path, tmp_path: Path) -> None:
    go(page, f"#/jobs?q=tag:{tag}")
    expect(page.get_by_role("heading", name="No such jobs")).to_be_visible()
    start(page, "numbers.count", [], {"to": 25, "held": str(gate)}, tags=[tag])
    expect(rows(page)).to_have_count(1)
    row = page.get_by_role("row", name=re.compile("numbers.count"))
    expect(row).to_contain_text(re.compile(r"[1-9]\d %"))
    expect(row.get_by_role("link", name=tag)).to_be_visible()
    gate.touch()
    expect(row).to_contain_text("succeeded")
    start(page, "pictures.broken", ["cat.gif"], {}, tags=[tag])
    expect(rows(page)).to_have_count(2)
    expect(states(page)).to_have_text(["failed", "succeeded"])
    expect(rows(page).first).to_contain_text("ValueError: cat.gif is no picture")

    bar(page).press("End")
    bar(page).press_sequentially(" stat")
    bar(page).press("ArrowDown")
    expect(page.get_by_role("option", name=re.compile("^state:"))).to_have_attribute("aria-selected", "true")
    bar(page).press("Enter")
    bar(page).press_sequentially("succ")
    bar(page).press("ArrowDown")
    bar(page).press("Enter")
    expect(bar(page)).to_have_value(f"tag:{tag} state:succeeded ")
    bar(page).press("Enter")
    expect(states(page)).to_have_text(["succeeded"])
    assert page.evaluate("new URLSearchParams(location.hash.split('?')[1]).get('q')") == f"tag:{tag} state:succeeded"
    page.screenshot(path=tmp_path / "jobs.png")

    bar(page).fill("state:succeded")
    bar(page).press("Enter")
    expect(page.locator("#query-problem")).to_contain_text(
        "There is no state “succeded”. It takes one or more of waiting, ready,"
    )
    expect(bar(page)).to_have_attribute("aria-invalid", "true")
    expect(page.get_by_role("heading", name="This cannot be asked")).to_be_visible()
    expect(states(page)).to_have_count(0)  # nothing of another query stays, and no action on it
    expect(page.get_by_text("All that match")).to_have_count(0)
    page.go_back()
    expect(bar(page)).to_have_value(f"tag:{tag} state:succeeded")
    expect(states(page)).to_have_text(["succeeded"])
    page.get_by_role("button", name="Clear the filter").click()
    expect(page).to_have_url(re.compile(r"#/jobs$"))


def test_a_view_is_saved_shared_deleted_and_brought_back(page: Page, tag: str) -> None:
    start(page, "numbers.add", [1], {}, tags=[tag])
    go(page, f"#/jobs?q=tag:{tag}")
    page.get_by_role("button", name="Save this view").click()
    page.get_by_label("Name of the view").fill("My jobs")
    page.keyboard.press("Enter")
    views = page.get_by_role("navigation", name="Views of the jobs")
    expect(page).to_have_url(re.compile("view=My\\+jobs"))
    views.get_by_role("link", name="Failed").click()
    expect(page).to_have_url(re.compile(r"#/jobs\?q=state%3Afailed$"))
    page.reload()
    views.get_by_role("link", name="My jobs").click()
    expect(rows(page)).to_have_count(1)
    address = page.url

    page.get_by_role("button", name="Delete the view My jobs").click()
    expect(views.get_by_role("link", name="My jobs")).to_have_count(0)
    page.get_by_role("button", name="Undo").click()
    expect(views.get_by_role("link", name="My jobs")).to_have_attribute("aria-current", "page")

    page.evaluate("localStorage.clear()")
    page.goto(address)  # another person opens the link
    page.reload()
    expect(views).to_contain_text("My jobs")
    expect(rows(page)).to_have_count(1)


def test_keys_move_select_cancel_and_retry(page: Page, tag: str) -> None:
    ids = start_many(page, [["numbers.add", [1], {}, {"tags": [tag], "delay": 600}] for _ in range(4)])
    go(page, f"#/jobs?q=tag:{tag}")
    expect(states(page)).to_have_text(["waiting"] * 4)
    shown = [row.get_attribute("data-job") for row in rows(page).all()]
    assert sorted(map(str, shown)) == sorted(ids)
    for key in "jjxjxk":
        page.keyboard.press(key)
    expect(rows(page).nth(1)).to_have_class(re.compile("row-current"))
    expect(page.get_by_role("region", name="Selected jobs")).to_contain_text("2 selected")
    page.keyboard.press("c")
    page.get_by_role("button", name="Keep them").click()
    expect(states(page)).to_have_text(["waiting"] * 4)
    page.keyboard.press("c")
    page.get_by_role("button", name="Cancel 2 jobs").click()
    expect(page.get_by_role("heading", name="2 jobs cancelled")).to_be_visible()
    page.get_by_role("button", name="Close").click()
    expect(states(page)).to_have_text(["waiting", "cancelled", "cancelled", "waiting"])

    rows(page).nth(0).get_by_role("checkbox").click()
    rows(page).nth(3).get_by_role("checkbox").click(modifiers=["Shift"])
    expect(page.get_by_role("region", name="Selected jobs")).to_contain_text("4 selected")
    page.keyboard.press("r")
    page.get_by_role("button", name="Retry 4 jobs").click()
    expect(page.get_by_role("heading", name="2 jobs accepted again")).to_be_visible()
    expect(page.get_by_text("only a job that failed, expired or was cancelled can be retried")).to_be_visible()
    page.get_by_role("button", name="Close").click()
    page.keyboard.press("k")
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile(f"#/jobs/{shown[0]}$"))
    cancel_jobs(page, ids)  # for the next test


def test_all_that_match_are_cancelled_and_only_rows_in_sight_are_drawn(page: Page, tag: str, tmp_path: Path) -> None:
    count = 450
    start_many(page, [["sleep.long", [], {}, {"tags": [tag], "delay": 600}] for _ in range(count)])
    go(page, f"#/jobs?q=tag:{tag}")
    expect(rows(page).first).to_be_visible()
    assert rows(page).count() < 60
    page.wait_for_function(SCROLL_DOWN, arg=f"{count} jobs")
    expect(page.get_by_role("row", name=re.compile("sleep.long")).last).to_have_attribute("aria-rowindex", str(count + 1))
    assert rows(page).count() < 60

    start_many(page, [["sleep.long", [], {}, {"tags": [tag], "delay": 600}] for _ in range(3)])
    bar(page).fill("task:sleep.long state:waiting")
    bar(page).press("Enter")
    expect(rows(page).first).to_be_visible()
    page.evaluate("scrollTo(0, 900)")
    expect(rows(page).first).not_to_have_attribute("aria-rowindex", "2")
    top = page.evaluate("scrollY")
    start_many(page, [["sleep.long", [], {}, {"tags": [tag], "delay": 600}] for _ in range(2)])
    page.get_by_role("button", name=re.compile("^Show 2 new jobs")).click()
    expect(rows(page).first).to_have_attribute("aria-rowindex", "2")
    assert top > 800

    go(page, f"#/jobs?q=tag:{tag}")
    page.get_by_text("All that match").click()
    page.get_by_role("button", name="Cancel all …").click()
    page.get_by_role("button", name=f"Cancel {count + 5} jobs").click()
    expect(page.get_by_role("heading", name=f"{count + 5} jobs cancelled")).to_be_visible()
    page.screenshot(path=tmp_path / "cancelled.png")
    page.get_by_role("button", name="Close").click()
    expect(states(page).first).to_have_text("cancelled")
    expect(states(page).filter(has_not_text="cancelled")).to_have_count(0)


def test_a_list_that_becomes_shorter_shows_its_end_without_a_scroll_event(page: Page, tag: str) -> None:
    ids = start_many(page, [["numbers.add", [1], {}, {"tags": [tag], "delay": 600}] for _ in range(160)])
    go(page, f"#/jobs?q=tag:{tag} state:waiting")
    expect(rows(page).first).to_be_visible()
    page.wait_for_function(SCROLL_DOWN, arg="160 jobs")
    expect(rows(page).last).to_have_attribute("aria-rowindex", "161")
    page.evaluate("addEventListener('scroll', event => event.stopImmediatePropagation(), true)")
    cancel_jobs(page, ids[40:])
    page.get_by_role("button", name="Remove 120 that match no more").click()
    expect(rows(page).last).to_have_attribute("aria-rowindex", "41")
    expect(rows(page).last).to_be_in_viewport()
    cancel_jobs(page, ids[:40])


def test_the_list_says_which_jobs_no_worker_takes(page: Page, tag: str) -> None:
    ids = start_many(page, [["numbers.add", [1], {}, {"tags": [tag], "queue": "a lane without workers"}]])
    go(page, f"#/jobs?q=tag:{tag}")
    reason = page.locator("tbody .cell-progress")
    expect(reason).to_have_text("no worker serves a lane without workers for it")
    cancel_jobs(page, ids)
    expect(page.locator("tbody .cell-state")).to_have_text("cancelled")
    expect(reason).not_to_contain_text("no worker")


def test_after_a_bulk_action_a_scrolled_list_shows_what_there_is(page: Page, tag: str) -> None:
    start_many(page, [["numbers.add", [1], {}, {"tags": [tag], "delay": 600}] for _ in range(150)])
    go(page, f"#/jobs?q=tag:{tag} state:waiting")
    expect(page.locator("tbody tr[data-job]").first).to_be_visible()
    page.evaluate("scrollTo(0, 2400)")
    expect(page.get_by_text("150 jobs", exact=True)).to_be_visible()
    choose_for_all(page, "Cancel all")
    dialog = page.get_by_role("dialog")
    dialog.get_by_role("button", name="Cancel 150 jobs").click()
    dialog.get_by_role("button", name="Close").click()
    expect(page.get_by_text("No such jobs")).to_be_visible()
    expect(page.get_by_text("0 jobs", exact=True)).to_be_visible()

    page.reload()
    choose_for_all(page, "Cancel all")
    expect(dialog.get_by_role("heading")).to_have_text("Nothing to cancel")
    expect(dialog).to_contain_text(f"None of the jobs that match tag:{tag} state:waiting is in a state that allows it.")
    expect(dialog.get_by_role("button")).to_have_text(["Close"])
    dialog.get_by_role("button").click()
    expect(dialog).to_have_count(0)


def choose_for_all(page: Page, action: str) -> None:
    page.locator("summary", has_text="All that match").click()
    page.get_by_role("button", name=action).click()
