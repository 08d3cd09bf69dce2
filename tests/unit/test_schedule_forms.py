"""Schedules as data: how users write them, how they travel, and what they are in words."""

from __future__ import annotations

import operator
from datetime import UTC, date, datetime, timedelta
from functools import reduce
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from taskbahn import Calendar, Cron, Dates, Every, InvalidSchedule, Sun, When
from taskbahn.protocol.schedules import MAX_MEMBERS, read_form, zone_of
from taskbahn_router.schedules.words import words_of

BERLIN = "Europe/Berlin"
SUNSET = Sun("sunset", latitude=52.5, longitude=13.4)

WORDS: list[tuple[When, str]] = [
    (Cron("0 3 * * 1-5", zone=BERLIN), "at 03:00 on weekdays, Europe/Berlin"),
    (Cron("@daily"), "at 00:00 every day, UTC"),
    (Cron("*/2 * * * * *"), "every other second of every minute, UTC"),
    (Cron("0 12 * * SAT,SUN"), "at 12:00 on weekends, UTC"),
    (Cron("0 0 1 * MON"), "at 00:00 on the first day of month and on Monday, UTC"),
    (Cron("0 0 15W * *"), "at 00:00 on the weekday nearest day 15 of every month, UTC"),
    (Cron("0 0 1,15W * *"), "at 00:00 on the first day of every month, and on the weekday nearest day 15 of the month, UTC"),
    (
        Cron("0 2 * * *", skipped_time="never", repeated_time="both"),
        "at 02:00 every day, not at a time that clocks skip, at both of a time that clocks show twice, UTC",
    ),
    (Every("1h"), "every hour"),
    (Every(90), "every 1 minute and 30 seconds"),
    (Every("2d", start=datetime(2026, 1, 1, 9, tzinfo=UTC)), "every 2 days, from 2026-01-01 09:00:00 UTC on"),
    (SUNSET, "at sunset, 52.5° N 13.4° E"),
    (Sun("dusk_nautical", latitude=-33.9, longitude=-70.7), "at nautical dusk, 33.9° S 70.7° W"),
    (Calendar("FREQ=MONTHLY;BYDAY=-1FR;BYHOUR=18", zone=BERLIN), "every month on the last Friday at 18:00, Europe/Berlin"),
    (
        Calendar("DTSTART:20260105T093000 RRULE:FREQ=WEEKLY;INTERVAL=2;BYDAY=MO,WE;COUNT=9"),
        "every 2 weeks on Monday and Wednesday at 09:30 from 2026-01-05 on 9 times, UTC",
    ),
    (
        Calendar("FREQ=YEARLY;BYMONTH=3,12;BYMONTHDAY=1,-1,-2;BYHOUR=1,2,3;BYMINUTE=0,30"),
        "every year in March and December on day 1, the last day and the second to last day at 6 times of the day, UTC",
    ),
    (Dates([date(2026, 12, 24), datetime(2026, 12, 31, 18, tzinfo=UTC)]), "on 2026-12-24 and 2026-12-31 at 18:00:00+00:00, UTC"),
    (Dates([date(2026, 1, day) for day in range(1, 9)]), "on 2026-01-01, 2026-01-02 and 6 more, UTC"),
    (Cron("@daily") | Every("1h") | SUNSET, "at 00:00 every day, UTC, or every hour, or at sunset, 52.5° N 13.4° E"),
    (Every("1h") & (Every("1h") - SUNSET), "every hour, and only (every hour, except at sunset, 52.5° N 13.4° E)"),
]  # fmt: skip


@pytest.mark.parametrize("when, words", WORDS)
def test_a_form_travels_and_is_said_in_words(when: When, words: str) -> None:
    form = read_form(msgspec.json.decode(msgspec.json.encode(when.form)))
    assert form == when.form
    assert words_of(form) == words


def test_times_are_shown_in_the_first_zone_that_is_not_utc() -> None:
    assert [zone_of(when.form) for when in (Cron("@daily"), SUNSET, Every(5))] == ["UTC"] * 3
    there = Cron("@daily", zone=BERLIN)
    assert [zone_of(when.form) for when in (there, Every(5) | there, Every(5) & there, there - Every(5))] == [BERLIN] * 4
    assert zone_of((Every(5) - there).form) == "UTC"


def test_equal_schedules_are_one_key() -> None:
    assert (
        len({Cron("@daily"), Cron("@daily"), Cron("@daily", zone=BERLIN), Every("1m"), Every(60), Every(timedelta(minutes=1))})
        == 3
    )
    assert Cron("@daily") != "@daily"
    assert repr(Every(60)) == '<When {"kind":"every","interval":60.0}>'


WRONG: list[tuple[Any, str]] = [
    (lambda: Cron(5), "Cron.*Expected `str`, got `int`"),  # type: ignore[arg-type]
    (lambda: Cron(""), "Cron.*length >= 1"),
    (lambda: Cron("@daily", skipped_time="before"), "Cron.*Invalid enum value 'before'"),  # type: ignore[arg-type]
    (lambda: Every(0), r"Every\(0\): an interval is in seconds, 1 to"),
    (lambda: Every(-5), r"Every\(-5\)"),
    (lambda: Every(float("nan")), r"Every\(nan\)"),
    (lambda: Every("5 minutes"), "begins no number with a unit"),
    (lambda: Every(None), "Every.*Expected `float`"),  # type: ignore[arg-type]
    (lambda: Every(5, start=datetime(2026, 1, 1)), "datetime with a time zone"),  # noqa: DTZ001 - the fault
    (lambda: Every(5, start=datetime(1969, 1, 1, tzinfo=UTC)), "from 1970 on"),
    (lambda: Sun("sunset", latitude=91, longitude=0), r"latitude=91\): it is in degrees, -90 to 90"),
    (lambda: Sun("sunset", latitude=0, longitude=-180.5), r"longitude=-180.5\): it is in degrees, -180 to 180"),
    (lambda: Sun("moonrise", latitude=0, longitude=0), "Invalid enum value 'moonrise'"),  # type: ignore[arg-type]
    (lambda: Dates([]), "length >= 1"),
    (lambda: Dates(["2026-12-24"]), "list of dates and datetimes"),  # type: ignore[list-item]
    (lambda: Dates(date(2026, 12, 24)), "list of dates and datetimes"),  # type: ignore[arg-type]
    (lambda: Cron("@daily") | "@hourly", r"write text as Cron\('@hourly'\)"),  # type: ignore[operator]
]


@pytest.mark.parametrize("make, sentence", WRONG)
def test_a_schedule_that_cannot_be_is_refused_where_it_is_written(make: Any, sentence: str) -> None:
    with pytest.raises(InvalidSchedule, match=sentence):
        make()


def test_a_schedule_of_too_many_parts_is_refused() -> None:
    with pytest.raises(InvalidSchedule, match="at most"):
        reduce(operator.sub, [Every(60 + number) for number in range(MAX_MEMBERS)])


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["kind", "of", "without", "line"]), inner, max_size=4)
    ),
    max_leaves=8,
)


@given(JSON)
def test_what_is_no_form_is_refused_with_a_sentence(plain: Any) -> None:
    with pytest.raises(InvalidSchedule):
        read_form(plain)


def test_a_form_of_a_foreign_client_is_read_and_checked() -> None:
    assert read_form({"kind": "every", "interval": 5}) == Every(5).form
    for wrong in ({"kind": "every", "interval": 0}, {"kind": "every", "interval": 5, "of": 1}, {"kind": "never"}):
        with pytest.raises(InvalidSchedule):
            read_form(wrong)
    deep: Any = {"kind": "every", "interval": 5}
    for _ in range(5_000):
        deep = {"kind": "any", "of": [deep]}
    with pytest.raises(InvalidSchedule):
        read_form(deep)
