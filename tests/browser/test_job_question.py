"""`<job-question>`, on pages that are not ours: what people see of a question, and how they answer."""

from __future__ import annotations

import re
import shutil
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Locator, Page, expect
from support.foreign import show, start

pytestmark = pytest.mark.usefixtures("asks")
AXE = Path(__file__).parents[2] / "web" / "node_modules" / "axe-core" / "axe.min.js"
KIT = "<job-question></job-question><job-result></job-result>"
HEAR = """() => {
    window.answers = [];
    const add = ({ type, detail }) => answers.push([type, detail?.name ?? null, detail?.value]);
    for (const name of ["question", "answered"]) addEventListener(name, add);
}"""
ANSWER = """async ([name, value]) => {
    const { bahn, job } = document.querySelector("job-question");
    await bahn.job(job).answer(name, value);
}"""


@pytest.fixture
def ask(visit: Any, origin: str) -> Any:
    """Open a page with the element, and start a task that asks."""

    def ask(task: str, body: str = KIT, **arguments: Any) -> Page:
        page: Page = visit(body)
        page.evaluate(HEAR)
        show(page, start(page, origin, task, **arguments))
        return page

    return ask


def question(page: Page) -> Locator:
    return page.get_by_role("region")


def result(page: Page) -> Locator:
    return page.locator("job-result").get_by_role("region", name="Result")


def button(page: Page, name: str) -> Locator:
    return page.get_by_role("button", name=name, exact=True)


def test_a_yes_is_a_button_that_says_it_and_the_form_goes(ask: Any) -> None:
    page = ask("asks.truth", question="Is it\nso?")
    expect(page.get_by_role("region", name="Is it so?")).to_contain_text("asked just now")
    expect(page.get_by_role("status")).to_have_text("A question: Is it\nso?")
    button(page, "Yes").click()
    expect(result(page)).to_have_text("true")
    expect(question(page).filter(has_text="so?")).to_have_count(0)
    said = page.locator("job-question").get_by_role("status")
    expect(said).to_have_text("Answered.")
    expect(said).to_be_focused()
    assert page.evaluate("answers.map(([what, name, value]) => [what, Boolean(name), value])") == [
        ["question", True, None],
        ["answered", True, True],
        ["question", False, None],
    ]


def test_what_is_chosen_has_buttons_and_the_keyboard_reaches_them(ask: Any) -> None:
    page = ask("asks.cover")
    expect(page.get_by_role("region", name="Which cover?")).to_contain_text("for role:printer")
    expect(page.get_by_role("group", name="Which cover?").get_by_role("button")).to_have_text(["cloth", "paper", "leather"])
    expect(button(page, "cloth")).to_be_enabled()
    page.keyboard.press("Tab")
    expect(button(page, "cloth")).to_be_focused()
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(result(page)).to_have_text("paper")


def test_enter_in_a_note_beside_yes_and_no_chooses_neither(ask: Any) -> None:
    page = ask("asks.approval", book="Emma")
    note = page.get_by_label("note")
    note.fill("at last")
    note.press("Enter")
    expect(button(page, "Yes")).to_be_focused()
    expect(page.get_by_role("group", name="Publish Emma?")).to_be_visible()
    expect(question(page).get_by_text("yes", exact=True)).to_be_hidden()  # the name of the field says nothing more
    button(page, "No").click()
    expect(result(page)).to_have_text("False at last")


def test_an_error_is_at_its_field_and_the_next_question_follows(ask: Any) -> None:
    page = ask("asks.print")
    expect(question(page).first).to_contain_text(re.compile(r"for role:printer · asked .* · closes in 2 d 2\d h|closes in 3 d"))
    expect(page.get_by_label("cover")).to_have_value("0")
    copies = page.get_by_label("copies")
    button(page, "Answer").click()
    expect(page.get_by_role("alert").filter(has_text="Copies is missing.")).to_be_visible()
    copies.fill("501")
    copies.press("Enter")  # this the dispatcher finds
    expect(page.get_by_role("alert").filter(has_text="500")).to_be_visible()
    expect(copies).to_be_focused()
    expect(copies).to_have_attribute("aria-invalid", "true")
    copies.fill("500")
    page.get_by_label("cover").select_option("paper")
    page.get_by_label("gilded").check()
    button(page, "Answer").click()
    expect(page.get_by_role("region", name="Is that all?")).to_be_visible()
    expect(page.get_by_role("status")).to_have_text(re.compile("A question: Is that all[?]$"))
    expect(button(page, "Yes")).to_be_focused()
    expect(button(page, "Yes")).to_be_enabled()
    button(page, "Yes").press("Enter")
    expect(result(page)).to_have_text(re.compile(r'500,\s+"paper",\s+true,\s+true'))


def test_an_answer_from_elsewhere_takes_the_form_away(ask: Any) -> None:
    page = ask("asks.approval", book="Emma")
    page.get_by_label("note").fill("I still think about")
    page.evaluate(ANSWER, ["publish", {"yes": True, "note": "quicker"}])
    expect(result(page)).to_have_text("True quicker")
    expect(page.get_by_role("form")).to_have_count(0)
    expect(page.locator("job-question").get_by_role("status")).to_have_text("The question is closed.")
    assert page.evaluate("document.querySelector('job-question').question") is None


def test_a_number_that_does_not_fit_is_asked_for_again(ask: Any) -> None:
    page = ask("asks.even")
    answer = page.get_by_label("answer")
    expect(button(page, "Answer")).to_be_enabled()
    answer.fill("three")
    answer.press("Enter")
    expect(page.get_by_role("alert").filter(has_text="must be a whole number")).to_be_visible()
    answer.fill("3")
    answer.press("Enter")
    expect(page.get_by_role("alert").filter(has_text="must be a multiple of 2")).to_be_visible()
    answer.fill("4")
    answer.press("Enter")
    expect(result(page)).to_have_text("4")


def test_the_second_click_of_two_is_no_answer_to_the_next_question(ask: Any) -> None:
    page = ask("asks.print")
    page.get_by_label("copies").fill("1")
    expect(button(page, "Answer")).to_be_enabled()
    page.evaluate("""() => {
        const { shadowRoot } = document.querySelector("job-question");
        const press = () => shadowRoot.querySelector("[part=choice], [part=submit]")?.click();
        document.querySelector("job-question").addEventListener("question", press);
        press();
    }""")
    expect(page.get_by_role("region", name="Is that all?")).to_be_visible()
    expect(button(page, "Yes")).to_be_enabled()
    button(page, "No").click()
    expect(result(page)).to_have_text(re.compile("false$|false\\s+]$"))


def test_a_cancelled_job_asks_no_more_and_an_unknown_one_says_so(ask: Any, heard: Any) -> None:
    heard.allowed = ["There is no job '01890000-"]
    page = ask("asks.approval", book="Emma")
    expect(page.get_by_role("form")).to_be_visible()
    page.evaluate("(({ bahn, job }) => bahn.cancel([job]))(document.querySelector('job-question'))")
    expect(page.get_by_role("form")).to_have_count(0)
    show(page, "01890000-0000-7000-8000-000000000000")
    expect(page.locator("job-question")).to_contain_text("This job does not exist (any more).")


def test_a_cut_keeps_what_is_typed(visit: Any, relay: Any, heard: Any, origin: str) -> None:
    url = relay.origin.replace("http", "ws") + "/ws"
    page = visit(f'<job-question url="{url}" who="ada"></job-question><job-result url="{url}"></job-result>')
    show(page, start(page, origin, "asks.approval", book="Emma"))
    page.get_by_label("note").fill("half a sen")
    heard.allowed = ["WebSocket connection to .* failed"]
    relay.cut()
    expect(question(page).first).to_contain_text("reconnecting…")
    button(page, "Yes").click()
    expect(button(page, "Yes")).to_have_attribute("aria-disabled", "true")
    relay.mend()
    expect(result(page)).to_have_text("True half a sen")


@pytest.mark.skipif(not shutil.which("npm"), reason="axe-core comes with npm")
def test_axe_finds_nothing_wrong_with_a_question(ask: Any, origin: str, tmp_path: Path) -> None:
    page = ask("asks.approval", f"<main><h1>Kit</h1><div>{KIT}</div></main>", book="Emma")
    page.evaluate(AXE.read_text(encoding="utf-8"))
    jobs: list[tuple[str, dict[str, Any]]] = [("asks.approval", {"book": "Emma"}), ("asks.truth", {}), ("asks.print", {})]
    for task, arguments in jobs:
        show(page, start(page, origin, task, **arguments))
        expect(page.locator("job-question").get_by_role("status")).to_have_text(re.compile("^A question"))
        if task == "asks.print":
            button(page, "Answer").click()
            expect(page.get_by_role("alert").filter(has_text="Copies is missing.")).to_be_visible()
        for scheme in ("light", "dark"):
            page.evaluate(
                "scheme => Object.assign(document.documentElement.style, { colorScheme: scheme, background: 'Canvas' })", scheme
            )
            page.screenshot(path=tmp_path / f"{task}-{scheme}.png")
            found = page.evaluate(
                "async () => (await axe.run()).violations.map(({ id, nodes }) => [id, nodes.map(({ html }) => html)])"
            )
            assert found == [], (task, scheme)
