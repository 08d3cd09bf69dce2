"""How the elements look on pages of users: margins, their own accents, another language."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import pytest
from playwright.sync_api import Page, expect
from support.foreign import show, start

if TYPE_CHECKING:
    from pathlib import Path

ALL = """<main><task-form task="pictures.thumbnail"></task-form><job-progress cancellable></job-progress>
<job-log></job-log><job-result></job-result></main>"""
ACCENTS = [
    "#ffe600",
    "#b4f000",
    "#00e5ff",
    "#ffffff",
    "#ff2d55",
    "#ff8a00",
    "#7c3aed",
    "#0a1a6b",
    "#000000",
    "#16a34a",
    "#808080",
    "",
]
TEXT, SEEN = 4.5, 3.0  # what WCAG 2.2 asks for: of text, and of what is no text
UNSAFE = re.compile("[\\x00-\\x08\\x0b-\\x1f\\x7f-\\x9f\\u200e\\u200f\\u2028-\\u202e\\u2066-\\u2069]")
# Colours as the browser resolves them, as numbers by a canvas, one above the other where they are not opaque.
CONTRAST = """(grounds) => {
    const canvas = new OffscreenCanvas(1, 1).getContext("2d", { willReadFrequently: true });
    const luminance = (...layers) => {
        canvas.clearRect(0, 0, 1, 1);
        for (const layer of layers) { canvas.fillStyle = layer; canvas.fillRect(0, 0, 1, 1); }
        const [r, g, b] = Array.from(canvas.getImageData(0, 0, 1, 1).data, (each) => each / 255)
            .map((each) => (each <= 0.04045 ? each / 12.92 : ((each + 0.055) / 1.055) ** 2.4));
        return 0.2126 * r + 0.7152 * g + 0.0722 * b;
    };
    const contrast = (a, b) => (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
    const page = getComputedStyle(document.body).backgroundColor;
    const inside = (tag, selector) => getComputedStyle(document.querySelector(tag).shadowRoot.querySelector(selector));
    const probe = document.querySelector("job-progress").shadowRoot.appendChild(document.createElement("p"));
    const value = (name) => ((probe.style.color = `var(${name})`), getComputedStyle(probe).color);
    const button = inside("task-form", "button[type=submit]");
    const newest = inside("job-log", "button[part=newest]");
    const [bar, fill] = [inside("job-progress", ".bar"), inside("job-progress", ".bar i")];
    const [panel, sunken] = [value("--panel"), value("--sunken")];
    const found = {
        button: contrast(luminance(page, button.backgroundColor, button.color), luminance(page, button.backgroundColor)),
        bar: contrast(luminance(page, bar.backgroundColor, fill.backgroundColor), luminance(page, bar.backgroundColor)),
        edge: contrast(luminance(page, button.borderTopColor), luminance(page)) * (button.borderTopWidth === "1px"),
        newest: contrast(luminance(page, newest.borderTopColor), luminance(page, sunken)) * (newest.borderTopWidth === "1px"),
        outline: contrast(luminance(page, value("--accent-seen")), luminance(page)),
        choice: Math.min(...[page, panel, sunken].map(
            (ground) => contrast(luminance(page, ground, value("--accent-text")), luminance(page, ground)),
        )),
    };
    for (const name of ["ink", "muted", "good", "bad", "warn"]) {
        const tinted = `color-mix(in oklab, ${value(`--${name}`)} 8%, transparent)`;
        const under = [[page], [page, panel]];
        if (["ink", "muted"].includes(name)) under.push([page, sunken]);
        if (name === "bad") under.push([page, tinted]);
        found[name] = Math.min(...under.map((layers) => contrast(luminance(...layers, value(`--${name}`)), luminance(...layers))));
    }
    probe.remove();
    return found;
}"""


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_contrast_holds_with_any_accent(visit: Any, origin: str, gate: Path, scheme: str) -> None:
    page = visit(ALL)
    show(page, start(page, origin, "numbers.count", to=40, held=str(gate)))
    expect(page.get_by_role("button", name="Start job")).to_be_visible()
    expect(page.locator("job-progress").get_by_role("status")).to_have_text("running")
    page.evaluate(
        "scheme => { document.documentElement.style.colorScheme = scheme; document.body.style.background = 'Canvas' }", scheme
    )
    weak = {}
    for accent in ACCENTS:
        page.evaluate("accent => document.body.style.setProperty('--taskbahn-accent', accent)", accent)
        for what, contrast in page.evaluate(CONTRAST).items():
            if contrast < (SEEN if what in ("bar", "edge", "newest", "outline") else TEXT):
                weak[accent, what] = round(contrast, 2)
    assert weak == {}


def test_elements_keep_a_distance_that_the_page_may_choose(visit: Any) -> None:
    page = visit("<job-progress></job-progress><job-question></job-question><job-result></job-result>")
    boxes = "['job-progress', 'job-result'].map((tag) => document.querySelector(tag).getBoundingClientRect())"
    gap = f"(() => {{ const [a, b] = {boxes}; return b.top - a.bottom }})()"
    expect(page.locator("job-result")).to_have_text("No job yet.")
    assert 12 <= page.evaluate(gap) <= 16  # the margin of one: a question that is not asked takes no room
    page.evaluate("document.body.style.setProperty('--taskbahn-margin', '40px')")
    assert page.evaluate(gap) == 40
    page.evaluate("document.querySelectorAll('body > *').forEach((each) => (each.style.margin = 0))")
    assert page.evaluate(gap) == 0


def look(page: Page, path: Path, name: str) -> None:
    for width in (1440, 390):
        for scheme in ("light", "dark"):
            page.set_viewport_size({"width": width, "height": 900})
            page.evaluate("scheme => (document.documentElement.style.colorScheme = scheme)", scheme)
            page.screenshot(path=path / f"{name}-{width}-{scheme}.png", full_page=True)


def test_a_german_page_has_german_elements(visit: Any, origin: str, gate: Path, tmp_path: Path) -> None:
    page = visit(ALL)
    page.evaluate("document.documentElement.lang = 'de'")
    page.evaluate("node => import(`${node}/elements/german.js`)", origin)
    page.get_by_role("button", name="Auftrag starten").click()
    expect(page.get_by_role("alert").filter(has_text="Path fehlt.")).to_be_visible()
    expect(page.get_by_text("ganze Zahl, freiwillig")).to_be_visible()
    expect(page.get_by_text("16 bis 4096")).to_be_visible()
    show(page, start(page, origin, "pictures.thumbnail", path=str(gate), width=64))
    expect(page.locator("job-progress").get_by_role("status")).to_have_text("läuft")
    expect(page.get_by_role("progressbar", name="Fortschritt von pictures.thumbnail")).to_be_visible()
    look(page, tmp_path, "german")
    page.get_by_role("button", name="Abbrechen").click()
    expect(page.locator("job-result")).to_have_text("Der Auftrag wurde abgebrochen. von jemandem auf einer Seite")
    look(page, tmp_path, "cancelled")
    assert not re.search(r"\b(the|job|cancelled)\b", page.locator("job-progress").inner_text())
    page.evaluate(
        "node => import(`${node}/elements.js`).then(({ addTexts }) => addTexts('de', { abgebrochen: 'x', cancelled: 'gestoppt' }))",
        origin,
    )
    expect(page.locator("job-progress").get_by_role("status")).to_have_text("gestoppt")


def test_all_elements_follow_a_change_of_language(visit: Any, origin: str) -> None:
    page = visit(ALL + "<div id='swiss'></div><div id='host'></div>")
    page.evaluate("node => import(`${node}/elements/german.js`)", origin)
    page.evaluate("""() => {
        const inside = document.getElementById("host").attachShadow({ mode: "open" });
        inside.innerHTML = "<job-result></job-result>";
    }""")
    hidden = page.locator("#host job-result")
    expect(page.get_by_role("button", name="Start job")).to_be_visible()
    expect(hidden).to_have_text("No job yet.")
    page.get_by_label("path").fill("cat.gif")
    page.evaluate("document.documentElement.lang = 'de'")
    expect(page.get_by_role("button", name="Auftrag starten")).to_be_visible()
    expect(page.get_by_text("ganze Zahl, freiwillig")).to_be_visible()
    expect(page.locator("main > job-progress").get_by_role("status")).to_have_text("noch kein Auftrag")
    expect(page.locator("main > job-result")).to_have_text("Noch kein Auftrag.")
    expect(page.locator("main > job-log")).to_contain_text("Noch kein Auftrag.")
    expect(hidden).to_have_text("Noch kein Auftrag.")  # also what is inside of another element
    expect(page.get_by_label("path")).to_have_value("cat.gif")  # what was typed stays
    expect(page.get_by_label("path")).to_be_focused()
    page.evaluate("document.documentElement.lang = 'en'")
    expect(page.get_by_role("button", name="Start job")).to_be_visible()
    page.evaluate("document.getElementById('swiss').lang = 'de-CH'")
    page.evaluate("document.getElementById('swiss').append(document.querySelector('task-form'))")
    expect(page.get_by_role("button", name="Auftrag starten")).to_be_visible()  # it was moved


def test_characters_that_do_something_are_seen_in_all_elements(visit: Any, origin: str, tmp_path: Path) -> None:
    page = visit("<job-progress></job-progress><job-log></job-log><job-result traceback></job-result>")
    gate = tmp_path / "\x1b[31mred\x1b[0m \u202egnp\u2066 \x07.jpg"
    gate.touch()
    show(page, start(page, origin, "pictures.thumbnail", path=str(gate), width=64))
    expect(page.get_by_role("region", name="Result")).to_contain_text("red \ufffdgnp\ufffd ␇.jpg@64")
    expect(page.get_by_role("log")).to_contain_text("red \ufffdgnp\ufffd ␇.jpg")
    show(page, start(page, origin, "pictures.broken", path=gate.name))
    expect(page.locator("job-result")).to_contain_text("red \ufffdgnp\ufffd ␇.jpg is no picture")
    markup: str = page.evaluate("""() => Array.from(document.querySelectorAll("job-progress, job-log, job-result"),
        (each) => each.shadowRoot.innerHTML).join("")""")
    assert not UNSAFE.search(markup)
