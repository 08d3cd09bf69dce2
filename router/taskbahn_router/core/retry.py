"""What becomes of a job whose attempt did not succeed.

Values in, one of three values out; the dispatcher maps each to a store move and a message.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from taskbahn.protocol.last_failures import reason_to_end
from taskbahn.protocol.options import LONGEST_SECONDS
from taskbahn_router.core.policy import Policy

if TYPE_CHECKING:
    from collections.abc import Callable
Ending = Literal["error", "time_limit", "crash", "worker_lost"]


@dataclass(frozen=True, slots=True)
class RetryLater:
    """Try the job again after *delay* seconds."""

    delay: float


@dataclass(frozen=True, slots=True)
class RequeueNow:
    """Put the job back in its place in the queue at once."""


@dataclass(frozen=True, slots=True)
class FailPermanently:
    """Fail the job for good and keep it for inspection; *reason* is a sentence for the operator."""

    reason: str


def retry_delay(policy: Policy, failures: int, uniform: Callable[[], float]) -> float:
    """Return the seconds before the retry that follows failure number *failures* (from 1).

    A list of delays is taken as it is, its last one repeating. Otherwise exponential backoff with jitter: a share of
    `retry_jitter` of the delay is random, so that jobs that failed together do not come back together.  uniform: 0 <= x < 1.
    Source: M. Brooker, "Exponential Backoff And Jitter", AWS Architecture Blog, 2015.
    """
    if policy.retry_delays:
        return policy.retry_delays[min(failures, len(policy.retry_delays)) - 1]
    full = min(policy.retry_backoff_max, policy.retry_backoff * 2.0 ** min(failures - 1, 64))
    return full * (1.0 - policy.retry_jitter * uniform())


def decide(
    policy: Policy,
    ending: Ending,
    *,
    failures: int,
    crashes: int,
    retryable: bool,
    delay: float | None,
    uniform: Callable[[], float],
    asked: bool = False,
) -> RetryLater | RequeueNow | FailPermanently:
    """Decide about a job after an attempt ended as *ending*; *failures* and *crashes* count this attempt too.

    asked: the task itself wants another attempt, by raising `Retry`.
    """
    if ending in ("crash", "worker_lost"):
        if policy.at_most_once:
            return FailPermanently("its worker was lost and the task must never start twice (delivery is at_most_once)")
        if crashes >= policy.crash_attempts:
            return FailPermanently(
                f"{crashes} of its attempts lost their worker or process, and crash_attempts is {policy.crash_attempts}"
            )
        return RequeueNow()
    reason = reason_to_end(
        retryable=retryable, at_most_once=policy.at_most_once, failures=failures, retries=policy.retries, asked=asked
    )
    if reason is not None:
        return FailPermanently(reason)
    if delay is None or not 0 <= delay <= LONGEST_SECONDS:
        delay = retry_delay(policy, failures, uniform)
    return RetryLater(delay)
