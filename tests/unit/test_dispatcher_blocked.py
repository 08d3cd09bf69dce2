"""A worker whose event loop is blocked: what the dispatcher still gives it and says of it, and that all is well afterwards."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from support.dispatcher_harness import DispatcherHarness, FakeWorker, job_id

from taskbahn.protocol import messages, views
from taskbahn.protocol.vitals import Blocked, Vitals

TASK, OTHER = "a.task", "b.task"
ONE, TWO = job_id(1), job_id(2)
BLOCKED = Blocked(at="photos.py:12 (resize)", seconds=3.0, job=ONE, attempt=1, task=TASK)


def attach(harness: DispatcherHarness, id: str = "w", pool: str = "loop", slots: int = 5) -> FakeWorker:
    """Attach a worker with a task in *pool*, and one in threads."""
    tasks = [messages.TaskDeclaration(name=TASK, pool=pool), messages.TaskDeclaration(name=OTHER, pool="thread")]
    hello = messages.Hello(protocol=messages.PROTOCOL, worker=id, slots=slots, tasks=tasks)
    harness._requests += 1
    asked = harness.ask(messages.WORKER_ATTACH, messages.plain(hello), caller=1000 + harness._requests)
    harness.settle()
    worker = FakeWorker(harness, asked, id)
    harness.workers.append(worker)
    return worker


def says(worker: FakeWorker, blocked: Blocked | None) -> None:
    worker.says(vitals=Vitals(memory=1, blocked=blocked))
    worker.harness.settle()


def view(harness: DispatcherHarness, id: str = "w") -> dict[str, Any]:
    found: dict[str, Any] = next(view for view in harness.ask(messages.VIEW_WORKERS).answer if view["id"] == id)
    return found


def test_a_blocked_loop_gets_no_job_while_other_pools_go_on(harness: DispatcherHarness) -> None:
    worker = attach(harness)
    harness.submit(task=TASK)
    harness.settle()
    assert worker.take() == [(ONE, 1)]
    says(worker, BLOCKED)
    harness.submit(task=TASK)
    harness.submit(task=OTHER)
    harness.settle()
    assert worker.take() == [(job_id(3), 1)]
    assert harness.state(2) == "ready"
    why = harness.ask(messages.JOB_GET, TWO).answer["place"]["why"]
    assert why == "The worker that can run it does not answer for async tasks: its event loop is blocked"
    says(worker, None)
    assert worker.take() == [(TWO, 1)]
    assert view(harness)["blocked"] is None
    harness.check()


def test_its_jobs_go_to_another_worker_meanwhile(harness: DispatcherHarness) -> None:
    worker = attach(harness, slots=50)
    says(worker, BLOCKED)
    other = attach(harness, "other", slots=1)
    harness.submit(task=TASK)
    harness.settle()
    assert (worker.take(), other.take()) == ([], [(ONE, 1)])
    harness.check()


def test_worker_and_job_say_since_when_and_by_what(harness: DispatcherHarness) -> None:
    worker = attach(harness)
    harness.submit(task=TASK)
    harness.settle()
    worker.take()
    says(worker, BLOCKED)
    since = harness.wall() - 3.0
    told = {"since": since, "at": BLOCKED.at, "job": ONE, "attempt": 1, "task": TASK}
    assert view(harness)["blocked"] == told
    assert harness.ask(messages.JOB_GET, ONE).answer["blocks"] == told
    harness.clock.advance(5)
    says(worker, Blocked(at="photos.py:13 (resize)", seconds=2.0))  # it went on at another line
    assert view(harness)["blocked"] == {"since": since, "at": "photos.py:13 (resize)", "job": "", "attempt": 0, "task": ""}
    assert "blocks" not in harness.ask(messages.JOB_GET, ONE).answer
    says(worker, None)
    harness.clock.advance(5)
    says(worker, BLOCKED)  # once more
    assert view(harness)["blocked"]["since"] == harness.wall() - 3.0


def test_a_report_without_vitals_changes_nothing_until_the_next_session(harness: DispatcherHarness) -> None:
    worker = attach(harness)
    says(worker, BLOCKED)
    worker.says()
    assert view(harness)["blocked"] is not None
    worker.lost()
    again = attach(harness)
    assert view(harness)["blocked"] is None
    harness.submit(task=TASK)
    harness.settle()
    assert again.take() == [(ONE, 1)]


def test_a_worker_that_names_no_pools_gets_jobs_as_before(harness: DispatcherHarness) -> None:
    worker = attach(harness, pool="")
    says(worker, BLOCKED)
    harness.submit(task=TASK)
    harness.settle()
    assert worker.take() == [(ONE, 1)]


@pytest.mark.parametrize(
    "wrong", [{"at": "x" * 401, "seconds": 1}, {"at": "x"}, {"at": "x", "seconds": -1}, {"at": 1, "seconds": 1}, "x"]
)
def test_what_is_no_account_of_a_blocked_loop_is_refused(harness: DispatcherHarness, wrong: Any) -> None:
    worker = attach(harness)
    asked = harness.ask(messages.WORKER_REPORT, {"vitals": {"blocked": wrong}}, caller=worker.asked.call.caller)
    assert asked.error == "invalid_request"
    assert view(harness)["blocked"] is None


def test_versions_ignore_unknown_and_missing_fields_of_a_blocked_loop(harness: DispatcherHarness) -> None:
    worker = attach(harness)
    blocked = {**messages.plain(BLOCKED), "more": [1]}
    harness.ask(messages.WORKER_REPORT, {"vitals": {"blocked": blocked, "more": 1}}, caller=worker.asked.call.caller)
    shown = view(harness)
    assert shown["blocked"]["at"] == BLOCKED.at
    del shown["blocked"]
    assert msgspec.convert(shown, views.WorkerView).blocked is None
