"""The workers of a simulation: their queues, and one that follows a lost one."""

from __future__ import annotations

from typing import Any

import pytest

from taskbahn import JobExpired, NotFinished, Taskbahn
from taskbahn.errors import InvalidRequest
from taskbahn.testing import simulated

app = Taskbahn()


@app.task(name="near")
def near() -> str:
    return "near"


@app.task(name="far", queue="far", start_within="10m")
def far() -> str:
    return "far"


def test_the_worker_serves_each_queue_that_has_jobs() -> None:
    with simulated(app):
        assert (near.call(), far.call()) == ("near", "far")


def test_a_job_in_a_queue_that_is_not_served_expires() -> None:
    with simulated(app, queues=["default"]) as node:
        job = far.start()
        assert near.call() == "near"
        node.advance("9m")
        assert job.state() == "ready"
        assert "does not serve the queue far" in job.explain()[0].why
        node.advance("2m")
        assert job.state() == "expired"
        with pytest.raises(JobExpired):
            job.result()


def test_a_wait_for_a_queue_that_is_not_served_is_not_finished() -> None:
    with simulated(app, queues=["far"]), pytest.raises(NotFinished, match="does not serve the queue default"):
        near.call()


def test_a_worker_that_follows_a_lost_one_serves_the_same_queues() -> None:
    with simulated(app, queues=["far"]) as node:
        node.lose_worker()
        assert far.call() == "far"
        job = near.start()
        node.advance("1h")
        assert job.state() == "ready"


def test_the_node_waits_ten_seconds_for_a_lost_worker() -> None:
    with simulated(app) as node:
        job = near.start()
        assert job.state() == "running"  # it is handed out, and not called
        node.lose_worker()
        for _ in range(3):
            node.settle()
            assert (job.state(), job.view().attempt) == ("running", 1)
        other = near.start()
        node.settle()
        assert other.state() == "succeeded"  # another worker is there
        node.advance("9.9s")
        assert job.state() == "running"
        node.advance("0.1s")
        assert (job.state(), job.view().attempt) == ("succeeded", 2)


@pytest.mark.parametrize("queues", ["default", [], ()])
def test_what_is_no_list_of_queues_is_refused(queues: Any) -> None:
    with pytest.raises(InvalidRequest, match="a list of the queues"), simulated(app, queues=queues):
        pass
    with simulated(app):
        assert near.call() == "near"
