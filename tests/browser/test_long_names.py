"""Names as long as they may be: no page scrolls sideways on a phone, and lists show the ends of names."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import Page, expect
from support.pages import go, start
from support.populated_node import APPS
from support.programs import Program, running

from taskbahn import Taskbahn

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from support.programs import Node

LONG = "night.very_long_name_of_a_task_" + "that_goes_on_and_on_" * 4
FIRST, SECOND = f"{LONG}.first", f"{LONG}.second"
LIMIT = "a_limit_with_a_name_that_is_long_" * 3
QUEUE, TAG, WORKER, ID = "a_long_queue_" * 6, "a_long_tag_" * 8, "a_long_worker_" * 5, "a_long_id_" * 10


@pytest.fixture(scope="module")
def app(node: Node) -> Iterator[Taskbahn]:
    """A client, beside a worker with a long name; the schedule and the trigger of these tests are deleted in the end."""
    worker = Program(
        "worker", "long_names:app", "--name", WORKER, "--queues", f"default,{QUEUE}", cwd=APPS, TASKBAHN_URL=node.websocket
    )
    with running(worker, " ready"), Taskbahn(node.websocket) as app:
        app.schedules.create(ID, "0 3 29 2 *", app.get(SECOND).si(), note="a_note_" * 20)
        app.triggers.create(ID, f"topic.{'a_long_part_' * 8}", app.get(SECOND).si())
        yield app
        app.schedules[ID].delete()
        app.triggers[ID].delete()


OUTSIDE = """() => [...document.querySelectorAll("main *")]
    .filter((node) => node.getBoundingClientRect().right > innerWidth + 1 && node.checkVisibility())
    .slice(0, 12).map((node) => `${node.tagName}.${node.className} ${node.textContent.slice(0, 40)}`)"""


@pytest.mark.parametrize("width", [390, 1440])
def test_no_page_scrolls_sideways_however_long_its_names_are(page: Page, app: Taskbahn, tmp_path: Path, width: int) -> None:
    failed = start(page, FIRST, [], {}, queue=QUEUE, tags=[TAG])
    done = start(page, SECOND, [], {}, tags=[TAG], title="a long title " * 8)
    app.job(done).result(timeout=30)
    page.set_viewport_size({"width": width, "height": 844})
    places = {
        "overview": "", "jobs": "jobs", "failed": f"jobs/{failed}", "done": f"jobs/{done}", "questions": "questions", "tasks": "tasks",
        "first": f"tasks/{FIRST}", "second": f"tasks/{SECOND}", "schedules": "schedules", "schedule": f"schedules/{ID}",
        "triggers": "triggers", "trigger": f"triggers/{ID}", "queues": "queues", "limits": "limits", "limit": f"limits/{LIMIT}",
        "workers": "workers", "worker": f"workers/{WORKER}", "errors": "errors", "of one": f"errors?task={FIRST}", "settings": "settings",
    }  # fmt: skip
    wide = {}
    for name, place in places.items():
        go(page, f"#/{place}")
        expect(page.locator("main h1").first).to_be_attached()
        expect(page.locator("main [aria-busy=true]")).to_have_count(0)
        page.wait_for_load_state("networkidle")
        page.screenshot(path=tmp_path / f"{name}.png", full_page=True)
        if page.evaluate("document.documentElement.scrollWidth") > width:
            wide[name] = page.evaluate(OUTSIDE)
    assert not wide, "\n".join(f"{name}: {outside}" for name, outside in wide.items())


def test_rows_show_the_ends_of_names_in_the_room_they_have(page: Page, app: Taskbahn, tmp_path: Path) -> None:
    page.set_viewport_size({"width": 1440, "height": 844})
    first, second = (start(page, task, [], {}) for task in (FIRST, SECOND))
    go(page, f"#/jobs?q=task:{LONG}.* queue:default")
    rows = page.locator("tbody tr[data-job]")
    for id, name in ((first, FIRST), (second, SECOND)):
        link = page.locator(f"tr[data-job='{id}'] .cell-job a")
        expect(link).to_have_attribute("title", f"{name} {id}")
        room, text = (link.locator(part).bounding_box() for part in ("span", "bdi"))
        assert room
        assert text
        assert text["x"] < room["x"], "the beginning is cut"
        assert text["x"] + text["width"] <= room["x"] + room["width"] + 1, "the end is seen"
    expect(rows.first).to_be_visible()
    page.screenshot(path=tmp_path / "rows.png")
