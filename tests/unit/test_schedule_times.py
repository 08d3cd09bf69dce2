"""Times of each kind and their combinations, what is refused, and what that costs."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta, timezone
from itertools import pairwise
from typing import Any
from zoneinfo import ZoneInfo

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from taskbahn import Calendar, Cron, Dates, Every, InvalidSchedule, Sun, When
from taskbahn.protocol.schedules import CronForm, read_form
from taskbahn_router.schedules.time_set import TimeSet
from taskbahn_router.schedules.timetable import Timetable

BERLIN = "Europe/Berlin"
NOW = datetime(2026, 11, 30, 1, 30, tzinfo=UTC)
AUTUMN = datetime(2026, 10, 24, 20, tzinfo=UTC)  # clocks in Berlin are set back at 01:00 UTC of the next day
HALF = timedelta(hours=12)


def times(when: When) -> TimeSet:
    return TimeSet(read_form(msgspec.json.decode(msgspec.json.encode(when.form))))


def following(when: When, count: int = 3, after: datetime = NOW) -> list[str]:
    return [f"{moment:%Y-%m-%d %H:%M:%S}".removesuffix(":00") for moment in times(when).next(after, count)]


def all_between(when: When, since: datetime, until: datetime) -> list[datetime]:
    found: list[datetime] = []
    try:
        found.extend(times(when).between(since, until))
    except InvalidSchedule as error:
        assert "never fires" in error.message  # noqa: PT017 - it may, after the last of these times
    return found


LEAVES = st.sampled_from(
    [
        Cron("*/5 * * * *", zone=BERLIN),
        Cron("0 2 * * *", zone=BERLIN, repeated_time="both"),
        Cron("*/30 1-3 * * *", zone=BERLIN, repeated_time="second"),
        Cron("* 2-9 * * *", zone=BERLIN),
        Cron("* * * * SUN"),
        Cron("*/15 * * * SAT", zone="America/New_York"),
        Every("10m"),
        Every("45m", start=datetime(2026, 10, 25, 0, 30, tzinfo=UTC)),
        Dates([datetime(2026, 10, 25, hour, 30) for hour in range(5)], zone=BERLIN),  # noqa: DTZ001 - as a user writes it
        Sun("sunrise", latitude=52.5, longitude=13.4),
    ]
)


def combined(parts: st.SearchStrategy[tuple[When, Any]]) -> st.SearchStrategy[tuple[When, Any]]:
    """Combine two that are known, each with the set of its times."""
    both = st.tuples(parts, parts, st.sampled_from("|&-"))
    return both.map(lambda made: (eval("a " + made[2] + " b", {"a": made[0][0], "b": made[1][0]}), (made[2], made[0], made[1])))  # noqa: S307


def model(made: tuple[When, Any], known: dict[When, set[datetime]]) -> set[datetime]:
    when, parts = made
    if parts is None:
        if when not in known:
            known[when] = set(times(when).between(AUTUMN, AUTUMN + HALF))
        return known[when]
    operator, first, second = parts
    a, b = model(first, known), model(second, known)
    return a | b if operator == "|" else a & b if operator == "&" else a - b


KNOWN: dict[When, set[datetime]] = {}


@settings(max_examples=60)
@given(st.recursive(LEAVES.map(lambda leaf: (leaf, None)), combined, max_leaves=5))
def test_a_combination_has_the_times_that_sets_have(made: tuple[When, Any]) -> None:
    assert all_between(made[0], AUTUMN, AUTUMN + HALF) == sorted(model(made, KNOWN))


DAYS = st.lists(st.dates(date(2026, 10, 23), date(2026, 10, 28)), min_size=1, max_size=4)
LINES = st.sampled_from(["0 0 * * *", "30 2 * * *", "0 */7 * * *", "59 23 * * *"])


@given(DAYS, LINES, st.sampled_from([BERLIN, "UTC", "Pacific/Apia", "America/St_Johns", "Asia/Beirut"]))
def test_days_taken_from_other_times_are_whole_days_of_their_zone(days: list[date], line: str, zone: str) -> None:
    since, until = datetime(2026, 10, 22, tzinfo=UTC), datetime(2026, 10, 30, tzinfo=UTC)
    line_times, listed = Cron(line, zone=BERLIN), Dates([*days, datetime(2026, 10, 25, 0, 30, tzinfo=UTC)], zone=zone)
    every = all_between(line_times, since, until)
    inside = [one for one in every if one.astimezone(ZoneInfo(zone)).date() in days or f"{one:%d %H:%M}" == "25 00:30"]
    assert all_between(line_times & listed, since, until) == inside
    assert all_between(listed & line_times, since, until) == inside
    assert all_between(line_times - listed, since, until) == [one for one in every if one not in inside]
    assert all_between(line_times & (listed | Every("2h")), since, until) == [
        one for one in every if one in inside or (one.minute == 0 and one.hour % 2 == 0)
    ]


def test_days_are_midnights_where_they_fire_by_themselves() -> None:
    day, other = Dates([date(2026, 12, 25)]), Dates([date(2026, 12, 25), date(2026, 12, 31)])
    assert following(day | other) == ["2026-12-25 00:00", "2026-12-31 00:00"]
    assert following(other & other) == following(other)
    assert following(other - day) == ["2026-12-31 00:00"]
    assert following((other | Every("12h")) & day) == ["2026-12-25 00:00", "2026-12-25 12:00"]


def test_days_of_no_zone_are_in_that_of_their_neighbour() -> None:
    christmas, nightly = Dates([date(2026, 12, 25)]), Cron("30 0 * * *", zone=BERLIN)
    for when in (nightly - christmas, christmas & nightly, nightly | christmas, Every("1h") & nightly & christmas):
        assert '"dates":["2026-12-25"],"zone":"Europe/Berlin"' in repr(when)
    assert '"dates":["2026-12-25"]}' in repr(nightly - Dates([date(2026, 12, 25)], zone="UTC")), "which UTC is, as it says"
    assert following(nightly & christmas) == ["2026-12-24 23:30"]


def test_a_year_of_days_counts_as_few_candidates() -> None:
    year = Dates([date(2027, 1, 1) + timedelta(days=day) for day in range(365)])
    assert following(Every("1s") - year, 1, datetime(2027, 1, 1, tzinfo=UTC)) == ["2028-01-01 00:00"]
    assert following(Every("1s") & year, 1) == ["2027-01-01 00:00"]


@pytest.mark.parametrize(
    "line, expected",
    [
        ("0 0 15W * *", ["2026-12-15 00:00", "2027-01-15 00:00", "2027-02-15 00:00"]),
        ("0 0 1W,31W * *", ["2026-12-01 00:00", "2026-12-31 00:00", "2027-01-01 00:00"]),
        ("0 0 LW 1 *", ["2027-01-29 00:00", "2028-01-31 00:00", "2029-01-31 00:00"]),
        ("0 0 L,15W 2 *", ["2027-02-15 00:00", "2027-02-28 00:00", "2028-02-15 00:00"]),
        ("0 0 * * FRIL", ["2026-12-25 00:00", "2027-01-29 00:00", "2027-02-26 00:00"]),
        ("0 0 * * mon#2", ["2026-12-14 00:00", "2027-01-11 00:00", "2027-02-08 00:00"]),
        ("0 0 13 * FRI", ["2026-12-04 00:00", "2026-12-11 00:00", "2026-12-13 00:00"]),
        ("0 12 * * FRI-MON", ["2026-11-30 12:00", "2026-12-04 12:00", "2026-12-05 12:00"]),
        ("0 0 * * 7-2", ["2026-12-01 00:00", "2026-12-06 00:00", "2026-12-07 00:00"]),
        ("0 22-2/2 * * *", ["2026-11-30 02:00", "2026-11-30 22:00", "2026-12-01 00:00"]),
        ("15,45 30 1 * * *", ["2026-11-30 01:30:15", "2026-11-30 01:30:45", "2026-12-01 01:30:15"]),
        ("@weekly", ["2026-12-06 00:00", "2026-12-13 00:00", "2026-12-20 00:00"]),
        ("0 0 29 2 *", ["2028-02-29 00:00", "2032-02-29 00:00", "2036-02-29 00:00"]),
        ("0 0 1 Dec-Jan *", ["2026-12-01 00:00", "2027-01-01 00:00", "2027-12-01 00:00"]),
    ],
)
def test_a_line_fires_on_the_days_that_it_says(line: str, expected: list[str]) -> None:
    assert following(Cron(line)) == expected


def test_a_rare_day_is_found() -> None:
    assert following(Cron("0 0 29 2 *") & Cron("0 0 * * MON")) == ["2044-02-29 00:00", "2072-02-29 00:00", "2112-02-29 00:00"]


@pytest.mark.parametrize(
    "when, expected",
    [
        (Every("10s") - Cron("* * * * * SAT,SUN", zone=BERLIN), "2026-12-06 23:00"),
        (Cron("* * * * *") - Cron("* * * 11-12 *"), "2027-01-01 00:00"),
        (Every(1) - (Cron("* * * * * *", zone=BERLIN) & Cron("* * * 12 *") | Cron("* * * * * *")), None),
        (Every("1m") - Cron("* 2-23 * * *", zone=BERLIN), "2026-12-05 23:00"),
    ],
)
def test_what_is_left_between_long_gaps_is_found(when: When, expected: str | None) -> None:
    saturday = datetime(2026, 12, 5, 12, tzinfo=UTC)
    if expected is None:
        with pytest.raises(InvalidSchedule, match="never fires"):
            following(when, 1, saturday)
    else:
        assert following(when, 1, saturday) == [expected]


NEVER = [
    Cron("0 0 30 2 *"),
    Cron("0 0 31W 2,4 *"),
    Cron("* * */20 * 1L"),
    Cron("@daily") - Cron("@daily"),
    Cron("* * * * * *") - Cron("* * * * * *"),
    Cron("@daily") & Cron("30 * * * *"),
    Every(10) & Cron("5 * * * * *"),
    Calendar("FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30"),
    Calendar("FREQ=DAILY;BYMONTH=2;BYMONTHDAY=30;BYHOUR=1,2,3"),
    Calendar("DTSTART:20260106T090000 FREQ=DAILY;INTERVAL=7;BYDAY=MO"),
    Calendar("FREQ=DAILY;UNTIL=20200101"),
    Dates([date(2020, 1, 1)]),
    Sun("sunrise", latitude=90, longitude=0) & Every("1h"),
]


@pytest.mark.parametrize("when", NEVER)
def test_what_never_fires_is_refused_after_bounded_work(when: When) -> None:
    with pytest.raises(InvalidSchedule, match="never fire"):
        times(when).next(NOW, 10)


WRONG = [
    (Cron("0 25 * * *"), r"position 3: '25' is no hour; it is 0 to 23", 3),
    (Cron("0  3 * * MON-FRX"), r"position 14: 'FRX' is no day of week", 14),
    (Cron("0 3 1,x * *"), r"position 7: 'x' is no day of month", 7),
    (Cron("0 3 , * *"), r"position 5: '' is no day of month", 5),
    (Cron("5/0 * * * *"), r"position 3: a step is 1 or more", 3),
    (Cron("0 3 * *"), r"has 4 fields; write five", None),
    (Cron("@dayly"), r"position 1: '@dayly' is none of @yearly", 1),
    (Cron("0 0 ٣ * *"), r"position 5", 5),
    (Cron("@daily", zone="Europe/Berlim"), r"did you mean 'Europe/Berlin'\?", None),
    (Cron("@daily", zone="New York"), r"did you mean 'America/New_York'\?", None),
    (Cron("@daily", zone="../etc/passwd"), "there is no time zone", None),
    (Calendar("FREQ=HOURLY"), r"position 1: 'FREQ=HOURLY': it is YEARLY, MONTHLY, WEEKLY or DAILY", 1),
    (Calendar("RRULE:FREQ=DAILY;BYDAY=XX"), "rule 'RRULE:FREQ=DAILY;BYDAY=XX'", None),
    (Calendar("FREQ=DAILY;BYEASTER=0"), r"position 12: 'BYEASTER=0' is no part of a rule", 12),
    (Calendar("FREQ=DAILY;COUNT=3"), "COUNT counts from a start", None),
    (Calendar("FREQ=WEEKLY"), "does not say on which day", None),
    (Calendar("DTSTART:yesterday FREQ=DAILY"), "position 1: DTSTART is as", 1),
    (Calendar("EXDATE:20260101T000000 FREQ=DAILY"), r"take dates away with - Dates", 1),
    (Dates([date(1066, 10, 14)]), "too far away", None),
]


@pytest.mark.parametrize("when, sentence, position", WRONG)
def test_what_cannot_be_read_is_refused_where_it_is_wrong(when: When, sentence: str, position: int | None) -> None:
    with pytest.raises(InvalidSchedule, match=sentence) as caught:
        times(when)
    assert caught.value.detail.get("position") == position


@given(st.text(alphabet="0123456789*/-,#LWMONFRI @? \n", max_size=24), st.sampled_from([Cron, Calendar]))
def test_any_text_gives_times_or_a_sentence(text: str, kind: type[Cron]) -> None:
    try:
        found = times(kind(text)).next(NOW, 3)
    except InvalidSchedule as error:
        assert error.message  # noqa: PT017 - either is right
    else:
        assert all(sooner < later for sooner, later in pairwise([NOW, *found]))


@given(
    st.lists(st.sampled_from(["YEARLY", "MONTHLY", "WEEKLY", "DAILY"]), min_size=1, max_size=1),
    st.lists(
        st.sampled_from(
            [
                "BYDAY=MO",
                "BYDAY=-1FR,2TU",
                "BYMONTHDAY=31",
                "BYMONTHDAY=-1,15",
                "BYMONTH=2,6",
                "BYHOUR=2,18",
                "BYYEARDAY=60,-1",
                "BYSETPOS=-1",
                "BYWEEKNO=53",
                "INTERVAL=3",
                "INTERVAL=13",
            ]
        ),
        max_size=3,
        unique_by=lambda part: part.partition("=")[0],
    ),
    st.sampled_from(["20240229T023000", "19991231T120000", "20260131T000000"]),
    st.datetimes(datetime(2026, 1, 1), datetime(2040, 1, 1)).map(lambda wall: wall.replace(tzinfo=UTC)),  # noqa: DTZ001
)
def test_a_rule_has_the_same_times_as_when_read_from_its_start(
    frequency: list[str], parts: list[str], start: str, moment: datetime
) -> None:
    from dateutil.rrule import rrulestr

    rule = ";".join([f"FREQ={frequency[0]}", *parts])
    try:
        found = following(Calendar(f"DTSTART:{start}\nRRULE:{rule}"), 2, moment)
    except InvalidSchedule:
        found = []
    try:
        whole = rrulestr(rule, dtstart=datetime.fromisoformat(start))
    except ValueError:
        assert found == []
    else:
        expected = [one for one in whole.xafter(moment.replace(tzinfo=None), 2) if one.year < 2300]
        assert found == [f"{one:%Y-%m-%d %H:%M:%S}".removesuffix(":00") for one in expected]


@pytest.mark.parametrize(
    "rule, expected",
    [
        ("FREQ=MONTHLY;BYDAY=-1FR;BYHOUR=18", ["2026-12-25 17:00", "2027-01-29 17:00", "2027-02-26 17:00"]),
        ("DTSTART:20260330T023000 FREQ=YEARLY", ["2027-03-30 00:30", "2028-03-30 00:30", "2029-03-30 00:30"]),
        ("DTSTART:20260928T090000 FREQ=WEEKLY;COUNT=11", ["2026-11-30 08:00", "2026-12-07 08:00"]),
        ("FREQ=DAILY;BYHOUR=9;UNTIL=20261201T080000Z", ["2026-11-30 08:00", "2026-12-01 08:00"]),
        ("FREQ=DAILY;BYHOUR=9;UNTIL=20261201", ["2026-11-30 08:00", "2026-12-01 08:00"]),
    ],
)
def test_a_rule_fires_on_the_clocks_of_its_zone(rule: str, expected: list[str]) -> None:
    assert following(Calendar(rule, zone=BERLIN)) == expected


@given(
    st.floats(-80, 80),
    st.floats(-180, 180),
    st.sampled_from(["dawn", "sunrise", "noon", "sunset", "dusk", "dawn_nautical", "dusk_astronomical"]),
    st.datetimes(datetime(2026, 1, 1), datetime(2028, 1, 1)).map(lambda wall: wall.replace(tzinfo=UTC)),  # noqa: DTZ001
)
def test_the_sun_does_a_thing_once_a_day_or_never(latitude: float, longitude: float, event: Any, moment: datetime) -> None:
    try:
        found = times(Sun(event, latitude=latitude, longitude=longitude)).next(moment, 40)
    except InvalidSchedule:
        assert abs(latitude) > 48, "an astronomical dusk is missing in summer from there on"
        return
    assert found[0] > moment
    for sooner, later in pairwise(found):
        assert later - sooner > timedelta(hours=22)
        assert later - sooner < timedelta(hours=26) or abs(latitude) > 48
    assert times(Sun(event, latitude=latitude, longitude=longitude)).after(found[0] - timedelta(microseconds=1)) == found[0]


def test_the_sun_rises_and_sets_when_tables_say() -> None:
    assert following(Sun("sunset", latitude=52.52, longitude=13.41), 1)[0][:16] == "2026-11-30 14:56"
    sydney = following(Sun("sunrise", latitude=-33.87, longitude=151.21), 1)[0]
    assert sydney[:13] == "2026-11-30 18", "05:37 of the next day there"


def test_intervals_count_from_their_start_and_dates_come_in_order() -> None:
    start = datetime(2026, 11, 30, 2, 0, 7, tzinfo=timezone(timedelta(hours=1)))
    assert following(Every("1h30m", start=start), 2) == ["2026-11-30 02:30:07", "2026-11-30 04:00:07"]
    assert following(Every(timedelta(hours=6)), 1) == ["2026-11-30 06:00"]
    christmas = datetime(2026, 12, 24, 18)  # noqa: DTZ001 - on the clocks of the zone
    late = Dates([date(2027, 1, 1), christmas, datetime(2026, 12, 24, 17, tzinfo=UTC)], zone=BERLIN)
    assert following(late) == ["2026-12-24 17:00", "2026-12-31 23:00"], "two of them are the same moment"


def test_a_timetable_keeps_start_end_and_number() -> None:
    hourly = times(Every("1h"))
    table = Timetable("id", hourly, start=NOW + timedelta(hours=2), end=datetime(2026, 11, 30, 5, tzinfo=UTC), most=2)
    first = table.after(NOW)
    assert first is not None
    assert (first.due.hour, first.at) == (4, first.due)
    second = table.after(first.due, fired=1)
    assert second is not None
    assert second.due.hour == 5
    assert table.after(first.due, fired=2) is None
    assert table.after(second.due, fired=1) is None


@given(st.text(min_size=1, max_size=20), st.integers(0, 10**6), st.timedeltas(timedelta(microseconds=1), timedelta(days=3)))
def test_jitter_is_the_same_each_time_and_never_reaches_the_next(id: str, hours: int, jitter: timedelta) -> None:
    table = Timetable(id, times(Every("1h")), jitter=jitter)
    due = table.after(datetime(2000, 1, 1, tzinfo=UTC) + timedelta(hours=hours))
    assert due is not None
    assert due == table.after(due.due - timedelta(microseconds=1))
    assert timedelta() <= due.at - due.due < min(jitter, timedelta(hours=1))


def test_jitter_spreads_schedules_that_are_due_at_once() -> None:
    delays = {Timetable(f"s{n}", times(Every("1h")), jitter=timedelta(minutes=10)).after(NOW) for n in range(50)}
    assert len(delays) == 50


@pytest.mark.parametrize(
    "moment", [datetime(1, 1, 1, tzinfo=UTC), datetime(9999, 12, 31, tzinfo=UTC), datetime(2299, 12, 31, 23, 59, 59, tzinfo=UTC)]
)
@pytest.mark.parametrize(
    "when",
    [
        Cron("@daily", zone="Asia/Tokyo"),
        Every("1d"),
        Sun("noon", latitude=1, longitude=180),
        Calendar("FREQ=DAILY", zone="Asia/Tokyo"),
    ],
)
def test_times_begin_in_1980_and_end_before_2300(when: When, moment: datetime) -> None:
    found = times(when).after(moment)
    assert found is None if moment.year > 1 else found is not None
    assert found is None or found.year in {1979, 1980}


def test_a_fault_in_a_long_line_is_shown_short() -> None:
    for wrong in (Cron("1," * 400 + "x * * * *"), Calendar("FREQ=DAILY;BYHOUR=" + "1," * 400 + "x"), Cron("\0" * 900)):
        with pytest.raises(InvalidSchedule) as caught:
            times(wrong)
        assert len(caught.value.message) < 500


def test_a_range_of_one_value_has_no_step() -> None:
    times = TimeSet(CronForm(line="0 5-5/3 * * *")).next(datetime(2026, 1, 1, tzinfo=UTC), 3)
    assert [(one.day, one.hour) for one in times] == [(1, 5), (2, 5), (3, 5)]


def test_the_weekday_nearest_to_an_end_is_in_its_month() -> None:
    last = TimeSet(CronForm(line="0 9 31W * *")).next(datetime(2026, 5, 1, tzinfo=UTC), 1)  # the 31st is a Sunday
    first = TimeSet(CronForm(line="0 9 1W * *")).next(datetime(2026, 8, 1, tzinfo=UTC), 1)  # the 1st is a Saturday
    assert [(one.month, one.day) for one in (*last, *first)] == [(5, 29), (8, 3)]
