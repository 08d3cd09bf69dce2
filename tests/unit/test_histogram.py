"""Durations in steps: what is read from them is right within a twentieth, for microseconds and for days."""

from __future__ import annotations

import math
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from taskbahn_router.metrics import histogram
from taskbahn_router.metrics.histogram import (
    LAST_STEP,
    LONGEST_SECONDS,
    SHORTEST_SECONDS,
    median_and_95,
    quantile,
    seconds_of,
    step_of,
)

EXACT = 0.046  # the half of an eighth of an octave, and rounding


def counted(*seconds: float) -> histogram.Histogram:
    found: histogram.Histogram = {}
    for each in seconds:
        histogram.add(found, {step_of(each): 1})
    return found


@given(st.floats(SHORTEST_SECONDS * 1.0001, LONGEST_SECONDS * 0.9999))
def test_a_duration_is_known_within_a_twentieth(seconds: float) -> None:
    assert seconds_of(step_of(seconds)) == pytest.approx(seconds, rel=EXACT)


@given(st.floats(SHORTEST_SECONDS, LONGEST_SECONDS), st.floats(SHORTEST_SECONDS, LONGEST_SECONDS))
def test_longer_is_never_a_smaller_step(one: float, other: float) -> None:
    assert (step_of(one) <= step_of(other)) or one > other


@pytest.mark.parametrize(
    "seconds, step", [(0.0, 0), (-5.0, 0), (math.nan, 0), (-math.inf, 0), (math.inf, LAST_STEP), (1e300, LAST_STEP)]
)
def test_what_a_broken_clock_says_counts_as_nothing_or_as_the_longest(seconds: float, step: int) -> None:
    assert step_of(seconds) == step


def test_nothing_has_no_median() -> None:
    assert median_and_95({}) == (None, None)


def test_median_and_95th_percentile_are_those_of_the_durations() -> None:
    chaos = random.Random(1)
    durations = sorted(chaos.lognormvariate(0, 2) for _ in range(999))
    median, most = median_and_95(counted(*durations))
    assert median == pytest.approx(durations[499], rel=EXACT)
    assert most == pytest.approx(durations[949], rel=EXACT)


@pytest.mark.parametrize("share, seconds", [(0.25, 1.0), (0.26, 2.0), (0.5, 2.0), (0.51, 4.0), (1.0, 8.0)])
def test_a_share_is_reached_by_the_first_that_completes_it(share: float, seconds: float) -> None:
    assert quantile(counted(1.0, 2.0, 4.0, 8.0), share) == pytest.approx(seconds, rel=EXACT)


@given(st.lists(st.floats(0, 1e6), max_size=30), st.lists(st.floats(0, 1e6), max_size=30))
def test_what_was_added_is_taken_away_again(ours: list[float], theirs: list[float]) -> None:
    both = counted(*ours, *theirs)
    histogram.take_away(both, counted(*theirs))
    assert both == counted(*ours)


@given(st.lists(st.floats(0, 1e6), max_size=30))
def test_it_survives_being_stored(durations: list[float]) -> None:
    kept = counted(*durations)
    assert histogram.unpacked(histogram.packed(kept)) == kept
