"""A worker in this process: real pools, real books, and a dispatcher that is only a recorded list of calls."""

from __future__ import annotations

import asyncio
import io
import logging
import sys
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from typing import TYPE_CHECKING, Any, cast

from twisted.internet.defer import Deferred, ensureDeferred, succeed
from twisted.internet.testing import MemoryReactorClock

from taskbahn.protocol import messages
from taskbahn.worker.service import Settings, Worker

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    import pytest

    from taskbahn import Taskbahn


class FakeDispatcher:
    """The session of a worker: answers `attach` with a welcome, keeps every report, and acknowledges it while `answers_reports`."""

    def __init__(self) -> None:
        self.hellos: list[dict[str, Any]] = []
        self.reports: list[dict[str, Any]] = []
        self.unanswered = 0
        self.answers_reports = True
        self.refused: list[Any] = []
        self.heartbeat = 10.0
        self.suspends = False
        self.notes: dict[str, dict[str, str]] = {}  # of jobs, by job and name
        self.first: dict[str, Any] = {}  # what it orders with its welcome
        self.on_progress: Callable[[Any], None] = lambda _: None
        self.attached: Deferred[Any] = Deferred()
        self.is_open = True
        self.reason = ""

    def is_attached(self) -> bool:
        return self.is_open

    @staticmethod
    def at_once(send: Callable[..., Any], *args: Any) -> Any:
        """There is no socket."""
        return send(*args)

    def cut(self) -> None:
        """The worker aborts the connection."""
        self.is_open = False

    def leave(self) -> None:
        self.is_open = False

    def call(self, procedure: str, payload: Any, options: Any = None, **more: Any) -> Deferred[Any]:
        if procedure == messages.WORKER_ATTACH:
            self.hellos.append(payload)
            self.on_progress = options.on_progress
            noted = [(job, attempt) for job, attempt in payload.get("running", ()) if job in self.notes]
            welcome = {"protocol": 1, "heartbeat": self.heartbeat, "suspends": self.suspends, "noted": noted}
            self.on_progress({"welcome": welcome, **self.first})
            self.streams()
            return self.attached
        if procedure == messages.JOB_NOTES:
            known = sorted(name for name in self.notes[payload] if name > more["after"])[:1]  # a page is short
            return succeed({"notes": [(name, self.notes[payload][name]) for name in known], "next": known[-1] if known else None})
        raise AssertionError(procedure)

    def register(self, procedure: Callable[..., Any], uri: str) -> Deferred[None]:
        assert uri.startswith(messages.REPORTS_PREFIX)
        self.streams = procedure
        return succeed(None)

    def report(self, report: dict[str, Any]) -> None:
        """Take a report of the stream."""
        self.reports.append(report)
        self.unanswered += 1
        if self.answers_reports:
            asyncio.get_running_loop().call_soon(self.answer)

    def answer(self) -> None:
        """Say that a report is recorded."""
        refused, self.refused = self.refused, []
        self.unanswered -= 1
        self.on_progress({"recorded": 1, "refused": refused})

    def run(self, *attempts: tuple[Any, ...]) -> None:
        """Order attempts; each is (id, task), (id, task, args) or (id, task, args, run_within)."""
        rows = []
        for id, task, *more in attempts:
            args = more[0] if more else []
            run_within = more[1] if len(more) > 1 else None
            rows.append([id, 1, task, messages.to_json([args, {}]), run_within])
        self.on_progress({"run": rows})

    def all(self, kind: str) -> list[Any]:
        """Return all of one kind in all reports."""
        return [one for report in self.reports for one in report.get(kind, ())]

    @property
    def done(self) -> dict[str, Any]:
        return {one[0]: messages.from_json(one[2]) for one in self.all("done")}

    @property
    def failed(self) -> dict[str, dict[str, Any]]:
        return {one["id"]: one for one in self.all("failed")}

    def notices(self, kind: str) -> list[Any]:
        return [one[4] for one in self.all("notices") if one[2] == kind]

    async def until(self, condition: Callable[[], Any], seconds: float = 30.0) -> None:
        """Wait until *condition* holds; fails after *seconds*."""
        deadline = asyncio.get_running_loop().time() + seconds
        while not condition():
            assert asyncio.get_running_loop().time() < deadline, self.reports
            await asyncio.sleep(0.002)


def run_worker(
    app: Taskbahn,
    scenario: Callable[[Worker, FakeDispatcher], Awaitable[None]],
    *,
    slots: int = 2,
    target: str = "none:app",
    attached: bool = True,
) -> None:
    """Run *scene* with a started worker of *app* and its dispatcher, and stop both."""

    async def main() -> None:
        loop = asyncio.get_running_loop()
        settings = Settings(target=target, url="ws://127.0.0.1:1/ws", slots=slots, name="tester")
        worker = Worker(app, settings, reactor=cast("Any", MemoryReactorClock)(), loop=loop)
        dispatcher = FakeDispatcher()
        await worker.warm_up()
        try:
            if attached:
                await attach(worker, dispatcher)
            await scenario(worker, dispatcher)
        finally:
            worker.connection.session = None
            await worker.stop()
            await asyncio.sleep(0)

    # in a thread of its own: pytest-twisted runs the tests themselves inside a reactor
    imported = copy_context()  # a worker starts where its application was imported
    with ThreadPoolExecutor(1) as thread:
        thread.submit(lambda: imported.run(asyncio.run, main())).result()


async def attach(worker: Worker, dispatcher: FakeDispatcher) -> None:
    """Open a session, as the connection would."""
    connection, session = worker.connection, cast("Any", dispatcher)
    connection.session, connection._opening = None, session
    await ensureDeferred(worker._open(dispatcher)).asFuture(asyncio.get_running_loop())  # type: ignore[arg-type]
    connection.session, connection._opening = session, None


def leave_pytest_out(monkeypatch: pytest.MonkeyPatch) -> None:
    """Tasks in threads and on the loop write to the streams and handlers of this process, where pytest listens, too."""
    monkeypatch.setattr(sys, "stdout", io.StringIO())
    monkeypatch.setattr(sys, "stderr", io.StringIO())
    monkeypatch.setattr(logging.root, "handlers", [logging.NullHandler()])
    monkeypatch.setattr(logging, "raiseExceptions", False)
