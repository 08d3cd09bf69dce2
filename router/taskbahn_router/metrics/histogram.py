"""Durations counted in steps that grow with them, so that medians cost the same for microseconds and for days.

A histogram is a dict of step -> count. A step is an eighth of an octave: what is read from it is wrong by 4.5 % at most.
"""

from __future__ import annotations

from math import log2
from typing import TYPE_CHECKING

from taskbahn.protocol import messages

if TYPE_CHECKING:
    from collections.abc import Iterable

Histogram = dict[int, int]

SHORTEST_SECONDS = 1e-5  # seconds; a shorter duration, or a negative one of a clock that was set, counts as this
LONGEST_SECONDS = 1e7  # seconds, four months
STEPS = 8  # steps in an octave
FIRST = 1.0 - STEPS * log2(SHORTEST_SECONDS)  # what is added to the eighths of octaves, so that steps count from 1
ROUNDING = 1e-6


def step_of(seconds: float) -> int:
    """Return the step that a duration falls into."""
    if SHORTEST_SECONDS < seconds < LONGEST_SECONDS:
        return int(STEPS * log2(seconds) + FIRST)
    return LAST_STEP if seconds >= LONGEST_SECONDS else 0  # step 0 also for NaN, from a worker with a broken clock


LAST_STEP = int(STEPS * log2(LONGEST_SECONDS) + FIRST)


def seconds_of(step: int) -> float:
    """Return the middle of a step."""
    return float(2.0 ** ((step + 0.5 - FIRST) / STEPS)) if step else SHORTEST_SECONDS


def add(histogram: Histogram, other: Histogram) -> None:
    """Count what *other* counts as well."""
    for step, count in other.items():
        histogram[step] = histogram.get(step, 0) + count


def take_away(histogram: Histogram, other: Histogram) -> None:
    """Count no longer what *other* counts."""
    for step, count in other.items():
        left = histogram.get(step, 0) - count
        if left > 0:
            histogram[step] = left
        else:
            histogram.pop(step, None)


def total(histograms: Iterable[Histogram]) -> Histogram:
    """Return the sum of histograms."""
    result: Histogram = {}
    for histogram in histograms:
        add(result, histogram)
    return result


def quantile(histogram: Histogram, share: float) -> float | None:
    """Return the duration that a share of all does not exceed, in seconds; None when there are none.  share: 0 < share <= 1."""
    left = share * sum(histogram.values())
    for step in sorted(histogram):
        left -= histogram[step]
        if left < ROUNDING:
            return seconds_of(step)
    return None


def median_and_95(histogram: Histogram) -> tuple[float | None, float | None]:
    """Return the median and the 95th percentile, in seconds."""
    return quantile(histogram, 0.5), quantile(histogram, 0.95)


def packed(histogram: Histogram) -> str:
    """Return it as it is stored: JSON of [step, count, ...]."""
    return messages.to_json([number for pair in histogram.items() for number in pair]) if histogram else "[]"


def unpacked(text: str) -> Histogram:
    """Return the histogram of what was stored."""
    if text == "[]":
        return {}
    numbers = messages.from_json(text)
    return dict(zip(numbers[::2], numbers[1::2], strict=True))
