"""Callers that are deployed before the workers: their code declares a task until a worker does, whose declaration counts."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from support.dispatcher_harness import job_id

from taskbahn import Taskbahn, UnknownTask
from taskbahn.client.client import Client
from taskbahn.errors import InvalidOption
from taskbahn.future import Future
from taskbahn.protocol import messages

if TYPE_CHECKING:
    from support.dispatcher_harness import DispatcherHarness

    from taskbahn.client.requests import Request


class Line:
    """Carries a client's submissions to the dispatcher of a harness, one at a time."""

    process = -1
    is_closed = False

    def __init__(self, harness: DispatcherHarness) -> None:
        self.harness = harness
        self.sent: list[Any] = []

    def call(self, function: Any, *args: Any) -> None:
        function(*args)

    def ask(self, request: Request) -> None:
        self.send(request)

    def send(self, request: Request) -> Future[Any]:
        self.sent.append(request.args)
        asked = self.harness.ask(request.procedure, *request.args)
        self.harness.settle()
        if request.procedure == messages.SUBMIT:
            request.future.resolve(asked.answer)
        return request.future


@pytest.fixture
def line(harness: DispatcherHarness) -> Line:
    return Line(harness)


@pytest.fixture
def app(line: Line, monkeypatch: pytest.MonkeyPatch) -> Taskbahn:
    app = Taskbahn()
    client = Client(line, app.tasks)  # type: ignore[arg-type]
    monkeypatch.setattr(Taskbahn, "client", property(lambda _: client))

    @app.task(name="new.add", queue="callers", retries=7)
    def add(a: int, b: int = 1) -> int:
        return a + b

    @app.task(name="new.more")
    def more(a: int) -> int:
        return a

    return app


def test_a_job_of_a_task_without_workers_waits_for_them(app: Taskbahn, harness: DispatcherHarness, line: Line) -> None:
    job = app.tasks["new.add"].start(1)
    assert harness.state(job.id) == "ready"
    assert harness.ask(messages.JOB_GET, job.id).answer["queue"] == "callers"
    assert len(line.sent) == 2  # refused once, then with the declaration
    other = app.tasks["new.add"].start(2)
    assert len(line.sent) == 3
    assert harness.declared.count("new.add") == 1
    worker = harness.worker("late", 2, tasks=["new.add"], queues=["callers"])
    assert sorted(id for id, _ in worker.take()) == sorted([job.id, other.id])
    harness.check()


def test_bulks_and_flows_of_tasks_without_workers_wait_too(app: Taskbahn, harness: DispatcherHarness) -> None:
    batch = app.tasks["new.add"].start_many([1, 2, 3])
    assert [harness.state(id) for id in batch.ids] == ["ready"] * 3
    flow = (app.tasks["new.more"].s(1) | app.tasks["new.add"].s(2)).start()
    assert harness.state(flow.id) == "running"
    harness.restart()
    assert {"new.add", "new.more"} <= set(harness.dispatcher.state.tasks)
    harness.check()


def test_what_a_worker_declares_counts(app: Taskbahn, harness: DispatcherHarness) -> None:
    first = app.tasks["new.add"].start(1)
    harness.worker("late", tasks=["new.add"], declaration={"options": {"queue": "workers"}}).lost()
    second = app.tasks["new.add"].start(1)
    again = app.tasks["new.add"].declaration()
    asked = harness.ask(
        messages.SUBMIT, [{"task": "new.add", "id": job_id(7), "args": [1], "declarations": [messages.plain(again)]}]
    )
    harness.settle()
    assert asked.answer == [job_id(7)]
    queues = [harness.ask(messages.JOB_GET, id).answer["queue"] for id in (first.id, second.id, job_id(7))]
    assert queues == ["callers", "workers", "workers"]


def test_a_name_that_no_code_has_is_unknown(app: Taskbahn, line: Line) -> None:
    with pytest.raises(UnknownTask):
        app.get("new.ad").start(1)
    assert len(line.sent) == 1


@pytest.mark.parametrize("wrong", [5, [5], [{"name": "no name"}], [{"name": "new.x", "options": {"retries": -1}}]])
def test_a_wrong_declaration_changes_nothing(harness: DispatcherHarness, wrong: Any) -> None:
    asked = harness.ask(messages.SUBMIT, [{"task": "new.x", "declarations": wrong}])
    harness.settle()
    assert "error" in asked.answer[0]
    assert harness.dispatcher.state.tasks == {}
    assert issubclass(InvalidOption, Exception)


def test_an_argument_that_workers_do_not_know_yet_says_whom_to_deploy(app: Taskbahn, harness: DispatcherHarness) -> None:
    older = Taskbahn()

    @older.task(name="new.add")
    def add(a: int) -> int:
        return a

    harness.worker("old", tasks=["new.add"], declaration={"signature": add.declaration().signature})
    app.tasks["new.add"].start(1)  # what is not sent does no harm
    with pytest.raises(
        Exception, match="b: is no argument of this task; the caller has other code of this task than the workers"
    ):
        app.tasks["new.add"].start(1, b=2)
    asked = harness.ask(messages.SUBMIT, [{"task": "new.add", "args": [1], "kwargs": {"b": 2}}])
    assert "other code" not in asked.answer[0]["message"]
