"""Jobs that are known by their ids: their results have the types of their tasks."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any
from uuid import UUID

import pytest

from taskbahn import InvalidOption, Job, Taskbahn, UnknownJob, WrongTask
from taskbahn.client.client import Client
from taskbahn.errors import from_info
from taskbahn.future import Future
from taskbahn.protocol import messages

if TYPE_CHECKING:
    from taskbahn.client.requests import Request

ID = "0192f0c1-2d3e-7abc-8def-0123456789ab"
OUTCOME = [ID, "succeeded", '"2026-12-24T18:00:00Z"', None]
EVE = dt.datetime(2026, 12, 24, 18, tzinfo=dt.UTC)


class Dispatcher:
    """Answers at once: a job of `task`, which has succeeded."""

    process = -1
    is_closed = False

    def __init__(self, task: str) -> None:
        self.task = task
        self.asked: list[str] = []

    def call(self, function: Any, *args: Any) -> None:
        function(*args)

    def ask(self, request: Request) -> None:
        self.send(request)

    def drop(self, request: Request) -> None: ...

    def send(self, request: Request) -> Future[Any]:
        self.asked.append(request.procedure)
        if request.procedure == messages.JOB_WAIT:
            assert request.on_progress is not None
            request.on_progress({"outcomes": [OUTCOME]})
            request.future.resolve(None)
        elif not self.task:
            request.future.fail(from_info(UnknownJob(ID).info()))
        elif request.procedure == messages.JOB_WATCH:
            assert request.on_progress is not None
            chunk = {"job": ID, "number": 1, "at": 1.0, "kind": "chunk", "data": "2026-12-24T18:00:00Z"}
            request.on_progress({"snapshot": self.view})
            request.on_progress({"events": [chunk]})
            request.future.resolve(self.view)
        else:
            request.future.resolve(self.view)
        return request.future

    @property
    def view(self) -> dict[str, Any]:
        return {"id": ID, "task": self.task, "queue": "default", "state": "succeeded"}


def connected(monkeypatch: pytest.MonkeyPatch, task: str = "t.eve") -> tuple[Taskbahn, Dispatcher]:
    dispatcher = Dispatcher(task)
    client = Client(dispatcher)  # type: ignore[arg-type]
    monkeypatch.setattr(Taskbahn, "client", property(lambda _: client))
    app = Taskbahn()

    @app.task(name="t.eve")
    def eve(year: int) -> dt.datetime:
        return dt.datetime(year, 12, 24, 18, tzinfo=dt.UTC)

    return app, dispatcher


@pytest.mark.parametrize("id", [ID, UUID(ID), ID.upper()])
def test_a_job_by_its_id_has_the_type_of_its_task(monkeypatch: pytest.MonkeyPatch, id: str | UUID) -> None:
    app, dispatcher = connected(monkeypatch)
    for job in (app.job(id), app.get("t.eve").job(id), app.tasks["t.eve"].options(priority=1).job(id)):
        dispatcher.asked.clear()
        assert (job.id, job.result(), job.task) == (ID, EVE, "t.eve")
        assert dispatcher.asked == [messages.JOB_WAIT, messages.JOB_GET]
        assert job == Job(app, ID)


def test_chunks_of_a_job_by_its_id_have_their_type(monkeypatch: pytest.MonkeyPatch) -> None:
    app, dispatcher = connected(monkeypatch, "t.eves")

    @app.task(name="t.eves")
    def eves() -> Iterator[dt.datetime]:
        yield EVE

    assert list(app.job(ID).chunks()) == [EVE]
    assert dispatcher.asked == [messages.JOB_WATCH]


def test_a_job_of_a_task_that_is_not_here_has_plain_data(monkeypatch: pytest.MonkeyPatch) -> None:
    app, _ = connected(monkeypatch, "t.other")
    assert app.job(ID).result() == "2026-12-24T18:00:00Z"
    assert app.get("t.other").job(ID).result() == "2026-12-24T18:00:00Z"


def test_a_job_of_another_task_is_refused_with_its_name(monkeypatch: pytest.MonkeyPatch) -> None:
    app, _ = connected(monkeypatch, "t.other")
    job = app.tasks["t.eve"].job(ID)
    for read in (job.result, job.view, job.state, job.result):
        with pytest.raises(WrongTask, match=r"is of the task 't\.other', not of 't\.eve'; app\.job\(id\)"):
            read()


def test_a_job_that_is_removed_meanwhile_is_unknown(monkeypatch: pytest.MonkeyPatch) -> None:
    app, _ = connected(monkeypatch, "")
    with pytest.raises(UnknownJob):
        app.job(ID).result()


@pytest.mark.parametrize("id", [17, None, b"x", Job(Taskbahn(), ID)])
def test_what_is_no_id_is_refused_at_once(id: Any) -> None:
    with pytest.raises(InvalidOption, match=r"the id of a job = .*: it is a UUID or its text"):
        Taskbahn().job(id)


def test_the_text_of_a_job_has_no_blank_for_an_unknown_task(monkeypatch: pytest.MonkeyPatch) -> None:
    app, _ = connected(monkeypatch)
    job = app.job(ID)
    assert repr(job) == f"<Job {ID}>"
    job.result()
    assert repr(job) == f"<Job {ID} t.eve succeeded>"
