"""All that is between a job and its start: what each says, whether it is open, and what comes first."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from support.dispatcher_harness import WALL, DispatcherHarness, FakeWorker, job_id

from taskbahn.protocol import messages
from taskbahn.protocol.messages import DeclaredLimit
from taskbahn.protocol.views import WaitReason

GPU = DeclaredLimit(kind="concurrency", name="gpu", limit=1)
STRIPE = DeclaredLimit(kind="rate", name="stripe", rate="1/m", key="{0}")


def limited(harness: DispatcherHarness, slots: int = 9) -> FakeWorker:
    return harness.worker("w", slots, declaration={"limits": [GPU, STRIPE], "fair_key": "{0}"})


def explain(harness: DispatcherHarness, number: int) -> list[WaitReason]:
    asked = harness.ask(messages.JOB_EXPLAIN, job_id(number))
    harness.settle()
    return msgspec.convert(asked.answer, list[WaitReason])


def closed(reasons: list[WaitReason]) -> list[tuple[str, str]]:
    found = [(reason.rule, reason.why) for reason in reasons if not reason.open]
    assert [reason.open for reason in reasons] == [False] * len(found) + [True] * (len(reasons) - len(found))
    return found


def ask(harness: DispatcherHarness, procedure: str, *args: Any) -> None:
    harness.ask(procedure, *args)
    harness.settle()


def test_every_limit_of_a_job_says_what_it_does(harness: DispatcherHarness) -> None:
    worker = limited(harness)
    for _ in range(2):
        harness.submit("acme")
    harness.settle()
    reasons = explain(harness, 2)
    assert closed(reasons) == [
        ("limit:gpu", "The limit gpu holds it: 1 of 1 permits are in use"),
        ('limit:stripe["acme"]', 'The limit stripe for "acme" holds it: a start is allowed every 60 s'),
    ]
    by_rule = {reason.rule: reason for reason in reasons}
    assert by_rule["limit:gpu"].holders == [job_id(1)]
    assert by_rule['limit:stripe["acme"]'].opens_at == pytest.approx(WALL + 60, abs=0.02)
    assert by_rule["workers"].why == "8 of 9 slots of the workers that can run it are free"
    assert by_rule["order"].why == "No ready job comes before it"
    assert by_rule['limit:a.task.fair["acme"]'].open
    worker.done(*worker.take())
    harness.settle()
    assert [rule for rule, _ in closed(explain(harness, 2))] == ['limit:stripe["acme"]']
    harness.passes(61.0)
    assert explain(harness, 2) == []  # it runs


def test_pauses_workers_and_order_are_listed_together(harness: DispatcherHarness) -> None:
    harness.worker("w", 1)
    for _ in range(3):
        harness.submit()
    harness.settle()
    ask(harness, messages.ADMIN_PAUSE, "queue:default")
    ask(harness, messages.ADMIN_PAUSE, "")
    assert closed(explain(harness, 3)) == [
        ("pause", "All jobs are paused by joe"),
        ("pause", "The queue default is paused by joe"),
        ("workers", "The only slot of the worker that can run it is busy"),
        ("order", "1 ready job comes before it"),
    ]
    ask(harness, messages.ADMIN_RESUME, "")
    assert [rule for rule, _ in closed(explain(harness, 2))] == ["pause", "workers"]


def test_a_paused_key_and_a_delay_are_closed(harness: DispatcherHarness) -> None:
    limited(harness)
    harness.submit("acme", delay=60.0)
    harness.settle()
    ask(harness, messages.ADMIN_PAUSE, 'key:stripe["acme"]')
    reasons = explain(harness, 1)
    assert closed(reasons) == [
        ("time", "It was submitted with a delay"),
        ('limit:stripe["acme"]', 'The key stripe["acme"] is paused by joe'),
    ]
    assert reasons[0].opens_at == WALL + 60


def test_a_job_without_a_worker_says_so(harness: DispatcherHarness) -> None:
    harness.worker().lost()
    harness.submit()
    harness.settle()
    assert closed(explain(harness, 1)) == [("workers", "No worker is attached")]
    harness.ask(messages.JOB_CANCEL, [job_id(1)])
    harness.settle()
    assert explain(harness, 1) == []


def test_an_unknown_job_cannot_be_explained(harness: DispatcherHarness) -> None:
    asked = harness.ask(messages.JOB_EXPLAIN, job_id(7))
    harness.settle()
    assert asked.error == "unknown_job"
    assert harness.ask(messages.JOB_EXPLAIN, "x").error == "invalid_request"
