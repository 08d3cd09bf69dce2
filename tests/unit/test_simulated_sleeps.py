"""Waits for a moment in a simulation: each is over at its moment, under limits too, and time that does not move ends a test."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from taskbahn import Concurrency, NotAnswered, NotFinished, Rate, Taskbahn, current
from taskbahn.attempt.clock import CLOCK
from taskbahn.testing import simulated
from taskbahn.testing.simulation import standstill
from taskbahn.worker import inputs

app = Taskbahn()
begun: list[str] = []

LIMITS: dict[str, list[Any]] = {
    "free": [],
    "one": [Concurrency(1)],
    "rate": [Rate("1/s")],
    "both": [Concurrency(2), Rate("10/s")],
}
WAITS = ("sleep", "until", "ask", "event", "message")


def wait(how: str, seconds: float) -> None:
    try:
        match how:
            case "sleep":
                current.sleep(seconds)
            case "until":
                current.sleep(until=datetime.fromtimestamp(CLOCK.time() + seconds, UTC), name="until")
            case "ask":
                current.ask("?", bool, within=seconds)
            case "event":
                current.wait_for_event("com.example.none", int, within=seconds)
            case "message":
                current.inbox.of(int).get(within=seconds)
    except NotAnswered:
        pass


async def wait_async(how: str, seconds: float) -> None:
    try:
        match how:
            case "sleep":
                await current.sleep_async(seconds)
            case "until":
                await current.sleep_async(until=datetime.fromtimestamp(CLOCK.time() + seconds, UTC), name="until")
            case "ask":
                await current.ask_async("?", bool, within=seconds)
            case "event":
                await current.wait_for_event_async("com.example.none", int, within=seconds)
            case "message":
                await current.inbox.of(int).get_async(within=seconds)
    except NotAnswered:
        pass


def blocking(how: str, seconds: float) -> None:
    begun.append(how)
    wait(how, seconds)


async def awaiting(how: str, seconds: float) -> None:
    begun.append(how)
    await wait_async(how, seconds)


for name, limits in LIMITS.items():
    app.task(name=f"blocking.{name}", limits=limits)(blocking)
    app.task(name=f"awaiting.{name}", limits=limits)(awaiting)


@app.task(name="again")
def again() -> None:
    again.start()


@settings(deadline=None, max_examples=25)
@given(
    kind=st.sampled_from(["blocking", "awaiting"]),
    limit=st.sampled_from(list(LIMITS)),
    how=st.sampled_from(WAITS),
    seconds=st.one_of(st.floats(0.001, 3.0), st.floats(1.0, 1e5), st.sampled_from([10.0, 600.0, 3600.0, 259_200.0])),
    behind=st.sampled_from([0.0, 1e-6, 0.3, 7.0, 4000.0]),
)
def test_a_wait_ends_at_its_moment(kind: str, limit: str, how: str, seconds: float, behind: float) -> None:
    begun.clear()
    with simulated(app) as node:
        CLOCK.time = lambda: node._node.wall() - behind
        since = node.now
        job = app.tasks[f"{kind}.{limit}"].start(how, seconds)
        assert job.result() is None
        passed = (node.now - since).total_seconds()
    assert len(begun) <= 2
    assert seconds - behind - 0.001 <= passed <= seconds + 1.1 + behind


@pytest.mark.parametrize("kind", ["blocking", "awaiting"])
def test_the_same_wait_again_and_again_ends_the_test(kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """As it was with an elder dispatcher, which does not say its time, and a worker whose clock is behind."""
    monkeypatch.setattr(inputs, "noted_lag", lambda _: {})
    with simulated(app) as node:
        CLOCK.time = lambda: node._node.wall() - 7.0
        job = app.tasks[f"{kind}.one"].start("until", 10.0)
        with pytest.raises(NotFinished, match=rf"{kind}.one is called again and again .* waits for the same \(job {job.id}\)"):
            job.result()


def test_jobs_that_start_each_other_without_end_end_the_test(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(standstill, "MOST_AT_ONCE", 200)
    with simulated(app) as node:
        again.start()
        with pytest.raises(NotFinished, match="200 attempts have begun at this moment, the last one of again"):
            node.settle()
