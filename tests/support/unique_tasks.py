"""A task of unique jobs, for tests of members and flows at the dispatcher."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from taskbahn.protocol import messages
from taskbahn.protocol.unique_fields import DeclaredUnique

if TYPE_CHECKING:
    from support.dispatcher_harness import FakeWorker
    from support.flow_runner import FlowRunner

REPORT = "u.report"


def unique(runner: FlowRunner, **words: Any) -> FakeWorker:
    """Attach a worker with a task of unique jobs."""
    return runner.harness.worker("u", 5, tasks=[REPORT], declaration={"unique": DeclaredUnique(**{"key": "{0}", **words})})


def report(*args: Any, **more: Any) -> dict[str, Any]:
    return {"task": REPORT, "args": list(args), **more}


def single(runner: FlowRunner, *args: Any, **options: Any) -> str:
    asked = runner.harness.submit(*args, task=REPORT, **options)
    runner.harness.settle()
    return str(asked.answer[0])


def view(runner: FlowRunner, id: str) -> dict[str, Any]:
    asked = runner.harness.ask(messages.JOB_GET, id)
    runner.harness.settle()
    found: dict[str, Any] = asked.answer
    return found
