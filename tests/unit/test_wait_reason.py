"""Why a job does not run yet, in words, and when it may."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from support.promise_limits import LIMITS

from taskbahn.protocol.limits import FAIR
from taskbahn_router.core.rows import Gate
from taskbahn_router.core.wait_reason import (
    MAX_AHEAD,
    Capacity,
    WorkerFit,
    capacity_of,
    expected_start,
    why_deadline,
    why_ready,
    why_too_late,
    why_waiting,
)
from taskbahn_router.promises.registry import limit_from

BUSY = WorkerFit(offers=True, serves=True, is_open=True, slots=2, in_flight=2)
FREE = BUSY._replace(in_flight=1)
DRAINING = BUSY._replace(is_open=False)
ELSEWHERE = BUSY._replace(serves=False)
OTHER = ELSEWHERE._replace(offers=False)
BLOCKED = BUSY._replace(in_flight=0, is_blocked=True)


@pytest.mark.parametrize(
    "fits, why",
    [
        ([], "No worker is attached"),
        ([OTHER], "No attached worker offers a.b"),
        ([OTHER, ELSEWHERE], "The worker that offers a.b does not serve the queue slow"),
        ([ELSEWHERE, ELSEWHERE], "The 2 workers that offer a.b do not serve the queue slow"),
        ([ELSEWHERE, DRAINING], "The worker that can run it takes no new jobs: it is draining"),
        ([DRAINING, DRAINING], "The 2 workers that can run it take no new jobs: they are draining"),
        ([DRAINING, BUSY], "All 2 slots of the worker that can run it are busy"),
        ([BUSY._replace(slots=1, in_flight=1)], "The only slot of the worker that can run it is busy"),
        ([BUSY, BUSY, OTHER], "All 4 slots of the 2 workers that can run it are busy"),
        ([BUSY._replace(slots=2000, in_flight=2300)], "All 2,000 slots of the worker that can run it are busy"),
        ([BUSY, FREE], "A slot is free: it starts in a moment"),
    ],
)
def test_it_is_said_what_a_ready_job_waits_for(fits: list[WorkerFit], why: str) -> None:
    assert why_ready("a.b", "slow", fits) == why


def test_it_is_said_what_a_waiting_job_waits_for() -> None:
    assert why_waiting(0, 0, has_eta=False) == "It was submitted with a delay"
    assert why_waiting(0, 0, has_eta=True) == "It was submitted to start at a later time"
    assert why_waiting(3, 2, has_eta=True) == "Attempt 3 failed; it is tried again when its delay is over"


def test_only_workers_that_take_jobs_have_hands() -> None:
    assert capacity_of([BUSY, FREE, DRAINING, ELSEWHERE, BUSY._replace(in_flight=9)]) == Capacity(slots=6, free=1)


@pytest.mark.parametrize(
    "ahead, these, seconds, expected",
    [
        (0, Capacity(2, 1), None, 100.0),
        (0, Capacity(2, 2), 10.0, 100.0),
        (1, Capacity(2, 2), 10.0, 100.0),
        (0, Capacity(2, 0), 10.0, 105.0),
        (3, Capacity(2, 0), 10.0, 120.0),
        (3, Capacity(2, 2), 10.0, 110.0),
        (3, Capacity(2, 0), None, None),
        (0, Capacity(0, 0), 10.0, None),
        (MAX_AHEAD, Capacity(2, 0), 10.0, None),
    ],
)
def test_a_start_is_expected_when_it_can_be_known(
    ahead: int, these: Capacity, seconds: float | None, expected: float | None
) -> None:
    assert expected_start(100.0, ahead, these, seconds) == expected


def test_a_worker_with_a_blocked_loop_is_named_without_capacity() -> None:
    assert capacity_of([BLOCKED]) == Capacity(0, 0)
    assert why_ready("a", "q", [BLOCKED]).endswith("does not answer for async tasks: its event loop is blocked")
    assert why_ready("a", "q", [BLOCKED, BLOCKED]).endswith("do not answer for async tasks: their event loops are blocked")
    assert why_ready("a", "q", [BLOCKED, BUSY]) == "All 2 slots of the worker that can run it are busy"


HOLDING = {limit.declared["kind"]: limit.declared for limit in LIMITS.values() if limit.declared["kind"] != FAIR}
REASONS = [
    *(why_ready("a.b", "slow", fits) for fits in ([], [OTHER], [ELSEWHERE], [DRAINING], [BLOCKED], [BUSY, BUSY], [FREE])),
    why_deadline(0.0),
    why_too_late(0.0),
    *(limit_from({"name": "x", **declared}).why(Gate('x["a"]', "x")) for declared in HOLDING.values()),
]


@pytest.mark.parametrize("why", REASONS)
def test_the_documentation_says_what_to_do_about_each_reason(why: str) -> None:
    page = (Path(__file__).parents[2] / "docs" / "operating.md").read_text("utf-8")
    rows = re.findall(r"^\| ([^|]+) \|", page.partition("## Why does a job wait?")[2].partition("\n## ")[0], re.MULTILINE)
    patterns = [re.escape(row).replace("…", ".+") for row in rows]
    assert any(re.fullmatch(pattern, why) for pattern in patterns), (
        f"docs/operating.md needs a row for: {why} (… in a row stands for any text)"
    )
