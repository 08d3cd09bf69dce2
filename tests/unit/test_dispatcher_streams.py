"""Reports that a worker streams: acknowledged with its orders, and what becomes of nonsense and of a stream that ends."""

from __future__ import annotations

from typing import Any

import pytest
from support.dispatcher_harness import DispatcherHarness, FakeWorker, job_id

from taskbahn.attempt.context import MAX_CHUNKS, MAX_LOG_LINES
from taskbahn.protocol import messages
from taskbahn_router.dispatcher import outcomes
from taskbahn_router.workers.registry import ACKNOWLEDGE_SECONDS, STREAM_GRACE

THREE = job_id(3)
STREAM = messages.REPORTS_PREFIX + "abc"


def test_streamed_reports_are_acknowledged_with_the_orders(harness: DispatcherHarness) -> None:
    worker = harness.worker(slots=2, reports=STREAM)
    report, _ = harness.heard[STREAM]
    for _ in range(2):
        harness.submit()
    harness.settle()
    runs = worker.take()
    report(messages.plain(messages.Report(done=[messages.Done(*runs[0], "1")])))
    report(messages.plain(messages.Report(done=[messages.Done(*runs[1], "2"), messages.Done(THREE, 1, "3")])))
    harness.passes(ACKNOWLEDGE_SECONDS)
    recorded = [order for order in worker.asked.progress if "recorded" in order]
    assert sum(order["recorded"] for order in recorded) == 2
    assert [refused for order in recorded for refused in order.get("refused", ())] == [[THREE, 1]]
    assert (harness.row(1).result, harness.row(2).result) == ("1", "2")
    harness.check()


def test_a_streamed_report_is_not_acknowledged_before_it_is_durable(harness: DispatcherHarness) -> None:
    worker = harness.worker(reports=STREAM)
    harness.submit()
    harness.settle()
    harness.hold_commits()
    harness.heard[STREAM][0](messages.plain(messages.Report(done=[messages.Done(*worker.take()[0], "1")])))
    harness.settle()
    assert not [order for order in worker.asked.progress if "recorded" in order]
    harness.release_commits()
    harness.passes(ACKNOWLEDGE_SECONDS)
    assert worker.asked.progress[-1] == {"recorded": 1}


def test_an_acknowledgement_to_a_quiet_worker_goes_with_its_next_job(harness: DispatcherHarness) -> None:
    worker = harness.worker(slots=2, reports=STREAM)
    report, _ = harness.heard[STREAM]
    harness.submit()
    harness.settle()
    (run,) = worker.take()
    report(messages.plain(messages.Report(done=[messages.Done(*run, "1")])))
    harness.settle()
    assert not [order for order in worker.asked.progress if "recorded" in order]
    harness.submit()
    harness.settle()
    (order,) = [order for order in worker.asked.progress if "recorded" in order]
    assert (order["recorded"], len(order["run"])) == (1, 1)
    harness.submit()  # now there is one that goes on, which may have something to say at any time
    harness.settle()
    second, third = worker.take()[-2:]
    report(messages.plain(messages.Report(done=[messages.Done(*second, "2")])))
    harness.settle()
    assert worker.asked.progress[-1] == {"recorded": 1}
    report(messages.plain(messages.Report(done=[messages.Done(*third, "3")])))
    harness.passes(ACKNOWLEDGE_SECONDS)
    assert worker.asked.progress[-1] == {"recorded": 1}
    harness.check()


@pytest.mark.parametrize("nonsense", [(), (5,), ({"done": 7},), ({"done": [["x", 1, "\ud800"]]},)])
def test_a_worker_that_streams_nonsense_is_dismissed_with_the_reason(
    harness: DispatcherHarness, nonsense: tuple[Any, ...]
) -> None:
    worker = harness.worker(reports=STREAM)
    harness.heard[STREAM][0](*nonsense)
    harness.settle()
    assert worker.asked.error == "invalid_request"
    assert "w" not in harness.dispatcher.state.workers


def test_a_worker_whose_stream_ends_is_dismissed_unless_its_session_ended(harness: DispatcherHarness) -> None:
    worker = harness.worker(reports=STREAM)
    harness.heard[STREAM][1].errback(RuntimeError("unregistered"))
    harness.passes(STREAM_GRACE)
    assert (worker.asked.error, "unregistered" in str(worker.asked.sent[-1][1])) == ("not_ready", True)
    other = harness.worker("other", reports=STREAM)
    harness.heard[STREAM][1].errback(RuntimeError("callee disconnected"))
    other.lost()
    harness.passes(STREAM_GRACE)
    assert all(kind == "progress" for kind, *_ in other.asked.sent)


def test_what_a_dismissed_worker_still_streams_is_not_heard(harness: DispatcherHarness) -> None:
    worker = harness.worker(reports=STREAM)
    harness.submit()
    harness.settle()
    (run,) = worker.take()
    worker.lost()
    harness.heard[STREAM][0](messages.plain(messages.Report(done=[messages.Done(*run, "1")])))
    harness.settle()
    assert harness.state(1) == "running"


@pytest.mark.parametrize("name", ["", "taskbahn.submit", "taskbahn.reports.", "taskbahn.reports.a.b", "taskbahn.reports.ä"])
def test_reports_are_heard_only_where_no_other_session_is(harness: DispatcherHarness, name: str) -> None:
    hello = messages.Hello(protocol=messages.PROTOCOL, worker="w", slots=1, tasks=[], reports=name)
    asked = harness.ask(messages.WORKER_ATTACH, messages.plain(hello))
    assert asked.error == "invalid_request"
    assert harness.heard == {}


def test_what_is_reported_again_after_a_cut_is_stored_once(harness: DispatcherHarness) -> None:
    worker = harness.worker()
    harness.submit()
    harness.settle()
    (run,) = worker.take()

    def log(mark: int) -> messages.Notice:
        return messages.Notice(*run, "log", harness.wall(), {"message": f"line {mark}"}, mark)

    worker.says(notices=[log(1), log(2)])
    harness.settle()
    worker.lost()
    back = harness.worker(running=[run])
    back.says(notices=[log(1), log(2), log(3)])
    back.says(notices=[messages.Notice(*run, "log", harness.wall(), {"message": "not counted"})] * 2)
    harness.settle()
    back.says(notices=[log(3), log(4)])
    harness.settle()
    stored = harness.ask(messages.JOB_EVENTS, job_id(1)).answer["events"]
    assert [event["data"]["message"] for event in stored if event["kind"] == "log"] == [
        "line 1", "line 2", "line 3", "not counted", "not counted", "line 4",
    ]  # fmt: skip
    harness.check()


def test_what_is_reported_again_after_a_restart_is_stored_once(harness: DispatcherHarness) -> None:
    worker = harness.worker()
    harness.submit(retries=1, retry_backoff=0)
    harness.settle()
    (first,) = worker.take()
    worker.says(notices=[messages.Notice(*first, "log", harness.wall(), "line 1", mark) for mark in (1, 2)])
    worker.failed(first)
    harness.passes(1)
    (run,) = worker.take()
    lines = [messages.Notice(*run, "log", harness.wall(), f"line {mark}", mark) for mark in range(1, 6)]
    worker.says(notices=lines[:3])
    harness.settle()  # stored, but the worker does not hear of it
    harness.restart()
    back = harness.worker(running=[run])
    back.says(notices=lines[:2])
    back.says(notices=lines[2:])
    harness.settle()
    stored = harness.ask(messages.JOB_EVENTS, job_id(1)).answer["events"]
    assert [(event["attempt"], event["data"]) for event in stored] == [
        *((1, "line 1") for _ in (1, 2)), *((2, line.data) for line in lines),
    ]  # fmt: skip
    assert [event["number"] for event in stored] == sorted({event["number"] for event in stored})
    harness.check()


def test_each_attempt_counts_from_the_start(harness: DispatcherHarness) -> None:
    worker = harness.worker()
    harness.submit(retries=1, retry_backoff=0)
    harness.settle()
    for attempt in (1, 2):
        (run,) = worker.take()
        worker.says(notices=[messages.Notice(*run, "chunk", harness.wall(), attempt, 1)])
        worker.failed(run)
        harness.passes(1)
    stored = harness.ask(messages.JOB_EVENTS, job_id(1)).answer["events"]
    assert [event["data"] for event in stored if event["kind"] == "chunk"] == [1, 2]


def of_a_full_disk(harness: DispatcherHarness) -> tuple[FakeWorker, tuple[str, int]]:
    """Return a worker with a running attempt, at a router whose store refuses."""
    worker = harness.worker()
    harness.submit()
    harness.settle()
    (run,) = worker.take()
    worker.silent = True  # it sends nothing before its report is recorded
    harness.store.refuses = "disk full"
    return worker, run


def test_a_worker_whose_report_waits_for_the_disk_is_not_given_up(harness: DispatcherHarness) -> None:
    worker, run = of_a_full_disk(harness)
    worker.done(run)
    harness.passes(120)
    assert worker.asked.sent[-1][0] == "progress"
    harness.store.refuses, worker.silent = "", False
    harness.passes(30)
    assert harness.state(1) == "succeeded"


def test_repeated_reports_do_not_pile_up_while_the_store_refuses(harness: DispatcherHarness) -> None:
    worker, run = of_a_full_disk(harness)
    done = {"done": [messages.Done(*run, "1")]}
    worker.says(**done)
    harness.passes(25)
    assert [order for order in worker.asked.progress if "waits" in order] == [{"waits": True}] * 2
    for _ in range(5):
        worker.lost()
        worker = harness.worker(running=[run])
        worker.silent = True
        worker.says(**done)
    assert len(harness.dispatcher.turn_input.reports) == 1
    harness.store.refuses = ""
    harness.passes(5)
    assert harness.state(1) == "succeeded"
    harness.check()


def test_what_a_returning_worker_has_forgotten_counts_as_reported(harness: DispatcherHarness) -> None:
    worker = harness.worker()
    harness.submit()
    harness.settle()
    worker.done(*worker.take())
    harness.worker()  # another process of that name, before the report was looked at
    harness.settle()
    assert harness.state(1) == "succeeded"
    harness.check()


@pytest.mark.parametrize("begun, state", [(True, "failed"), (False, "ready")])
def test_what_must_never_start_twice_is_handed_back_only_unstarted(harness: DispatcherHarness, begun: bool, state: str) -> None:  # noqa: FBT001
    worker = harness.worker()
    harness.submit(delivery="at_most_once")
    harness.settle()
    (run,) = worker.take()
    worker.says(back=[run], begun=[run] if begun else [], draining=True)
    harness.settle()
    assert harness.state(1) == state
    harness.check()


def test_events_are_bounded_and_each_attempts_last_line_says_so(
    harness: DispatcherHarness, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(outcomes, "MAX_EVENTS_KEPT", 10)
    worker = harness.worker()
    harness.submit(retries=1, retry_delays=[0])
    harness.settle()
    run = worker.take()[0]
    worker.says(notices=[messages.Notice(*run, "chunk", 1.0, number, number) for number in range(1, 21)])
    harness.settle()
    worker.failed(run)
    harness.passes(1)
    again = worker.take()[0]
    worker.says(notices=[messages.Notice(*again, "chunk", 1.0, number, number) for number in range(1, 21)])
    harness.settle()
    asked = harness.ask(messages.JOB_EVENTS, job_id(1))
    harness.settle()
    answer = asked.answer["events"]
    kinds = [(event["kind"], event["attempt"]) for event in answer]
    assert kinds == [*[("chunk", 1)] * 8, ("log", 1), ("log", 2)]
    assert all("10 log lines and chunks" in event["data"]["message"] for event in answer if event["kind"] == "log")
    harness.check()


def test_all_that_one_attempt_may_say_is_kept() -> None:
    assert outcomes.MAX_EVENTS_KEPT > MAX_CHUNKS + MAX_LOG_LINES
