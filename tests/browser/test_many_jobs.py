"""Ten thousand jobs that run and change, on top of many that ended: the page stays smooth, and its memory bounded."""

from __future__ import annotations

import statistics
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from playwright.sync_api import Browser, CDPSession, Page, expect
from support.frames import SMOOTH, Work, frames_a_second, slowness, work_each_frame
from support.machine import Others
from support.programs import Node, Program, running, running_node

if TYPE_CHECKING:
    from collections.abc import Iterator

APPS = Path(__file__).parent / "apps"
RUNNING = 10_000
PAUSE = 4.0  # seconds between two steps of a job: 2,500 changes a second in all, five times what a message has room for
SUBMIT = """async ([count, pause]) => {
    const { connect } = await import("/taskbahn.js");
    const { uuid7 } = await import("/client/ids.js");
    const bahn = await connect();
    const call = index => ({ task: "crowd.walk", id: uuid7(), args: [50, pause], kwargs: { first: (index * pause) / count } });
    await bahn.ask("taskbahn.submit", [Array.from({ length: count }, (_, index) => call(index))]);
    bahn.close();
}"""
CALM = 4e6  # bytes by which the heap may grow in some seconds; all changes of one second are more
STRIDE, FLIGHT = 100, 400  # pixels in a frame: 150 rows a second, and 600
SECONDS = 6  # of looking at frames
FREE = 0.5  # processors that other programs may take without taking frames
SHARE = 0.7  # of the frames of an empty page, on a machine that has no time for 50


@pytest.fixture(scope="module")
def crowded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Node]:
    """A node with room for ten thousand jobs; one of this module's own, since the other tests want to see theirs."""
    with running_node(tmp_path_factory.mktemp("crowded")) as node:
        arguments = ["worker", "crowd:app", "--slots", str(RUNNING), "--grace", "0"]
        with running(Program(*arguments, cwd=APPS, TASKBAHN_URL=node.websocket), " ready"):
            yield node


def heap(session: CDPSession) -> float:
    """Return what JavaScript holds, in bytes, without what it has given up."""
    session.send("HeapProfiler.collectGarbage")
    metrics: Any = session.send("Performance.getMetrics")["metrics"]
    return float(next(each["value"] for each in metrics if each["name"] == "JSHeapUsedSize"))


@pytest.mark.alone
@pytest.mark.timeout(150)  # a node of its own, and twenty seconds of looking
def test_ten_thousand_live_jobs_are_smooth_and_take_bounded_memory(
    page: Page, crowded: Node, chromium: Browser, heard: Any
) -> None:
    heard.origins.append(f"http://127.0.0.1:{crowded.port}")
    page.goto(f"http://127.0.0.1:{crowded.port}/#/jobs?q=state:running")
    page.evaluate(SUBMIT, [RUNNING, PAUSE])
    expect(page.get_by_role("navigation", name="Views of the jobs")).to_contain_text(f"Running {RUNNING:,}", timeout=20_000)
    bar = page.locator("tbody tr").first.get_by_role("progressbar")
    expect(bar).to_be_visible()
    empty = chromium.new_page()  # shows what this machine can do at that moment
    session = page.context.new_cdp_session(page)
    session.send("Performance.enable")
    frames_a_second([page], 1)  # what is compiled at first
    shown, before = bar.get_attribute("aria-valuenow"), heap(session)
    with Work(page) as work, Others() as others:
        frames, possible = frames_a_second([page, empty], SECONDS)
    after, slow = heap(session), slowness(empty)
    empty.context.close()
    busy = work.seconds / SECONDS
    print(
        f"frames in each second: {frames}, of an empty page: {possible}; the page's main thread is busy for {busy:.0%} of the time, "
        f"and other programs take {others.processors:.1f} processors"
    )
    print(f"this machine takes {slow:.1f} times as long as one for which the bounds are")
    print(f"heap {before / 1e6:.1f} MB, then {after / 1e6:.1f} MB")
    if others.processors < FREE:
        assert statistics.median(frames) >= min(50, SHARE * statistics.median(possible)) / slow
    else:  # other programs take frames from the page; it must leave them their share of the time
        assert busy <= (1 - SHARE) * slow
    assert after - before < CALM
    assert page.locator("tbody tr").count() < 60
    expect(bar).not_to_have_attribute("aria-valuenow", shown or "")

    works = [work_each_frame(page, 4, step) for step in (STRIDE, FLIGHT)]
    print(f"work for a frame while it is scrolled, slowly and fast: {', '.join(f'{work * 1000:.1f} ms' for work in works)}")
    assert max(works) < SMOOTH * slow
    expect(page.locator("tbody tr[data-job]").first.get_by_role("progressbar")).to_be_visible()
    expect(page.locator(".cell-passing")).to_have_count(0)
