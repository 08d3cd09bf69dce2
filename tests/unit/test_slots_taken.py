"""What runs is what has a slot: short attempts that a worker gets ahead wait in front of its slots."""

from __future__ import annotations

from support.dispatcher_harness import TASK
from support.watched import Watched

from taskbahn.protocol import messages


def test_no_more_jobs_run_than_there_are_slots() -> None:
    watched = Watched()
    watched.harness.worker().lost()  # the task is declared
    for _ in range(3):
        watched.one_job(seconds=0.001)  # short, so that workers get some ahead of their slots
    worker = watched.harness.worker(slots=2)
    for _ in range(20):
        watched.harness.submit()
    watched.harness.settle()
    assert len(worker.take()) > 2
    watched.passes(12)
    charts = [watched.ask(seconds=60, **given) for given in ({}, {"task": TASK})]
    assert [max(filter(None, chart.running)) for chart in charts] == [2, 2]
    assert watched.harness.ask(messages.VIEW_STATUS).answer["running"] == 2
    assert [view["running"] for view in watched.harness.ask(messages.VIEW_WORKERS).answer] == [2]
