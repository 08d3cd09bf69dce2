"""Events start tasks over a real node: of any publisher, while no worker is there, and once although the router dies."""

from __future__ import annotations

import contextlib
import os
import signal
from typing import TYPE_CHECKING, Any

import pytest
from support.programs import Node, running, worker_of

from taskbahn import InvalidOption, Taskbahn

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

pytestmark = pytest.mark.slow
SOURCE = """
    from taskbahn import Taskbahn, current
    app = Taskbahn()

    @app.on("shop.created", where={"country": "DE"}, kwargs={"day": "{event.day}", "note": "{topic}"})
    @app.on("shop.eu.", match="prefix", args=["{event.day?}", "{topic}"])
    @app.task(name="shop.report", pool="loop")
    async def report(day: int | None, note: str) -> str:
        return f"{note}: {day}"

    @app.on("shop.plain")
    @app.task(name="shop.plain", pool="loop")
    async def plain(*args: int, **names: str) -> list:
        return [args, names]

    @app.task(name="shop.waits", pool="loop")
    async def waits(order: int) -> dict:
        return await current.wait_for_event_async("shop.plain", dict, where={"order": order})
"""


def until(holds: Callable[[], Any]) -> Any:
    """Ask until there is an answer: each question is a call, so this does not spin."""
    while not (found := holds()):
        pass
    return found


@pytest.fixture(scope="module")
def app(node: Node, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Taskbahn]:
    with worker_of(SOURCE, tmp_path_factory.mktemp("shop"), node, 4), Taskbahn(node.websocket) as app:
        until(lambda: len(list(app.triggers)) >= 3)
        yield app


def test_publish_returns_the_jobs_that_it_starts(app: Taskbahn) -> None:
    (job,) = app.publish("shop.created", {"country": "DE", "day": 5})
    assert job.result(60) == "shop.created: 5"
    assert app.publish("shop.created", {"country": "FR", "day": 5}) == []
    (job,) = app.publish("shop.eu.paid", other=1)
    assert job.result(60) == "shop.eu.paid: None"
    (job,) = app.publish("shop.plain", 1, 2, topic="x", options="y", details="z")
    assert job.result(60) == [[1, 2], {"topic": "x", "options": "y", "details": "z"}]
    view = app.triggers["shop.report:shop.created"].view()
    assert (view.words, view.declared is not None) == ('events of shop.created, where {"country":"DE"}', True)


def test_an_event_id_starts_nothing_twice(app: Taskbahn) -> None:
    first = app.publish("shop.plain", 1, event_id="order-17")
    again = app.publish("shop.plain", 1, event_id="order-17")
    assert [job.id for job in again] == [job.id for job in first]
    assert first[0].result(60) == [[1], {}]


def test_what_cannot_be_a_topic_is_refused(app: Taskbahn) -> None:
    with pytest.raises(InvalidOption, match="one of the node's own"):
        app.publish("taskbahn.view.changes", 1)
    with pytest.raises(InvalidOption, match="covers topics of the node itself"):
        app.triggers.create("made", "t", app.get("shop.plain"), match="prefix")


def test_a_kill_of_the_router_starts_nothing_twice(tmp_path: Path) -> None:
    folder = tmp_path / "node"
    folder.mkdir()
    node = Node(folder)
    with contextlib.ExitStack() as stack:
        stack.enter_context(running(node, "Taskbahn is ready"))
        with worker_of(SOURCE, tmp_path, node, 4):
            app = stack.enter_context(Taskbahn(node.websocket))
            until(lambda: len(list(app.triggers)) >= 3)
        (job,) = app.publish("shop.plain", 1, event_id="e1")
        os.killpg(node.process.pid, signal.SIGKILL)
        node.wait()
        node = Node(folder, node.port)
        stack.enter_context(running(node, "Taskbahn is ready"))
        assert [one.id for one in app.publish("shop.plain", 1, event_id="e1")] == [job.id]
        (second,) = app.publish("shop.plain", 2, event_id="e2")
        assert job.view().state == "ready", "no worker was there, before and after"
        stack.enter_context(worker_of(SOURCE, tmp_path, node, 4))
        assert [job.result(60), second.result(60)] == [[[1], {}], [[2], {}]]
        assert app.triggers["shop.plain:shop.plain"].view().started == 2
