"""What a person sees of a flow: its graph and its members on the page of its job, and flows in the lists."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from playwright.sync_api import expect
from support.flow_runner import FlowRunner
from support.pages import go, state

if TYPE_CHECKING:
    from playwright.sync_api import Page

AXE = Path(__file__).resolve().parents[2] / "web" / "node_modules" / "axe-core" / "axe.min.js"
SUBMIT = """async ([flow, options]) => {
    const { connect } = await import("/taskbahn.js");
    const bahn = await connect();
    const [id] = await bahn.ask("taskbahn.submit", [[{ flow, options }]]);
    bahn.close();
    if (typeof id !== "string") throw new Error(JSON.stringify(id));
    return id;
}"""
RUN = """async () => {
    const { violations } = await axe.run(document);
    return violations.map(({ id, nodes }) => [id, nodes.map(({ html, failureSummary }) => html + failureSummary)]);
}"""


@cache
def axe_source() -> str:
    return AXE.read_text()


def start_flow(page: Page, gate: Path, members: int, **options: Any) -> str:
    """Start a flow: one job, a group of *members*, and one that waits for the gate half way."""
    group = [{"task": "numbers.add", "args": [number]} for number in range(members)]
    last = {"task": "numbers.count", "kwargs": {"to": 4, "held": str(gate)}, "immutable": True, "name": "last"}
    id: str = page.evaluate(SUBMIT, [{"chain": [{"task": "numbers.add", "args": [1]}, {"group": group}, last]}, options])
    return id


def names(page: Page) -> list[str]:
    return [node.get_attribute("aria-label") or "" for node in page.locator(".graph-node").all()]


@pytest.mark.parametrize("members", [3, 30, 300])
def test_the_page_of_a_flow_draws_its_graph_live(page: Page, gate: Path, tmp_path: Path, members: int) -> None:
    id = start_flow(page, gate, members)
    go(page, f"#/jobs/{id}")
    expect(page.locator(".graph-node")).to_have_count(members + 3)
    expect(page.locator(".graph-node.state-running")).to_have_count(1)
    expect(page.locator(".headline-text")).to_have_text(f"{members + 2} of {members + 3} members")
    for scheme in ("light", "dark"):
        page.emulate_media(color_scheme=scheme)
        page.screenshot(path=tmp_path / f"flow-{members}-{scheme}.png", full_page=True)
        if members == 30 and AXE.exists():
            page.evaluate(axe_source())
            assert page.evaluate(RUN) == []
    page.set_viewport_size({"width": 390, "height": 844})
    page.screenshot(path=tmp_path / f"flow-{members}-narrow.png", full_page=True)
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    gate.touch()
    expect(state(page)).to_have_text("succeeded")
    expect(page.locator(".graph-node.state-succeeded")).to_have_count(members + 3)
    assert any("last" in name and "on the critical path" in name for name in names(page))


def test_the_keyboard_leads_through_the_graph(page: Page, gate: Path) -> None:
    id = start_flow(page, gate, 3)
    go(page, f"#/jobs/{id}")
    expect(page.locator(".graph-node")).to_have_count(6)
    page.locator(".graph-node[tabindex='0']").focus()

    def at() -> str:
        label: str = page.evaluate("document.activeElement.getAttribute('aria-label')")
        return label.partition(" ")[0]

    seen = [at()]
    for _ in range(3):
        page.keyboard.press("ArrowRight")
        seen.append(at())
    assert seen == ["numbers.add", "numbers.add", "group", "last"]
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_have_text("numbers.count")
    expect(page.locator(".crumbs")).to_contain_text("The whole")
    page.locator(".crumbs").get_by_role("link", name="The whole").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("chain")


def test_members_come_in_pages_and_by_state(page: Page, gate: Path) -> None:
    id = start_flow(page, gate, 30)
    go(page, f"#/jobs/{id}")
    panel = page.get_by_role("region", name="Members")
    expect(panel.locator(".pager")).to_contain_text("1 to 20 of 33")
    panel.get_by_role("button", name="Next").click()
    expect(panel.locator(".pager")).to_contain_text("21 to 33 of 33")
    panel.get_by_role("button", name="1 running").click()
    expect(panel.get_by_role("row")).to_have_count(2)
    expect(panel.get_by_role("row").nth(1)).to_contain_text("last (numbers.count)")
    panel.get_by_role("link", name="Show them as a list").click()
    expect(page.get_by_role("table", name="Jobs, newest first")).to_have_attribute("aria-rowcount", "34")


def test_lists_show_how_far_a_flow_is(page: Page, gate: Path) -> None:
    id = start_flow(page, gate, 3)
    go(page, "#/jobs")
    row = page.locator(f'[data-job="{id}"]')
    expect(row.locator(".cell-job")).to_contain_text("chain")
    page.reload()
    expect(page.locator(f'[data-job="{id}"] .cell-progress')).to_contain_text("of 6 members")


def test_the_page_of_a_running_flow_shows_its_deadline(page: Page, gate: Path) -> None:
    id = start_flow(page, gate, 3, finish_within=3600)
    go(page, f"#/jobs/{id}")
    expect(state(page)).to_have_text("running")
    deadline = page.get_by_role("region", name="About").locator("dt:text-is('Deadline') + dd")
    expect(deadline).to_have_text(re.compile(", 59 min .. s left$"))
    expect(page.get_by_role("region", name="Before its end")).to_contain_text("Its deadline has not passed: it fails at")
    page.locator(".graph-node.state-running").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("numbers.count")
    expect(deadline).to_have_text(re.compile(", 59 min .. s left$"))
    gate.touch()
    expect(state(page)).to_have_text("succeeded")


def test_a_waiting_member_names_what_it_waits_for(page: Page, gate: Path) -> None:
    then: dict[str, Any] = {"task": "numbers.add", "immutable": True, "name": "then"}
    first = {"task": "numbers.count", "kwargs": {"to": 4, "held": str(gate)}}
    id = page.evaluate(SUBMIT, [{"chain": [first, then]}, {}])
    go(page, f"#/jobs/{id}")
    expect(page.get_by_role("region", name="Before its end")).to_contain_text("In the end it waits for the job")
    page.locator(".graph-node.state-waiting").click()
    reasons = page.get_by_role("region", name="Before its start")
    expect(reasons).to_contain_text("(numbers.count), which is running")
    reasons.get_by_role("link", name="Show that job").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("numbers.count")


def test_a_member_shows_whose_results_it_gets_and_what_it_joined(page: Page, gate: Path) -> None:
    count = {
        "task": "numbers.count",
        "kwargs": {"to": 4, "held": str(gate)},
        "name": "steps",
        "options": {"key": gate.parent.name},
    }
    flow = {"chain": [count, {"task": "numbers.add", "args": [1]}]}
    first, second = (page.evaluate(SUBMIT, [flow, {}]) for _ in range(2))
    go(page, f"#/jobs/{FlowRunner.member(second, 1)}")
    joined = page.get_by_role("link", name=FlowRunner.member(first, 1)[-8:])
    expect(page.locator("main")).to_contain_text("whose outcome it has")
    expect(joined.first).to_be_visible()
    go(page, f"#/jobs/{FlowRunner.member(second, 2)}")
    expect(page.get_by_label("Arguments from other jobs")).to_contain_text("← result of steps")
    gate.touch()
    expect(page.get_by_label("Arguments from other jobs")).to_contain_text("4")
    expect(state(page)).to_have_text("succeeded")
