"""The pages of the tasks: finding one, starting it from its form with every kind of argument, taking the call away as code."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

import pytest
from playwright.sync_api import Locator, Page, expect
from support.pages import form_of, go, start
from support.populated_node import APPS
from support.programs import Program, running

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from support.programs import Node

SIMPLE = {
    "text": "abc", "whole": "15", "share": "0.25", "day": "2024-02-29", "moment": "2024-02-29T12:30:05",
    "begin": "2024-03-01T09:00", "alarm": "07:15", "zoned": "07:15:00+02:00", "span": "PT1H30M",
    "key": "0188aa00-0000-7000-8000-000000000001", "price": "12.50", "raw": "AAEC", "path": "/tmp/a.jpg", "address": "192.0.2.7",
    "number_or_text": "seven",
}  # fmt: skip


@pytest.fixture(scope="module", autouse=True)
def kinds(node: Node) -> Iterator[Program]:
    """A worker for `kinds`."""
    words = ("kinds:app", "--name", "kinds", "--queues", "kinds,default")
    with running(Program("worker", *words, cwd=APPS, TASKBAHN_URL=node.websocket), " ready") as program:
        yield program


def result(page: Page) -> Any:
    """Return the result on a job's page."""
    shown = page.get_by_label("Result").locator("pre").first
    expect(shown).to_be_attached()
    return json.loads(shown.text_content() or "")


def problem(page: Page, name: str) -> Locator:
    return page.locator(f"[id='{name}-problem']")


def row(page: Page, task: str) -> Locator:
    return page.get_by_role("row").filter(has=page.get_by_role("link", name=task, exact=True))


def test_a_task_is_found_by_its_documentation_and_opened_by_keyboard(page: Page) -> None:
    go(page, "#/tasks")
    expect(row(page, "kinds.simple")).to_contain_text("Give back what it got, each with its Python type.")
    page.keyboard.press("f")
    page.keyboard.type("kinds type")
    expect(page.locator("tbody tr")).to_have_count(1)
    expect(page.get_by_text(re.compile(r"^1 of \d+ tasks$"))).to_be_visible()
    page.keyboard.press("Escape")
    expect(row(page, "numbers.add")).to_be_visible()
    page.keyboard.type("kinds.")
    page.keyboard.press("ArrowDown")
    expect(page.get_by_role("link", name="kinds.nested")).to_be_focused()
    page.keyboard.press("j")
    expect(page.get_by_role("link", name="kinds.simple")).to_be_focused()
    page.keyboard.press("k")
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile("#/tasks/kinds.nested$"))
    page.go_back()
    page.get_by_label("Filter the tasks").fill("no such words")
    expect(page.get_by_text("No task has “no such words” in its name or its documentation.")).to_be_visible()


def test_the_numbers_of_a_task_are_live(page: Page, gate: Path) -> None:
    go(page, "#/tasks")
    id = start(page, "kinds.slow", [], {"held": str(gate)})
    expect(row(page, "kinds.slow").locator("[data-name=running]")).to_have_text("1")
    page.get_by_role("link", name="kinds.slow").click()
    numbers = page.get_by_role("region", name="Last 24 hours")
    expect(numbers.get_by_role("img", name="Jobs of kinds.slow that ended in the last 24 hours")).to_be_visible()
    latest = page.get_by_role("table", name="Latest jobs of kinds.slow")
    expect(latest).to_contain_text(id[-8:])
    gate.touch()
    expect(latest).to_contain_text("succeeded")
    expect(numbers.locator("div", has_text="Succeeded").locator("dd")).to_have_text(re.compile("^[1-9]"))
    expect(numbers.get_by_role("link").first).to_have_attribute("href", re.compile(r"#/jobs\?q=task%3Akinds.slow"))
    expect(page.get_by_role("link", name="Its errors")).to_have_attribute("href", "#/errors?task=kinds.slow")


def test_every_simple_kind_of_argument_arrives_in_its_python_type(page: Page) -> None:
    go(page, "#/tasks/kinds.simple")
    for name, value in SIMPLE.items():
        page.locator(f"#field-{name}").fill(value)
    page.locator("#field-yes").check()
    page.locator("#field-fit").select_option("cover")
    page.locator("#field-level").select_option(label="HIGH (2)")
    page.locator("#field-either").select_option("x")
    assert [page.locator(f"#field-{name}").get_attribute("type") for name in ("moment", "begin", "alarm", "zoned")] == [
        "datetime-local", "datetime-local", "time", "text",
    ]  # fmt: skip
    page.get_by_role("button", name="Start job").click()
    moment = page.evaluate("text => new Date(text).toISOString()", SIMPLE["moment"]).replace(".000", "")
    assert result(page) == [
        ["str", "abc"], ["int", 15], ["float", 0.25], ["bool", True], ["Fit", "cover"], ["Level", 2], ["str", "x"],
        ["NoneType", None], ["NoneType", None], ["str", "seven"], ["date", "2024-02-29"], ["datetime", moment],
        ["datetime", "2024-03-01T09:00:00"], ["time", "07:15:00"], ["time", "07:15:00+02:00"],
        ["timedelta", "PT5400S"], ["UUID", SIMPLE["key"]], ["Decimal", "12.50"], ["bytes", "AAEC"], ["PosixPath", "/tmp/a.jpg"],
        ["IPv4Address", "192.0.2.7"],
    ]  # fmt: skip


def test_what_the_dispatcher_finds_wrong_is_shown_at_its_field(page: Page) -> None:
    go(page, "#/tasks/kinds.simple")
    for name, value in {**SIMPLE, "text": "ABC", "whole": "7", "share": "2"}.items():
        page.locator(f"#field-{name}").fill(value)
    page.get_by_role("button", name="Start job").click()
    expect(problem(page, "field-text")).to_contain_text("^[a-z]+$")
    expect(problem(page, "field-whole")).to_contain_text("multiple of 5")
    expect(problem(page, "field-share")).to_contain_text("1")
    expect(problem(page, "field-key")).to_be_empty()
    expect(page.locator("#field-text")).to_be_focused()

    go(page, "#/tasks/kinds.slow")
    page.get_by_role("button", name="Options").click()
    form_of(page, "kinds.slow").get_by_label("priority").fill("5000")
    page.get_by_role("button", name="Start job").click()
    expect(problem(page, "option-priority")).to_have_text("Priority must be at most 1000.")
    expect(form_of(page, "kinds.slow").get_by_label("priority")).to_be_focused()


def test_nested_values_have_examples_and_further_arguments_have_names(page: Page) -> None:
    go(page, "#/tasks/kinds.nested")
    box = page.locator("#field-box")
    expect(box).to_have_value("")
    assert json.loads(box.get_attribute("placeholder") or "") == {"corner": {"x": 1, "y": 0}, "size": 1, "tags": []}
    page.get_by_role("button", name="Start job").click()
    expect(problem(page, "field-box")).to_have_text("Box is missing.")
    box.fill('{"corner": {"x": "left"}}')
    page.locator("#field-boxes").fill('[{"corner": {"x": 3, "y": 4}, "size": 5}]')
    page.locator("#field-ages").fill('{"Ada": 36}')
    page.locator("#field-pair").fill('[1, "one"]')
    page.locator("#field-anything").fill("just words")
    page.locator("#field-rest").fill("[7, 8]")
    page.locator("[id='field-**']").fill('{"extra": 1.5}')
    page.get_by_role("button", name="Start job").click()
    expect(problem(page, "field-box")).to_contain_text("corner.x")
    box.fill('{"corner": {"x": 9, "y": 8}, "size": 7}')
    page.get_by_role("button", name="Start job").click()
    expected = {
        "box": {"corner": {"x": 9, "y": 8}, "size": 7, "tags": []}, "boxes": [{"corner": {"x": 3, "y": 4}, "size": 5, "tags": []}],
        "ages": {"Ada": 36}, "pair": [1, "one"], "anything": "just words", "maybe": None, "words": ["a"], "rest": [7, 8], "extra": 1.5,
    }  # fmt: skip
    assert result(page) == expected
    page.get_by_role("link", name="Start another like it").click()
    expect(page.locator("[id='field-**']")).to_have_value('{"extra":1.5}')
    expect(page.locator("#field-anything")).to_have_value("just words")
    takes = page.get_by_role("table", name="Arguments")
    expect(takes).to_contain_text("list of Box")
    expect(takes).to_contain_text("where something is")
    expect(page.locator(".types")).to_contain_text("integer, more than 0, optional")


def test_a_job_is_started_with_options_and_watched_from_the_form(page: Page, gate: Path) -> None:
    go(page, "#/tasks/kinds.slow")
    form_of(page, "kinds.slow").get_by_label("held").fill(str(gate))
    page.get_by_role("button", name="Options").click()
    form_of(page, "kinds.slow").get_by_label("tags").fill("one two")
    form_of(page, "kinds.slow").get_by_label("priority").fill("7")
    page.get_by_role("button", name="Start and stay here").click()
    started = page.get_by_label("The job that was started", exact=True)
    expect(started).to_contain_text(re.compile(r"running.*\d %.*step"))
    gate.touch()
    expect(started).to_contain_text("succeeded")
    expect(started).to_contain_text('"done"')
    expect(page).to_have_url(re.compile("#/tasks/kinds.slow$"))
    started.get_by_role("link").click()
    expect(page.locator(".facts, .about").first).to_contain_text("7")
    expect(page.get_by_text("one", exact=False).first).to_be_visible()


def test_the_call_that_the_form_has_is_copied_as_code_that_runs(page: Page, evaluate: Callable[[Page, str], Any]) -> None:
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    go(page, "#/tasks/kinds.slow")
    code = page.get_by_role("region", name="Python code")
    expect(code).to_contain_text("task.start()")
    form_of(page, "kinds.slow").get_by_label("steps").fill("3")
    expect(code).to_contain_text("task.start(steps=3)")
    page.get_by_role("button", name="Shell").click()
    page.get_by_role("button", name="Copy the Shell code").click()
    expect(page.get_by_role("button", name="Copied the Shell code")).to_be_visible()
    text = page.evaluate("() => navigator.clipboard.readText()")
    assert re.fullmatch(r"taskbahn call kinds\.slow steps=3 --url ws://127\.0\.0\.1:\d+/ws --follow", text)
    page.get_by_role("button", name="JavaScript").click()
    written = page.get_by_role("region", name="JavaScript code").inner_text()
    assert 'bahn.start("kinds.slow", [], { steps: 3 })' in written
    script = re.sub(r'import \{ connect \} from "(.*)";', r'const { connect } = await import("\1");', written)
    assert evaluate(page, script.replace("console.log(await job.result())", "return await job.result()")) == "done"
