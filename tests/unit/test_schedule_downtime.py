"""After the node was down: what each schedule's rules ask for happens once, and nothing else; two dispatchers on one store fire once."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from support.dispatcher_harness import TASK, WALL, DispatcherHarness, FakeWorker
from support.storing import FakeSqliteStore, FakeStore

from taskbahn.protocol import messages
from taskbahn_router.core.firings import job_of
from taskbahn_router.core.ids import id_text
from taskbahn_router.dispatcher.schedule_firing import ON_TIME_SECONDS

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

MINUTE, HOUR = 60.0, 3600.0
BEGAN = WALL - WALL % HOUR + HOUR + 30  # half a minute after a full hour, when the schedules are made


@pytest.fixture(params=["memory", "sqlite"])
def harness(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[DispatcherHarness]:
    store = FakeStore() if request.param == "memory" else FakeSqliteStore(tmp_path)
    made = ready(store)
    yield made
    store.close()


def ready(store: FakeStore | FakeSqliteStore) -> DispatcherHarness:
    """Return a dispatcher at `BEGAN` that knows the task."""
    made = DispatcherHarness(store)
    made.worker("w", slots=1).lost()
    made.passes(BEGAN - made.wall())
    return made


def add(harness: DispatcherHarness, id: str, when: Any, **spec: Any) -> None:
    form = when if isinstance(when, str) else {"kind": "every", "interval": when}
    asked = harness.ask(messages.SCHEDULE_ADD, id, {"when": form, "call": {"task": TASK}, **spec})
    harness.settle()
    assert asked.answer["id"] == id


def is_down(harness: DispatcherHarness, seconds: float) -> None:
    timers: list[Any] = list(harness.clock.getDelayedCalls())
    for timer in timers:
        timer.cancel()
    harness.clock.advance(seconds)
    harness.restart()
    harness.passes(1)


def works_off(harness: DispatcherHarness) -> None:
    """A worker comes, and does what there is."""
    worker: FakeWorker = harness.worker("w", slots=100)
    while worker.take() or worker.runs:
        worker.done(*worker.runs)
        harness.settle()
    worker.lost()
    harness.settle()


def ended(harness: DispatcherHarness) -> dict[str, str]:
    """Return the states of all jobs by id."""
    found: dict[str, str] = {}
    before = None
    while True:
        asked = harness.ask(messages.VIEW_JOBS, task=TASK, limit=500, before=before)
        harness.settle()
        found |= {job["id"]: job["state"] for job in asked.answer["jobs"]}
        before = asked.answer["next"]
        if before is None:
            return found


def history(harness: DispatcherHarness, id: str) -> list[tuple[float, str, int]]:
    """Return the minutes after `BEGAN` of what was due, and what became of it, oldest first."""
    asked = harness.ask(messages.VIEW_FIRINGS, id)
    harness.settle()
    return [((one["due_at"] - BEGAN) / MINUTE, one["outcome"], one.get("missed", 0)) for one in reversed(asked.answer)]


def jobs_of(id: str, minutes: list[float]) -> set[str]:
    return {id_text(job_of(id, BEGAN + minute * MINUTE)) for minute in minutes}


def test_an_hour_later_each_rule_has_its_way_once(harness: DispatcherHarness) -> None:
    add(harness, "default", "*/10 * * * *", overlap="allow")
    add(harness, "all", "*/10 * * * *", overlap="allow", catch_up=2 * HOUR)
    add(harness, "some", "*/10 * * * *", overlap="allow", catch_up=25 * MINUTE)
    add(harness, "one", "*/10 * * * *", catch_up=2 * HOUR)
    add(harness, "turns", "*/10 * * * *", overlap="buffer_all", catch_up=2 * HOUR)
    add(harness, "next", "*/10 * * * *", overlap="buffer_one", catch_up=2 * HOUR)
    add(harness, "newest", "*/10 * * * *", overlap="cancel_other", catch_up=2 * HOUR)
    add(harness, "twice", "*/10 * * * *", overlap="allow", catch_up=2 * HOUR, times=2)
    add(harness, "over", "*/10 * * * *", overlap="allow", catch_up=2 * HOUR, end=BEGAN + 15 * MINUTE)
    add(harness, "later", "*/10 * * * *", overlap="allow", catch_up=2 * HOUR, start=BEGAN + 35 * MINUTE)
    add(harness, "paused", "*/10 * * * *", overlap="allow", catch_up=2 * HOUR)
    add(harness, "rare", "0 0 1 1 *", catch_up=2 * HOUR)
    harness.ask(messages.SCHEDULE_PAUSE, "paused")
    harness.settle()
    is_down(harness, HOUR)
    due = [9.5, 19.5, 29.5, 39.5, 49.5, 59.5]
    assert history(harness, "default") == [(9.5, "missed", 5), (59.5, "fired", 0)], "half a minute late"
    assert history(harness, "all") == [(minute, "fired", 0) for minute in due]
    assert history(harness, "some") == [(9.5, "missed", 3), *((minute, "fired", 0) for minute in due[3:])]
    assert history(harness, "one") == [(9.5, "fired", 0), *((minute, "skipped", 0) for minute in due[1:])]
    assert history(harness, "turns") == [(9.5, "fired", 0), *((minute, "buffered", 0) for minute in due[1:])]
    assert history(harness, "next") == [(9.5, "fired", 0), (19.5, "buffered", 0), *((minute, "skipped", 0) for minute in due[2:])]
    assert history(harness, "newest") == [(minute, "fired", 0) for minute in due]
    assert history(harness, "twice") == [(9.5, "fired", 0), (19.5, "fired", 0)]
    assert history(harness, "over") == [(9.5, "fired", 0)]
    assert history(harness, "later") == [(minute, "fired", 0) for minute in due[3:]]
    assert (history(harness, "paused"), history(harness, "rare")) == ([], [])
    works_off(harness)
    wanted = {
        "default": due[-1:], "all": due, "some": due[3:], "one": due[:1], "turns": due, "next": due[:2], "newest": due, "twice": due[:2],
        "over": due[:1], "later": due[3:],
    }  # fmt: skip
    jobs = ended(harness)
    assert jobs.keys() == set[str]().union(*(jobs_of(id, minutes) for id, minutes in wanted.items()))
    cancelled = {id for id, state in jobs.items() if state == "cancelled"}
    assert cancelled == jobs_of("newest", due[:-1])
    harness.restart()
    harness.passes(MINUTE)
    assert ended(harness).keys() == jobs.keys(), "a second start fires nothing again"
    harness.check()


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    interval=st.sampled_from([60.0, 90.0, 420.0, 1800.0]),
    catch_up=st.sampled_from([0.0, 60.0, 1000.0, 3600.0, 9000.0]),
    absences=st.lists(st.tuples(st.floats(1, 5000), st.floats(0, 400)), min_size=1, max_size=4),
    jitter=st.sampled_from([0.0, 30.0]),
)
def test_absences_leave_no_due_time_out_and_fire_none_twice(
    interval: float, catch_up: float, absences: list[tuple[float, float]], jitter: float
) -> None:
    harness = ready(FakeStore())
    add(harness, "s", interval, overlap="allow", catch_up=catch_up, jitter=jitter)
    down: list[tuple[float, float]] = []  # from when, until when
    for away, between in absences:
        harness.passes(between)
        down.append((harness.wall(), harness.wall() + away))
        is_down(harness, away)
    harness.passes(2 * jitter)
    first = BEGAN - BEGAN % interval + interval
    due = [first + number * interval for number in range(int((harness.wall() - first) / interval) + 1)]
    jobs = ended(harness)
    known = {id_text(job_of("s", one)): one for one in due}
    assert jobs.keys() <= known.keys()
    missed = [one for one in due if id_text(job_of("s", one)) not in jobs and one + jitter <= harness.wall()]
    for one in missed:
        late = [end - one for begin, end in down if begin - jitter <= one <= end]
        assert late, f"nothing was down at {one}"
        assert max(late) > max(catch_up, ON_TIME_SECONDS), f"{one} was only {late} s late"
    for one in due:
        if all(not begin - jitter <= one <= end for begin, end in down) and one + jitter <= harness.wall():
            assert id_text(job_of("s", one)) in jobs


def test_jitter_makes_no_due_time_late(harness: DispatcherHarness) -> None:
    add(harness, "s", "0 * * * *", overlap="allow", jitter=1800.0, catch_up=0)
    harness.passes(3 * HOUR + 1800)
    assert [outcome for _, outcome, _ in history(harness, "s")] == ["fired"] * 3


def test_two_dispatchers_on_one_store_fire_once(
    tmp_path: Path, harness: DispatcherHarness, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(FakeSqliteStore, "_keep_others_out", lambda _: None)
    harness.submit()
    harness.settle()
    store = harness.store if isinstance(harness.store, FakeStore) else FakeSqliteStore(tmp_path)
    add(harness, "s", "* * * * *", overlap="allow")
    add(harness, "buffering", "* * * * *", overlap="buffer_all")
    other = DispatcherHarness(store)
    other.dispatcher.state.last_seq = 1_000_000  # a node that shares its store gives seqs of its own
    other.passes(harness.wall() - other.wall())
    both = (harness, other)
    for _ in range(3):
        for one in both:
            one.hold_commits()
        for one in both:
            one.passes(MINUTE)
        for one in both:
            one.release_commits()
    due = [0.5, 1.5, 2.5]
    assert history(harness, "s") == [(minute, "fired", 0) for minute in due]
    assert [outcome for _, outcome, _ in history(harness, "buffering")] == ["fired", "buffered", "buffered"]
    fired = ended(harness).keys() & (jobs_of("s", due) | jobs_of("buffering", due))
    assert fired == jobs_of("s", due) | jobs_of("buffering", due[:1])
    assert len(ended(harness)) == len(fired) + 1, "and the one that a client has submitted"
    if store is not harness.store:
        store.close()
