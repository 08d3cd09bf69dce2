"""Times of the past as callers say them: seconds since the epoch, how long ago, or a date and time with its zone."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from taskbahn.protocol.durations import parse_duration

PastTime = float | datetime | timedelta | str
MAX_SECONDS = 1e15  # from the epoch; a larger number, and one that is not finite, is no time
FORM = (
    "a time is seconds since the epoch, an age such as '1h' or timedelta(hours=1), or a date and time with its zone, "
    "as datetime.now(UTC) and '2026-11-21T10:00:00Z' have one"
)


def seconds_at(value: Any, now: float) -> float:
    """Return the seconds since the epoch that a time means.  Raises ValueError that says what a time is."""
    if isinstance(value, str):
        value = _said(value)
    if isinstance(value, timedelta):
        return now - value.total_seconds()
    if isinstance(value, datetime):
        if value.tzinfo is None:
            raise ValueError(f"it has no zone; {FORM}")
        return value.timestamp()
    if isinstance(value, bool) or not isinstance(value, int | float) or not abs(value) < MAX_SECONDS:
        raise ValueError(FORM)
    return float(value)


def _said(text: str) -> timedelta | datetime:
    try:
        return timedelta(seconds=parse_duration(text))
    except (ValueError, OverflowError):
        pass
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        raise ValueError(FORM) from None
