"""The hook and the elements with React itself, its development build in strict mode: what is wrong it says on the console."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from playwright.sync_api import Page, expect
from support import documents
from support.site import Site

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

pytestmark = pytest.mark.skipif(
    not shutil.which("npm"), reason="React comes with npm (node 20.19 or newer), which is not installed here"
)

ROOT = Path(__file__).parents[2]
WEB = ROOT / "web"
PACKAGES = WEB / "node_modules"
PAGE = """<!doctype html>
<html lang="en">
<meta charset="utf-8"><title>A page made with React</title>
<script type="importmap">{"imports": {
    "react": "/react.js", "react-dom": "/react-dom.js", "react-dom/client": "/react-dom-client.js", "scheduler": "/scheduler.js",
    "taskbahn": "NODE/taskbahn.js", "taskbahn/elements.js": "NODE/elements.js", "taskbahn/react": "NODE/react.js"
}}</script>
<div id="root"></div>
<script type="module">
import { createElement as h, StrictMode } from "react";
import { createRoot } from "react-dom/client";
import { Bahn } from "taskbahn";
import { useJob } from "taskbahn/react";
import { Thumbnail } from "/thumbnail.js";
const bahn = new Bahn(URL);
function View({ id }) {
    const job = useJob(id, { bahn }), { state, progress, result, place, question } = job;
    globalThis.seen.push(job);
    const button = question && h("button", { onClick: () => question.answer({ yes: true }) }, question.question);
    return h("p", {}, [state, progress?.fraction, place?.why, result ?? job.error?.message].join(" | "), button);
}
const root = createRoot(document.getElementById("root"));
const draw = (...view) => root.render(h(StrictMode, {}, h(...view)));
Object.assign(globalThis, { seen: [], bahn, draw, show: id => draw(View, { id }), thumbnail: path => draw(Thumbnail, { path }) });
</script>
</html>
"""
# React comes as CommonJS; this makes a module of one of its files
MODULE = """IMPORTS
const process = { env: { NODE_ENV: "development" } };
const module = { exports: {} }, exports = module.exports, require = name => ({ NAMES })[name];
SOURCE
export default module.exports;
export const { EXPORTS } = module.exports;
"""
REACT = "createElement, Fragment, StrictMode, useMemo, useState, useSyncExternalStore"
COMPILE = """
import ts from "typescript";
import { readFileSync } from "node:fs";
const [sources] = [JSON.parse(readFileSync(0, "utf8"))];
const options = { jsx: ts.JsxEmit.React, target: ts.ScriptTarget.ES2022, module: ts.ModuleKind.ESNext };
console.log(JSON.stringify(sources.map(text => ts.transpileModule(text, { compilerOptions: options }).outputText)));
"""


def module(path: str, imports: dict[str, str], exports: str) -> str:
    """Make an ES module of a CommonJS file."""
    lines = [f"import {name} from {json.dumps(package)};" for package, name in imports.items()]
    names = ", ".join(f"{json.dumps(package)}: {name}" for package, name in imports.items())
    text = MODULE.replace("IMPORTS", "\n".join(lines)).replace("NAMES", names).replace("EXPORTS", exports)
    return text.replace("SOURCE", (PACKAGES / path).read_text(encoding="utf-8"))


def compiled(*sources: str) -> list[str]:
    """Compile JSX, as its author does."""
    command = ["node", "--input-type=module", "--eval", COMPILE]
    done = subprocess.run(command, input=json.dumps(sources), cwd=WEB, capture_output=True, text=True, timeout=60, check=True)
    made: list[str] = json.loads(done.stdout)
    return made


@pytest.fixture
def visit(page: Page, origin: str, heard: Any) -> Iterator[Callable[[], Page]]:
    """Open a page made with React, with the component of the docs as it is there."""
    site = Site(origin)
    site.is_strict = False  # the import map is in the page
    heard.origins.append(site.origin)
    heard.allowed = ["Download the React DevTools"]
    blocks = {block.title: block.text for block in documents.blocks(ROOT / "docs" / "browser.md") if block.title}
    (component,) = compiled('import React from "react";\n' + blocks["thumbnail.jsx"])
    component = component.replace("images.thumbnail", "pictures.thumbnail").replace(
        "127.0.0.1:8080", origin.removeprefix("http://")
    )
    react = {"react": "React"}
    site.modules = {
        "/thumbnail.js": component,
        "/react.js": module("react/cjs/react.development.js", {}, REACT),
        "/scheduler.js": module("scheduler/cjs/scheduler.development.js", {}, "unstable_now"),
        "/react-dom.js": module("react-dom/cjs/react-dom.development.js", react, "version"),
        "/react-dom-client.js": module(
            "react-dom/cjs/react-dom-client.development.js",
            react | {"react-dom": "ReactDOM", "scheduler": "Scheduler"},
            "createRoot",
        ),
    }
    site.body = PAGE.replace("NODE", origin).replace("URL", json.dumps({"url": origin.replace("http", "ws") + "/ws"}))

    def visit() -> Page:
        page.goto(site.origin)
        page.wait_for_function("'show' in globalThis")
        return page

    yield visit
    site.close()


def start(page: Page, task: str, kwargs: dict[str, Any], options: dict[str, Any]) -> str:
    """Start a job as another client would; return its id."""
    id: str = page.evaluate(
        "async ([task, kwargs, options]) => (await bahn.start(task, [], kwargs, options)).id", [task, kwargs, options]
    )
    return id


def test_the_hook_follows_a_job_changes_to_another_and_lets_go(visit: Callable[[], Page], gate: Path) -> None:
    view = visit()
    text = view.locator("p")
    view.evaluate("id => show(id)", start(view, "numbers.count", {"to": 20, "held": str(gate)}, {}))
    expect(text).to_have_text(re.compile(r"^running \| 0\.\d+ \|  \| $"))
    gate.touch()
    expect(text).to_have_text("succeeded | 1 |  | 20")
    waiting = start(view, "sleep.long", {}, {"delay": 60})
    view.evaluate("id => show(id)", waiting)
    expect(text).to_have_text(re.compile(r"^waiting \|  \| \w.* \| $"))
    view.evaluate("show(null)")
    expect(text).to_have_text(" |  |  | ")
    view.evaluate("id => bahn.cancel([id])", waiting)


@pytest.mark.usefixtures("asks")
def test_the_hook_brings_what_a_job_asks(visit: Callable[[], Page]) -> None:
    view = visit()
    view.evaluate("id => show(id)", start(view, "asks.approval", {"book": "Emma"}, {}))
    view.get_by_role("button", name="Publish Emma?").click()
    expect(view.locator("p")).to_have_text("succeeded | 1 |  | True")
    expect(view.get_by_role("button")).to_have_count(0)


def test_the_hook_says_how_a_job_failed_and_follows_its_retry(visit: Callable[[], Page]) -> None:
    view = visit()
    text = view.locator("p")
    failed = start(view, "pictures.broken", {"path": "cat.gif"}, {"retries": 0})
    view.evaluate("id => show(id)", failed)
    expect(text).to_have_text("failed |  |  | ValueError: cat.gif is no picture")
    last = "(({ error, isEnded, connection }) => [error.uri, isEnded, connection])(seen.at(-1))"
    assert view.evaluate(last) == ["taskbahn.error.job_failed", True, "live"]
    held = start(view, "sleep.long", {}, {"delay": 60})
    view.evaluate("id => show(id)", held)
    expect(text).to_have_text(re.compile("^waiting"))
    view.evaluate("seen.at(-1).job.cancel('no need')")
    expect(text).to_have_text("cancelled |  |  | no need")
    view.evaluate("seen.at(-1).job.retry()")
    expect(text).to_have_text(re.compile(r"^(waiting|ready|running) \|"))
    view.evaluate("seen.at(-1).job.cancel()")
    expect(text).to_have_text("cancelled |  |  | cancelled")
    view.evaluate("show('01890000-0000-7000-8000-000000000000')")
    expect(text).to_have_text(re.compile("There is no job|there is no job"))
    view.wait_for_function("seen.at(-1).isEnded")  # it cannot be watched
    assert view.evaluate("(({ state, error }) => [state, error.uri])(seen.at(-1))") == [None, "taskbahn.error.unknown_job"]
    assert not view.evaluate("seen.some(({ isEnded, state, result, error }) => isEnded !== Boolean(result || error) && state)")


def test_a_component_starts_a_job_and_react_draws_the_elements(visit: Callable[[], Page], gate: Path) -> None:
    view = visit()
    view.evaluate("path => thumbnail(path)", str(gate))
    view.get_by_role("button", name="Make").click()
    bar = view.get_by_role("progressbar", name="Progress of pictures.thumbnail")
    expect(bar).to_have_attribute("aria-valuenow", re.compile(r"^[1-9]\d?$"))
    expect(view.locator("#root > p")).to_have_text(re.compile("^running"))
    assert view.evaluate("document.querySelector('job-progress').bahn.state") == "live"  # a property that is no text
    expect(view.locator("#root > progress")).not_to_have_attribute("value", "0")
    expect(view.get_by_role("button", name="Cancel")).to_be_visible()  # one that is yes or no
    gate.touch()
    expect(view.locator("#root > p")).to_have_text(f"succeeded: {gate}@256")
    expect(view.locator("output")).to_have_text(f"{gate}@256")  # from the element's event

    view.evaluate("draw('job-progress', { job: '', label: 'Nothing', cancellable: false })")
    expect(view.locator("job-progress").get_by_role("status")).to_have_text("no job yet")
    view.evaluate("draw('task-form', { task: 'pictures.thumbnail', values: { path: 'dog.jpg' }, htmlFor: 'bar' })")
    expect(view.get_by_label("path")).to_have_value("dog.jpg")
    assert view.evaluate("document.querySelector('task-form').htmlFor") == "bar"
