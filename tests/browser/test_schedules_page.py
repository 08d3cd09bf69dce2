"""The pages of schedules: the list, one of them, the week, and the form that makes and changes them."""

from __future__ import annotations

import re
from contextlib import suppress
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import Locator, Page, expect
from support.pages import go
from support.populated_node import APPS
from support.programs import Program, running

from taskbahn import Every, Taskbahn, TaskbahnError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from support.programs import Node

GREET, STUMBLE = "scheduled_page.greet", "scheduled_page.stumble"
MADE = ("page-quick", "page-fails", "page-weekly", "page-rare", "page-new", "page-dates")


@pytest.fixture(scope="module")
def app(node: Node) -> Iterator[Taskbahn]:
    """A client, beside a worker for `scheduled`; the schedules of these tests are deleted in the end."""
    with (
        running(Program("worker", "scheduled:app", "--name", "diary", cwd=APPS, TASKBAHN_URL=node.websocket), " ready"),
        Taskbahn(node.websocket) as app,
    ):
        yield app
        for id in MADE:
            with suppress(TaskbahnError):
                app.schedules[id].delete()


def row(page: Page, id: str) -> Locator:
    return page.get_by_role("row").filter(has=page.get_by_role("link", name=id, exact=True))


def test_the_list_says_when_schedules_fire_and_what_became_of_them(page: Page, app: Taskbahn) -> None:
    go(page, "#/schedules")
    declared = row(page, "page-declared")
    expect(declared).to_contain_text("at 03:00 on February 29, Europe/Berlin")
    expect(declared).to_contain_text(re.compile(r"in \d+ d .*not yet.*code"))
    app.schedules.create("page-quick", Every(1), app.get(GREET).si("Ada"), times=2)
    app.schedules.create("page-fails", Every(1), app.get(STUMBLE).si(), times=1, note="to see what is red")
    quick, fails = row(page, "page-quick"), row(page, "page-fails")
    expect(quick.get_by_role("img", name="The newest 2: 2 succeeded")).to_be_visible()
    expect(quick.locator("[data-name=next]")).to_have_text("never again")
    expect(quick.locator("[data-name=last]")).to_contain_text(re.compile(r"^succeeded\s*(just now|\d+ s ago), .+ late$"))
    expect(quick.get_by_text("run time")).to_be_visible()
    expect(fails.get_by_role("img", name="The newest 1: 1 failed")).to_be_visible()
    expect(fails).to_contain_text("to see what is red")
    fails.get_by_role("link", name="failed").click()
    expect(page.get_by_role("heading", name=STUMBLE)).to_be_visible()
    page.get_by_role("link", name="page-fails", exact=True).click()
    expect(page).to_have_url(re.compile("#/schedules/page-fails$"))


def test_the_list_is_searched_filtered_and_walked_with_the_keyboard(page: Page, app: Taskbahn) -> None:
    for id in ("page-weekly", "page-rare"):
        app.schedules.create(id, "0 8 * * MON", app.get(GREET).si(f"the {id}"))
    app.schedules["page-rare"].pause("holidays", within=7200)
    page.keyboard.press("g")
    page.keyboard.press("c")
    expect(row(page, "page-rare").locator("[data-name=next]")).to_contain_text(re.compile("paused ends in 1 h 59 min"))
    page.keyboard.press("f")
    page.keyboard.type("the page-weekly")
    expect(page.get_by_text(re.compile(r"^1 of \d+ schedules$"))).to_be_visible()
    page.keyboard.press("Enter")
    expect(page.get_by_role("link", name="page-weekly", exact=True)).to_be_focused()
    go(page, "#/schedules?state=paused&q=page-")
    expect(page.get_by_role("combobox", name="Which schedules")).to_have_value("paused")
    expect(row(page, "page-rare")).to_be_visible()
    expect(row(page, "page-weekly")).to_have_count(0)
    page.get_by_role("combobox", name="Which schedules").select_option("Of code")
    expect(row(page, "page-declared")).to_be_visible()
    expect(page).to_have_url(re.compile(r"#/schedules\?q=page-&state=code$"))
    page.get_by_role("searchbox", name="Find schedules").fill("no such schedule")
    expect(page.get_by_text(re.compile(r"^None of the \d+ schedules is like that\.$"))).to_be_visible()
