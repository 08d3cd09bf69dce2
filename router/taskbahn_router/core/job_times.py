"""When time lets a job start, and when it ends the wait of a job: one formula for each. Times are seconds since the epoch.

The SQL of the stores says the same; tests/stores/test_job_times.py holds all places to these.
"""

from __future__ import annotations


def expiry(accepted_at: float, due_at: float | None, within: float | None) -> float | None:
    """Return when a job expires unless it starts: `start_within` after it was accepted or is due; None: never."""
    return None if within is None else max(accepted_at, due_at or 0.0) + within


def is_due(due_at: float | None, now: float) -> bool:
    """Return whether time lets a job start."""
    return due_at is None or due_at <= now


def is_over(expires_at: float | None, now: float) -> bool:
    """Return whether the time is over in which a job had to start."""
    return expires_at is not None and expires_at <= now
