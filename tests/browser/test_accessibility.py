"""Axe finds nothing wrong with any page, light and dark, wide and narrow, with running, failed and waiting jobs on it."""

from __future__ import annotations

import re
import shutil
import time
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from playwright.sync_api import Page, expect
from support.pages import go
from support.populated_node import PopulatedNode, populated_node
from support.programs import Program, running

from taskbahn import Job, Taskbahn

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = pytest.mark.timeout(240)  # a node, three workers and some sixty jobs are started first
APPS = Path(__file__).parent / "apps"
AXE = Path(__file__).resolve().parents[2] / "web" / "node_modules" / "axe-core" / "axe.min.js"
NARROW = {"width": 390, "height": 844}
RUN = """async rules => {
    const { violations } = await axe.run(document, rules ? { runOnly: rules } : {});
    return violations.map(({ id, help, nodes }) => ({ id, help, where: nodes.map(({ html, failureSummary }) => `${html} ${failureSummary}`) }));
}"""
WATCH = "() => addEventListener('securitypolicyviolation', ({ violatedDirective, blockedURI }) => console.error(violatedDirective, blockedURI))"
# page, and what must be on it
PAGES = {
    "#/": "main h1",
    "#/jobs": "main tbody tr",
    "#/jobs/RUNNING": ".stage",
    "#/jobs/FAILED": ".traceback",
    "#/jobs/WAITING": ".headline",
    "#/jobs/ASKING": ".question",
    "#/questions": "li:nth-child(3) .question",
    "#/tasks": ".tasks tbody tr",
    "#/tasks/video.transcode": ".recent tbody tr",
    "#/schedules": ".schedules tbody tr",
    "#/schedules?view=week": ".week .hour",
    "#/schedules?view=new": ".meaning b",
    "#/schedules/mail.digest?edit=yes": ".meaning b",
    "#/schedules/trailers.cut": ".firings tbody tr",
    "#/schedules/reports.monthly": ".differences",
    "#/schedules/orders.remind": ".trouble",
    "#/triggers": ".triggers tbody tr:nth-child(4)",
    "#/triggers?view=new": ".trigger-form",
    "#/triggers/pictures.uploaded": ".facts",
    "#/triggers/films.delivered": ".trouble",
    "#/triggers/orders.tell": ".differences",
    "#/triggers/archive.pushed?edit=yes": ".trigger-form #schedule-secret",
    "#/queues": "main tbody tr, main li",
    "#/limits": ".limits tbody tr",
    "#/limits/bank": ".keys tbody tr",
    "#/limits/gpu": ".limit-figures",
    "#/workers": ".worker-jobs",
    "#/workers/cutting-room": ".recent-of tbody tr",
    "#/errors": "main h2, main tbody tr",
    "#/audit": ".audit tbody tr",
    "#/settings": "main dl, main tbody tr",
    "#/workers/unknown": ".empty",
    "#/nowhere": ".empty",
}


@pytest.fixture(scope="module")
def present(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PopulatedNode]:
    with populated_node(tmp_path_factory.mktemp("studio")) as present:
        yield present


@pytest.fixture(scope="module")
def asking(present: PopulatedNode) -> Iterator[str]:
    """Jobs that ask; the id of one of them."""
    url = present.node.websocket
    with (
        running(Program("worker", "asks:app", "--name", "desk", cwd=APPS, TASKBAHN_URL=url), " ready"),
        Taskbahn(url) as app,
    ):
        jobs: list[Job[Any]] = [
            app.get(f"asks.{task}").start(*words) for task, *words in (("approval", "Emma"), ("truth",), ("print",))
        ]
        deadline = time.monotonic() + 30
        while len(app.view.questions()) < len(jobs):
            assert time.monotonic() < deadline, "not all jobs ask"
            time.sleep(0.05)
        yield jobs[-1].id


@pytest.fixture
def origin(present: PopulatedNode) -> str:
    """The address of the studio's node, in place of the one that all tests share."""
    return f"http://127.0.0.1:{present.node.port}"


@cache
def axe() -> str:
    """Return the text of axe-core, which npm puts beside eslint and tsc."""
    if not AXE.is_file() and shutil.which("npm") is None:
        pytest.skip("axe-core is missing: it comes with npm (node 20.19 or newer), which is not installed here")
    assert AXE.is_file(), "axe-core is missing: run `npm ci` in web/, as scripts/check_web.sh does"
    return AXE.read_text(encoding="utf-8")


def violations(page: Page, rules: list[str] | None = None) -> list[Any]:
    found: list[Any] = page.evaluate(RUN, rules)
    return found


@pytest.mark.parametrize("place", PAGES)
def test_axe_finds_nothing_wrong(page: Page, present: PopulatedNode, asking: str, place: str) -> None:
    script = axe()
    page.emulate_media(reduced_motion="reduce", color_scheme="light")
    page.evaluate(WATCH)
    page.evaluate(script)
    where = place.replace("RUNNING", present.running).replace("FAILED", present.failed).replace("WAITING", present.waiting)
    where = where.replace("ASKING", asking)
    go(page, where)
    expect(page.locator(PAGES[place]).first).to_be_visible()
    found = {"light wide": violations(page)}
    page.emulate_media(reduced_motion="reduce", color_scheme="dark")
    found["dark wide"] = violations(page, ["color-contrast"])
    page.set_viewport_size(NARROW)  # type: ignore[arg-type]
    found["dark narrow"] = violations(page, ["color-contrast"])
    page.emulate_media(reduced_motion="reduce", color_scheme="light")
    found["light narrow"] = violations(page)
    width = page.evaluate("() => document.documentElement.scrollWidth")
    assert {look: wrong for look, wrong in found.items() if wrong} == {}
    assert width == NARROW["width"], "a narrow page scrolls sideways"


def test_axe_finds_nothing_wrong_with_what_is_opened(page: Page, present: PopulatedNode) -> None:
    page.evaluate(axe())
    page.emulate_media(reduced_motion="reduce")
    go(page, "#/workers")
    page.get_by_role("button", name="Drain office").click()
    expect(page.get_by_role("dialog")).to_be_visible()
    assert violations(page) == []
    page.keyboard.press("Escape")
    go(page, "#/tasks/orders.confirm")
    page.get_by_role("button", name="Options").click()
    page.locator("#field-order").fill("{")
    page.get_by_role("button", name="Start job").click()
    expect(page.locator("#field-order-problem")).to_contain_text("must be JSON")
    assert violations(page) == []


@pytest.mark.usefixtures("asking")
def test_axe_finds_nothing_wrong_with_answers(page: Page) -> None:
    page.evaluate(axe())
    page.emulate_media(reduced_motion="reduce", color_scheme="dark")
    go(page, "#/questions")
    page.get_by_role("article", name="How is it printed?").get_by_role("button", name="Answer").click()
    expect(page.get_by_text("Copies is missing.")).to_be_visible()
    page.get_by_role("article", name="Go on?").get_by_role("button", name="Yes").click()
    expect(page.get_by_text("Answered: Yes").first).to_be_visible()
    assert violations(page) == []


def test_axe_finds_nothing_wrong_with_what_is_paused(page: Page) -> None:
    page.evaluate(axe())
    page.emulate_media(reduced_motion="reduce", color_scheme="light")
    for place, button in (
        ("#/queues", "Pause the queue mail"),
        ("#/limits/gpu", "Pause the limit gpu"),
        ("#/", "Pause all jobs"),
    ):
        go(page, place)
        page.get_by_role("button", name=button).click()
        dialog = page.get_by_role("dialog")
        dialog.get_by_label("Reason").fill("the provider is down")
        dialog.get_by_label("8 h").check()
        assert violations(page) == []
        page.keyboard.press("Enter")
        expect(page.get_by_text(re.compile(r" is paused until .+\.$"))).to_be_visible()
    expect(page.get_by_role("region", name="Paused").get_by_role("listitem")).to_have_count(3)
    expect(page.get_by_role("region", name="Paused").get_by_role("listitem").first).to_contain_text("The whole system is paused")
    expect(page.get_by_role("button", name="Pause all jobs")).to_have_count(0)
    for place in ("#/", "#/queues", "#/limits/gpu", "#/tasks/mail.send"):
        go(page, place)
        expect(page.locator(".pause, .pause-details").first).to_be_visible()
        expect(page.get_by_role("link", name="All paused")).to_be_visible()
        found = {"light wide": violations(page)}
        page.emulate_media(reduced_motion="reduce", color_scheme="dark")
        page.set_viewport_size(NARROW)  # type: ignore[arg-type]
        found["dark narrow"] = violations(page, ["color-contrast"])
        page.emulate_media(reduced_motion="reduce", color_scheme="light")
        found["light narrow"] = violations(page)
        width = page.evaluate("() => document.documentElement.scrollWidth")
        page.set_viewport_size({"width": 1280, "height": 860})
        assert {look: wrong for look, wrong in found.items() if wrong} == {}
        assert width == NARROW["width"], "a narrow page scrolls sideways"
    go(page, "#/")
    notices = page.get_by_role("region", name="Paused").get_by_role("listitem")
    for left in (2, 1, 0):
        notices.first.get_by_role("button", name=re.compile("^Resume")).click()
        page.get_by_role("dialog").get_by_role("button", name="Resume").click()
        expect(page.get_by_text(re.compile(r" is resumed\.$"))).to_be_visible()
        expect(notices).to_have_count(left)
    expect(page.get_by_role("link", name="All paused")).to_have_count(0)
