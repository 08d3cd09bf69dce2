"""The bars of `taskbahn call --follow`, without a terminal."""

from __future__ import annotations

import io
from types import SimpleNamespace
from typing import Any

import pytest
from rich.console import Console

from taskbahn.cli.follow import JobScreen
from taskbahn.cli.job import print_stages
from taskbahn.protocol.messages import Event
from taskbahn.protocol.views import JobView


def event(kind: Any, at: float, **data: Any) -> Event:
    return Event(job="j", number=1, kind=kind, at=at, data=data)


def bars(screen: JobScreen) -> list[tuple[float, float | None, Any]]:
    """How much of each bar is full, of how much, and when its clock stopped."""
    return [(task.completed, task.total, task.fields.get("ended")) for task in screen.progress.tasks]


@pytest.mark.parametrize("state", ["failed", "cancelled", "expired", "waiting"])
def test_a_job_that_said_all_and_did_not_succeed_is_not_full(state: str) -> None:
    screen = JobScreen(SimpleNamespace(task="books.print"))  # type: ignore[arg-type]
    screen.show(event("state", 1.0, state="running", attempt=1, worker="w"))
    screen.show(event("progress", 2.0, fraction=1.0))
    assert bars(screen) == [(1.0, 1.0, None)]
    screen.show(event("state", 3.0, state=state, attempt=1, error={}))
    assert [(task.completed, task.total) for task in screen.progress.tasks] == [(0.99, 1.0)]
    view = JobView(id="j", task="books.print", queue="q", state=state, created_at=1.0, progress={"fraction": 1.0})
    screen.how_far(view)
    assert [(task.completed, task.total) for task in screen.progress.tasks] == [(0.99, 1.0)]
    out = Console(file=io.StringIO(), width=80)
    print_stages(out, view)
    assert "99%" in out.file.getvalue()  # type: ignore[attr-defined]


def test_bars_of_a_failed_attempt_stop_and_are_not_full() -> None:
    screen = JobScreen(SimpleNamespace(task="books.print"))  # type: ignore[arg-type]
    screen.show(event("state", 1.0, state="running", attempt=1, worker="w"))
    done = {"id": 1, "name": "Read", "started_at": 1.0, "ended_at": 2.0, "weight": 0.5}
    broken = {"id": 2, "name": "Print", "started_at": 2.0, "ended_at": 3.0, "weight": 0.25, "failed": True}
    coming = {"id": 3, "name": "Bind", "started_at": 0.0, "weight": 0.25}
    hanging = {"id": 4, "name": "Paper", "started_at": 2.0, "total": 4, "done": 1}
    screen.show(event("progress", 3.0, fraction=0.5, stages=[done, broken, coming, hanging]))
    assert bars(screen) == [(0.5, 1.0, None), (1.0, 1.0, 2.0), (0.0, None, 3.0), (0.0, 1.0, None), (1.0, 4, None)]
    screen.show(event("state", 4.0, state="waiting", attempt=1, error={"type": "OSError", "message": "no paper"}))
    assert bars(screen)[4] == (1.0, 4, 4.0)
    screen.show(event("state", 5.0, state="running", attempt=2, worker="w"))
    assert [(task.completed, task.total) for task in screen.progress.tasks] == [(0, None)]
    screen.show(event("progress", 6.0, fraction=0.25))
    screen.show(event("state", 7.0, state="failed", attempt=2, error={}))
    assert [(task.completed, task.total) for task in screen.progress.tasks] == [(0.25, 1.0)]
