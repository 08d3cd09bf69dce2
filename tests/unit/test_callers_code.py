"""Callers that are deployed before the workers: their code declares a task until a worker does, whose declaration counts."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from support.dispatcher_harness import FakeWorker, job_id

from taskbahn import Taskbahn, UnknownTask
from taskbahn.client.client import Client
from taskbahn.errors import InvalidArguments, InvalidOption
from taskbahn.future import Future
from taskbahn.protocol import messages
from taskbahn_router.queries.waiting_problems import NOT_TAKEN_SECONDS

if TYPE_CHECKING:
    from collections.abc import Callable

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


@pytest.fixture
def older() -> Taskbahn:
    """The application without the argument `b`."""
    older = Taskbahn()

    @older.task(name="new.add")
    def add(a: int) -> int:
        return a

    return older


def attach(harness: DispatcherHarness, name: str, app: Taskbahn) -> FakeWorker:
    signature = app.tasks["new.add"].declaration().signature
    declaration = {"signature": signature, "options": {"queue": "default"}}
    return harness.worker(name, 2, tasks=["new.add"], declaration=declaration)


def test_a_new_argument_waits_for_a_worker_that_takes_it(app: Taskbahn, older: Taskbahn, harness: DispatcherHarness) -> None:
    old = attach(harness, "old", older)
    job = app.tasks["new.add"].options(queue="default").start(1, b=2)
    for _ in range(12):  # more often than it has retries
        [run] = old.take()
        old.failed(run, unfit=True, retry=False)
        harness.settle()
        assert harness.state(job.id) == "waiting"
        why = harness.ask(messages.JOB_GET, job.id).answer["place"]["why"]
        assert "it waits for one that takes its arguments" in why
        harness.passes(30)
    assert harness.wall() - harness.dispatcher.state.tasks["new.add"].not_taken_at < NOT_TAKEN_SECONDS
    new = attach(harness, "new", app)
    old.lost()
    harness.passes(30)
    [run] = new.take()
    new.done(run, result="3")
    harness.settle()
    assert harness.state(job.id) == "succeeded"
    assert harness.row(job.id).failures == 0
    harness.check()


@pytest.mark.parametrize("leaves", [FakeWorker.lost, lambda worker: worker.says(draining=True)], ids=["lost", "draining"])
def test_an_old_worker_gets_its_jobs_again_when_the_new_one_leaves(
    leaves: Callable[[FakeWorker], object], app: Taskbahn, older: Taskbahn, harness: DispatcherHarness
) -> None:
    add = app.tasks["new.add"].options(queue="default")
    old = attach(harness, "old", older)
    add.start(1, b=2)
    [run] = old.take()
    old.failed(run, unfit=True, retry=False)
    harness.settle()
    new = attach(harness, "new", app)
    first = add.start(3)
    harness.settle()
    assert (old.take(), [id for id, _ in new.take()]) == ([], [first.id])
    leaves(new)
    harness.settle()
    second = add.start(4)
    harness.settle()
    assert second.id in [id for id, _ in old.take()]
    harness.check()


def test_what_no_worker_takes_for_a_day_fails(app: Taskbahn, older: Taskbahn, harness: DispatcherHarness) -> None:
    old = attach(harness, "old", older)
    job = app.tasks["new.add"].options(queue="default").start(1, b=2)
    [run] = old.take()
    harness.passes(86_400)
    old.failed(run, unfit=True, retry=False)
    harness.settle()
    assert harness.state(job.id) == "failed"


def test_an_argument_that_the_workers_had_once_is_refused(app: Taskbahn, older: Taskbahn, harness: DispatcherHarness) -> None:
    for version in (app, older, app, older):
        attach(harness, "worker", version).lost()
        harness.passes(1)
    attach(harness, "worker", older)
    with pytest.raises(InvalidArguments, match="b: is no argument of this task; the caller has older code"):
        app.tasks["new.add"].options(queue="default").start(1, b=2)
    app.tasks["new.add"].options(queue="default").start(1)  # what is not sent does no harm


def test_a_caller_without_code_is_checked_by_the_workers(older: Taskbahn, harness: DispatcherHarness) -> None:
    attach(harness, "old", older)
    asked = harness.ask(messages.SUBMIT, [{"task": "new.add", "args": [1], "kwargs": {"b": 2}}])
    harness.settle()
    assert asked.answer[0]["error"] == InvalidArguments.uri
    assert "code" not in asked.answer[0]["message"]
