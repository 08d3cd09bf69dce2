"""Callers get a new version before the workers, and workers of both versions run side by side: no call is refused, and no job fails."""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING

import pytest
from support.programs import Program, running

from taskbahn import InvalidArguments, Taskbahn

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from support.programs import Node

    from taskbahn import Task

SECONDS = 60
POOLS = ["thread", "process", "loop"]
OLD = """
    from taskbahn import Taskbahn

    app = Taskbahn()

    @app.task(name="deploy.thread", pool="thread")
    def in_thread(a: int) -> int:
        return a

    @app.task(name="deploy.process", pool="process")
    def in_process(a: int) -> int:
        return a

    @app.task(name="deploy.loop")
    async def on_loop(a: int) -> int:
        return a
"""
NEW = OLD.replace("a: int", "a: int, b: int = 0").replace("return a", "return a + b")


def worker(node: Node, folder: Path, name: str, source: str) -> Program:
    (folder / f"{name}.py").write_text(textwrap.dedent(source))
    return Program("worker", f"{name}:app", "--slots", "2", cwd=folder, TASKBAHN_URL=node.websocket)


@pytest.fixture
def tasks(node: Node) -> Iterator[dict[str, Task[..., int]]]:
    """The caller's code, which is new."""
    app = Taskbahn(node.websocket)

    @app.task(name="deploy.thread", pool="thread")
    def in_thread(a: int, b: int = 0) -> int:
        return a + b

    @app.task(name="deploy.process", pool="process")
    def in_process(a: int, b: int = 0) -> int:
        return a + b

    @app.task(name="deploy.loop")
    async def on_loop(a: int, b: int = 0) -> int:
        return a + b

    yield {"thread": in_thread, "process": in_process, "loop": on_loop}
    app.close()


def test_jobs_with_a_new_argument_wait_for_the_new_worker(node: Node, tasks: dict[str, Task[..., int]], tmp_path: Path) -> None:
    with running(worker(node, tmp_path, "old", OLD), " ready"):
        early = [tasks[pool].start(40, b=2) for pool in POOLS]
        assert [tasks[pool].call(7) for pool in POOLS] == [7, 7, 7]  # what the old worker takes, it runs
        for job in early:
            event = next(event for event in job.events() if event.kind == "state" and event.data["state"] == "waiting")
            assert "other code of the task" in event.data["error"]["message"]
            assert "waits for one that takes its arguments" in job.explain()[0].why
        with running(worker(node, tmp_path, "new", NEW), " ready"):
            both = [task.start(number, b=1) for task in tasks.values() for number in range(6)]
            assert [job.result(SECONDS) for job in early] == [42, 42, 42]
            assert [job.result(SECONDS) for job in both] == [1, 2, 3, 4, 5, 6] * 3
    view = early[0].view()
    assert [attempt.outcome for attempt in view.attempts][-1] == "succeeded"
    assert InvalidArguments.uri in (view.attempts[0].error or {}).values()
