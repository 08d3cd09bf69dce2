"""What becomes of a job whose attempt did not succeed."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from taskbahn.protocol.options import LONGEST_SECONDS
from taskbahn_router.core.policy import Policy
from taskbahn_router.core.retry import Ending, FailPermanently, RequeueNow, RetryLater, decide, retry_delay


def verdict(policy: Policy, ending: Ending = "error", **given: Any) -> RetryLater | RequeueNow | FailPermanently:
    return decide(
        policy,
        ending,
        **{"failures": 1, "crashes": 0, "retryable": True, "delay": None, "uniform": lambda: 0.0, **given},
    )


def test_the_delay_doubles_with_each_failure_up_to_its_maximum() -> None:
    policy = Policy(retry_backoff=2.0, retry_backoff_max=20.0, retry_jitter=0.0)
    assert [retry_delay(policy, failures, lambda: 0.9) for failures in range(1, 7)] == [2.0, 4.0, 8.0, 16.0, 20.0, 20.0]


def test_ten_thousand_failures_do_not_overflow() -> None:
    assert retry_delay(Policy(retry_jitter=0.0), 10_000, lambda: 0.0) == 600.0


@given(st.floats(0, 1), st.floats(0, 1, exclude_max=True), st.integers(1, 100))
def test_jitter_takes_at_most_its_share_off_the_delay(jitter: float, chance: float, failures: int) -> None:
    full = retry_delay(Policy(retry_jitter=0.0), failures, lambda: 0.0)
    delay = retry_delay(Policy(retry_jitter=jitter), failures, lambda: chance)
    assert full * (1 - jitter) <= delay <= full


def test_a_list_of_delays_is_used_unchanged_and_repeats_its_last() -> None:
    policy = Policy(retry_delays=(1.0, 5.0), retry_jitter=1.0)
    assert [retry_delay(policy, failures, lambda: 0.9) for failures in (1, 2, 3, 4)] == [1.0, 5.0, 5.0, 5.0]


@pytest.mark.parametrize("ending", ["error", "time_limit"])
def test_a_failure_is_tried_again_while_retries_last(ending: Ending) -> None:
    policy = Policy(retries=2, retry_jitter=0.0)
    assert verdict(policy, ending, failures=2) == RetryLater(2.0)
    assert isinstance(verdict(policy, ending, failures=3), FailPermanently)


def test_the_reason_counts_the_failures() -> None:
    assert verdict(Policy()) == FailPermanently("it has no retries")
    assert verdict(Policy(retries=2), failures=3) == FailPermanently("it failed 3 times, and retries is 2")


def test_the_reason_says_that_a_retry_needs_retries() -> None:
    assert verdict(Policy(), asked=True) == FailPermanently(
        "it raised Retry and has no retries: declare some, as in @app.task(retries=3)"
    )
    assert verdict(Policy(retries=2), failures=3, asked=True) == FailPermanently("it failed 3 times, and retries is 2")


def test_a_task_that_gives_up_is_not_tried_again() -> None:
    assert verdict(Policy(retries=5), retryable=False) == FailPermanently("the task said that it may not be tried again")


def test_the_delay_that_the_task_chose_goes_before_the_policy() -> None:
    assert verdict(Policy(retries=1), delay=42.0) == RetryLater(42.0)


@pytest.mark.parametrize("delay", [-1.0, float("nan"), float("inf"), LONGEST_SECONDS * 2])
def test_a_delay_that_is_no_time_falls_back_to_the_policy(delay: float) -> None:
    assert verdict(Policy(retries=1, retry_jitter=0.0), delay=delay) == RetryLater(1.0)


@pytest.mark.parametrize("ending", ["crash", "worker_lost"])
def test_a_lost_worker_does_not_count_as_a_failure_of_the_task(ending: Ending) -> None:
    assert verdict(Policy(retries=0), ending, failures=0, crashes=1) == RequeueNow()


@pytest.mark.parametrize("ending", ["crash", "worker_lost"])
def test_a_job_that_kills_its_workers_is_stopped(ending: Ending) -> None:
    policy = Policy(retries=100, crash_attempts=3)
    assert verdict(policy, ending, crashes=2) == RequeueNow()
    assert verdict(policy, ending, crashes=3) == FailPermanently(
        "3 of its attempts lost their worker or process, and crash_attempts is 3"
    )


@pytest.mark.parametrize("ending", ["error", "time_limit", "crash", "worker_lost"])
def test_what_must_never_start_twice_is_never_tried_again(ending: Ending) -> None:
    decided = verdict(Policy(retries=5, crash_attempts=5, at_most_once=True), ending, crashes=1)
    assert isinstance(decided, FailPermanently)
    assert "at_most_once" in decided.reason
