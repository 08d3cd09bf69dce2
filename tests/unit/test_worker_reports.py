"""The books of the worker: what is reported when, what is kept, what is dropped."""

import time
from collections.abc import Callable
from typing import Any

import pytest
from autobahn.wamp.exception import ApplicationError
from support.stage import FakeDispatcher, attach, play
from twisted.python.failure import Failure

from taskbahn import Taskbahn, wire
from taskbahn.attempt import DONE, NOTICE, AttemptContext
from taskbahn.worker.reporter import MAX_OUTCOMES, MAX_WEIGHT, Batch, Reporter

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


def test_what_happens_while_a_report_is_on_its_way_travels_in_the_next_one(app: Taskbahn) -> None:
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

    play(app, action)


def test_what_was_not_acknowledged_is_named_and_reported_again_after_a_reconnect(app: Taskbahn) -> None:
    async def action(worker: Any, dispatcher: FakeDispatcher) -> None:
        dispatcher.answers_reports = False
        dispatcher.run(("a", "echo", [1]))
        await dispatcher.until(lambda: dispatcher.reports)
        dispatcher.run(("b", "echo", [2]), ("c", "nap", [0.3]))
        await dispatcher.until(lambda: len(worker.reporter.held) == 1)
        worker._lost("the line was cut")
        second = FakeDispatcher()
        await attach(worker, second)
        assert dict(second.hellos[0]["running"]) == {"a": 1, "b": 1, "c": 1}
        await second.until(lambda: worker.is_clear)
        assert second.done == {"a": 1, "b": 2, "c": "slept"}
        dispatcher.answer()  # too late: it counts for nothing
        assert worker.is_clear

    play(app, action)


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

    play(app, action)


def test_an_empty_report_is_sent_when_there_was_nothing_to_say(app: Taskbahn) -> None:
    async def action(worker: Any, dispatcher: FakeDispatcher) -> None:
        dispatcher.heartbeat = 0.05
        await attach(worker, dispatcher)
        await dispatcher.until(lambda: dispatcher.reports.count({}) >= 3)

    play(app, action, attached=False)


def test_a_report_that_is_never_taken_ends_the_session(app: Taskbahn) -> None:
    async def action(worker: Any, dispatcher: FakeDispatcher) -> None:
        dispatcher.answers_reports = False
        dispatcher.run(("a", "echo", [1]))
        await dispatcher.until(lambda: dispatcher.reports)
        dispatcher.attached.errback(failure(ApplicationError("taskbahn.error.invalid_request", "no")))
        assert not dispatcher.is_open
        worker._lost("dismissed")
        assert worker.reporter.running() == []

    play(app, action)


def test_hello_says_what_the_worker_offers(app: Taskbahn) -> None:
    async def action(worker: Any, dispatcher: FakeDispatcher) -> None:
        (hello,) = dispatcher.hellos
        assert (hello["protocol"], hello["worker"], hello["slots"]) == (wire.PROTOCOL, "tester", 3)
        assert sorted(task["name"] for task in hello["tasks"]) == ["echo", "nap"]
        assert hello["tasks"][0]["pool"] == "thread"

    play(app, action, slots=3)


def test_a_report_holds_no_more_than_a_message_may() -> None:
    large = "x" * (MAX_WEIGHT // 3)
    now, rest = Batch(done=[["a", 1, large, 0, 0]] * 5).split()
    assert (len(now.done), len(rest.done)) == (2, 3)
    now, rest = Batch(done=[["a", 1, "", 0, 0]] * (MAX_OUTCOMES + 1)).split()
    assert (len(now.done), len(rest.done)) == (MAX_OUTCOMES, 1)


def test_a_single_item_goes_however_large_it_is() -> None:
    now, rest = Batch(done=[["a", 1, "x" * (2 * MAX_WEIGHT), 0, 0]] * 2).split()
    assert (len(now.done), len(rest.done)) == (1, 1)


def test_outcomes_wait_for_the_notices_before_them() -> None:
    notices = [["a", 1, "log", 0, {"message": "x" * 8000}]] * 1500
    now, rest = Batch(done=[["a", 1, "", 0, 0]], notices=notices).split()
    assert not now.done
    assert len(now.notices) + len(rest.notices) == 1500
    now, rest = rest.split()
    assert len(now.done) == 1
    assert not rest


def test_what_is_not_held_is_dropped() -> None:
    class Nobody:
        def put(self, record: Any) -> None: ...
        def touch(self, context: AttemptContext) -> None: ...

    reporter = Reporter(None)  # type: ignore[arg-type]
    reporter.held["a", 1] = AttemptContext("a", 1, "t", wire.NO_ARGUMENTS, None, Nobody())
    reporter.deliver([(NOTICE, ["b", 1, "log", 0.0, {}]), (DONE, ["b", 1, "1", 0.0, 0.0]), (DONE, ["a", 2, "1", 0.0, 0.0])])
    assert not reporter._pending
    reporter.deliver([(DONE, ["a", 1, "1", 0.0, 0.0])])
    reporter.deliver([(DONE, ["a", 1, "2", 0.0, 0.0])])
    assert reporter._pending.done == [["a", 1, "1", 0.0, 0.0]]
