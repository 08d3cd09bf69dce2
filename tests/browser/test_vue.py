"""The composable with Vue itself, its development build: what is wrong it says on the console."""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from playwright.sync_api import Page, expect
from support import documents
from support.site import Site

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from support.relay import Relay

pytestmark = pytest.mark.skipif(
    not shutil.which("npm"), reason="Vue comes with npm (node 20.19 or newer), which is not installed here"
)

ROOT = Path(__file__).parents[2]
VUE = ROOT / "web" / "node_modules" / "vue" / "dist" / "vue.esm-browser.js"
PAGE = """<!doctype html>
<html lang="en">
<meta charset="utf-8"><title>A page made with Vue</title>
<script type="importmap">{"imports": {"vue": "/vue.js", "taskbahn": "NODE/taskbahn.js", "taskbahn/vue": "NODE/vue.js"}}</script>
<div id="root"></div>
<script type="module">
import { createApp, effectScope, h, shallowRef, watchEffect } from "vue";
import { Bahn } from "taskbahn";
import { useJob } from "taskbahn/vue";
import { Thumbnail } from "/thumbnail.js";
const bahn = new Bahn(URL);
const seen = [];
const View = {
    props: ["id"],
    setup(props) {
        const { state, progress, place, question, result, error, connection, isEnded } = useJob(() => props.id, { bahn });
        watchEffect(() => seen.push([connection.value, state.value, isEnded.value, result.value ?? null]));
        return () => h("p", {}, [
            [state.value, progress.value?.fraction, place.value?.why, result.value ?? error.value?.message].join(" | "),
            question.value && h("button", { onClick: () => question.value.answer({ yes: true }) }, question.value.question),
        ]);
    },
};
const id = shallowRef(null);
let app;
const draw = (component, props) => {
    app?.unmount();
    app = createApp({ render: () => component && h(component, props()) });
    app.mount("#root");
};
const show = (job) => { id.value = job; if (!app) draw(View, () => ({ id: id.value })); };
Object.assign(globalThis, { bahn, seen, show, draw, useJob, effectScope });
Object.assign(globalThis, { leave: () => app.unmount(), thumbnail: (path) => draw(Thumbnail, () => ({ path })) });
</script>
</html>
"""


@pytest.fixture
def visit(page: Page, origin: str, heard: Any, relay: Relay) -> Iterator[Callable[..., Page]]:
    """Open a page made with Vue, with the component of the docs as it is there."""
    site = Site(origin)
    site.is_strict = False  # the import map is in the page
    heard.origins.append(site.origin)
    heard.allowed = ["You are running a development build of Vue"]
    blocks = {block.title: block.text for block in documents.blocks(ROOT / "docs" / "browser.md") if block.title}
    component = blocks["thumbnail.js"].replace("images.thumbnail", "pictures.thumbnail")
    site.modules = {
        "/thumbnail.js": component.replace("127.0.0.1:8080", origin.removeprefix("http://")),
        "/vue.js": VUE.read_text(encoding="utf-8"),
    }

    def visit(node: str = origin) -> Page:
        site.body = PAGE.replace("NODE", origin).replace("URL", json.dumps({"url": node.replace("http", "ws") + "/ws"}))
        page.goto(site.origin)
        page.wait_for_function("'show' in globalThis")
        return page

    yield visit
    site.close()


def start(page: Page, task: str, kwargs: dict[str, Any], options: dict[str, Any] | None = None) -> str:
    """Start a job as another client would; return its id."""
    given = [task, kwargs, options or {}]
    id: str = page.evaluate("async ([task, kwargs, options]) => (await bahn.start(task, [], kwargs, options)).id", given)
    return id


def test_the_composable_follows_a_job_changes_to_another_and_lets_go(visit: Callable[..., Page], gate: Path) -> None:
    view = visit()
    text = view.locator("p")
    view.evaluate("show(null)")
    expect(text).to_have_text(" |  |  | ")
    view.evaluate("id => show(id)", start(view, "numbers.count", {"to": 20, "held": str(gate)}))
    expect(text).to_have_text(re.compile(r"^running \| 0\.\d+ \|  \| $"))
    gate.touch()
    expect(text).to_have_text("succeeded | 1 |  | 20")
    seen = view.evaluate("seen")
    assert seen[0] == ["idle", None, False, None]
    assert all((state == "succeeded") == ended == (result == 20) for _, state, ended, result in seen)  # all of an end at once
    waiting = start(view, "sleep.long", {}, {"delay": 60})
    view.evaluate("id => show(id)", waiting)
    expect(text).to_have_text(re.compile(r"^waiting \|  \| \w.* \| $"))
    view.evaluate("id => bahn.cancel([id], 'not needed')", waiting)
    expect(text).to_have_text("cancelled |  |  | not needed")
    view.evaluate("id => bahn.retry([id])", waiting)
    expect(text).to_have_text(re.compile("^running|^ready|^waiting"))
    view.evaluate("id => bahn.cancel([id])", waiting)
    expect(text).to_have_text("cancelled |  |  | cancelled")
    before = view.evaluate("seen.length")
    view.evaluate("leave()")
    view.evaluate("id => bahn.retry([id]).then(() => bahn.cancel([id]))", waiting)
    assert view.evaluate("seen.length") == before


@pytest.mark.usefixtures("asks")
def test_the_composable_brings_what_a_job_asks(visit: Callable[..., Page]) -> None:
    view = visit()
    view.evaluate("id => show(id)", start(view, "asks.approval", {"book": "Emma"}))
    view.get_by_role("button", name="Publish Emma?").click()
    expect(view.locator("p")).to_have_text("succeeded | 1 |  | True")
    expect(view.get_by_role("button")).to_have_count(0)


def test_a_lost_connection_is_seen_and_made_good(visit: Callable[..., Page], relay: Relay, heard: Any, gate: Path) -> None:
    view = visit(relay.origin)
    view.evaluate("id => show(id)", start(view, "numbers.count", {"to": 20, "held": str(gate)}))
    expect(view.locator("p")).to_have_text(re.compile("^running"))
    heard.allowed += ["WebSocket connection to .* failed"]
    relay.cut()
    view.wait_for_function("seen.at(-1)[0] === 'reconnecting'")
    gate.touch()
    relay.mend()
    expect(view.locator("p")).to_have_text("succeeded | 1 |  | 20")
    assert view.evaluate("seen.at(-1)") == ["live", "succeeded", True, 20]


def test_outside_of_a_component_it_ends_with_its_scope(visit: Callable[..., Page], gate: Path) -> None:
    view = visit()
    id = start(view, "numbers.count", {"to": 20, "held": str(gate)})
    view.evaluate(
        "id => { const scope = effectScope(); scope.run(() => Object.assign(globalThis, { scope, own: useJob(id, { bahn }) })) }",
        id,
    )
    view.wait_for_function("own.state.value === 'running'")
    view.evaluate("scope.stop()")
    gate.touch()
    view.evaluate("id => bahn.job(id).result()", id)
    assert view.evaluate("own.state.value") == "running"  # it follows no more


def test_the_component_of_the_docs_starts_a_job(visit: Callable[..., Page], gate: Path) -> None:
    gate.touch()
    view = visit()
    view.evaluate("path => thumbnail(path)", str(gate))
    view.get_by_role("button", name="Make").click()
    expect(view.locator("#root p")).to_have_text(f"succeeded {gate}@256")
    expect(view.get_by_role("progressbar")).to_have_attribute("value", "1")


def test_a_page_without_a_bundler_uses_the_import_map_of_the_docs(page: Page, origin: str, heard: Any) -> None:
    site = Site(origin)
    site.is_strict = False  # the import map is in the page
    heard.origins.append(site.origin)
    text = (ROOT / "docs" / "browser.md").read_text(encoding="utf-8")
    (snippet,) = re.findall(r"^```html\n(<script type=\"importmap\">.*?)^```", text, re.DOTALL | re.MULTILINE)
    site.modules = {"/assets/vue.esm-browser.prod.js": VUE.with_name("vue.esm-browser.prod.js").read_text(encoding="utf-8")}
    begin, end = snippet.replace("http://127.0.0.1:8080", origin).rsplit("</script>", 1)
    program = 'createApp({ setup: () => useJob(null), template: "<p>{{ connection }}</p>" }).mount("#root");'
    site.body = f'<!doctype html><title>A page</title><div id="root"></div>{begin}{program}</script>{end}'
    try:
        page.goto(site.origin)
        expect(page.locator("p")).to_have_text("idle")
    finally:
        site.close()
