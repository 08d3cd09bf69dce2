"""What tests ask of a harness about schedules, whose due times are full minutes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from support.dispatcher_harness import TASK, WALL
from taskbahn.protocol import messages

if TYPE_CHECKING:
    from support.dispatcher_harness import DispatcherHarness, FakeWorker

MINUTE = 60.0
FIRST = WALL - WALL % MINUTE + MINUTE  # the first full minute


def add(harness: DispatcherHarness, id: str = "s", **spec: Any) -> dict[str, Any]:
    call = spec.pop("call", {})
    if "flow" not in call:
        call = {"task": TASK, "args": [], **call}
    asked = harness.ask(messages.SCHEDULE_ADD, id, {"when": "* * * * *", "call": call, **spec}, who="ada")
    harness.settle()
    view: dict[str, Any] = asked.answer
    return view


def edit(harness: DispatcherHarness, id: str = "s", **fields: Any) -> dict[str, Any]:
    asked = harness.ask(messages.SCHEDULE_EDIT, id, fields, who="bob")
    harness.settle()
    view: dict[str, Any] = asked.answer
    return view


def view(harness: DispatcherHarness, id: str = "s") -> dict[str, Any]:
    asked = harness.ask(messages.VIEW_SCHEDULES, id=id)
    harness.settle()
    found: dict[str, Any] = asked.answer["schedules"][0]
    return found


def history(harness: DispatcherHarness, id: str = "s") -> list[tuple[float, str]]:
    """Return the due times, in minutes from the first on, with what became of them."""
    asked = harness.ask(messages.VIEW_FIRINGS, id)
    harness.settle()
    return [((entry["due_at"] - FIRST) / MINUTE, entry["outcome"]) for entry in reversed(asked.answer)]


def jobs(harness: DispatcherHarness) -> list[dict[str, Any]]:
    asked = harness.ask(messages.VIEW_JOBS, task=TASK)
    harness.settle()
    found: list[dict[str, Any]] = asked.answer["jobs"][::-1]
    return found


def done(harness: DispatcherHarness, worker: FakeWorker) -> None:
    worker.take()
    worker.done(*worker.runs)
    harness.settle()


def failed(harness: DispatcherHarness, worker: FakeWorker) -> None:
    worker.take()
    worker.failed(*worker.runs, retry=False)
    harness.settle()
