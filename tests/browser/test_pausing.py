"""An operator pauses a queue, a task, a key of a limit, and resumes it: in the page, and seen in other browsers at once."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import pytest
from playwright.sync_api import Browser, Locator, Page, expect
from support.pages import go, start_jobs, state
from support.populated_node import APPS
from support.programs import Program, running

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from support.programs import Node

QUEUE, PRINT_QUEUE = "pausing-mail", "pausing-print"
SEND, PRINT, BOOK = "pausing_page.send", "pausing_page.print", "pausing_page.book"
# Pauses or resumes as another operator would.
ADMIN = """async ([procedure, given]) => {
    const { connect } = await import("/taskbahn.js");
    const bahn = await connect();
    await bahn.ask(`taskbahn.admin.${procedure}`, [], given);
    bahn.close();
}"""


@pytest.fixture(scope="module", autouse=True)
def printer(node: Node) -> Iterator[Program]:
    """A worker of its own queues for `paused`."""
    words = ("paused:app", "--name", "printer", "--queues", f"{QUEUE},{PRINT_QUEUE}", "--slots", "3")
    with running(Program("worker", *words, cwd=APPS, TASKBAHN_URL=node.websocket), " ready") as program:
        yield program


def admin(page: Page, procedure: str, **given: Any) -> None:
    page.evaluate(ADMIN, [procedure, given])


def row(page: Page, queue: str = QUEUE) -> Locator:
    return page.get_by_role("row").filter(has=page.get_by_role("link", name=queue, exact=True))


def notice(page: Page, subject: str) -> Locator:
    return page.get_by_role("region", name="Paused").get_by_role("listitem").filter(has_text=f"The {subject} is paused")


def resume(page: Page, subject: str) -> None:
    """Answer the question that the button asks."""
    page.get_by_role("dialog", name=f"Resume the {subject}?").get_by_role("button", name="Resume").click()


def test_a_queue_is_paused_in_one_browser_and_resumed_in_another(page: Page, chromium: Browser, origin: str) -> None:
    go(page, "#/queues")
    with chromium.new_page() as other:
        other.goto(f"{origin}/#/queues")
        pause_with_keyboard(page)
        for each in (page, other):
            expect(row(each)).to_contain_text(
                re.compile(r"paused\s*by Ada .*, ends in (1 h 00 min|59 min \d\d s): the provider is down")
            )
        [job] = start_jobs(page, (SEND, [1], {}), queue=QUEUE)
        go(other, f"#/jobs/{job}")
        expect(other.locator(".headline-text")).to_contain_text(f"The queue {QUEUE} is paused by Ada: the provider is down")
        expect(other.get_by_text(f"Held by the pause of the queue {QUEUE}")).to_be_visible()
        other.get_by_role("button", name=f"Resume the queue {QUEUE}").click()
        resume(other, f"queue {QUEUE}")
        expect(state(other)).to_have_text("succeeded")
        expect(other.get_by_text(f"The queue {QUEUE} is resumed.")).to_be_visible()
    expect(row(page)).not_to_contain_text("paused")
    expect(row(page).get_by_role("button", name=f"Pause the queue {QUEUE}")).to_be_visible()


def pause_with_keyboard(page: Page) -> None:
    row(page).get_by_role("button", name=f"Pause the queue {QUEUE}").click()
    dialog = page.get_by_role("dialog", name=f"Pause the queue {QUEUE}?")
    expect(dialog.get_by_label("Reason")).to_be_focused()
    page.keyboard.press("Escape")
    expect(dialog).to_have_count(0)
    expect(row(page).get_by_role("button")).to_be_focused()
    page.keyboard.press("Enter")
    expect(dialog.get_by_label("Reason")).to_be_focused()
    page.keyboard.type("the provider is down")
    page.keyboard.press("Tab")
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowRight")
    expect(dialog.get_by_role("radio", name="1 h", exact=True)).to_be_checked()
    page.keyboard.press("Tab")
    page.keyboard.type("Ada")
    page.keyboard.press("Enter")
    expect(page.get_by_text(re.compile(rf"^The queue {QUEUE} is paused until .+\.$"))).to_be_visible()
    expect(row(page).get_by_role("button", name=f"Resume the queue {QUEUE}")).to_be_focused()


def test_the_pause_of_a_task_is_on_its_page_and_overview(page: Page) -> None:
    start_jobs(page, (PRINT, [1], {}), queue=PRINT_QUEUE)  # the overview of a node without jobs offers no pause
    go(page, f"#/tasks/{PRINT}")
    expect(page.get_by_role("button", name=f"Pause the task {PRINT}")).to_be_visible()
    page.keyboard.press("p")
    dialog = page.get_by_role("dialog", name=f"Pause the task {PRINT}?")
    admin(page, "pause", query=f"task:{PRINT}", who="Bob", reason="no paper")
    expect(dialog).to_contain_text("It is paused by now, by Bob")
    dialog.get_by_role("button", name="Pause", exact=True).click()
    expect(notice(page, f"task {PRINT}")).to_contain_text("until it is resumed")
    expect(notice(page, f"task {PRINT}")).not_to_contain_text("no paper")
    expect(page.get_by_role("main")).to_be_focused()  # its button is gone
    admin(page, "pause", query=f"queue:{PRINT_QUEUE}", within=600, who="Bob")
    expect(notice(page, f"queue {PRINT_QUEUE}")).to_contain_text(re.compile(r"by Bob .*ends in (10 min 00|9 min \d\d) s"))

    go(page, "#/tasks")
    expect(page.get_by_role("row", name=re.compile(PRINT)).get_by_text("paused", exact=True)).to_be_visible()
    go(page, "#/")
    expect(page.get_by_role("button", name="Pause all jobs")).to_be_visible()
    expect(page.get_by_role("link", name="All paused")).to_have_count(0)
    for subject in (f"queue {PRINT_QUEUE}", f"task {PRINT}"):
        notice(page, subject).get_by_role("button", name="Resume").click()
        resume(page, subject)
        expect(page.get_by_text(f"The {subject} is resumed.")).to_be_visible()
        expect(notice(page, subject)).to_have_count(0)
    expect(page.get_by_role("main")).to_be_focused()


@pytest.mark.parametrize("answer", ["Leave it", "Resume"])
def test_the_keyboard_goes_on_when_a_question_outlives_its_button(page: Page, answer: str) -> None:
    start_jobs(page, (PRINT, [1], {}), queue=PRINT_QUEUE)
    admin(page, "pause", query=f"queue:{PRINT_QUEUE}", who="Bob")
    go(page, "#/")
    notice(page, f"queue {PRINT_QUEUE}").get_by_role("button", name="Resume").click()
    admin(page, "resume", query=f"queue:{PRINT_QUEUE}")
    expect(notice(page, f"queue {PRINT_QUEUE}")).to_have_count(0)
    page.get_by_role("dialog").get_by_role("button", name=answer).click()
    if answer == "Resume":
        page.get_by_role("dialog").get_by_role("button", name="Leave it").click()  # the dispatcher refuses: nothing is paused
    expect(page.get_by_role("main")).to_be_focused()


def test_a_key_of_a_limit_is_paused_while_others_go_on(page: Page, gate: Path) -> None:
    go(page, "#/limits/pausing-seats")
    first, second = start_jobs(page, (BOOK, ["acme", str(gate)], {}), (BOOK, ["acme", str(gate)], {}), queue=QUEUE)
    acme = page.get_by_role("row", name=re.compile("^acme"))
    acme.get_by_role("button", name="Pause the key acme of the limit pausing-seats").click()
    page.get_by_role("dialog").get_by_label("24 h").check()
    page.keyboard.press("Enter")
    expect(acme.locator("[data-name='Next start']")).to_have_text(re.compile(r"paused ends in (24 h 00|23 h 59|1 d 0)"))
    [bolt] = start_jobs(page, (BOOK, ["bolt", str(gate)], {}), queue=QUEUE)
    gate.touch()
    for job in (first, bolt):
        go(page, f"#/jobs/{job}")
        expect(state(page)).to_have_text("succeeded")
    go(page, f"#/jobs/{second}")
    expect(page.get_by_text("Held by the pause of the key acme of the limit pausing-seats")).to_be_visible()
    page.get_by_role("link", name="pausing-seats").click()
    page.get_by_role("button", name="Resume the key acme of the limit pausing-seats").click()
    admin(page, "resume", query='key:pausing-seats["acme"]')
    resume(page, "key acme of the limit pausing-seats")
    expect(page.get_by_role("dialog").get_by_role("alert")).to_contain_text("is not paused")
    page.keyboard.press("Escape")
    go(page, f"#/jobs/{second}")
    expect(state(page)).to_have_text("succeeded")


def test_who_only_looks_sees_what_is_paused_and_no_buttons(page: Page, origin: str) -> None:
    admin(page, "pause", query=f"queue:{QUEUE}", who="Ada", within=60)
    page.goto(f"{origin}/view/#/queues")
    expect(row(page)).to_contain_text("by Ada")
    expect(page.get_by_role("button", name=re.compile("Pause|Resume"))).to_have_count(0)
    go(page, "#/")
    expect(notice(page, f"queue {QUEUE}")).to_be_visible()
    expect(page.get_by_role("button", name=re.compile("Pause|Resume"))).to_have_count(0)
    page.goto(origin)
    admin(page, "resume", query=f"queue:{QUEUE}")
