"""When new jobs have to have ended, checked: what cannot be is refused."""

from __future__ import annotations

from typing import TYPE_CHECKING

from taskbahn.errors import InvalidOption
from taskbahn_router.core.job_times import deadline, is_over

if TYPE_CHECKING:
    from taskbahn_router.core.policy import Policy


def due(policy: Policy, now: float) -> float:
    """Return when time lets a job start that is accepted now."""
    return max(now + policy.delay, policy.eta or 0.0)


def checked_deadline(policy: Policy, now: float) -> float | None:
    """Return when a job that is accepted now has to have ended; None: there is no such time.  Raises `InvalidOption`."""
    if policy.finish_within is None and policy.finish_by is None:
        return None
    found = deadline(now, policy.finish_within, policy.finish_by)
    option = "finish_within" if policy.finish_by is None else "finish_by"
    if is_over(found, now):
        raise InvalidOption(f"option {option} = {policy.finish_by!r}: that moment has passed", option=option)
    check_due(found, due(policy, now), option)
    return found


def check_due(found: float | None, due_at: float, option: str) -> None:
    """Raise `InvalidOption` for a job that would have to have ended before it may start."""
    if is_over(found, due_at):
        raise InvalidOption(
            f"option {option}: the job would have to have ended before it may start, by its delay or eta", option=option
        )
