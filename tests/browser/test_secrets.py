"""Pages show no secret: not in a form, not of a job, and an application gets the result of its own job."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from playwright.sync_api import Page, expect
from support.pages import form_of, go, state
from support.populated_node import APPS
from support.programs import Program, running

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from support.programs import Node

CARD, PIN, EMAIL = "4711-card-text", "471108", "ada@mail.text"
SHOWN = """() => {
    const texts = [];
    const read = node => {
        texts.push(node.innerHTML ?? "");
        for (const inner of node.querySelectorAll("*")) if (inner.shadowRoot) read(inner.shadowRoot);
    };
    read(document.documentElement);
    return [...texts, document.body.innerText, location.href].join("\\n");
}"""


@pytest.fixture(scope="module", autouse=True)
def vault(node: Node) -> Iterator[Program]:
    with running(Program("worker", "secret_tasks:app", "--name", "vault", cwd=APPS, TASKBAHN_URL=node.websocket), " ready") as it:
        yield it


def assert_hidden(page: Page) -> None:
    shown = page.evaluate(SHOWN)
    assert [secret for secret in (CARD, PIN, EMAIL) if secret in shown] == []


def test_a_secret_is_typed_unseen_and_retried_with_its_true_value(page: Page, tmp_path: Path) -> None:
    gate = tmp_path / "gate"
    gate.touch()
    go(page, "#/tasks/vault.open")
    form = form_of(page, "vault.open")
    for name, typed in (("card", CARD), ("pin", PIN)):
        field = form.get_by_label(name, exact=False).first
        expect(field).to_have_attribute("type", "password")
        field.fill(typed)
    assert_hidden(page)
    form.get_by_label("who").fill('{"name": "Ada"}')
    form.get_by_label("gate").fill(str(gate))
    form.get_by_role("button", name="Start job").click()
    expect(state(page)).to_have_text("failed")
    expect(page.get_by_text("[hidden] does not open it").first).to_be_visible()
    expect(page.get_by_text("opens with [hidden] and [hidden]").first).to_be_visible()
    expect(page.locator("pre[aria-label=card]")).to_have_text("hidden")
    assert_hidden(page)
    gate.unlink()
    page.get_by_role("button", name="Retry").first.click()
    expect(state(page)).to_have_text("succeeded")
    expect(page.get_by_label("Result").locator("pre").first).to_have_text("hidden")
    assert_hidden(page)


def test_an_application_gets_its_result_and_its_page_shows_none(visit: Any, origin: str) -> None:
    page = visit("""<job-result></job-result><job-log></job-log><task-form task="vault.open"></task-form>""")
    page.evaluate("node => { document.documentElement.lang = 'de'; return import(`${node}/elements/german.js`) }", origin)
    got = page.evaluate(
        """async ([node, card, pin, email]) => {
            const { connect, s } = await import(`${node}/taskbahn.js`);
            const bahn = await connect();
            const job = await bahn.start("vault.open", [card, pin, { name: "Ada", email }]);
            for (const name of ["job-result", "job-log"]) document.querySelector(name).job = job.id;
            const called = [await bahn.call("vault.open", [card, pin, {}]), await bahn.call(s("vault.open", [card, pin, {}]))];
            return [await job.result(), ...called, (await job.view()).args];
        }""",
        [origin, CARD, int(PIN), EMAIL],
    )
    mark = {"$secret": True}
    assert got == [CARD, CARD, CARD, [mark, mark, {"name": "Ada", "email": mark}]]
    expect(page.locator("job-result")).to_contain_text("verborgen")
    expect(page.locator("task-form input[name=card]")).to_have_attribute("type", "password")
    expect(page.locator("job-log")).to_contain_text("opens with [hidden] and [hidden]")
    assert_hidden(page)
