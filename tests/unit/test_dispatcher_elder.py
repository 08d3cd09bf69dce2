"""The elder rule at the dispatcher: three tasks on workers of their own share two limits, which two of the tasks saturate."""

from __future__ import annotations

from typing import Any

import pytest
from support.dispatcher_harness import DispatcherHarness, FakeWorker, job_id
from support.promise_tables import tables_of

from taskbahn.protocol import messages
from taskbahn.protocol.messages import DeclaredLimit
from taskbahn_router.promises.domains import domains_of
from taskbahn_router.promises.elder import ELDER, ELDER_US

LEFT = DeclaredLimit(kind="concurrency", name="left", limit=1)
RIGHT = DeclaredLimit(kind="concurrency", name="right", limit=1)
TASKS = {"a.left": [LEFT], "a.right": [RIGHT], "a.both": [LEFT, RIGHT]}
JOB_SECONDS = 2
FIRST = 2  # jobs under one limit that come before that under both
ELDER_SECONDS = ELDER_US // 1_000_000
IN_TIME_SECONDS = FIRST * JOB_SECONDS + ELDER_SECONDS + JOB_SECONDS


class Saturated:
    """Each second one of the two limits has its permit back, by turns, and the next job of its task gets it."""

    def __init__(self, harness: DispatcherHarness) -> None:
        self.harness = harness
        self.seconds = 0
        self.workers: dict[str, FakeWorker] = {}
        for task in TASKS:
            self.attach(task)
        for task in ("a.left", "a.right"):
            self.submit(task, FIRST)
        self.both = self.submit("a.both", 1)
        for task in ("a.left", "a.right"):
            self.submit(task, 40)

    def attach(self, task: str) -> None:
        declaration: Any = {"limits": TASKS[task]}
        self.workers[task] = self.harness.worker(task, 5, tasks=[task], declaration=declaration)

    def submit(self, task: str, jobs: int) -> str:
        for _ in range(jobs):
            self.harness.submit(task=task)
        self.harness.settle()
        return job_id(self.harness._jobs)

    def passes(self, seconds: int) -> None:
        for _ in range(seconds):
            self.harness.passes(1)
            self.seconds += 1
            for worker in self.workers.values():
                worker.take()
            ending = self.workers["a.left" if self.seconds % JOB_SECONDS else "a.right"]
            ending.done(*ending.runs)
            self.harness.settle()

    def runs(self) -> dict[str, int]:
        for worker in self.workers.values():
            worker.take()
        return {task: len(worker.runs) for task, worker in self.workers.items()}

    def is_elder(self) -> bool:
        return any(gate.reason and not gate.reason.startswith("[[],") for gate in self.rows())

    def rows(self) -> list[Any]:
        return [gate for gate in tables_of(self.harness.store).gates.values() if gate.limit == ELDER]

    def until_elder(self) -> None:
        while not self.is_elder():
            assert self.seconds < IN_TIME_SECONDS
            self.passes(1)


@pytest.fixture
def saturated(harness: DispatcherHarness) -> Saturated:
    return Saturated(harness)


def test_a_job_under_two_saturated_limits_starts_in_time(saturated: Saturated) -> None:
    saturated.passes(IN_TIME_SECONDS)
    assert saturated.runs()["a.both"] == 1
    saturated.harness.check()


def test_a_job_that_is_held_back_says_for_which(saturated: Saturated) -> None:
    saturated.until_elder()
    kept = next(task for task, runs in saturated.runs().items() if task != "a.both" and not runs)
    numbers = range(1, saturated.harness._jobs + 1)
    waiting = next(n for n in numbers if saturated.harness.state(n) == "ready" and saturated.harness.row(n).task == kept)
    why = f"Permits of the limit {kept[2:]} are kept for the job {saturated.both}, which comes before it and was passed over"
    for asked in (messages.JOB_GET, messages.JOB_EXPLAIN):
        answer = saturated.harness.ask(asked, job_id(waiting))
        saturated.harness.settle()
        said = answer.answer[0] if isinstance(answer.answer, list) else answer.answer["place"]
        assert said["why"] == why


@pytest.mark.parametrize("ends", ["lost", "drains", "cancelled", "paused"])
def test_an_elder_that_cannot_start_lets_the_others_go_on(saturated: Saturated, ends: str) -> None:
    saturated.until_elder()
    harness, worker = saturated.harness, saturated.workers["a.both"]
    if ends == "lost":
        worker.lost()
    elif ends == "drains":
        worker.hands_back(draining=True)
    elif ends == "cancelled":
        harness.ask(messages.JOB_CANCEL, [saturated.both])
    else:
        harness.ask(messages.ADMIN_PAUSE, "task:a.both")
    harness.settle()
    saturated.passes(ELDER_SECONDS)
    for _ in range(3 * ELDER_SECONDS):
        saturated.passes(1)
        assert saturated.runs() == {"a.left": 1, "a.right": 1, "a.both": 0}
    harness.check()


def test_an_elder_that_nothing_but_time_frees_is_reconsidered_in_time(saturated: Saturated) -> None:
    """No job ends any more, so only the row's own time makes a commit."""
    saturated.until_elder()
    saturated.workers["a.both"].lost()
    saturated.harness.passes(ELDER_SECONDS + 1)
    assert saturated.runs() == {"a.left": 1, "a.right": 1, "a.both": 0}


def test_a_restart_keeps_an_elder(saturated: Saturated) -> None:
    saturated.passes(IN_TIME_SECONDS - JOB_SECONDS)
    held = {task: worker.runs for task, worker in saturated.workers.items()}
    before = saturated.rows()
    saturated.harness.restart()
    assert saturated.rows() == before
    for task, limits in TASKS.items():
        declaration: Any = {"limits": limits}
        saturated.workers[task] = saturated.harness.worker(task, 5, tasks=[task], declaration=declaration, running=held[task])
        saturated.workers[task].runs = held[task]
    saturated.passes(IN_TIME_SECONDS)
    assert saturated.harness.state(saturated.both) in ("running", "succeeded")


def test_domains_are_those_of_tasks_that_share_limits() -> None:
    assert domains_of([["a"], ["b"]]) == {}
    assert domains_of([["c", "b"], ["a"], ["d", "e"], ["e", "b"], ["f"]]) == dict.fromkeys("bcde", "b")
    assert domains_of([["a", "b"], ["c", "d"]]) == {"a": "a", "b": "a", "c": "c", "d": "c"}
