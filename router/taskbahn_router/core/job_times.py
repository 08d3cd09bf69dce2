"""When time lets a job start, and when it ends the wait of a job, or the job: one formula for each. Times are seconds since the epoch.

The SQL of the stores says the same; tests/stores/test_job_times.py holds all places to these.
"""

from __future__ import annotations


def expiry(accepted_at: float, due_at: float | None, within: float | None) -> float | None:
    """Return when a job expires unless it starts: `start_within` after it was accepted or is due; None: never."""
    return None if within is None else max(accepted_at, due_at or 0.0) + within


def deadline(accepted_at: float, within: float | None, by: float | None, above: float | None = None) -> float | None:
    """Return when a job has to have ended: `finish_within` after it was accepted, at `finish_by`, and never later than the job above it.

    None: there is no such time.
    """
    own = by if within is None else accepted_at + within
    return own if above is None else above if own is None else min(own, above)


def renewed(before: float | None, within: float | None, now: float) -> float | None:
    """Return the deadline of a job that is retried by hand: as if it were accepted now, and none if that has passed."""
    if within is not None:
        return now + within
    return None if is_over(before, now) else before


def is_due(due_at: float | None, now: float) -> bool:
    """Return whether time lets a job start."""
    return due_at is None or due_at <= now


def is_over(expires_at: float | None, now: float) -> bool:
    """Return whether the time is over in which a job had to start, or to end."""
    return expires_at is not None and expires_at <= now
