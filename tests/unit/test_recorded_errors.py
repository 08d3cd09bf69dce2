"""`recorded(app)` with errors: what code does whose jobs fail, are cancelled, expire, or cannot be started."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from taskbahn import JobCancelled, JobExpired, JobFailed, NotFinished, QueueFull, RouterUnavailable, Taskbahn, chain
from taskbahn.errors import InvalidRequest, TaskbahnError, TimeLimitExceeded, UnknownTask
from taskbahn.testing import eager, recorded

app = Taskbahn()


@app.task(name="work.add")
def add(a: int, b: int = 1) -> int:
    if a < 0:
        raise ValueError("below zero")
    return a + b


def test_a_recorded_job_fails_as_it_does_where_it_runs() -> None:
    with eager(app):
        ran = add.start(-1)
        with pytest.raises(JobFailed) as real:
            ran.result()
    with recorded(app) as seen:
        job = add.start(-1)
        seen.raises(add, ValueError("below zero"))
        with pytest.raises(JobFailed, match="ValueError: below zero") as prepared:
            job.result()
        assert job.state() == "failed"
        with pytest.raises(JobFailed, match="below zero"):
            add.call(5)
        assert seen.started(add, 5).state() == "failed"
    wanted, found = real.value.detail, prepared.value.detail
    assert {name: found[name] for name in ("type", "message", "error", "reason")} == {
        name: wanted[name] for name in ("type", "message", "error", "reason")
    }


@pytest.mark.parametrize(
    "error, state, raised",
    [
        (JobCancelled("a person has cancelled it"), "cancelled", JobCancelled),
        (JobExpired("it did not start in time"), "expired", JobExpired),
        (JobFailed("OSError: the disk is full", type="OSError"), "failed", JobFailed),
        (TimeLimitExceeded("it ran for too long"), "failed", JobFailed),
        (KeyError, "failed", JobFailed),
    ],
)
def test_each_end_of_a_job_can_be_prepared(error: Any, state: str, raised: type[TaskbahnError]) -> None:
    with recorded(app) as seen:
        seen.raises(add, error)
        job = add.start(1)
        assert job.state() == state
        with pytest.raises(raised) as caught:
            job.result()
        assert isinstance(error, type) or str(error) in str(caught.value)
        assert job.view().error is not None


@pytest.mark.parametrize(
    "error", [RouterUnavailable("no router answers"), QueueFull("the queue is full"), UnknownTask("work.add")]
)
def test_a_start_that_is_refused_starts_nothing(error: TaskbahnError) -> None:
    with recorded(app) as seen:
        seen.raises(add, error)
        for start in (
            lambda: add.start(1),
            lambda: add.call(1),
            lambda: add.start_many([(1,)]),
            lambda: chain(add.s(1), add.s(2)).start(),
        ):
            with pytest.raises(type(error)) as caught:
                start()
            assert str(error) in str(caught.value)
        seen.not_started(add)
        seen.returns(add, 3)
        assert add.call(1) == 3


def test_a_wait_that_is_given_up_leaves_the_job() -> None:
    with recorded(app) as seen:
        seen.raises(add, NotFinished("it runs", job="", timeout=5.0))
        job = add.start(1)
        with pytest.raises(NotFinished):
            job.result(timeout=5)
        assert job.state() == "running"
        seen.returns(add, 3)
        assert job.result() == 3


@given(st.one_of(st.none(), st.integers(), st.text(), st.just(BaseException("no")), st.just(int), st.just(KeyboardInterrupt)))
def test_what_is_no_exception_is_refused(error: Any) -> None:
    with recorded(app) as seen:
        with pytest.raises(InvalidRequest, match="takes an exception"):
            seen.raises(add, error)
        seen.returns(add, 3)
        with pytest.raises(InvalidRequest, match=r"seen.raises\(add, ValueError\('no'\)\)"):
            seen.returns(add, ValueError("no"))  # type: ignore[misc]
        assert add.call(1) == 3
