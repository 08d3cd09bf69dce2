"""Limits that silent jobs hold, and those that workers declare differently: what the dispatcher sees, and what it says of it."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.dispatcher_harness import DispatcherHarness, FakeWorker, job_id

from taskbahn.protocol import messages
from taskbahn.protocol.messages import DeclaredLimit
from taskbahn.protocol.views import LimitDeclaration, Limits
from taskbahn_router.queries.limit_facts import LOOK_SECONDS, MAX_SILENT, UNKNOWN_SECONDS, silent_after
from taskbahn_router.queries.limit_problems import HELD_SECONDS, MAX_ALIKE, Declared, Stall, disagreeing, stalled
from taskbahn_router.queries.problems import LONG_SECONDS

GPU = DeclaredLimit(kind="concurrency", name="gpu", limit=1)
SIZED = DeclaredLimit(kind="concurrency", name="gpu", limit=4, cost="{0}")
NOW = 1_700_000_000.0
STALL = Stall("gpu", "the limit gpu", 12, NOW - 300, 1, job_id(1), 240.0, ended=False)


def worker(harness: DispatcherHarness, *limits: DeclaredLimit, id: str = "w", **more: Any) -> FakeWorker:
    return harness.worker(id, 9, declaration={"limits": list(limits)}, **more)


def looked(harness: DispatcherHarness, seconds: float = 0.0) -> list[tuple[str, str]]:
    """Let time pass; return the problems of limits that are listed then, each with the job or limit that it names."""
    harness.passes(seconds)
    for _ in range(2):  # what the store answers to one look is seen by the next
        harness.parts.status.look()
        harness.passes(LOOK_SECONDS)
    problems = harness.parts.status.status()["problems"]
    return [(one["kind"], one["id"]) for one in problems if one["kind"] in ("stalled_limit", "limit_disagreement")]


def test_a_job_that_says_nothing_holds_up_a_limit_until_it_does(harness: DispatcherHarness) -> None:
    taken = worker(harness, GPU)
    for _ in range(3):
        harness.submit()
    harness.settle()
    (run,) = taken.take()
    assert looked(harness, UNKNOWN_SECONDS - 60) == []
    assert looked(harness, 60) == [("stalled_limit", job_id(1))]
    (problem,) = [one for one in harness.parts.status.status()["problems"] if one["kind"] == "stalled_limit"]
    assert problem["sentence"].startswith(
        "2 jobs wait for the limit gpu, and the job that has its permit has said nothing for 5 min"
    )
    taken.notices(run, "progress", {"fraction": 0.5})
    assert looked(harness) == []
    assert looked(harness, UNKNOWN_SECONDS) == [("stalled_limit", job_id(1))]
    taken.done(run)
    assert looked(harness) == []


def test_one_job_that_goes_on_keeps_a_limit_from_being_a_problem(harness: DispatcherHarness) -> None:
    taken = worker(harness, SIZED)
    for cost in (3, 1, 1):
        harness.submit(cost)
    harness.settle()
    runs = taken.take()
    harness.passes(UNKNOWN_SECONDS)
    taken.notices(runs[1], "log", "still here")
    assert looked(harness) == []
    assert looked(harness, UNKNOWN_SECONDS) == [("stalled_limit", "gpu")]


def test_a_limit_for_which_no_job_waits_is_no_problem(harness: DispatcherHarness) -> None:
    worker(harness, GPU)
    harness.submit()
    assert looked(harness, 10 * UNKNOWN_SECONDS) == []


def test_a_cancelled_job_that_runs_on_holds_up_a_limit(harness: DispatcherHarness) -> None:
    taken = worker(harness, GPU)
    harness.submit()
    harness.submit()
    harness.settle()
    taken.take()
    harness.ask(messages.JOB_CANCEL, job_id(1))
    assert looked(harness) == []
    assert looked(harness, HELD_SECONDS) == [("stalled_limit", job_id(1))]
    (problem,) = [one for one in harness.parts.status.status()["problems"] if one["kind"] == "stalled_limit"]
    assert problem["sentence"] == "1 job waits for the limit gpu, and the job that has its permit was cancelled and runs on."


def test_of_more_attempts_than_one_question_names_nothing_is_said(harness: DispatcherHarness) -> None:
    many = DeclaredLimit(kind="concurrency", name="gpu", limit=MAX_SILENT + 1)
    harness.worker("w", MAX_SILENT + 9, declaration={"limits": [many]})
    for _ in range(MAX_SILENT + 2):
        harness.submit()
    harness.settle()
    assert looked(harness, UNKNOWN_SECONDS) == []


@pytest.mark.parametrize("typical, seconds", [(None, UNKNOWN_SECONDS), (1.0, LONG_SECONDS), (60.0, 600.0)])
def test_silence_is_measured_by_what_is_typical(typical: float | None, seconds: float) -> None:
    assert silent_after(typical) == seconds


@settings(max_examples=60, deadline=None)
@given(st.dictionaries(st.sampled_from("abcd"), st.integers(1, 3), min_size=1))
def test_workers_that_declare_a_limit_differently_are_shown_with_it(capacities: dict[str, int]) -> None:
    harness = DispatcherHarness()
    for id, capacity in capacities.items():
        harness.passes(1)
        worker(harness, msgspec.structs.replace(GPU, limit=capacity, cost=1), id=id)
    asked = harness.ask(messages.VIEW_LIMITS, name="gpu")
    harness.settle()
    (view,) = msgspec.convert(asked.answer, Limits).limits
    newest = list(capacities.values())[-1]
    expected = [
        LimitDeclaration(
            said=f"Concurrency({said})", workers=[id for id in "abcd" if capacities.get(id) == said], counts=said == newest
        )
        for said in sorted(set(capacities.values()), key=lambda said: (said != newest, said))
    ]
    assert view.declarations == (expected if len(expected) > 1 else [])
    assert looked(harness) == ([("limit_disagreement", "gpu")] if len(expected) > 1 else [])
    for one in harness.workers:
        if capacities[one.id] != newest:
            one.lost()
    assert looked(harness) == []


def test_fair_turns_that_workers_declare_differently_are_shown(harness: DispatcherHarness) -> None:
    for id, key in (("old", "{0}"), ("new", "{tags}")):
        harness.passes(1)
        harness.worker(id, declaration={"fair_key": key})
    assert looked(harness) == [("limit_disagreement", "a.task.fair")]
    (problem,) = harness.parts.status.status()["problems"]
    assert "fair_key='{tags}' counts, the newest; and fair_key='{0}' of old" in problem["sentence"]


def test_stalled_limits_are_said_with_what_to_do() -> None:
    (alone,) = stalled([STALL], NOW)
    assert (alone.page, alone.id, alone.since) == ("jobs", STALL.job, STALL.since)
    (several,) = stalled([STALL._replace(holders=3, jobs=1)], NOW)
    assert several.sentence == "1 job waits for the limit gpu, and the 3 jobs that have its permits have said nothing for 4 min."
    assert (several.page, several.id) == ("limits", "gpu")
    assert list(stalled([STALL._replace(since=NOW - 59)], NOW)) == []
    keys = [STALL._replace(shown=f"the limit gpu for {number}", jobs=number) for number in range(1, 9)]
    *first, rest = stalled(keys, NOW)
    assert [one.sentence.split(",")[0] for one in first] == [
        f"{jobs} jobs wait for the limit gpu for {jobs}" for jobs in (8, 7, 6, 5)
    ]
    assert rest.sentence == "10 jobs wait for 4 more keys of limits that silent jobs hold."


def test_disagreements_are_said_with_who_declares_what() -> None:
    versions = [Declared("Rate('5/s')", ["a", "b"], counts=True), Declared("Rate('4/s')", ["c"], counts=False)]
    (one,) = disagreeing({"stripe": versions})
    assert one.sentence == "Workers declare the limit stripe differently: Rate('5/s') counts, the newest; and Rate('4/s') of c."
    (two,) = disagreeing({"stripe": versions[1:] * 2})
    assert two.sentence.endswith("Rate('4/s') of c; and Rate('4/s') of c.")
    *_, rest = disagreeing({f"n{number}": versions for number in range(MAX_ALIKE + 2)})
    assert rest.sentence == "Workers declare 2 more limits differently: n4, n5."
