"""For what a flow and its members wait in the end: the job that is held, asks a person, or runs."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from support.flow_runner import FlowRunner, runner_over, s

from taskbahn.protocol import messages

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

DECIDE = "a person has to decide. It goes on when that is retried and succeeds, or is skipped"


@pytest.fixture(params=["memory", "sqlite"])
def runner(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[FlowRunner]:
    with runner_over(request.param, tmp_path) as made:
        yield made


def explained(runner: FlowRunner, id: str) -> list[tuple[str, str]]:
    """What is closed, but for the job's own members and workers."""
    asked = runner.harness.ask(messages.JOB_EXPLAIN, id)
    runner.harness.settle()
    return [(reason["rule"], reason["why"]) for reason in asked.answer if not reason["open"] and reason["rule"] != "workers"]


def test_all_that_wait_for_a_held_job_name_it(runner: FlowRunner) -> None:
    id = runner.start({"chain": [{"group": [s("switch", if_fails="hold"), s("one")]}, s("echo"), s("echo"), s("echo")]})
    runner.run()
    group, held, last = (runner.member(id, number) for number in (1, 2, 6))
    end = (f"behind:{held}", f"In the end it waits for the job {held} (a.switch), which failed: {DECIDE}")
    assert explained(runner, id) == [(f"job:{last}", f"It waits for the job {last} (a.echo), which is waiting"), end]
    assert explained(runner, last)[-1] == end
    assert explained(runner, group) == [(f"job:{held}", f"The job {held} (a.switch), before it, failed: {DECIDE}")]


def test_a_job_far_behind_says_what_it_asks_or_that_it_runs(runner: FlowRunner) -> None:
    id = runner.start({"chain": [s("one"), s("echo"), s("echo")]})
    (attempt,) = runner.worker.take()
    first = runner.member(id, 1)
    assert explained(runner, id)[-1] == (f"behind:{first}", f"In the end it waits for the job {first} (a.one), which is running")
    runner.worker.notices(attempt, "question", {"name": "go", "question": "Go?", "asked_at": 0.0})
    runner.harness.settle()
    assert explained(runner, id)[-1] == (
        f"behind:{first}",
        f"In the end it waits for the job {first} (a.one), which waits for an answer: Go?",
    )


def test_of_many_far_behind_three_are_named_and_held_ones_first(runner: FlowRunner) -> None:
    members = [s("one", options={"delay": 60}) for _ in range(20)]
    id = runner.start({"chain": [{"group": [*members, s("switch", if_fails="hold")]}, s("echo")]})
    runner.run()
    found = [why for rule, why in explained(runner, id) if rule.startswith("behind:")]
    assert len(found) == 3
    assert "(a.switch), which failed" in found[0]
    assert all("(a.one), which is waiting" in why for why in found[1:])
