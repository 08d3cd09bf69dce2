"""Whether a series of measurements is flat: by the median of the slopes between all pairs of points, which outliers do not move.

Source: H. Theil (1950), P. K. Sen, "Estimates of the regression coefficient based on Kendall's tau", JASA 63 (1968).
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations
from statistics import median
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

MAX_POINTS = 300  # of which all pairs are looked at
FEWEST_POINTS = 3


@dataclass(frozen=True)
class Bound:
    """What is measured, in which unit, and by how much it may drift over the second half of the time."""

    name: str
    title: str
    unit: str
    drift: float


@dataclass(frozen=True)
class Verdict:
    """drift: slope times duration of the second half, in the bound's unit; level: the median there."""

    bound: Bound
    level: float
    drift: float
    seconds: float
    is_flat: bool

    @property
    def sentence(self) -> str:
        """Say it."""
        unit = f" {self.bound.unit}" if self.bound.unit else ""
        word = "flat" if self.is_flat else "NOT flat"
        return (
            f"{self.bound.title}: {word}, {self.level:.1f}{unit}; drifted by {self.drift:+.2f}{unit} in the last {self.seconds:.0f} s, "
            f"{self.bound.drift:g}{unit} are allowed"
        )


def slope(times: Sequence[float], values: Sequence[float]) -> float:
    """Return the median slope of all pairs, per second; of many points some hundred are taken, evenly."""
    step = max(1, -(-len(times) // MAX_POINTS))
    points = list(zip(times, values, strict=True))[::step]
    slopes = [
        (later[1] - sooner[1]) / (later[0] - sooner[0]) for sooner, later in combinations(points, 2) if later[0] > sooner[0]
    ]
    return median(slopes) if slopes else 0.0


def judge(bound: Bound, times: Sequence[float], values: Sequence[float]) -> Verdict:
    """Judge the second half of a series; one of fewer than three points there is not flat, for nothing is known of it."""
    middle = len(times) // 2
    times, values = times[middle:], values[middle:]
    if len(times) < FEWEST_POINTS:
        return Verdict(bound, 0.0, 0.0, 0.0, is_flat=False)
    seconds = times[-1] - times[0]
    drift = slope(times, values) * seconds
    return Verdict(bound, median(values), drift, seconds, is_flat=drift <= bound.drift)
