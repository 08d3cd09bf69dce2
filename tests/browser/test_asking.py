"""What jobs ask people: answered by a page's own code, with React, in the element, in the dashboard."""

from __future__ import annotations

import re
from typing import Any

import pytest
from playwright.sync_api import Locator, Page, expect
from support.pages import go, start, state

pytestmark = pytest.mark.usefixtures("asks")
OPEN = """
    const { connect } = await import("/taskbahn.js");
    const bahn = await connect();
    const until = async condition => { while (!condition()) await new Promise(resolve => setTimeout(resolve, 10)) };
"""
ANSWER = """async ([id, name, value]) => {
    const { connect } = await import("/taskbahn.js");
    const bahn = await connect();
    let open = [];
    while (!open.length) open = await bahn.questions({ job: id });
    await bahn.job(id).answer(name ?? open[0].name, value);
    bahn.close();
}"""


@pytest.fixture
def run(page: Page, evaluate: Any) -> Any:
    """Run JavaScript that has a connected `bahn`."""
    return lambda script: evaluate(page, OPEN + script)


def test_a_page_hears_a_question_and_answers_it(run: Any) -> None:
    heard, refused, late, result = run("""
        const job = await bahn.start("asks.approval", ["Emma"]);
        const heard = [];
        job.onQuestion(question => heard.push(question));
        await until(() => heard.length);
        const [{ name, question, schema, to, until: closes }] = heard;
        const refused = await heard[0].answer({ yes: "perhaps" }).catch(({ uri, detail }) => [uri, detail.name]);
        await heard[0].answer({ yes: true, note: "at last" }, "ada");
        await until(() => heard.length > 1);
        const late = await job.answer("publish", { yes: false }).catch(({ uri }) => uri);
        return [[name, question, typeof schema, to, closes, heard[1]], refused, late, await job.result()];
    """)
    assert heard == ["publish", "Publish Emma?", "object", "role:editor", None, None]
    assert refused == ["taskbahn.error.wrong_answer", "publish"]
    assert late == "taskbahn.error.no_question"
    assert result == "True at last"


def test_a_page_lists_what_all_jobs_ask(run: Any) -> None:
    asked, left, result = run("""
        const jobs = await Promise.all(["Emma", "Persuasion"].map(book => bahn.start("asks.approval", [book])));
        const own = async () => (await bahn.questions()).filter(({ job }) => jobs.some(({ id }) => id === job));
        let asked = [];
        while (asked.length < 2) asked = await own();
        await asked[1].answer({ yes: false });
        const left = await bahn.questions({ job: jobs[1] });
        const result = await jobs[1].result();
        await jobs[0].cancel();
        return [asked.map(({ question, task }) => [question, task]), left, [result, (await own()).length]];
    """)
    assert asked == [["Publish Emma?", "asks.approval"], ["Publish Persuasion?", "asks.approval"]]
    assert (left, result) == ([], ["False", 0])


def test_messages_of_a_page_come_in_their_order(run: Any) -> None:
    numbers, result = run("""
        const job = await bahn.start("asks.chat");
        const numbers = [];
        for (const message of [{ text: "hello" }, 2n ** 60n, "end"]) numbers.push(await job.send(message));
        return [numbers, (await job.result()).map(String)];
    """)
    assert (numbers, result) == ([1, 2, 3], ["[object Object]", str(2**60)])


def card(page: Page, question: str) -> Locator:
    """Return a question with its form."""
    return page.get_by_role("article", name=question, exact=True)


def button(place: Locator, name: str) -> Locator:
    return place.get_by_role("button", name=name, exact=True)


def test_a_question_is_answered_on_its_jobs_page(page: Page) -> None:
    go(page, f"#/jobs/{start(page, 'asks.print', [], {})}")
    asked = card(page, "How is it printed?")
    expect(asked).to_contain_text(re.compile("for role:printer.*closes in"))
    button(asked, "Answer").click()
    expect(asked.get_by_role("alert").filter(has_text="Copies is missing.")).to_be_visible()
    copies = asked.get_by_label("copies")
    expect(copies).to_be_focused()
    copies.fill("0")
    copies.press("Enter")
    expect(asked.get_by_role("alert").filter(has_text="Copies must be at least 1.")).to_be_visible()
    expect(copies).to_be_focused()
    copies.fill("20")
    asked.get_by_label("cover").select_option("leather")
    button(asked, "Answer").click()
    expect(page.get_by_role("button", name="Answer", disabled=False)).to_have_count(0)
    expect(page.locator(".questions + .said")).to_have_text("Answered: How is it printed?")
    button(card(page, "Is that all?"), "No").click()
    expect(state(page)).to_have_text("succeeded")
    expect(page.get_by_role("article")).to_have_count(0)


def test_an_answer_from_elsewhere_takes_the_form_off_the_jobs_page(page: Page) -> None:
    id = start(page, "asks.approval", [], {"book": "Emma"})
    go(page, f"#/jobs/{id}")
    asked = card(page, "Publish Emma?")
    asked.get_by_label("note").fill("I still think about")
    asked.get_by_label("note").press("Enter")
    expect(button(asked, "Yes")).to_be_focused()
    page.evaluate(ANSWER, [id, "publish", {"yes": False}])
    expect(asked).to_have_count(0)
    expect(state(page)).to_have_text("succeeded")
    page.keyboard.press("Tab")  # the keyboard goes on in the page's content
    assert page.evaluate("document.getElementById('main').contains(document.activeElement)")


def test_all_open_questions_are_counted_and_answered_in_their_places(page: Page, origin: str) -> None:
    go(page, "#/questions")
    expect(page.get_by_role("heading", name="No question is open")).to_be_visible()
    first, second = start(page, "asks.truth", [], {"question": "First?"}), start(page, "asks.cover", [], {})
    cards = page.get_by_role("article")
    expect(cards).to_have_count(2)
    expect(page.get_by_role("link", name="Questions 2 open")).to_be_visible()
    expect(button(card(page, "Which cover?"), "leather")).to_be_visible()
    before = button(card(page, "Which cover?"), "leather").bounding_box()
    page.evaluate(ANSWER, [first, None, True])
    expect(card(page, "First?")).to_contain_text("Answered elsewhere, or closed")
    expect(button(card(page, "First?"), "Yes")).to_be_disabled()
    assert button(card(page, "Which cover?"), "leather").bounding_box() == before
    third = start(page, "asks.truth", [], {"question": "Third?"})
    expect(cards).to_have_count(3)
    button(card(page, "Which cover?"), "leather").click()
    expect(card(page, "Which cover?").get_by_role("status")).to_have_text("Answered: leather")
    expect(page.get_by_role("link", name="Questions 1 open")).to_be_visible()
    expect(page.get_by_role("link", name=re.compile("^asks.truth")).last).to_have_attribute("href", f"#/jobs/{third}")
    button(card(page, "Third?"), "No").click()
    expect(page.get_by_role("heading", name="No question is open")).to_be_visible()
    go(page, f"#/jobs/{second}")
    expect(state(page)).to_have_text("succeeded")


def test_an_open_question_is_nothing_wrong_and_keys_lead_to_it(page: Page) -> None:
    id = start(page, "asks.truth", [], {"question": "Wait?"})
    go(page, "#/")
    expect(page.get_by_role("link", name="Questions 1 open")).to_be_visible()
    wrong = page.get_by_role("region", name=re.compile("wrong now"))  # of other tests, whose node this is, too
    expect(wrong.or_(page.get_by_text("Nothing is wrong"))).to_be_visible()
    expect(wrong.filter(has_text="asks.truth")).to_have_count(0)
    page.keyboard.type("ga")
    button(card(page, "Wait?"), "Yes").click()
    go(page, f"#/jobs/{id}")
    expect(state(page)).to_have_text("succeeded")


def test_read_only_pages_show_questions_and_no_forms(page: Page, origin: str) -> None:
    id = start(page, "asks.truth", [], {"question": "Look?"})
    page.goto(f"{origin}/view/#/questions")
    expect(card(page, "Look?")).to_contain_text("asked")
    expect(page.get_by_role("form")).to_have_count(0)
    page.goto(origin)
    page.evaluate(ANSWER, [id, None, True])
