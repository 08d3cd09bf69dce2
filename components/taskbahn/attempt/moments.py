"""Moments for which attempts wait, by a clock that is not behind the dispatcher's: what it wakes for its moment finds it over."""

from __future__ import annotations

from taskbahn.attempt.clock import CLOCK
from taskbahn.attempt.context import ACTIVE

BEHIND = "@behind"  # among what an attempt remembers: by how many seconds the dispatcher's clock is ahead of its worker's


def noted_lag(dispatcher: float | None) -> dict[str, str]:
    """Return the note for an attempt that has just heard of the dispatcher's time, seconds since 1970; an elder one does not say it."""
    lag = 0.0 if dispatcher is None else dispatcher - CLOCK.time()
    return {BEHIND: str(lag)} if lag > 0 else {}


def moment_now() -> float:
    """Return the time with which the running attempt compares a moment, seconds since 1970."""
    context = ACTIVE.get()
    lag = None if context is None else context.notes.get(BEHIND)
    return CLOCK.time() if lag is None else CLOCK.time() + float(lag)


def seconds_until(moment: float) -> float:
    """Return the seconds until a moment; below 0 after it.

    A caller adds them to a time as one number: a sum of the moment and a time would be rounded, and may lie behind the moment.
    """
    return moment - moment_now()
