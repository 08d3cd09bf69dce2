"""What a person does on the overview and with what is around every page: navigation, search, keys, themes, a phone."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from playwright.sync_api import Locator, Page, expect
from support.pages import cancel_jobs, go, start_jobs

if TYPE_CHECKING:
    from pathlib import Path

PAGES = ["", "jobs", "questions", "tasks", "schedules", "triggers", "queues", "limits", "workers", "errors", "audit", "settings"]
# a chart is drawn when some of its canvas has colour
IS_DRAWN = """chart => {
    const canvas = chart.querySelector("canvas");
    if (!canvas?.width) return false;
    return canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height).data.some((byte) => byte > 0);
}"""
HIDE = """isHidden => {
    Object.defineProperty(document, "hidden", { configurable: true, get: () => isHidden });
    document.dispatchEvent(new Event("visibilitychange"));
}"""

ACCEPTED = """async () => {
    const { connect } = await import("/taskbahn.js");
    const bahn = await connect();
    const { accepted } = await bahn.ask("taskbahn.view.history", [], { seconds: 900 });
    bahn.close();
    return accepted.filter((count) => count !== null);
}"""


def tile(page: Page, title: str) -> Locator:
    return page.get_by_role("listitem").filter(has=page.get_by_role("heading", name=title, exact=True))


def accepted(page: Page) -> int:
    """Ask the node how many jobs it accepted in the last 15 minutes."""
    counts: list[int] = page.evaluate(ACCEPTED)
    return sum(counts)


def wait_until_drawn(page: Page, title: str) -> None:
    chart = tile(page, title).get_by_role("img").element_handle()
    page.wait_for_function(IS_DRAWN, arg=chart, timeout=30_000)


def test_what_is_wrong_comes_first_and_leads_to_its_jobs(page: Page, tmp_path: Path) -> None:
    unserved = f"0-{uuid4().hex[:8]}"  # the first of those that other tests may leave on the shared node: three are one problem
    [id] = start_jobs(page, ("numbers.add", [20, 22], {}), queue=unserved)
    wrong = page.get_by_role("region", name=re.compile("wrong now")).get_by_role("listitem").filter(has_text=unserved)
    expect(wrong.locator(".trouble-what")).to_contain_text(re.compile("jobs? waits? in the queues? 0-"))
    expect(wrong).to_contain_text("taskbahn worker")  # what to do
    expect(page.get_by_role("link", name=re.compile(r"^Overview \d+ wrong$"))).to_be_visible()
    assert page.locator(".trouble").first.bounding_box()["y"] < page.locator(".tile").first.bounding_box()["y"]  # type: ignore[index]
    page.screenshot(path=tmp_path / "wrong.png", full_page=True)
    wrong.get_by_role("link", name="Show the jobs").click()
    expect(page).to_have_url(re.compile(rf"#/jobs\?q=state%3Aready(\+queue%3A{unserved})?$"))
    go(page, "#/tasks")
    link = page.get_by_role("row", name=re.compile("numbers.add")).get_by_role("link", name=re.compile("unserved"))
    expect(link).to_have_attribute("href", re.compile(rf"queue%3A{unserved}$|#/tasks/numbers.add$"))
    link.click()
    expect(page.get_by_role("main")).to_contain_text("numbers.add")
    go(page, "#/queues")
    row = page.get_by_role("row", name=re.compile(unserved))
    expect(row.get_by_role("cell").nth(0)).to_have_text("1")
    expect(row).to_contain_text("none")

    cancel_jobs(page, [id])
    page.get_by_role("link", name=re.compile("^Overview")).click()
    expect(page.get_by_role("heading", name="Overview")).to_be_visible()
    expect(wrong).to_have_count(0)


def test_charts_live_on_and_are_there_after_a_reload(page: Page) -> None:
    note = tile(page, "Accepted").locator(".tile-note")
    before = accepted(page) + 20
    start_jobs(page, *[("numbers.add", [n], {}) for n in range(20)])
    expect(note).to_have_text(re.compile(rf"^{before:,} jobs, [\d.,]+/(s|min|h|d) on average$"))
    wait_until_drawn(page, "Finished")
    asked = page.evaluate("performance.getEntriesByType('resource').length")
    start_jobs(page, *[("numbers.add", [n], {}) for n in range(5)])
    expect(note).to_contain_text(f"{before + 5:,} jobs, ")
    assert page.evaluate("performance.getEntriesByType('resource').length") == asked

    page.reload()
    expect(note).to_contain_text(f"{before + 5:,} jobs, ")
    for title in ("Accepted", "Finished", "Wait to start"):
        wait_until_drawn(page, title)
    words = tile(page, "Accepted").get_by_role("img").get_attribute("aria-label") or ""
    assert re.search(r"In the last 15 minutes between [\d.,]+/(s|min) and [\d.,]+/(s|min)\.$", words), words
    tile(page, "Running").get_by_role("img").hover()
    expect(page.locator(".tip")).to_contain_text(re.compile(r"\d\d:\d\d:\d\d\s*running"))
    page.get_by_role("link", name="6 h", exact=True).click()
    expect(page).to_have_url(re.compile(r"#/\?range=6h$"))
    page.reload()
    expect(page.get_by_role("link", name="6 h", exact=True)).to_have_attribute("aria-current", "true")
    expect(tile(page, "Running").get_by_role("img")).to_have_attribute("aria-label", re.compile("In the last 6 hours"))


def test_a_chart_is_read_with_the_arrow_keys(page: Page) -> None:
    start_jobs(page, ("numbers.add", [1], {}))
    page.wait_for_function(f"async () => (await ({ACCEPTED})()).length > 1", polling=500)  # a node that is new has one value
    page.reload()
    wait_until_drawn(page, "Accepted")
    chart = tile(page, "Accepted").get_by_role("application", name="Accepted: the arrow keys read its values")
    tile(page, "Failed").get_by_role("link").focus()
    page.keyboard.press("Shift+Tab")  # Finished
    page.keyboard.press("Shift+Tab")
    expect(chart).to_be_focused()
    assert chart.evaluate("chart => getComputedStyle(chart).outlineStyle") == "solid"
    read = chart.get_by_role("status")
    expect(read).to_have_text("")
    page.keyboard.press("ArrowLeft")
    expect(read).to_have_text(re.compile(r"^\d\d:\d\d:\d\d: accepted [\d.,]+/(s|min)$"))
    newest = read.inner_text()
    page.keyboard.press("ArrowLeft")
    expect(read).not_to_have_text(newest)
    tip = page.locator(".tip")
    expect(tip).to_contain_text(read.inner_text().split(": ")[0])
    expect(tip).to_contain_text(re.compile(r"accepted [\d.,]+/(s|min)$"))
    # what is new moves the cursors of all charts: this one stays at its time
    start_jobs(page, ("numbers.add", [1], {}))
    slid = chart.get_by_role("img").get_attribute("aria-label") or ""
    expect(chart.get_by_role("img")).not_to_have_attribute("aria-label", slid, timeout=15_000)
    expect(tip).to_contain_text(read.inner_text().split(": ")[0])
    page.keyboard.press("ArrowRight")
    expect(read).to_contain_text(newest[:9])
    page.keyboard.press("Tab")
    expect(tip).to_have_count(0)
    expect(read).to_have_text("")


def test_the_overview_names_what_failed_and_what_runs_for_longest(page: Page) -> None:
    failed, running = start_jobs(page, ("pictures.broken", ["lost.gif"], {}), ("sleep.long", [], {}))
    last = page.get_by_role("region", name="Failed last").get_by_role("listitem").first
    expect(last).to_contain_text("ValueError: lost.gif is no picture")
    expect(last.get_by_role("link")).to_have_attribute("href", f"#/jobs/{failed}")
    longest = page.get_by_role("region", name="Running for longest").locator(f"a[href='#/jobs/{running}']")
    expect(longest).to_have_text("sleep.long")
    cancel_jobs(page, [running])
    expect(longest).to_have_count(0)


def test_the_keyboard_goes_everywhere(page: Page) -> None:
    [id] = start_jobs(page, ("numbers.add", [1], {}))
    for key, heading in (
        ("t", "Tasks"),
        ("q", "Queues"),
        ("l", "Limits"),
        ("w", "Workers"),
        ("e", "Errors"),
        ("s", "Settings"),
        ("o", "Overview"),
    ):
        page.keyboard.type(f"g{key}")
        expect(page.get_by_role("heading", name=heading, exact=True, level=1)).to_be_visible()
        expect(page.get_by_role("main")).to_be_focused()
    page.keyboard.press("?")
    keys = page.get_by_role("dialog", name="Keys")
    expect(keys).to_contain_text("Search")
    page.keyboard.press("Escape")
    expect(keys).to_be_hidden()

    search = page.get_by_role("combobox", name="Search jobs, tasks, pages")
    page.keyboard.press("/")
    expect(search).to_be_focused()
    page.keyboard.type("numbers.c")
    options = page.get_by_role("option")
    expect(options).to_have_text(["Jobsnumbers.c", "Tasknumbers.count"])
    page.keyboard.press("ArrowDown")
    expect(options.nth(1)).to_have_attribute("aria-selected", "true")
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile("#/tasks/numbers.count$"))
    for words, place in (
        (id, f"#/jobs/{id}$"),
        ("numbers.add", "#/tasks/numbers.add$"),
        ("queues", "#/queues$"),
        ("tasks", "#/tasks$"),
        ("state:failed", r"#/jobs\?q=state%3Afailed$"),
    ):
        page.keyboard.press("/")
        expect(search).to_be_focused()
        page.keyboard.type(words)
        page.keyboard.press("Enter")
        expect(page).to_have_url(re.compile(place))
        expect(search).not_to_be_focused()

    page.reload()
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Skip to the content")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.get_by_role("main")).to_be_focused()
    expect(page).to_have_url(re.compile(r"#/jobs\?q=state%3Afailed$"))


def test_a_pair_of_keys_waits_for_a_slow_page(page: Page) -> None:
    slow = "() => { const until = performance.now() + 1700; while (performance.now() < until); }"
    page.evaluate(f"addEventListener('keydown', {slow}, {{ capture: true, once: true }})")
    page.keyboard.type("gt")
    expect(page.get_by_role("heading", name="Tasks", exact=True, level=1)).to_be_visible()


def test_a_late_page_does_not_take_the_focus_while_a_user_types(page: Page) -> None:
    search = page.get_by_role("combobox", name="Search jobs, tasks, pages")
    page.keyboard.press("/")
    page.keyboard.type("numbers.c")
    go(page, "#/queues")
    expect(page.get_by_role("heading", name="Queues", exact=True, level=1)).to_be_visible()
    expect(search).to_be_focused()
    page.keyboard.type("ount")
    expect(page.get_by_role("option")).to_have_text(["Tasknumbers.count", "Jobsnumbers.count"])
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile("numbers.count$"))
    expect(page.get_by_role("main")).to_be_focused()


def test_a_phone_shows_every_page_without_scrolling_sideways(page: Page, tmp_path: Path) -> None:
    start_jobs(page, ("pictures.broken", [f"{'a-very-long-name-' * 12}.gif"], {}))
    page.set_viewport_size({"width": 360, "height": 740})
    for place in PAGES:
        go(page, f"#/{place}")
        expect(page.get_by_role("main").get_by_role("heading").first).to_be_attached()
        page.wait_for_load_state("networkidle")
        page.screenshot(path=tmp_path / f"{place or 'overview'}.png", full_page=True)
        assert page.evaluate("document.documentElement.scrollWidth") == 360, place
    places = page.get_by_role("navigation", name="Pages")
    expect(places).to_be_hidden()
    page.get_by_role("button", name="Pages").click()
    places.get_by_role("link", name="Queues").click()
    expect(page.get_by_role("heading", name="Queues", level=1)).to_be_visible()
    expect(places).to_be_hidden()


def test_a_chosen_theme_is_kept(page: Page) -> None:
    page.emulate_media(color_scheme="light")
    go(page, "#/settings")
    ground = "getComputedStyle(document.documentElement).backgroundColor"
    light = page.evaluate(ground)
    page.get_by_role("radio", name="Dark").check(force=True)  # the label lies over it
    dark = page.evaluate(ground)
    assert dark != light
    page.reload()
    expect(page.get_by_role("radio", name="Dark")).to_be_checked()
    assert page.evaluate(ground) == dark
    page.emulate_media(color_scheme="dark")
    page.get_by_role("radio", name="Light").check(force=True)
    assert page.evaluate(ground) == light
    page.get_by_role("radio", name="As the system").check(force=True)
    assert page.evaluate(ground) == dark


def test_a_hidden_tab_draws_nothing_and_catches_up(page: Page) -> None:
    note = tile(page, "Accepted").locator(".tile-note")
    start_jobs(page, ("numbers.add", [1], {}))
    expect(note).to_have_text(re.compile(r"^[\d,]+ jobs?, "))
    page.evaluate(HIDE, True)
    drawn = page.evaluate_handle(
        """() => {
            const seen = { count: 0 };
            new MutationObserver((records) => (seen.count += records.length)).observe(document.getElementById("page"), {
                subtree: true, childList: true, characterData: true, attributes: true,
            });
            return seen;
        }"""
    )
    page.evaluate("() => new Promise((resolve) => requestAnimationFrame(() => requestAnimationFrame(resolve)))")
    before = note.inner_text()
    quiet = drawn.evaluate("seen => seen.count")
    [id] = start_jobs(page, ("numbers.count", [], {"to": 10}))
    succeeded(page, id)
    assert drawn.evaluate("seen => seen.count") == quiet
    assert note.inner_text() == before
    page.evaluate(HIDE, False)
    expect(note).not_to_have_text(before)


def succeeded(page: Page, id: str) -> Any:
    """Wait until a job has succeeded, as another client would."""
    return page.evaluate(
        """async id => {
            const { connect } = await import("/taskbahn.js");
            const bahn = await connect();
            const result = await bahn.job(id).result();
            bahn.close();
            return result;
        }""",
        id,
    )
