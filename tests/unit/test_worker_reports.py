"""The books of the worker: what is reported when, what is kept, what is dropped."""

import time
from collections.abc import Callable
from typing import Any, cast

import pytest
from autobahn.wamp.exception import ApplicationError
from support.worker_harness import FakeDispatcher, attach, run_worker
from twisted.internet.task import Clock
from twisted.python.failure import Failure

from taskbahn import Taskbahn
from taskbahn.attempt.context import DONE, FAILED, NOTICE, AttemptContext
from taskbahn.protocol import messages
from taskbahn.worker import reporter as reporter_module
from taskbahn.worker.report_batch import MAX_OUTCOMES, MAX_WEIGHT, ReportBatch
from taskbahn.worker.reporter import LARGE_REPORT_SUCCESSES, MAX_REPORTS_IN_FLIGHT, PATIENCE, Reporter

Play = Callable[..., None]
failure: Any = Failure


@pytest.fixture
def app() -> Taskbahn:
    app = Taskbahn()

    @app.task(name="echo", pool="thread")
    def echo(value: int) -> int:
        return value

    @app.task(name="nap", pool="thread")
    def nap(seconds: float) -> str:
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            time.sleep(0.002)
        return "slept"

    return app


def test_what_happens_during_a_report_goes_into_the_next_one(app: Taskbahn) -> None:
    async def action(worker: Any, dispatcher: FakeDispatcher) -> None:
        dispatcher.answers_reports = False
        dispatcher.run(("a", "echo", [1]))
        await dispatcher.until(lambda: dispatcher.reports)
        dispatcher.run(("b", "echo", [2]), ("c", "echo", [3]))
        await dispatcher.until(lambda: len(worker.reporter.held) == 0)
        assert len(dispatcher.reports) == 1
        dispatcher.answer()
        assert [one[0] for one in dispatcher.reports[1]["done"]] == ["b", "c"]
        dispatcher.answer()
        assert worker.is_clear

    run_worker(app, action)


def test_what_was_not_acknowledged_is_named_and_reported_again_after_a_reconnect(app: Taskbahn) -> None:
    async def action(worker: Any, dispatcher: FakeDispatcher) -> None:
        dispatcher.answers_reports = False
        dispatcher.run(("a", "echo", [1]))
        await dispatcher.until(lambda: dispatcher.reports)
        dispatcher.run(("b", "echo", [2]), ("c", "nap", [1.2]))
        await dispatcher.until(lambda: len(worker.reporter.held) == 1)
        worker._lost("the line was cut")
        second = FakeDispatcher()
        await attach(worker, second)
        assert dict(second.hellos[0]["running"]) == {"a": 1, "b": 1, "c": 1}
        await second.until(lambda: worker.is_clear)
        assert second.done == {"a": 1, "b": 2, "c": "slept"}
        dispatcher.answer()  # too late: it counts for nothing
        assert worker.is_clear

    run_worker(app, action)


def test_refused_attempts_are_stopped_and_dropped(app: Taskbahn) -> None:
    async def action(worker: Any, dispatcher: FakeDispatcher) -> None:
        dispatcher.run(("a", "nap", [30]))
        await dispatcher.until(worker._pools["thread"].running)
        dispatcher.refused = [["a", 1], ["unknown", 7]]
        dispatcher.run(("b", "echo", [1]))
        await dispatcher.until(lambda: worker.is_clear)
        await dispatcher.until(lambda: not worker._pools["thread"].running())
        dispatcher.run(("c", "echo", [1]))
        await dispatcher.until(lambda: worker.is_clear)
        assert dispatcher.done == {"b": 1, "c": 1}
        assert not dispatcher.failed

    run_worker(app, action)


def test_an_empty_report_is_sent_when_there_was_nothing_to_say(app: Taskbahn) -> None:
    async def action(worker: Any, dispatcher: FakeDispatcher) -> None:
        dispatcher.heartbeat = 0.05
        await attach(worker, dispatcher)
        await dispatcher.until(lambda: dispatcher.reports.count({}) >= 3)

    run_worker(app, action, attached=False)


def test_a_report_that_is_never_taken_ends_the_session(app: Taskbahn) -> None:
    async def action(worker: Any, dispatcher: FakeDispatcher) -> None:
        dispatcher.answers_reports = False
        dispatcher.run(("a", "echo", [1]))
        await dispatcher.until(lambda: dispatcher.reports)
        dispatcher.attached.errback(failure(ApplicationError("taskbahn.error.invalid_request", "no")))
        assert not dispatcher.is_open
        worker._lost("dismissed")
        assert worker.reporter.running() == []

    run_worker(app, action)


class ReporterHarness:
    """A reporter on a simulated clock, at a dispatcher that takes reports and answers when the test asks for it."""

    def __init__(self, heartbeat: float = 10.0) -> None:
        self.clock = Clock()
        self.sent: list[dict[str, Any]] = []
        self.given_up: list[tuple[float, float]] = []  # when, and for how long the answer was missing
        self.reporter = Reporter(self, on_unanswered=self.unanswered)  # type: ignore[arg-type]
        self.reporter.connected(self.sent.append, heartbeat)

    def time(self) -> float:
        return self.clock.seconds()

    def call_later(self, seconds: float, function: Callable[[], None]) -> Any:
        return self.clock.callLater(seconds, function)

    def unanswered(self, seconds: float) -> None:
        self.given_up.append((self.time(), seconds))
        self.reporter.disconnected()

    def ends(self, job: str) -> None:
        """An attempt ends."""
        self.reporter.held[job, 1] = AttemptContext(job, 1, "t", messages.NO_ARGUMENTS, None, None)  # type: ignore[arg-type]
        self.reporter.deliver([(DONE, [job, 1, "1", 0.0, 0.0])])

    def passes(self, seconds: float) -> None:
        self.clock.pump([0.5] * round(2 * seconds))


def test_an_unacknowledged_report_is_sent_again_on_a_new_connection() -> None:
    harness = ReporterHarness()
    harness.ends("a")
    harness.passes(10 * PATIENCE)
    harness.ends("b")
    assert (harness.given_up, len(harness.sent)) == ([], 1)
    harness.passes(2.5)  # a quarter of a heartbeat: it is looked at no more often
    assert harness.given_up == [(32.5, 32.5)]
    harness.reporter.connected(harness.sent.append, 10.0)
    assert [one[0] for one in harness.sent[1]["done"]] == ["a", "b"]
    harness.reporter.recorded([])
    assert harness.reporter.is_clear


def test_a_dispatcher_that_answers_no_heartbeat_is_given_up_too() -> None:
    harness = ReporterHarness()
    harness.passes(5)
    assert harness.sent == [{}]
    harness.passes(32)
    assert not harness.given_up
    harness.passes(0.5)
    assert [at for at, _ in harness.given_up] == [37.5]


def test_a_large_batch_waits_only_when_several_reports_are_pending() -> None:
    harness = ReporterHarness()
    harness.ends("first")
    for number in range(LARGE_REPORT_SUCCESSES * MAX_REPORTS_IN_FLIGHT):
        harness.ends(f"job {number}")
    assert [len(report["done"]) for report in harness.sent] == [1, *[LARGE_REPORT_SUCCESSES] * (MAX_REPORTS_IN_FLIGHT - 1)]
    harness.reporter.recorded([], 2)
    assert [len(report["done"]) for report in harness.sent[MAX_REPORTS_IN_FLIGHT:]] == [LARGE_REPORT_SUCCESSES]
    harness.ends("last")
    harness.reporter.recorded([], 2)
    assert [len(report["done"]) for report in harness.sent[MAX_REPORTS_IN_FLIGHT + 1 :]] == [1]
    assert not harness.reporter.is_clear
    harness.reporter.recorded([], 1)
    assert harness.reporter.is_clear


def test_all_pending_reports_are_named_and_resent_in_order() -> None:
    harness = ReporterHarness()
    jobs = [f"job {number}" for number in range(2 * LARGE_REPORT_SUCCESSES + 5)]
    for job in jobs:
        harness.ends(job)
    assert len(harness.sent) == MAX_REPORTS_IN_FLIGHT
    harness.reporter.disconnected()
    assert [job for job, _ in harness.reporter.running()] == jobs
    harness.reporter.connected(harness.sent.append, 10.0)
    assert [done[0] for done in harness.sent[-1]["done"]] == jobs


def test_the_worker_waits_for_a_report_while_the_dispatcher_asks_it() -> None:
    harness = ReporterHarness()
    harness.ends("a")
    for _ in range(20):
        harness.passes(25)
        harness.reporter.waits()
    assert not harness.given_up
    harness.passes(30)
    harness.reporter.recorded([])
    harness.passes(1)
    assert (harness.given_up, harness.reporter.is_clear) == ([], True)


def test_a_worker_drops_a_connection_on_which_no_report_is_acknowledged(app: Taskbahn) -> None:
    async def action(worker: Any, dispatcher: FakeDispatcher) -> None:
        dispatcher.heartbeat, dispatcher.answers_reports = 0.2, False
        await attach(worker, dispatcher)
        dispatcher.run(("a", "echo", [1]))
        await dispatcher.until(lambda: dispatcher.reports)
        for _ in range(3):  # it is patient for as long as the report waits for the store
            dispatcher.on_progress({"waits": True})
        await dispatcher.until(lambda: not dispatcher.is_open)
        assert dispatcher.reason.startswith("it has not answered for ")

    run_worker(app, action, attached=False)


def test_each_report_has_its_own_time() -> None:
    harness = ReporterHarness()
    for job in "abc":
        harness.ends(job)
        harness.passes(29)
        harness.reporter.recorded([])
    assert harness.given_up == []


def test_hello_says_what_the_worker_offers(app: Taskbahn) -> None:
    async def action(worker: Any, dispatcher: FakeDispatcher) -> None:
        (hello,) = dispatcher.hellos
        assert (hello["protocol"], hello["worker"], hello["slots"]) == (messages.PROTOCOL, "tester", 3)
        assert sorted(task["name"] for task in hello["tasks"]) == ["echo", "nap"]
        assert hello["tasks"][0]["pool"] == "thread"

    run_worker(app, action, slots=3)


def test_a_report_holds_no_more_than_a_message_may() -> None:
    large = "x" * (MAX_WEIGHT // 3)
    now, rest = ReportBatch(done=[["a", 1, large, 0, 0]] * 5).split()
    assert (len(now.done), len(rest.done)) == (2, 3)
    now, rest = ReportBatch(done=[["a", 1, "", 0, 0]] * (MAX_OUTCOMES + 1)).split()
    assert (len(now.done), len(rest.done)) == (MAX_OUTCOMES, 1)


def test_a_single_item_goes_however_large_it_is() -> None:
    now, rest = ReportBatch(done=[["a", 1, "x" * (2 * MAX_WEIGHT), 0, 0]] * 2).split()
    assert (len(now.done), len(rest.done)) == (1, 1)


def test_outcomes_wait_for_the_notices_before_them() -> None:
    notices = [["a", 1, "log", 0, {"message": "x" * 2000}]] * 1500
    now, rest = ReportBatch(done=[["a", 1, "", 0, 0]], notices=notices).split()
    assert not now.done
    assert len(now.notices) + len(rest.notices) == 1500
    now, rest = rest.split()
    assert len(now.done) == 1
    assert not rest


def test_what_is_not_held_is_dropped() -> None:
    class NoSink:
        def put(self, record: Any) -> None: ...
        def touch(self, context: AttemptContext) -> None: ...

    reporter = Reporter(None)  # type: ignore[arg-type]
    reporter.held["a", 1] = AttemptContext("a", 1, "t", messages.NO_ARGUMENTS, None, NoSink())
    reporter.deliver([(NOTICE, ["b", 1, "log", 0.0, {}]), (DONE, ["b", 1, "1", 0.0, 0.0]), (DONE, ["a", 2, "1", 0.0, 0.0])])
    assert not reporter._pending
    reporter.deliver([(DONE, ["a", 1, "1", 0.0, 0.0])])
    reporter.deliver([(DONE, ["a", 1, "2", 0.0, 0.0])])
    assert reporter._pending.done == [["a", 1, "1", 0.0, 0.0]]


@pytest.mark.parametrize("kind", ["done", "failed"])
def test_what_was_dropped_of_an_attempt_is_said_in_its_log(monkeypatch: pytest.MonkeyPatch, kind: str) -> None:
    monkeypatch.setattr(reporter_module, "MAX_PENDING_NOTICES", 3)
    reporter = Reporter(cast("Any", None))
    sink: Any = None
    reporter.held = {(id, 1): AttemptContext(id, 1, "t", "", None, sink) for id in ("a", "b")}
    reporter.deliver((NOTICE, ["a", 1, "chunk", 0.0, number, number]) for number in range(5))
    reporter.deliver([(NOTICE, ["a", 1, "progress", 0.0, {}])])
    for id in ("a", "b"):
        done = (
            (DONE, [id, 1, "1", 0.0, 0.0])
            if kind == "done"
            else (FAILED, {"id": id, "attempt": 1, "kind": "error", "error": {}, "started_at": 1.0})
        )
        reporter.deliver([done])
    *chunks, line = reporter._pending.notices
    assert [notice[4] for notice in chunks] == [0, 1, 2]
    assert (line[:3], line[4]["level"]) == (["a", 1, "log"], "WARNING")
    assert line[4]["message"].startswith("2 log lines and chunks of this attempt are missing")
    assert not reporter._missing
