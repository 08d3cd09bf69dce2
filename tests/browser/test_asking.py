"""What jobs ask people: answered by a page's own code, with React, in the element, in the dashboard."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from playwright.sync_api import Page
from support.programs import Node, Program, running

if TYPE_CHECKING:
    from collections.abc import Iterator

APPS = Path(__file__).parent / "apps"
OPEN = """
    const { connect } = await import("/taskbahn.js");
    const bahn = await connect();
    const until = async condition => { while (!condition()) await new Promise(resolve => setTimeout(resolve, 10)) };
"""


@pytest.fixture(scope="module", autouse=True)
def asks(node: Node) -> Iterator[None]:
    """A worker for `asks`."""
    with running(Program("worker", "asks:app", cwd=APPS, TASKBAHN_URL=node.websocket), " ready"):
        yield


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
