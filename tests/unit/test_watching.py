"""Watchers that read more slowly than a job speaks: they get everything, later, and no more waits for them than they may leave."""

from __future__ import annotations

from types import SimpleNamespace
from typing import TYPE_CHECKING, Any
from unittest.mock import patch

from hypothesis import given, settings
from hypothesis import strategies as st
from support.dispatcher_harness import DispatcherHarness, job_id
from support.recorded_call import RecordedCall
from twisted.internet.defer import succeed
from twisted.internet.task import Clock

from taskbahn.protocol import messages
from taskbahn_router.model.limits import SEND_BUFFER_HIGH_WATER_BYTES
from taskbahn_router.model.pending_call import PendingCall
from taskbahn_router.publishing import job_watch
from taskbahn_router.publishing.job_watch import (
    LONGEST_WAIT,
    MAX_HELD_EVENTS,
    NEXT_PAGE_BACKLOG_BYTES,
    PAGE_BYTES,
    PAGE_EVENTS,
    JobWatch,
)
from taskbahn_router.stores.rows import EventRow

if TYPE_CHECKING:
    from support.dispatcher_harness import FakeWorker
    from support.recorded_call import RecordedCall

    from taskbahn.errors import TaskbahnError

ONE = job_id(1)
SLOW = 7  # the session of the watcher
Run = tuple[str, int]
ACTIONS = [
    "speak", "speak", "advance", "fail", "lag", "catch up", "hold reads", "hold answers", "release reads", "hold commits",
    "release commits", "pass",
]  # fmt: skip


def began(harness: DispatcherHarness, worker: FakeWorker, **options: Any) -> Run:
    """Submit a job, and return its first attempt."""
    harness.submit(**options)
    harness.settle()
    (run,) = worker.take()
    return run


def watch(harness: DispatcherHarness, after: int = 0) -> RecordedCall:
    return harness.ask(messages.JOB_WATCH, ONE, after=after, caller=SLOW)


def numbers(asked: RecordedCall) -> list[int]:
    return [number for number, kind, _ in asked.events if kind != "progress"]


def says(worker: FakeWorker, run: Run, first: int, count: int) -> None:
    """Log *count* lines, as many in a report as a worker sends."""
    for start in range(first, first + count, messages.MAX_EVENTS):
        worker.notices(run, "log", *range(start, min(first + count, start + messages.MAX_EVENTS)))


def left_behind(harness: DispatcherHarness, worker: FakeWorker) -> RecordedCall:
    """Return a watch that has not read what was said."""
    run = began(harness, worker)
    asked = watch(harness)
    harness.unread[SLOW] = SEND_BUFFER_HIGH_WATER_BYTES + 1
    says(worker, run, 0, 5)
    harness.settle()
    return asked


def test_a_full_backlog_delays_events_and_loses_none(harness: DispatcherHarness, worker: FakeWorker) -> None:
    run = began(harness, worker)
    asked = watch(harness)
    harness.unread[SLOW] = SEND_BUFFER_HIGH_WATER_BYTES + 1
    says(worker, run, 0, 5 * PAGE_EVENTS)
    worker.notices(run, "progress", {"fraction": 0.25}, {"fraction": 0.5})
    harness.passes(20)
    assert len(asked.sent) == 1  # the snapshot
    harness.unread[SLOW] = NEXT_PAGE_BACKLOG_BYTES + 1
    harness.passes(20)
    assert len(asked.sent) == 1
    harness.unread[SLOW] = NEXT_PAGE_BACKLOG_BYTES
    harness.passes(LONGEST_WAIT)
    assert numbers(asked) == list(range(3, 3 + 5 * PAGE_EVENTS))
    assert [len(message.get("events", ())) for message in asked.progress] == [0, PAGE_EVENTS, 1, *[PAGE_EVENTS] * 4]
    newest = (2 + PAGE_EVENTS, "progress", {"fraction": 0.5})  # and its number tells of no event that is to come
    assert asked.events[PAGE_EVENTS] == newest
    worker.notices(run, "log", "live")
    harness.settle()
    assert asked.events[-1] == (3 + 5 * PAGE_EVENTS, "log", "live")
    harness.check()


def test_the_end_is_sent_when_nothing_is_missing(harness: DispatcherHarness, worker: FakeWorker) -> None:
    run = began(harness, worker)
    asked = watch(harness)
    harness.unread[SLOW] = SEND_BUFFER_HIGH_WATER_BYTES + 1
    says(worker, run, 0, 10)
    worker.done(run, result='"x"')
    harness.passes(5)
    assert len(asked.sent) == 1
    assert harness.state(1) == "succeeded"
    harness.unread.clear()
    harness.passes(LONGEST_WAIT)
    assert [kind for _, kind, _ in asked.events] == ["log"] * 10 + ["state"]
    assert numbers(asked) == list(range(3, 14))
    assert asked.answer["result"] == "x"
    harness.check()


def test_states_come_between_what_was_said_before_and_after_them(harness: DispatcherHarness, worker: FakeWorker) -> None:
    run = began(harness, worker, retries=1, retry_backoff=0)
    asked = watch(harness)
    harness.unread[SLOW] = SEND_BUFFER_HIGH_WATER_BYTES + 1
    says(worker, run, 0, PAGE_EVENTS + 5)
    worker.notices(run, "progress", {"fraction": 0.9})
    worker.failed(run)
    harness.passes(1)
    (second,) = worker.take()
    says(worker, second, 0, 3)
    harness.settle()
    harness.unread.clear()
    harness.passes(LONGEST_WAIT)
    assert numbers(asked) == list(range(3, 3 + PAGE_EVENTS + 5 + 3 + 3))
    kinds = [data if kind == "state" else kind for _, kind, data in asked.events]
    assert kinds == ["log"] * (PAGE_EVENTS + 5) + ["waiting", "ready", "running"] + ["log"] * 3


def test_a_late_watcher_gets_a_long_log_page_by_page(harness: DispatcherHarness, worker: FakeWorker) -> None:
    run = began(harness, worker)
    worker.notices(run, "chunk", *["x" * (PAGE_BYTES // 2)] * 10)
    worker.done(run)
    harness.settle()
    harness.reading.holds = True
    asked = watch(harness, after=3)
    harness.unread[SLOW] = NEXT_PAGE_BACKLOG_BYTES + 1
    harness.reading.release()
    harness.passes(5)
    assert numbers(asked) == [4, 5]
    harness.unread.clear()
    harness.passes(LONGEST_WAIT)
    assert numbers(asked) == list(range(4, 13))
    assert [len(message.get("events", ())) for message in asked.progress] == [0, 2, 2, 2, 2, 1]
    assert asked.answer["state"] == "succeeded"


def test_nothing_is_read_for_a_watcher_that_left_while_behind(harness: DispatcherHarness, worker: FakeWorker) -> None:
    asked = left_behind(harness, worker)
    asked.gone()
    harness.unread.clear()
    harness.reading.holds = True
    harness.passes(10)
    assert not harness.reading.held
    assert not harness.dispatcher.followers.has(ONE)


def test_little_is_kept_for_one_who_is_behind(harness: DispatcherHarness, worker: FakeWorker) -> None:
    run = began(harness, worker)
    watch(harness)
    (watcher,) = harness.dispatcher.followers._by_job[ONE]
    assert isinstance(watcher, JobWatch)
    harness.unread[SLOW] = SEND_BUFFER_HIGH_WATER_BYTES + 1
    says(worker, run, 0, 3 * MAX_HELD_EVENTS)
    harness.settle()
    assert watcher._held == []
    harness.unread.clear()
    harness.reading.holds = True
    harness.passes(1)
    says(worker, run, 0, 3 * MAX_HELD_EVENTS)
    harness.settle()
    assert len(watcher._held) == MAX_HELD_EVENTS


def test_unpublished_events_in_the_store_do_not_overtake_earlier_states() -> None:
    clock, sent, waiting = Clock(), Sent(), SEND_BUFFER_HIGH_WATER_BYTES + 1
    rows = [EventRow(1, number, 0.0, "log", "1", 1, number) for number in (4, 7)]
    pages: Any = SimpleNamespace(clock=clock, waiting=lambda _: waiting, read=lambda *_: succeed(rows))
    watcher = JobWatch(PendingCall(sent, 1, messages.JOB_WATCH, [], {}, wants_progress=True), pages)
    row: Any = SimpleNamespace(id=bytes(16), seq=1, number=3, state="running")
    watcher.begin(row, 3, 3, [])
    watcher.events(ONE, [{"number": 4, "kind": "log"}])
    waiting = 0
    clock.advance(0)
    assert sent.numbers == [4]
    watcher.events(ONE, [{"number": number, "kind": "state", "data": {"state": "running"}} for number in (5, 6)])
    watcher.events(ONE, [{"number": 7, "kind": "log"}])
    assert sent.numbers == [4, 5, 6, 7]


class Sent:
    """Records the numbers of the events that go out."""

    def __init__(self) -> None:
        self.numbers: list[int] = []

    def progress(self, request: int, value: Any) -> None:
        self.numbers += [event["number"] for event in value["events"]]

    def answer(self, request: int, args: list[Any], kwargs: dict[str, Any] | None) -> None: ...

    def fail(self, request: int, error: TaskbahnError) -> None: ...


def test_a_watch_whose_events_cannot_be_read_ends_with_the_reason(harness: DispatcherHarness, worker: FakeWorker) -> None:
    asked = left_behind(harness, worker)
    harness.unread.clear()
    harness.reading.fails = "damaged"
    harness.passes(LONGEST_WAIT)
    assert asked.error == "store_unavailable"
    assert not harness.dispatcher.followers.has(ONE)


@settings(max_examples=150, deadline=None)
@given(
    st.sampled_from([2, MAX_HELD_EVENTS]),
    st.lists(st.sampled_from(ACTIONS), max_size=25),
    st.integers(0, 8),
    st.integers(0, 24),
    st.sampled_from(["lag", "catch up"]),
)
def test_a_watcher_that_lags_gets_every_number_once_and_the_last_progress(
    held: int, actions: list[str], after: int, begins: int, amid: str
) -> None:
    with patch.object(job_watch, "MAX_HELD_EVENTS", held):
        watch_meanwhile(actions, after, begins, amid)


def watch_meanwhile(actions: list[str], after: int, begins: int, amid: str) -> None:
    harness = DispatcherHarness()
    worker = harness.worker()
    run = began(harness, worker, retries=100, retry_backoff=0, crash_attempts=100)
    asked: RecordedCall | None = None
    for step, action in enumerate([*actions, "release commits", "release reads", "catch up", "pass"]):
        if asked is None and (step == begins or step == len(actions)):
            asked = watch(harness, after)
        run = act(harness, worker, run, action) or run
    assert asked is not None
    act(harness, worker, run, amid)
    worker.notices(run, "progress", {"fraction": 1.0})
    worker.done(run)
    harness.passes(LONGEST_WAIT * 2)
    act(harness, worker, run, "catch up")
    harness.passes(LONGEST_WAIT * 2)
    *_, (_, kind, progress), (_, _, state) = asked.events
    assert (kind, progress, state) == ("progress", {"fraction": 1.0}, "succeeded")
    last = harness.row(1).number
    start = asked.progress[0]["snapshot"]["number"]  # states up to there are in the snapshot alone
    known = {row.number for row in harness.store.reader().events(1, after, 10_000)}
    told = numbers(asked)
    assert told == sorted(set(told))
    assert set(told) >= known | {*range(max(start, after) + 1, last + 1)}
    assert asked.answer["state"] == "succeeded"
    harness.check()


def act(harness: DispatcherHarness, worker: FakeWorker, run: Run, action: str) -> Run | None:
    """Do something; return the attempt if it is another one."""
    if action == "speak":
        worker.notices(run, "log", 1, 2, 3)
    elif action == "advance":
        worker.notices(run, "progress", {"fraction": 0.5})
    elif action == "fail" and not harness.writing.holds:
        worker.failed(run)
        harness.passes(1)
        (run,) = worker.take()
        return run
    elif action in ("lag", "catch up"):
        harness.unread[SLOW] = SEND_BUFFER_HIGH_WATER_BYTES + 1 if action == "lag" else 0
    elif action == "hold reads":
        harness.reading.holds = True
    elif action == "hold answers":
        harness.reading.holds_answers = True
    elif action == "release reads":
        harness.reading.release()
    elif action == "hold commits":
        harness.hold_commits()
    elif action == "release commits":
        harness.release_commits()
    harness.passes(LONGEST_WAIT if action == "pass" else 0.02)
    return None
