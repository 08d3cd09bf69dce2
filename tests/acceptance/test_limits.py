"""Limits over two real workers, measured by the attempts themselves: how many run at the same time, and when they start."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

import pytest
from support.programs import Node, two_workers_of
from support.shell import Shell

from taskbahn import Job, JobCancelled, LimitFull, Taskbahn

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = pytest.mark.slow
MODULE = """
    import asyncio, time
    from taskbahn import Concurrency, Rate, Taskbahn

    app = Taskbahn()
    THREE = Concurrency(3, name="limited.three")

    def hold(who: str, seconds: float = 0.02) -> list[float]:
        began = time.monotonic()
        time.sleep(seconds)
        return [began, time.monotonic()]

    async def hold_in_loop(who: str, seconds: float = 0.02) -> list[float]:
        began = time.monotonic()
        await asyncio.sleep(seconds)
        return [began, time.monotonic()]

    for pool in ("process", "thread"):
        app.task(name=f"limited.{pool}", pool=pool, limits=[THREE, Concurrency(1, key="{who}", name="limited.who")])(hold)
    app.task(name="limited.loop", limits=[THREE, Concurrency(1, key="{who}", name="limited.who")])(hold_in_loop)

    app.task(name="limited.newest", limits=[Concurrency(2, key="{who}", when_full="cancel_oldest")])(hold_in_loop)
    app.task(name="limited.refused", limits=[Concurrency(2, key="{who}", when_full="refuse")])(hold_in_loop)

    @app.task(name="limited.tick", limits=[Rate("50/s")])
    async def tick() -> None:
        pass
"""
POOLS = ["process", "thread", "loop"]
SECONDS = 60.0


@pytest.fixture(scope="module")
def app(tmp_path_factory: pytest.TempPathFactory, node: Node) -> Iterator[Taskbahn]:
    with two_workers_of(MODULE, tmp_path_factory, node, 6) as client:
        yield client


def is_running(job: Job[Any]) -> None:
    """Wait until a job runs."""
    deadline = time.monotonic() + SECONDS
    while job.state() != "running":
        assert time.monotonic() < deadline
        time.sleep(0.02)


def most_at_once(spans: list[list[float]]) -> int:
    """Return how many of the spans of time have an instant in common at most."""
    moments = sorted([(began, 1) for began, _ in spans] + [(ended, -1) for _, ended in spans], key=lambda one: (one[0], one[1]))
    running = most = 0
    for _, change in moments:
        running += change
        most = max(most, running)
    return most


def test_two_limits_hold_over_two_workers_and_three_pools(app: Taskbahn) -> None:
    jobs = [
        (who, app.get(f"limited.{pool}").start(who)) for _ in range(5) for pool in POOLS for who in ("ann", "bob", "eve", "joe")
    ]
    spans: dict[str, list[list[float]]] = {}
    for who, job in jobs:
        spans.setdefault(who, []).append(job.result(timeout=SECONDS))
    assert most_at_once([span for each in spans.values() for span in each]) <= 3
    assert [most_at_once(each) for each in spans.values()] == [1] * 4


def test_cancelled_attempts_count_until_they_have_ended(app: Taskbahn) -> None:
    first = [app.get("limited.loop").start(f"first {number}", SECONDS) for number in range(3)]
    rest = [app.get("limited.loop").start(f"rest {number}") for number in range(9)]
    for job in first:
        is_running(job)
    assert [job.state() for job in first] == ["running"] * 3  # as many as the limit has permits, at the same time
    for job in first:
        job.cancel()
    assert most_at_once([job.result(timeout=SECONDS) for job in rest]) <= 3


def test_a_full_limit_refuses_or_cancels_the_oldest(app: Taskbahn) -> None:
    task = app.get("limited.refused")
    held = [task.start("ann", SECONDS) for _ in range(2)]
    with pytest.raises(LimitFull) as full:
        task.call("ann")
    assert (full.value.limit, full.value.key) == ("limited.refused.concurrency", 'limited.refused.concurrency["ann"]')
    assert full.value.running + full.value.ready == 2
    assert task.start("bob").result(timeout=SECONDS)
    for job in held:
        job.cancel()
    jobs = [app.get("limited.newest").start("ann", seconds) for seconds in (SECONDS, SECONDS, 0.02, 0.02)]
    for job in jobs[:2]:
        with pytest.raises(JobCancelled, match="a newer job took the place of this one"):
            job.result(timeout=SECONDS)
    assert most_at_once([job.result(timeout=SECONDS) for job in jobs[2:]]) <= 2


def test_a_rate_lets_no_second_have_more_starts(app: Taskbahn) -> None:
    jobs = [app.get("limited.tick").start() for _ in range(120)]
    for job in jobs:
        job.result(timeout=SECONDS)
    starts = sorted(job.view().attempts[0].started_at for job in jobs)
    within = [sum(began <= other < began + 1.0 for other in starts) for began in starts]
    assert max(within) <= 51
    assert starts[-1] - starts[0] >= 119 / 50 - 0.02


def test_a_held_job_says_why_in_the_terminal(app: Taskbahn, node: Node) -> None:
    first, held = app.get("limited.loop").start("sam", SECONDS), app.get("limited.loop").start("sam")
    shown = Shell(node.websocket)("job", held.id).out
    assert 'The limit limited.who for "sam" holds it: 1 of 1 permits are in use' in shown
    assert first.id in shown
    view: dict[str, Any] = Shell(node.websocket)("job", held.id, "--json").json
    assert view["place"]["limit"] == {"name": "limited.who", "key": '["sam"]', "holders": [first.id]}
    first.cancel()
    assert most_at_once([held.result(timeout=SECONDS)]) == 1
