"""The elements, on pages that are not ours: served by another origin, under a strict Content-Security-Policy."""

from __future__ import annotations

import re
import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from playwright.sync_api import Locator, Page, expect
from support.foreign import show, start
from support.programs import Program, running

if TYPE_CHECKING:
    from support.programs import Node
    from support.site import Site

ROOT = Path(__file__).parents[2]
EXAMPLE = ROOT / "examples" / "browser-kit"
AXE = ROOT / "web" / "node_modules" / "axe-core" / "axe.min.js"
MANY = 10_000  # log lines
HIDE = """isHidden => {
    Object.defineProperty(document, "hidden", { get: () => isHidden, configurable: true });
    document.dispatchEvent(new Event("visibilitychange", { bubbles: true }));
}"""


def bar(page: Page) -> Locator:
    return page.locator("job-progress .box > .bar")


def state(page: Page) -> Locator:
    return page.locator("job-progress").get_by_role("status")


def lines(page: Page) -> list[str]:
    texts: list[str] = page.locator("job-log .line span").all_text_contents()
    return texts


def wait_for_lines(page: Page, count: int) -> None:
    page.wait_for_function(
        "count => document.querySelector('job-log').shadowRoot.querySelectorAll('.line').length >= count",
        arg=count,
        timeout=40_000,
    )


def test_a_form_shows_errors_at_fields_and_feeds_the_elements_it_names(visit: Any, gate: Path, tmp_path: Path) -> None:
    page = visit("""
        <task-form task="pictures.thumbnail" for="bar log result"></task-form>
        <job-progress id="bar" cancellable></job-progress><job-log id="log"></job-log><job-result id="result"></job-result>
    """)
    expect(state(page)).to_have_text("no job yet")
    path, width = page.get_by_label("path"), page.get_by_label("width")
    expect(width).to_have_value("256")
    width.fill("9")
    width.press("Enter")
    expect(page.get_by_role("alert").filter(has_text="Path is missing.")).to_be_visible()
    expect(path).to_be_focused()
    path.fill(str(gate))
    path.press("Enter")  # this the dispatcher finds
    expect(page.get_by_role("alert").filter(has_text="16")).to_be_visible()
    expect(width).to_be_focused()
    expect(width).to_have_attribute("aria-invalid", "true")
    expect(path).not_to_have_attribute("aria-invalid", "true")
    width.fill("64")
    page.get_by_role("button", name="Start job").click()

    expect(page.get_by_role("progressbar", name="Progress of pictures.thumbnail")).to_have_attribute(
        "aria-valuenow", re.compile(r"^[1-9]\d?$")
    )
    expect(page.locator(".stage-name")).to_have_text(["Pictures", "left"])
    page.screenshot(path=tmp_path / "running.png")
    gate.touch()
    expect(state(page)).to_have_text("succeeded")
    expect(bar(page)).to_have_attribute("aria-valuenow", "100")
    expect(page.get_by_role("region", name="Result")).to_have_text(f"{gate}@64")
    expect(page.get_by_role("log")).to_contain_text(f"made a thumbnail of {gate}")
    expect(page.get_by_role("button", name="Cancel")).to_be_hidden()
    heard = page.evaluate("heard")
    id = page.evaluate("document.querySelector('job-progress').job")
    assert ["task-form", "job", id] in heard
    assert [name for name, what, _ in heard if what == "progress"].count("job-progress") > 1
    assert sorted(name for name, what, ended in heard if (what, ended) == ("done", "succeeded")) == [
        "job-log",
        "job-progress",
        "job-result",
    ]
    page.emulate_media(color_scheme="dark")
    dark = page.evaluate("getComputedStyle(document.querySelector('job-progress')).color")
    page.evaluate("document.documentElement.style.colorScheme = 'dark'")
    assert page.evaluate("getComputedStyle(document.querySelector('job-progress')).color") != dark  # the page decides


def test_a_job_that_expired_says_why_in_every_element(visit: Any) -> None:
    why = "it did not start within its start_within"
    page = visit('<job-progress id="bar"></job-progress><job-result id="result"></job-result><output></output>')
    page.evaluate("""async () => {
        const [bar, result] = document.querySelectorAll("job-progress, job-result");
        bar.addEventListener("failed", ({ detail: { error } }) => (document.querySelector("output").textContent = error.message));
        const job = await bar.bahn.start("numbers.count", [3], {}, { queue: "unserved", start_within: 0.1 });
        bar.job = result.job = job;
        globalThis.said = job.result().catch(({ message }) => message);
    }""")
    expect(page.locator("output")).to_have_text(why)
    expect(state(page)).to_have_text("expired")
    expect(page.locator("job-progress .foot")).to_contain_text(why)
    expect(page.locator("job-result .failure")).to_have_text(f"Expired {why}")
    assert page.evaluate("said") == why


def test_a_cut_under_a_job_progress_is_shown_and_nothing_is_missed(
    visit: Any, relay: Any, heard: Any, gate: Path, origin: str
) -> None:
    url = relay.origin.replace("http", "ws") + "/ws"
    page = visit(f'<job-progress url="{url}"></job-progress><job-log url="{url}"></job-log>')
    show(page, start(page, origin, "numbers.count", to=60, held=str(gate)))
    expect(page.get_by_role("log")).to_contain_text("line 5")
    heard.allowed = ["WebSocket connection to .* failed"]
    relay.cut()
    expect(page.locator("job-progress .foot")).to_contain_text("Reconnecting")
    assert len(lines(page)) <= 30
    gate.touch()
    relay.mend()
    expect(page.locator("job-progress .foot")).not_to_contain_text("Reconnecting")
    expect(state(page)).to_have_text("succeeded")
    expect(page.get_by_role("log")).to_contain_text("line 59")
    assert lines(page) == [f"line {number}" for number in range(60)]
    assert page.evaluate("document.querySelector('job-progress').bahn === document.querySelector('job-log').bahn")


def test_a_waiting_job_has_a_place_and_comes_back_when_retried(visit: Any, heard: Any, origin: str) -> None:
    page = visit("<job-progress cancellable></job-progress><job-result></job-result><job-result traceback></job-result>")
    show(page, start(page, origin, "sleep.long", {"delay": 60}))
    expect(state(page)).to_have_text("waiting")
    expect(page.locator("job-progress .foot")).to_contain_text(re.compile(r"starts in about (60 s|1 min)"))
    page.get_by_role("button", name="Cancel").press("Enter")
    expect(state(page)).to_have_text("cancelled")
    expect(page.locator("job-result").first).to_have_text("The job was cancelled. by a person on a page")
    page.wait_for_function(
        "() => heard.some(([name, what, state]) => name === 'job-progress' && what === 'cancelled' && state === 'cancelled')"
    )
    assert not page.evaluate("heard.some(([, what]) => what === 'failed')")

    show(page, start(page, origin, "sleep.long"))
    expect(state(page)).to_have_text("running")
    expect(bar(page)).not_to_have_attribute("aria-valuenow", re.compile(""))
    page.get_by_role("button", name="Cancel").click()
    expect(state(page)).to_have_text("cancelled")
    page.evaluate("(({ bahn, job }) => bahn.retry([job]))(document.querySelector('job-progress'))")
    expect(state(page)).to_have_text("running")
    page.get_by_role("button", name="Cancel").click()
    expect(state(page)).to_have_text("cancelled")

    show(page, start(page, origin, "pictures.broken", path="cat.gif"))
    expect(state(page)).to_have_text("failed")
    expect(page.locator("job-result").first).to_have_text("ValueError cat.gif is no picture")  # for end users
    expect(page.locator("job-result").last).to_contain_text("ValueError cat.gif is no picture")
    page.get_by_text("Traceback", exact=True).click()
    expect(page.get_by_role("region", name="Traceback")).to_contain_text("ZeroDivisionError")
    heard.allowed = ["There is no job '01890000-"]  # all of it is for the console
    show(page, "01890000-0000-7000-8000-000000000000")
    expect(page.locator("job-progress .foot")).to_have_text("This job does not exist (any more).")
    expect(page.locator("job-result").first).to_have_text("This job does not exist (any more).")


def test_a_hidden_tab_draws_nothing_and_misses_nothing(visit: Any, gate: Path, origin: str) -> None:
    page = visit("<job-progress></job-progress>")
    show(page, start(page, origin, "numbers.count", to=40, held=str(gate)))
    expect(bar(page)).to_have_attribute("aria-valuenow", re.compile("[1-9]"))
    page.evaluate(HIDE, True)
    drawn = bar(page).get_attribute("aria-valuetext")
    told = "heard.filter(([, name]) => name === 'progress').length"
    before = page.evaluate(told)
    gate.touch()
    page.wait_for_function("() => document.querySelector('job-progress').view.state === 'succeeded'")
    assert bar(page).get_attribute("aria-valuetext") == drawn
    assert page.evaluate(told) > before
    page.evaluate(HIDE, False)
    expect(state(page)).to_have_text("succeeded")
    expect(bar(page)).to_have_attribute("aria-valuenow", "100")


def test_an_element_that_is_removed_or_given_another_job_watches_no_more(visit: Any, origin: str) -> None:
    sent: list[str] = []
    page = visit("")
    page.on("websocket", lambda socket: socket.on("framesent", lambda text: sent.append(str(text))))
    first, second = (start(page, origin, "sleep.long") for _ in range(2))
    page.evaluate("id => document.body.append(Object.assign(document.createElement('job-progress'), { job: id }))", first)
    expect(state(page)).to_have_text("running")
    show(page, second)
    page.evaluate("document.body.append(document.querySelector('job-progress'))")  # moved: that changes nothing
    expect(state(page)).to_have_text("running")
    page.evaluate("window.removed = document.querySelector('job-progress'); removed.remove()")
    page.wait_for_function("() => removed.view === null")
    watches = [line.split(",")[1] for line in sent if "taskbahn.job.watch" in line]
    cancels = [line.split(",")[1] for line in sent if line.startswith("[49,")]
    assert len(watches) == 2
    assert cancels == watches
    page.evaluate(
        "async ([node, ids]) => { const bahn = await (await import(`${node}/taskbahn.js`)).connect(); await bahn.cancel(ids); bahn.close() }",
        [origin, [first, second]],
    )


def test_a_log_of_ten_thousand_lines_follows_until_the_reader_scrolls_up(visit: Any, gate: Path, origin: str) -> None:
    page = visit("<job-log></job-log>")
    show(page, start(page, origin, "numbers.count", to=MANY, pause=0, held=str(gate)))
    log = page.get_by_role("log")
    wait_for_lines(page, MANY // 2)
    log.press("ArrowUp")  # a few pixels, while every frame brings lines
    gate.touch()
    newest = page.get_by_role("button", name="↓")
    wait_for_lines(page, MANY)
    expect(newest).to_have_text(re.compile(r"^[\d,]+ new lines ↓$"))
    newest.click()
    last = page.locator("job-log .line").last
    expect(last).to_be_in_viewport()
    assert log.evaluate("box => box.shadowRoot === null && box.scrollHeight > 100 * box.clientHeight")
    expect(newest).to_be_hidden()
    log.press("ArrowUp")  # a few pixels, which the next drawing does not take back
    expect(newest).to_have_text("Newest ↓")
    page.evaluate("document.querySelector('job-log').level = 'debug'")
    page.evaluate("() => new Promise((resolve) => requestAnimationFrame(() => requestAnimationFrame(resolve)))")
    expect(newest).to_be_visible()
    log.press("Home")
    expect(page.locator("job-log .line").first).to_be_in_viewport()
    newest.click()
    expect(last).to_be_in_viewport()
    expect(newest).to_be_hidden()
    page.evaluate("document.querySelector('job-log').level = 'warning'")
    expect(page.locator("job-log .line", has_text="line 0").first).to_be_hidden()


@pytest.mark.skipif(not shutil.which("npm"), reason="axe-core comes with npm")
def test_axe_finds_nothing_wrong_light_or_dark(visit: Any, origin: str) -> None:
    page = visit("""<main><h1>Kit</h1><task-form task="pictures.everything"></task-form><div>
        <job-progress cancellable></job-progress><job-log></job-log><job-result></job-result>
    </div></main>""")
    page.evaluate(AXE.read_text(encoding="utf-8"))
    page.get_by_role("button", name="Start job").click()
    expect(page.get_by_role("alert").filter(has_text="Name is missing.")).to_be_visible()
    jobs = {"running": start(page, origin, "numbers.count", to=1000), "failed": start(page, origin, "pictures.broken", path="a")}
    for wanted, id in jobs.items():
        show(page, id)
        expect(state(page)).to_have_text(wanted)
        expect(page.locator("job-result")).to_contain_text("No result yet" if wanted == "running" else "is no picture")
        for scheme in ("light", "dark"):
            page.evaluate(
                "scheme => Object.assign(document.documentElement.style, { colorScheme: scheme, background: 'Canvas' })", scheme
            )
            found = page.evaluate(
                "async () => (await axe.run()).violations.map(({ id, nodes }) => [id, nodes.map(({ html }) => html)])"
            )
            assert found == [], (wanted, scheme)
    page.evaluate("id => document.querySelector('job-progress').bahn.cancel([id])", jobs["running"])


def test_the_page_of_the_example_works_after_a_reload_too(visit: Any, node: Node, site: Site, origin: str) -> None:
    site.is_strict = False  # its own script and style are in the page
    html = (EXAMPLE / "index.html").read_text(encoding="utf-8").replace("http://127.0.0.1:8080", origin)
    with running(Program("worker", "films:app", "--slots", "1", cwd=EXAMPLE, TASKBAHN_URL=node.websocket), " ready"):
        page = visit("", html)
        page.get_by_label("title").fill("Metropolis")
        page.get_by_label("quality").select_option("draft")
        page.get_by_role("button", name="Render").click()
        expect(state(page)).to_have_text(re.compile("running|succeeded"))
        page.reload()
        expect(state(page)).to_have_text("succeeded")
        expect(page.get_by_role("region", name="Result")).to_contain_text('"title": "Metropolis"')
        expect(page.get_by_role("log")).to_contain_text("no one has seen Metropolis yet")
        page.get_by_label("title").fill("Nosferatu")
        page.get_by_label("frames").fill("1")
        page.get_by_label("quality").select_option("final")
        page.get_by_role("button", name="Render").click()
        expect(page.get_by_role("region", name="Show Nosferatu tonight?")).to_contain_text("for the manager")
        page.reload()
        page.get_by_role("button", name="Yes").click()
        expect(page.get_by_role("region", name="Result")).to_contain_text('"shown": true')
