"""A blocking call on a running loop of a worker, or on the client's own thread, is refused at once; elsewhere it may wait."""

from __future__ import annotations

import ast
import asyncio
import sys
import threading
import warnings
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

import taskbahn
from taskbahn import Taskbahn, WouldBlock
from taskbahn.attempt import blocking
from taskbahn.attempt.context import ACTIVE, AttemptContext
from taskbahn.client.client import Client
from taskbahn.jobs.batch import Batch
from taskbahn.jobs.job import Job
from taskbahn.transport.reactor_thread import ReactorThread

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from taskbahn.client.requests import Request


class SilentLink:
    """Keeps what is sent, and never answers."""

    process = -1
    is_closed = False

    def __init__(self) -> None:
        self.sent: list[Request] = []
        self.dropped: list[Request] = []
        self.called = 0

    def call(self, *_: Any) -> None:
        self.called += 1

    def send(self, request: Request) -> Any:
        self.sent.append(request)
        return request.future

    def drop(self, request: Request) -> None:
        self.dropped.append(request)


@pytest.fixture
def link() -> SilentLink:
    return SilentLink()


@pytest.fixture
def app(link: SilentLink, monkeypatch: pytest.MonkeyPatch) -> Taskbahn:
    app = Taskbahn()
    client = Client(link)  # type: ignore[arg-type]
    monkeypatch.setattr(Taskbahn, "client", property(lambda _: client))

    @app.task(name="other")
    def other(number: int = 1) -> int:
        return number

    return app


def job(app: Taskbahn) -> Job[Any]:
    return Job(app, "j", "other")


def batch(app: Taskbahn) -> Batch[Any]:
    batch: Batch[Any] = Batch(app, "other", None)
    batch.add(["a", "b"], {})
    return batch


CALLS: dict[str, tuple[Callable[[Taskbahn], Any], str]] = {
    "start": (lambda app: app.tasks["other"].start(), "await task.start_async(...)"),
    "start with options": (lambda app: app.tasks["other"].options(priority=1).start(), "await task.start_async(...)"),
    "start by name": (lambda app: app.get("elsewhere").start(), "await task.start_async(...)"),
    "call": (lambda app: app.tasks["other"].call(), "await task.call_async(...)"),
    "start_many": (lambda app: app.tasks["other"].start_many([1, 2]), "await task.start_many_async(...)"),
    "start_many of nothing": (lambda app: app.tasks["other"].start_many([]), "await task.start_many_async(...)"),
    "result": (lambda app: job(app).result(), "await job"),
    "result with a timeout": (lambda app: job(app).result(timeout=0.1), "await job"),
    "error": (lambda app: job(app).error(), "await job.error_async()"),
    "state": (lambda app: job(app).state(), "await job.state_async()"),
    "view": (lambda app: job(app).view(), "await job.view_async()"),
    "logs": (lambda app: job(app).logs(), "await job.logs_async()"),
    "cancel": (lambda app: job(app).cancel(), "await job.cancel_async()"),
    "retry": (lambda app: job(app).retry(), "await job.retry_async()"),
    "events": (lambda app: list(job(app).events()), "async for event in job.events()"),
    "next of events": (lambda app: next(job(app).events()), "async for event in job.events()"),
    "results": (lambda app: batch(app).results(), "await batch"),
    "results with errors": (lambda app: batch(app).results(return_errors=True), "await batch.results_async()"),
    "as_completed": (lambda app: list(batch(app).as_completed()), "async for job in batch.as_completed()"),
    "cancel a batch": (lambda app: batch(app).cancel(), "await batch.cancel_async()"),
    "view.jobs": (lambda app: list(app.view.jobs()), "async for job in app.view.jobs(...)"),
    "a page of view.jobs": (lambda app: app.view.jobs().jobs, "await app.view.jobs(...).page_async()"),
    "view.status": (lambda app: app.view.status(), "await app.view.status_async()"),
    "view.workers": (lambda app: app.view.workers(), "await app.view.workers_async()"),
    "view.settings": (lambda app: app.view.settings(), "await app.view.settings_async()"),
    "view.history": (lambda app: app.view.history(), "await app.view.history_async()"),
    "view.questions": (lambda app: app.view.questions(), "await app.view.questions_async()"),
    "schedules": (lambda app: list(app.schedules), "await app.schedules.views_async()"),
    "triggers": (lambda app: list(app.triggers), "await app.triggers.views_async()"),
}
each_call = pytest.mark.parametrize("name", CALLS)


def on_a_thread(function: Callable[[], Any]) -> Any:
    """Call *function* on a thread without a loop: pytest-twisted runs the tests themselves in one."""
    with ThreadPoolExecutor(1) as thread:
        return thread.submit(function).result(timeout=30)


def refused(app: Taskbahn, link: SilentLink, name: str) -> None:
    call, instead = CALLS[name]
    with pytest.raises(WouldBlock) as found:
        call(app)
    assert found.value.detail["instead"] == instead
    assert f"write `{instead}`" in str(found.value)
    assert not link.called or name == "as_completed"  # which serves `async for` too, and so asks
    assert len(link.sent) == len([one for one in link.sent if one.procedure == "taskbahn.job.watch"])


@pytest.fixture
def as_worker(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(blocking, "_is_worker", True)


@each_call
@pytest.mark.usefixtures("as_worker")
def test_every_blocking_call_on_a_workers_running_loop_is_refused(app: Taskbahn, link: SilentLink, name: str) -> None:
    async def main() -> None:
        refused(app, link, name)

    on_a_thread(lambda: asyncio.run(main()))


@each_call
def test_every_blocking_call_of_an_attempt_on_a_running_loop_is_refused(app: Taskbahn, link: SilentLink, name: str) -> None:
    async def main() -> None:
        ACTIVE.set(AttemptContext("j", 1, "t", "", None, None))  # type: ignore[arg-type]
        refused(app, link, name)

    on_a_thread(lambda: asyncio.run(main()))


@each_call
def test_every_blocking_call_on_the_reactor_thread_of_a_client_is_refused(app: Taskbahn, link: SilentLink, name: str) -> None:
    thread = ReactorThread("test")
    found: list[BaseException | None] = []
    done = threading.Event()

    def run() -> None:
        try:
            refused(app, link, name)
            found.append(None)
        except BaseException as error:  # noqa: BLE001 - for the test's own thread
            found.append(error)
        done.set()

    thread.start()
    try:
        thread.call(run)
        assert done.wait(30)
    finally:
        thread.stop()
    assert found == [None]


@pytest.mark.usefixtures("as_worker")
def test_a_watch_that_is_refused_is_ended(app: Taskbahn, link: SilentLink) -> None:
    async def main() -> None:
        with pytest.raises(WouldBlock):
            list(job(app).events())

    on_a_thread(lambda: asyncio.run(main()))
    assert link.dropped == link.sent
    assert len(link.sent) == 1


@pytest.mark.usefixtures("as_worker")
def test_a_thread_of_a_worker_without_a_loop_may_wait(app: Taskbahn, link: SilentLink) -> None:
    def main() -> None:
        with pytest.raises(taskbahn.NotFinished):
            batch(app).results(timeout=0.001)

    on_a_thread(main)
    assert link.called


@pytest.mark.usefixtures("as_worker")
def test_a_result_that_is_there_is_returned_on_a_loop_too(app: Taskbahn) -> None:
    known = job(app)
    known.take(["j", "succeeded", "7", None])

    async def main() -> Any:
        return known.result(), known.state(), known.error(), await known.error_async(), await known.state_async()

    assert on_a_thread(lambda: asyncio.run(main())) == (7, "succeeded", None, None, "succeeded")


def test_a_program_of_its_own_may_block_its_loop_and_is_warned(app: Taskbahn) -> None:
    async def main() -> None:
        with pytest.raises(taskbahn.NotFinished), pytest.warns(taskbahn.BlocksLoop) as found:
            batch(app).results(timeout=0.001)
        assert [(warning.filename, str(warning.message)) for warning in found] == [
            (__file__, "batch.results() blocks the event loop that it is called on until its answer comes; write `await batch`")
        ]

    on_a_thread(lambda: asyncio.run(main()))


def test_a_thread_without_a_loop_and_a_notebook_are_not_warned(app: Taskbahn, monkeypatch: pytest.MonkeyPatch) -> None:
    def wait() -> None:
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            with pytest.raises(taskbahn.NotFinished):
                batch(app).results(timeout=0.001)

    async def main() -> None:
        monkeypatch.setitem(sys.modules, "ipykernel", sys)
        wait()

    on_a_thread(wait)
    on_a_thread(lambda: asyncio.run(main()))


HAS_ANOTHER = {"result": "__await__", "__next__": "__anext__", "__iter__": "__aiter__"}  # what a loop uses in place of it
PARTS = [
    path for path in Path(blocking.OWN_FOLDER).rglob("*.py") if path.parent.name in {"jobs", "tasks", "schedules", "attempt"}
]


def blocking_methods() -> Iterator[tuple[str, ast.ClassDef, str]]:
    for path in [*PARTS, Path(blocking.OWN_FOLDER) / "app.py"]:
        for kind in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(kind, ast.ClassDef):
                for method in kind.body:
                    if isinstance(method, ast.FunctionDef) and "check_may_block(" in ast.unparse(method):
                        yield f"{path.stem}.{kind.name}", kind, method.name


def test_each_method_that_blocks_has_a_twin_for_loops() -> None:
    found = [(where, name, {getattr(one, "name", "") for one in kind.body}) for where, kind, name in blocking_methods()]
    public = [one for one in found if not one[1].startswith("_") or one[1] in HAS_ANOTHER]
    assert len(public) > 50
    assert [f"{where}.{name}" for where, name, names in public if not {f"{name}_async", HAS_ANOTHER.get(name)} & names] == [
        "event_stream.EventStream.begin"  # of the command line
    ]
