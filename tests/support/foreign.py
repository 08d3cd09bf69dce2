"""Pages that are not the node's: what is in them, and what tests do there."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from playwright.sync_api import Page

PAGE = """<!doctype html>
<html lang="en">
<meta charset="utf-8"><title>A foreign page</title>
<script type="module" src="NODE/elements.js"></script>
<body>BODY</body>
</html>
"""
START = """async ([node, task, kwargs, options]) => {
    const { connect } = await import(`${node}/taskbahn.js`);
    const bahn = await connect();
    const job = await bahn.start(task, [], kwargs, options);
    bahn.close();
    return job.id;
}"""
LISTEN = """() => {
    window.heard = [];
    for (const name of ["progress", "done", "failed", "cancelled", "job"]) {
        addEventListener(name, ({ detail, target }) => heard.push([target.localName, name, detail.job?.state ?? detail.id ?? null]));
    }
}"""


def start(page: Page, node: str, task: str, options: dict[str, Any] | None = None, **kwargs: Any) -> str:
    """Start a job as another client would; return its id."""
    id: str = page.evaluate(START, [node, task, kwargs, options or {}])
    return id


def show(page: Page, id: str) -> None:
    """Give the job to every element of the page."""
    page.evaluate("id => { for (const each of document.body.querySelectorAll('*')) each.job = id }", id)
