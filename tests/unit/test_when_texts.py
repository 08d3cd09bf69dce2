"""What is typed as the times of a schedule: each form as text and as options, and where it is wrong."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

import click
import pytest

from taskbahn import Calendar, Cron, Dates, Every, InvalidSchedule, Sun
from taskbahn.cli.when_options import duration_of, when_of
from taskbahn.schedules.when import When
from taskbahn.schedules.when_text import read_when

BERLIN = "Europe/Berlin"
HOUR = Cron("0 * * * *", zone=BERLIN)


@pytest.mark.parametrize(
    "text, when",
    [
        ("0 3 * * 1-5", Cron("0 3 * * 1-5", zone=BERLIN)),
        ("@daily", Cron("@daily", zone=BERLIN)),
        ("every 1h30m", Every(5400)),
        ("every 15m from 2026-01-05T09:00", Every(900, start=datetime(2026, 1, 5, 8, tzinfo=UTC))),
        ("EVERY 2s from 2026-01-05T09:00+05:00", Every(2, start=datetime(2026, 1, 5, 4, tzinfo=UTC))),
        ("sun sunset 52.5,13.4", Sun("sunset", latitude=52.5, longitude=13.4)),
        ("sun dawn_nautical at -33.9, 151.2", Sun("dawn_nautical", latitude=-33.9, longitude=151.2)),
        ("rrule FREQ=DAILY;BYHOUR=9", Calendar("FREQ=DAILY;BYHOUR=9", zone=BERLIN)),
        (
            "rrule DTSTART:20260105T090000 RRULE:FREQ=DAILY;INTERVAL=2",
            Calendar("DTSTART:20260105T090000\nRRULE:FREQ=DAILY;INTERVAL=2", zone=BERLIN),
        ),
        ("dates 2026-12-24, 2026-12-31T18:00", Dates([date(2026, 12, 24), datetime(2026, 12, 31, 18)], zone=BERLIN)),  # noqa: DTZ001
        (' {"kind": "every", "interval": 60}', Every(60)),
    ],
)
def test_a_text_means_each_kind_of_times(text: str, when: When) -> None:
    assert read_when(text, BERLIN) == when


@pytest.mark.parametrize(
    "text, sentence",
    [
        ("evry 5m", "'evry 5m', position 1: 'evry' is no kind of times (did you mean 'every'?)"),
        ("every 5x", "'every 5x', position 7: '5' at position 1 begins no number with a unit"),
        ("every", "'every', position 6: a duration is seconds"),
        ("every 5m from soon", "'soon' is no time"),
        ("every 5m from 2026-01-01 12:00 Europe", "is no time"),
        ("every 100ms", "an interval is in seconds"),
        ("sun sunsett 1,1", "position 5: 'sunsett' is no event of the sun (did you mean 'sunset'?)"),
        ("sun sunset", "position 11: '' is no place"),
        ("sun sunset 52.5", "'52.5' is no place"),
        ("sun sunset 52.5,east", "'52.5,east' is no place"),
        ("sun sunset 152.5,1", "latitude"),
        ("dates 2026-12-24, 2026-13-01", "position 19: '2026-13-01' is no date"),
        ("dates", "Dates"),
        ("{", "is no JSON"),
        ('{"kind": "never"}', "when: "),
        ("", "Cron"),
    ],
)
def test_a_text_that_means_no_times_says_where_it_is_wrong(text: str, sentence: str) -> None:
    with pytest.raises(InvalidSchedule) as refused:
        read_when(text)
    assert sentence in refused.value.message


def test_a_zone_that_this_machine_lacks_is_said() -> None:
    with pytest.raises(InvalidSchedule, match="there is no time zone 'Europe/Atlantis' here"):
        read_when("every 5m from 2026-01-01", "Europe/Atlantis")


@pytest.mark.parametrize(
    "given, when",
    [
        ({"every": "15m"}, Every(900)),
        ({"every": "15m", "start_of": "2026-01-01"}, Every(900, start=datetime(2026, 1, 1, tzinfo=UTC))),
        ({"sun": "noon", "place": "1.5,2"}, Sun("noon", latitude=1.5, longitude=2)),
        ({"rule": "FREQ=DAILY"}, Calendar("FREQ=DAILY")),
        ({"dates": "2026-12-24"}, Dates([date(2026, 12, 24)])),
        ({"form": '{"kind": "every", "interval": 9}'}, Every(9)),
        ({"every": "1h", "also": ("every 7h",), "only": ("@daily", "@hourly"), "without": ("@monthly",)},
         ((Every(3600) | Every(25200)) & Cron("@daily") & Cron("@hourly")) - Cron("@monthly")),
    ],
)  # fmt: skip
def test_options_say_when_as_texts_do(given: dict[str, Any], when: When) -> None:
    assert when_of(None, given) == when


def test_the_clocks_of_lines_go_to_all_of_them() -> None:
    given = {"zone": BERLIN, "skipped_time": "never", "repeated_time": "both", "without": ("30 2 * * SUN",)}
    clocks: dict[str, Any] = {"zone": BERLIN, "skipped_time": "never", "repeated_time": "both"}
    assert when_of("30 2 * * *", given) == Cron("30 2 * * *", **clocks) - Cron("30 2 * * SUN", **clocks)


@pytest.mark.parametrize(
    "text, given, sentence",
    [
        ("* * * * *", {"every": "5m"}, "--every and WHEN each say when"),
        (None, {"every": "5m", "dates": "2026-12-24"}, "--every and --dates"),
        (None, {"zone": "UTC"}, "--zone belongs to a time"),
        (None, {"without": ("@daily",)}, "--except belongs to a time"),
        ("* * * * *", {"start_of": "2026-01-01"}, "--from belongs to --every"),
        (None, {"every": "5m", "place": "1,1"}, "--at belongs to --sun"),
        (None, {"sun": "noon"}, "--sun needs the place"),
    ],
)
def test_options_that_do_not_go_together_are_refused(text: str | None, given: dict[str, Any], sentence: str) -> None:
    with pytest.raises(click.UsageError) as refused:
        when_of(text, given)
    assert sentence in refused.value.message


def test_a_place_that_is_none_names_its_option() -> None:
    with pytest.raises(InvalidSchedule, match="--at: 'Berlin' is no place"):
        when_of(None, {"sun": "noon", "place": "Berlin"})


def test_nothing_given_is_no_time() -> None:
    assert when_of(None, {}) is None


def test_durations_are_seconds_or_have_units() -> None:
    option = click.Option(["--jitter"])
    context = click.Context(click.Command("x"))
    assert [duration_of(context, option, text) for text in (None, "90", "1.5", "1h30m")] == [None, 90.0, 1.5, 5400.0]
    with pytest.raises(click.BadParameter, match="position 3"):
        duration_of(context, option, "1s x")
