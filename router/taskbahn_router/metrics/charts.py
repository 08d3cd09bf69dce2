"""`views.History` from tallies: which buckets an answer has, and what is in them."""

from __future__ import annotations

from math import ceil
from typing import TYPE_CHECKING, Any

from taskbahn_router.metrics import histogram
from taskbahn_router.metrics.tally import COUNTS, ENDS, Tally

if TYPE_CHECKING:
    from collections.abc import Iterable

SHORTEST, LONGEST = 60, 7 * 86400  # seconds that a chart may cover
STEPS = {900: 5, 6 * 3600: 60, 86400: 300, LONGEST: 3600}  # seconds of a chart, at most -> seconds of a bucket
STOOD = ("waiting", "running", "oldest")
DIGITS = 6  # decimal digits of seconds


def step_for(seconds: float) -> int:
    """Return the seconds of a bucket, for a chart of *seconds*."""
    return next(step for most, step in STEPS.items() if seconds <= most)


def start_of(now: float, seconds: float, step: int) -> int:
    """Return when the first bucket begins, if the last one is that of now."""
    return (int(now // step) - ceil(seconds / step) + 1) * step


def chart(step: int, start: int, now: float, tallies: Iterable[tuple[int, Tally]]) -> dict[str, Any]:
    """Return the answer; *tallies* by their start, those of one bucket in order. A bucket without any has missing values."""
    buckets: dict[int, Tally] = {}
    for at, tally in tallies:
        begins = at // step * step
        bucket = buckets.get(begins)
        if bucket is None:
            bucket = buckets[begins] = Tally()
        bucket.add(tally)
    found = [buckets.get(at) for at in range(start, int(now // step) * step + 1, step)]
    columns: dict[str, list[Any]] = {
        name: [None if tally is None else getattr(tally, name) for tally in found] for name in (*COUNTS, *STOOD)
    }
    for name in ENDS:  # a commit may be seen a minute later than the ends in it
        columns[name] = [count and max(0, count) for count in columns[name]]
    for name, histograms in {"wait": "waits", "run": "runs"}.items():
        pairs = [histogram.median_and_95(getattr(tally, histograms)) if tally is not None else (None, None) for tally in found]
        columns[name] = [_short(median) for median, _ in pairs]
        columns[name + "95"] = [_short(most) for _, most in pairs]
    columns["oldest"] = [_short(age) for age in columns["oldest"]]
    return {"step": step, "start": float(start), **columns}


def _short(seconds: float | None) -> float | None:
    return None if seconds is None else round(seconds, DIGITS)
