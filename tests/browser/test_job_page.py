"""What a person sees and does on the page of one job."""

from __future__ import annotations

import re
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from playwright.sync_api import Browser, Page, expect
from support.pages import cancel_jobs, go, lines, start, state
from support.programs import Node, Program, running, running_node

if TYPE_CHECKING:
    from collections.abc import Iterator

APPS = Path(__file__).parent / "apps"
COUNTED = 40
TALKED = 900


@pytest.fixture(scope="module")
def crowd(node: Node) -> Iterator[None]:
    """A worker for `crowd`."""
    with running(Program("worker", "crowd:app", cwd=APPS, TASKBAHN_URL=node.websocket), " ready"):
        yield


def test_a_running_job_is_cancelled_after_a_question_and_retried(page: Page) -> None:
    go(page, f"#/jobs/{start(page, 'sleep.long', [], {})}")
    expect(state(page)).to_have_text("running")
    page.get_by_role("button", name="Cancel").click()
    page.get_by_role("button", name="Keep it").click()
    expect(state(page)).to_have_text("running")
    page.keyboard.press("c")
    page.get_by_role("button", name="Cancel the job").click()
    expect(state(page)).to_have_text("cancelled")
    expect(page.get_by_text("The worker stops it.").or_(page.get_by_text("Cancelled.")).first).to_be_visible()
    page.get_by_role("button", name="Retry").click()
    expect(state(page)).to_have_text("running")
    page.keyboard.press("c")
    page.get_by_role("button", name="Cancel the job").click()
    expect(state(page)).to_have_text("cancelled")
    expect(page.locator(".timeline-what b")).to_have_text(["1", "2"])


def test_the_deadline_of_a_job_is_seen_with_what_is_left(page: Page) -> None:
    deadline = page.get_by_role("region", name="About").locator("dt:text-is('Deadline') + dd")
    waiting = start(page, "sleep.long", [], {}, finish_within=7200, delay=3600)
    go(page, f"#/jobs/{waiting}")
    expect(deadline).to_have_text(re.compile(r", 1 h 59 min left$"))
    expect(page.get_by_role("region", name="Before its start")).to_contain_text("Open: Its deadline has not passed: it fails at")
    running = start(page, "sleep.long", [], {}, finish_by=time.time() + 5)
    go(page, f"#/jobs/{running}")
    expect(state(page)).to_have_text("running")
    expect(deadline).to_have_text(re.compile(r", [0-4] s left$"))
    expect(state(page)).to_have_text("failed")
    expect(deadline).to_have_text(re.compile(r":\d\d$"))
    expect(page.get_by_role("region", name="Error")).to_contain_text("it has not ended by its deadline")
    cancel_jobs(page, [waiting])


def test_two_browsers_see_the_same_job_and_each_others_actions(page: Page, chromium: Browser, origin: str, gate: Path) -> None:
    id = start(page, "numbers.count", [], {"to": COUNTED, "held": str(gate)}, delay=600)
    go(page, f"#/jobs/{id}")
    expect(state(page)).to_have_text("waiting")
    expect(page.locator(".headline-text")).to_contain_text("delay")
    other = chromium.new_page()
    try:
        other.goto(f"{origin}/#/jobs/{id}")
        expect(state(other)).to_have_text("waiting")
        other.get_by_role("button", name="Cancel").click()
        other.get_by_role("button", name="Cancel the job").click()
        expect(state(page)).to_have_text("cancelled")
        page.get_by_role("button", name="Retry").click()
        expect(state(other)).to_have_text("running")
        gate.touch()
        for each in (page, other):
            expect(state(each)).to_have_text("succeeded")
        assert lines(page) == lines(other) == [f"line {number}" for number in range(COUNTED)]
    finally:
        other.context.close()


def test_a_job_page_that_is_opened_late_misses_no_log_line(page: Page, gate: Path) -> None:
    id = start(page, "numbers.count", [], {"to": COUNTED, "held": str(gate)})
    go(page, "#/jobs")
    expect(page.get_by_role("progressbar", name="Progress of numbers.count").first).to_have_attribute(
        "aria-valuenow", re.compile("[2-9].")
    )
    go(page, f"#/jobs/{id}")
    expect(state(page)).to_have_text("running")
    gate.touch()
    expect(state(page)).to_have_text("succeeded")
    assert lines(page) == [f"line {number}" for number in range(COUNTED)]
    page.reload()
    expect(state(page)).to_have_text("succeeded")
    expect(page.get_by_role("log")).to_contain_text(f"line {COUNTED - 1}")
    assert lines(page) == [f"line {number}" for number in range(COUNTED)]


def test_the_connection_is_cut_and_comes_back_and_nothing_is_missed(page: Page, relay: Any, gate: Path, tmp_path: Path) -> None:
    page.goto(relay.origin)
    id = start(page, "numbers.count", [], {"to": 60, "held": str(gate)})
    go(page, f"#/jobs/{id}")
    expect(page.get_by_role("log")).to_contain_text("line 5")
    relay.cut()
    expect(page.get_by_text("Reconnecting", exact=True)).to_be_visible()
    expect(page.get_by_text("The connection to the router is lost.")).to_be_visible()
    page.screenshot(path=tmp_path / "lost.png")
    seen = len(lines(page))
    assert seen <= 30
    gate.touch()
    page.wait_for_timeout(500)
    assert len(lines(page)) == seen
    relay.mend()
    expect(page.get_by_text("Live", exact=True)).to_be_visible()
    expect(page.get_by_text("The connection to the router is lost.")).to_have_count(0)
    expect(state(page)).to_have_text("succeeded")
    assert lines(page) == [f"line {number}" for number in range(60)]


def test_a_failed_job_shows_its_error_and_each_attempt(page: Page, crowd: None, tmp_path: Path) -> None:
    go(page, f"#/jobs/{start(page, 'pictures.broken', ['cat.gif'], {})}")
    expect(state(page)).to_have_text("failed")
    expect(page.get_by_label("Error").locator(".failure-what").first).to_have_text(
        re.compile("ValueError\\s*cat.gif is no picture")
    )
    expect(page.get_by_label("Traceback").first).to_contain_text("ZeroDivisionError")
    page.get_by_role("link", name="What else failed of this task").click()
    expect(page).to_have_url(re.compile(r"#/errors\?task=pictures.broken$"))
    alike = page.locator(".group").filter(has_text="cat.gif is no picture").get_attribute("data-fingerprint")
    page.go_back()
    page.get_by_role("link", name="Jobs that failed alike").click()
    expect(page).to_have_url(re.compile(rf"#/jobs\?q=state%3Afailed\+error%3A{alike}$"))
    expect(page.get_by_role("link", name=re.compile("pictures.broken")).first).to_be_visible()

    go(page, f"#/jobs/{start(page, 'crowd.try', [], {})}")
    expect(state(page)).to_have_text("succeeded")
    expect(page.locator(".timeline-what")).to_have_text(
        [re.compile("1\\s*error"), re.compile("2\\s*error"), re.compile("3\\s*succeeded")]
    )
    expect(page.locator(".timeline-times").nth(2)).to_contain_text("waited")
    expect(page.locator(".line-attempt")).to_have_text(["attempt 2", "attempt 3"])
    page.get_by_text("Attempt 2: ValueError: attempt 2 of 3").click()
    expect(page.get_by_label("Traceback")).to_contain_text("raise ValueError")
    page.screenshot(path=tmp_path / "attempts.png")

    go(page, f"#/jobs/{start(page, 'crowd.fall', [], {}, crash_attempts=1)}")
    expect(state(page)).to_have_text("failed")
    expect(page.locator(".crash")).to_contain_text("SIGKILL")
    expect(page.locator(".crash")).to_contain_text("MiB")


def test_a_long_log_and_a_large_result_can_be_read(page: Page, crowd: None) -> None:
    go(page, f"#/jobs/{start(page, 'crowd.talk', [TALKED], {})}")
    expect(state(page)).to_have_text("succeeded")
    expect(page.get_by_text(f"{TALKED} lines")).to_be_visible()
    assert lines(page)[-1] == f"word {TALKED - 1}"
    follow = page.get_by_role("button", name="Follow")
    expect(follow).to_have_attribute("aria-pressed", "true")
    page.get_by_role("log").press("ArrowUp")
    expect(follow).to_have_attribute("aria-pressed", "false")
    follow.click()
    expect(follow).to_have_attribute("aria-pressed", "true")
    expect(page.get_by_role("log").locator(".line").last).to_be_in_viewport()
    page.get_by_role("button", name=re.compile("^Show 400 earlier lines")).click()
    expect(page.get_by_role("log").locator(".line")).to_have_count(TALKED)
    page.get_by_label("Least level").select_option("ERROR")
    expect(page.get_by_text(f"{TALKED // 100} of {TALKED} lines")).to_be_visible()
    page.get_by_label("Find in the log").fill("word 199")
    expect(page.get_by_role("log").locator(".line span")).to_have_text(["word 199"])

    result = page.get_by_label("Result", exact=True).first
    result.locator("summary").first.click()
    result.get_by_text(f"list of {TALKED}").click()
    expect(result.locator(".value-number")).to_have_count(100)
    result.get_by_role("button", name=f"Show more of {TALKED}").click()
    expect(result.locator(".value-number")).to_have_count(TALKED)


def test_chunks_are_shown_as_one_text(page: Page) -> None:
    go(page, f"#/jobs/{start(page, 'texts.write', [], {'words': 3})}")
    expect(page.get_by_label("Stream").locator("pre")).to_have_text("word0 word1 word2")


@pytest.fixture
def restartable(tmp_path: Path) -> Iterator[Node]:
    """A node of this test's own, with a worker that outlives it."""
    with (
        running_node(tmp_path) as node,
        running(Program("worker", "browser_tasks:app", cwd=APPS, TASKBAHN_URL=node.websocket), " ready"),
    ):
        yield node


@pytest.mark.timeout(150)  # a node starts twice
def test_jobs_go_on_when_the_node_restarts_under_open_pages(
    page: Page, chromium: Browser, restartable: Node, heard: Any, tmp_path: Path
) -> None:
    """A node deletes what it need not keep any more when it starts, so that this can be seen too."""
    heard.origins.append(f"http://127.0.0.1:{restartable.port}")
    heard.allowed = ["WebSocket connection to .* failed", r"request failed: .*/icon\.svg", "net::ERR_"]
    page.goto(f"http://127.0.0.1:{restartable.port}/")
    old = chromium.new_page()
    old.on("console", heard.console)
    old.on("pageerror", heard.error)
    old.goto(f"http://127.0.0.1:{restartable.port}/#/jobs/{start(page, 'pictures.broken', ['old.gif'], {}, keep=1)}")
    expect(state(old)).to_have_text("failed")
    expect(old.get_by_role("button", name="Retry")).to_be_visible()
    id = start(page, "numbers.count", [], {"to": 200})
    go(page, f"#/jobs/{id}")
    expect(page.get_by_role("log")).to_contain_text("line 5")
    restartable.close()
    expect(page.get_by_text("Reconnecting", exact=True)).to_be_visible()
    again = Node(tmp_path, restartable.port)
    try:
        expect(page.get_by_text("Live", exact=True)).to_be_visible(timeout=40_000)
        expect(state(page)).to_have_text("succeeded", timeout=20_000)
        assert lines(page) == [f"line {number}" for number in range(200)]
        expect(old.get_by_text("The node has deleted this job")).to_be_visible(timeout=40_000)
        expect(old.get_by_label("Error").locator(".failure-what")).to_contain_text("old.gif is no picture")
        expect(old.get_by_role("button", name="Retry")).to_have_count(0)
        expect(state(old)).to_have_text("failed")
        old.screenshot(path=tmp_path / "deleted.png")
    finally:
        old.context.close()
        again.close()
