"""Cron lines on the clocks of every zone, around each kind of change, against a model that walks all minutes."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import pairwise
from zoneinfo import available_timezones

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from support.wall_model import Line, changes, firings

from taskbahn.protocol.schedules import CronForm
from taskbahn_router.schedules.time_set import TimeSet
from taskbahn_router.schedules.zones import zone_names

ZONES = sorted(zone_names())
MINUTES = {"*": range(60), "*/15": range(0, 60, 15), "30": [30], "0,45": [0, 45], "0": [0], "59": [59]}
HOURS = {
    "*": range(24), "*/2": range(0, 24, 2), "1-23/2": range(1, 24, 2), "0-23": range(24), "2": [2], "1-3": [1, 2, 3],
    "0": [0], "0,23": [0, 23], "1": [1], "22-4": [22, 23, 0, 1, 2, 3, 4], "3": [3],
}  # fmt: skip
WEEKDAYS = {"*": range(7), "MON-FRI": range(5), "SUN": [6], "5-7": [4, 5, 6], "SAT-MON": [5, 6, 0]}
NOON = datetime(2026, 6, 1, 12, tzinfo=UTC)
SKIPPED, REPEATED = ("after", "never"), ("first", "second", "both")
SPECIAL = [  # a day that is skipped, midnight that does not exist, half an hour, Ramadan, a rule that came back
    ("Pacific/Apia", datetime(2011, 12, 30, 10, tzinfo=UTC)),
    ("Pacific/Kwajalein", datetime(1993, 8, 21, 12, tzinfo=UTC)),
    ("Africa/Cairo", datetime(2023, 4, 27, 22, tzinfo=UTC)),
    ("Africa/Cairo", datetime(2023, 10, 26, 21, tzinfo=UTC)),
    ("Australia/Lord_Howe", datetime(2026, 4, 4, 15, tzinfo=UTC)),
    ("Australia/Lord_Howe", datetime(2026, 10, 3, 15, 30, tzinfo=UTC)),
    ("Africa/Casablanca", datetime(2026, 2, 15, 2, tzinfo=UTC)),
    ("Africa/Casablanca", datetime(2026, 3, 22, 2, tzinfo=UTC)),
    ("America/Sao_Paulo", datetime(2018, 11, 4, 3, tzinfo=UTC)),
    ("Asia/Pyongyang", datetime(2018, 5, 4, 15, tzinfo=UTC)),
    ("America/Caracas", datetime(2016, 5, 1, 7, tzinfo=UTC)),
    ("Europe/Dublin", datetime(2026, 10, 25, 1, tzinfo=UTC)),
    ("Antarctica/Troll", datetime(2026, 3, 29, 1, tzinfo=UTC)),
    ("America/Nuuk", datetime(2023, 3, 26, 1, tzinfo=UTC)),
]


def line(minute: str, hour: str, weekday: str = "*") -> Line:
    is_fixed = "*" not in hour and "/" not in hour and hour != "0-23"
    minutes, hours, days = map(frozenset, (MINUTES[minute], HOURS[hour], WEEKDAYS[weekday]))
    return Line(f"{minute} {hour} * * {weekday}", minutes, hours, days, is_fixed)


def check(line: Line, zone: str, change: datetime, before: timedelta, after: timedelta, skipped: str, repeated: str) -> None:
    form = CronForm(line=line.text, zone=zone, skipped_time=skipped, repeated_time=repeated)  # type: ignore[arg-type]
    since, until = change - before, change + after
    early, late = change - timedelta(days=2, hours=8), change + timedelta(days=2, hours=8)
    expected = firings(line, zone, early, late, skipped, repeated)
    times = TimeSet(form)
    found = list(times.between(since, until))
    assert found == [moment for moment in expected if since < moment <= until]
    assert all(sooner < later for sooner, later in pairwise(found))


lines = st.builds(line, st.sampled_from([*MINUTES]), st.sampled_from([*HOURS]), st.sampled_from([*WEEKDAYS]))
moments = st.sampled_from(ZONES).flatmap(lambda zone: st.tuples(st.just(zone), st.sampled_from(changes(zone) or [NOON])))
spans = st.timedeltas(timedelta(), timedelta(hours=30)).map(lambda span: span // timedelta(seconds=1) * timedelta(seconds=1))


@settings(max_examples=60, deadline=None)
@given(lines, moments, spans, st.sampled_from(SKIPPED), st.sampled_from(REPEATED))
def test_a_line_fires_as_the_clocks_of_any_zone_show(
    line: Line, moment: tuple[str, datetime], span: timedelta, skipped: str, repeated: str
) -> None:
    zone, change = moment
    check(line, zone, change, span, timedelta(hours=30), skipped, repeated)


@pytest.mark.parametrize("zone, change", SPECIAL)
def test_a_line_fires_right_at_unusual_changes(zone: str, change: datetime) -> None:
    assert change in changes(zone)
    for hour in ("*/2", "2", "0,23", "22-4", "1-3"):
        for skipped, repeated in zip(SKIPPED * 3, REPEATED * 2, strict=True):
            check(line("*/15", hour), zone, change, timedelta(hours=26), timedelta(hours=26), skipped, repeated)


def test_each_zone_has_its_changes_of_a_year_right() -> None:
    seen = set()
    for zone in ZONES:
        found = tuple(changes(zone, datetime(2026, 1, 1, tzinfo=UTC), datetime(2027, 2, 1, tzinfo=UTC)))
        offset = NOON.astimezone(TimeSet(CronForm(line="@daily", zone=zone))._times.clocks.zone).utcoffset()  # type: ignore[attr-defined]
        if (found, offset) in seen:
            continue  # clocks as of another zone
        seen.add((found, offset))
        for change in found:
            for hour in ("0", "1-3", "22-4", "*/2"):
                check(line("30", hour), zone, change, timedelta(hours=5), timedelta(hours=5), "after", "first")
    assert len(seen) > 40


def test_no_zone_of_the_database_is_missing() -> None:
    assert available_timezones() - zone_names() <= {"localtime", "posixrules", "Factory"}
    assert len(ZONES) > 400


@example("Pacific/Apia")
@given(st.sampled_from(ZONES))
def test_midnight_comes_once_for_each_day_of_a_zone(zone: str) -> None:
    times = TimeSet(CronForm(line="@daily", zone=zone)).next(datetime(2011, 12, 1, tzinfo=UTC), 60)
    assert len(set(times)) == 60
    assert {later - sooner for sooner, later in pairwise(times)} <= {timedelta(hours=hours) for hours in (23, 23.5, 24, 24.5, 25)}
