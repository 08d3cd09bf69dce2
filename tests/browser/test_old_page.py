"""The page, `taskbahn.js` and the elements of 0.1 with a node of today: a tab left open over an update, a site with its own copy."""

from __future__ import annotations

import re
import threading
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any

import pytest
from playwright.sync_api import Page, Route, expect
from support.pages import go, start, state

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from support.releases import Release

ELEMENTS = """<!doctype html>
<html lang="en">
<meta charset="utf-8"><title>A page with old elements</title><link rel="icon" href="data:,">
<script type="module" src="/elements.js"></script>
<body><job-progress></job-progress><job-log></job-log><job-result></job-result><task-form task="pictures.thumbnail"></task-form></body>
</html>
"""


class Quiet(SimpleHTTPRequestHandler):
    def log_message(self, *_: Any) -> None:
        """Say nothing."""


@pytest.fixture(scope="module")
def old_files(old_release: Release) -> Iterator[str]:
    """The address of a server of the old files."""
    (old_release.static / "old-elements.html").write_text(ELEMENTS)
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(old_release.static))) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


@pytest.fixture
def served() -> list[str]:
    """The paths of old files that the page has loaded."""
    return []


@pytest.fixture
def serve(old_files: str, served: list[str], origin: str) -> Any:
    """Give a page the old files at the node's own address; its WebSocket reaches the node.

    They come from a server of this machine: Chromium forbids a page that comes from elsewhere, as `route.fulfill` makes it, the loopback.
    """

    def answer(route: Route) -> None:
        path = route.request.url.removeprefix(origin)
        served.append(path)
        route.continue_(url=old_files + path)

    def serve(page: Page) -> None:
        page.goto("about:blank")  # the page of today may still load modules, which the old files have not
        page.route(f"{origin}/**", answer)

    return serve


def test_an_old_dashboard_shows_what_runs_on_a_node_of_today(
    page: Page, origin: str, serve: Any, served: list[str], gate: Path
) -> None:
    serve(page)
    page.goto(origin)
    expect(page.get_by_text("Live", exact=True)).to_be_visible()
    assert {"/", "/app/main.js", "/client/connection.js"} <= set(served)
    id = start(page, "pictures.thumbnail", [str(gate)], {"width": 64})
    for name in ("Overview", "Workers", "Tasks", "Jobs"):
        page.locator("nav#places a", has_text=re.compile(f"^{name}")).click()  # Overview counts what is wrong behind its name
        expect(page.get_by_role("heading", level=1)).to_have_text(name)
    expect(page.locator(f'a[href*="{id}"]').first).to_be_visible()

    go(page, f"#/jobs/{id}")
    expect(state(page)).to_have_text("running")
    expect(page.locator(".stage-name")).to_have_text(["Pictures", "left"])
    gate.touch()
    expect(state(page)).to_have_text("succeeded")
    expect(page.get_by_label("Result").locator("pre")).to_have_text(f"{gate}@64")


def test_old_elements_start_a_job_and_show_it(page: Page, origin: str, serve: Any, served: list[str], gate: Path) -> None:
    serve(page)
    page.goto(f"{origin}/old-elements.html")
    page.evaluate("""() => document.querySelector("task-form").addEventListener("job", ({ detail }) => {
        for (const each of document.querySelectorAll("job-progress, job-log, job-result")) each.job = detail.id ?? detail.job.id;
    })""")
    form = page.locator("task-form")
    form.get_by_label("path").fill(str(gate))
    form.get_by_label("width").fill("64")
    form.get_by_role("button").last.click()
    bar = page.locator("job-progress").get_by_role("progressbar").first
    expect(bar).to_have_attribute("aria-valuenow", re.compile(r"^[1-9]\d?"))
    gate.touch()
    expect(page.locator("job-result")).to_contain_text(f"{gate}@64")
    expect(page.locator("job-log")).to_contain_text("made a thumbnail of")
    assert "/elements/task-form.js" in served
