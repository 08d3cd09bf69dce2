"""The pages of the limits: what is in use, who waits for it, and how an operator changes it."""

from __future__ import annotations

import re
from contextlib import ExitStack
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import Locator, Page, expect
from support.pages import cancel_jobs, go, start_jobs, state
from support.populated_node import APPS
from support.programs import Program, running

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from support.programs import Node

QUEUE = "limited-page"
STAY, PAY = "limited_page.stay", "limited_page.pay"
# Draws an answer with as many limits as the node gives.
SHOW_CROWD = """async () => {
    const { limits } = await import("/app/data/directory.js");
    const { bahn } = await import("/app/data/live.js");
    const keys = [{ key: '["acme"]', used: 9, capacity: 10, jobs: 20 }];
    const common = { kind: "rate", template: "{customer}", declared: "100/s burst=10", tasks: ["a.task"], keys, key_count: 40, jobs: 1190 };
    const crowd = { count: 612, limits: Array.from({ length: 500 }, (_, limit) => ({ name: `crowd-${limit}`, ...common })) };
    const ask = bahn.ask.bind(bahn);
    bahn.ask = async (procedure, ...others) => procedure === "taskbahn.view.limits" ? crowd : ask(procedure, ...others);
    await limits.load();
    await new Promise((drawn) => requestAnimationFrame(() => setTimeout(drawn)));
    const rows = document.querySelectorAll(".limits tbody tr");
    return {
        rows: rows.length, text: document.querySelector(".tasks-count").textContent,
        waiting: rows[7].querySelector("[data-name=waiting]").textContent,
    };
}"""


@pytest.fixture(scope="module", autouse=True)
def guarded(node: Node) -> Iterator[Program]:
    """A worker of its own queue for `limited`."""
    words = ("limited:app", "--name", "guarded", "--queues", QUEUE, "--slots", "3")
    with running(Program("worker", *words, cwd=APPS, TASKBAHN_URL=node.websocket), " ready") as program:
        yield program


def row(page: Page, name: str) -> Locator:
    return page.get_by_role("row").filter(has=page.get_by_role("link", name=name, exact=True))


def cells(row: Locator, **named: str | re.Pattern[str]) -> None:
    """Expect texts in cells, by what they are called on a narrow screen."""
    for name, text in named.items():
        expect(row.locator(f"[data-name='{name.replace('_', ' ')}']")).to_have_text(text)


def allows(page: Page) -> Locator:
    return page.get_by_role("region", name="Allows")


def test_a_full_limit_shows_who_waits_and_is_raised_and_reset_live(page: Page, gate: Path) -> None:
    go(page, "#/limits")
    cells(row(page, "page-beds"), waiting="0", tasks=STAY)
    first, second = start_jobs(page, (STAY, [str(gate)], {}), (STAY, [str(gate)], {}), queue=QUEUE)
    cells(row(page, "page-beds"), in_use="1 of 1", waiting="1", longest=re.compile(r"^\d+ s$"))

    go(page, f"#/jobs/{second}")
    expect(page.get_by_text(re.compile("^Permits of page-beds:"))).to_contain_text(first[-8:])
    reasons = page.get_by_role("region", name="Before its start").get_by_role("listitem")
    expect(reasons.first).to_have_text(re.compile(r"^\s*Closed: The limit page-beds holds it"))
    expect(reasons.filter(has_text="Open: ")).not_to_have_count(0)
    expect(reasons.filter(has_text="slots of the workers that can run it are free")).to_be_visible()
    page.get_by_role("link", name="page-beds", exact=True).click()
    expect(page.get_by_role("heading", name="page-beds", level=1)).to_be_visible()
    expect(page.get_by_role("progressbar", name="In use of page-beds")).to_have_attribute("aria-valuenow", "100")
    expect(page.get_by_text("when a job ends")).to_be_visible()

    page.keyboard.press("c")
    expect(page.get_by_label("Value")).to_be_focused()
    page.keyboard.type("2")
    page.get_by_label("Your name").fill("Ada")
    page.keyboard.press("Enter")
    expect(page.get_by_text("page-beds is 2 instead of 1.")).to_be_visible()
    expect(allows(page)).to_contain_text(re.compile("2 instead of 1.*Declared1.*Set byAda"))
    expect(page.get_by_text("2 of 2", exact=True)).to_be_visible()
    page.get_by_role("button", name="Reset to 1").click()
    expect(page.get_by_text("page-beds is 1, as declared.")).to_be_visible()
    expect(allows(page)).to_contain_text("Reset byAda")
    expect(page.get_by_label("Value")).to_have_value("1")
    expect(page.get_by_role("button", name="Reset to 1")).to_have_count(0)
    gate.touch()
    go(page, f"#/jobs/{second}")
    expect(state(page)).to_have_text("succeeded")
    expect(page.get_by_role("region", name="Before its start")).to_have_count(0)


def test_a_rate_shows_its_keys_and_a_refusal_at_the_value(page: Page) -> None:
    go(page, "#/limits/page-bank")
    expect(page.get_by_text("No key is in use, and no job waits for one.")).to_be_visible()
    jobs = start_jobs(page, *[(PAY, ["acme"], {})] * 3, (PAY, ["bolt", 7], {}), queue=QUEUE)
    keys = page.get_by_role("table", name="Keys of page-bank that are in use")
    acme = keys.get_by_role("row", name=re.compile("^acme · 1"))
    cells(acme, In_use="2 of 2", Waiting="1", Longest=re.compile(r"\d s$"), Next_start=re.compile(r"^in 11 h"))
    cells(keys.get_by_role("row", name=re.compile("^bolt · 7")), In_use="1 of 2", Waiting="0")

    value = page.get_by_label("Value")
    value.fill("9/x")
    page.get_by_role("button", name="Change").click()
    expect(page.locator("#limit-value-problem")).to_contain_text("'x' at position 3 is no unit")
    expect(page.locator("#limit-value-problem mark")).to_have_text("x")
    expect(value).to_be_focused()
    expect(value).to_have_attribute("aria-invalid", "true")
    assert value.evaluate("field => field.value.slice(field.selectionStart, field.selectionEnd)") == "x"
    expect(allows(page)).to_contain_text("2/d burst=2")
    cancel_jobs(page, jobs)


def test_the_list_of_limits_is_filtered_and_walked_with_the_keyboard(page: Page) -> None:
    page.keyboard.type("gl")
    expect(row(page, "page-bank")).to_be_visible()
    page.keyboard.press("f")
    page.keyboard.type("page-b rate")
    expect(page.get_by_text(re.compile(r"^1 of \d+ limits$"))).to_be_visible()
    page.keyboard.press("Enter")
    expect(page.get_by_role("link", name="page-bank", exact=True)).to_be_focused()
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile("#/limits/page-bank$"))
    go(page, "#/limits/nothing")
    expect(page.get_by_role("heading", name="There is no limit nothing")).to_be_visible()


def test_who_only_looks_sees_limits_and_no_form(page: Page, origin: str) -> None:
    page.goto(f"{origin}/view/#/limits/page-beds")
    expect(allows(page)).to_contain_text("Declared1")
    expect(page.get_by_role("button", name="Change")).to_have_count(0)
    expect(page.get_by_label("Value")).to_have_count(0)


def test_as_many_limits_as_the_node_gives_are_drawn(page: Page) -> None:
    go(page, "#/limits")
    expect(row(page, "page-beds")).to_be_visible()
    drawn = page.evaluate(SHOW_CROWD)
    assert drawn["rows"] == 500
    assert drawn["text"] == "These are the first 500 of 612 limits, those with jobs waiting first."
    assert drawn["waiting"] == "1,190+"


def test_workers_that_disagree_are_a_problem_whose_link_shows_both(page: Page, node: Node) -> None:
    with ExitStack() as both:
        for number in (1, 2):
            words = ("twins:app", "--name", f"twin-{number}")
            both.enter_context(
                running(Program("worker", *words, cwd=APPS, TASKBAHN_URL=node.websocket, TWINS=f"{number}"), " ready")
            )
        go(page, "#/")
        trouble = page.get_by_role("listitem").filter(has_text="Workers declare the limit page-twins differently")
        trouble.get_by_role("link", name="Show the limit").click()
        said = page.get_by_role("region", name="Workers disagree")
        expect(said).to_contain_text(re.compile(r"Concurrency\(2, when_full='refuse'\) counts\s*twin-2.*Concurrency\(1,.*twin-1"))
        expect(allows(page)).to_contain_text("refuses new jobs")
    go(page, "#/limits/page-twins")
    expect(said).to_have_count(0)
