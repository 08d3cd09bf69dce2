"""Options of `taskbahn schedules add`, `edit` and `preview` that say when a schedule fires."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar, get_args

import click

from taskbahn.errors import InvalidSchedule
from taskbahn.protocol.schedules import RepeatedTime, SkippedTime, SunEvent
from taskbahn.schedules.when_text import moment_of, read_when, sun_at, when_of_json

if TYPE_CHECKING:
    from collections.abc import Callable

    from taskbahn.schedules.when import When

F = TypeVar("F", bound="Callable[..., Any]")

FIRST = {"every": "--every", "sun": "--sun", "rule": "--rrule", "dates": "--dates", "form": "--when-json"}
FORM_OF_DURATION = "a duration is seconds, or as in 90s, 15m, 1h30m"
WHEN_HELP = """\b
WHEN is a cron line: minute, hour, day of month, month, day of week; with six
fields, the first is the second. Or it is `every 15m`, `sun sunset 52.5,13.4`,
`rrule FREQ=WEEKLY;BYDAY=MO`, `dates 2026-12-24,2027-01-01T18:00`, or JSON, as
--or, --and and --except take it, too."""

OPTIONS = (
    click.option("--zone", help="The time zone of WHEN, such as Europe/Berlin.  [default: UTC]"),
    click.option("--every", metavar="DURATION", help="In place of WHEN: a time after each interval, such as 15m."),
    click.option("--from", "start_of", metavar="TIME", help="The first time of --every, from which all count."),
    click.option("--sun", type=click.Choice(get_args(SunEvent)), help="In place of WHEN: what the sun does, --at a place."),
    click.option("--at", "place", metavar="LATITUDE,LONGITUDE", help="Where --sun is, in degrees north and east."),
    click.option("--rrule", "rule", metavar="RULE", help="In place of WHEN: a rule of RFC 5545, such as FREQ=MONTHLY;BYDAY=-1FR."),
    click.option("--dates", metavar="DATE,...", help="In place of WHEN: these days, at midnight, and times."),
    click.option("--when-json", "form", metavar="JSON", help="In place of WHEN: a form, as docs/schedules.md has them."),
    click.option("--or", "also", metavar="WHEN", multiple=True, help="The times of this one, too; repeatable."),
    click.option("--and", "only", metavar="WHEN", multiple=True, help="Of these times those that this one has, too; repeatable."),
    click.option("--except", "without", metavar="WHEN", multiple=True, help="None of the times of this one; repeatable."),
    click.option("--skipped-time", type=click.Choice(get_args(SkippedTime)), help="Of a cron line: a time that clocks skip."),
    click.option("--repeated-time", type=click.Choice(get_args(RepeatedTime)), help="Of a cron line: a time that clocks show twice."),
)  # fmt: skip
NAMES = ("zone", *FIRST, "start_of", "place", "also", "only", "without", "skipped_time", "repeated_time")


def when_options(command: F) -> F:
    """Add the options that say when."""
    for option in reversed(OPTIONS):
        command = option(command)
    return command


def taken(words: dict[str, Any]) -> dict[str, Any]:
    """Take these options out of the arguments of a command, without those that are left out."""
    return {name: value for name in NAMES if (value := words.pop(name)) not in (None, ())}


def has_first(given: dict[str, Any]) -> bool:
    """Return whether an option is in place of WHEN."""
    return not FIRST.keys().isdisjoint(given)


def when_of(text: str | None, given: dict[str, Any]) -> When | None:
    """Return when a schedule fires: WHEN or what is in its place, with `--or`, then `--and`, then `--except`.

    Returns None if nothing is given.  Raises click.UsageError for options that do not go together, InvalidSchedule for what they say.
    """
    firsts = [FIRST[name] for name in FIRST if name in given] + ([] if text is None else ["WHEN"])
    if len(firsts) > 1:
        raise click.UsageError(
            f"{firsts[0]} and {firsts[1]} each say when: give one of them, and the other by --or, --and or --except"
        )
    if not firsts:
        if given:
            raise click.UsageError(f"--{_option(next(iter(given)))} belongs to a time: give WHEN, or {', '.join(FIRST.values())}")
        return None
    _check_companions(firsts[0], given)
    zone = given.get("zone", "UTC")
    clocks: dict[str, Any] = {name: given[name] for name in ("skipped_time", "repeated_time") if name in given}
    when = _first(text, given, zone, clocks)
    for also in given.get("also", ()):
        when |= read_when(also, zone, **clocks)
    for only in given.get("only", ()):
        when &= read_when(only, zone, **clocks)
    for without in given.get("without", ()):
        when -= read_when(without, zone, **clocks)
    return when


def _first(text: str | None, given: dict[str, Any], zone: str, clocks: dict[str, Any]) -> When:
    if "every" in given:
        since = f" from {given['start_of']}" if "start_of" in given else ""
        return read_when(f"every {given['every']}{since}", zone)
    if "sun" in given:
        return sun_at(given["sun"], given["place"], lambda why: InvalidSchedule(f"--at: {why}"))
    if "rule" in given:
        return read_when(f"rrule {given['rule']}", zone)
    if "dates" in given:
        return read_when(f"dates {given['dates']}", zone)
    return when_of_json(given["form"]) if "form" in given else read_when(text or "", zone, **clocks)


def _check_companions(first: str, given: dict[str, Any]) -> None:
    for name, companion, option in (("start_of", "--every", "--from"), ("place", "--sun", "--at")):
        if name in given and first != companion:
            raise click.UsageError(f"{option} belongs to {companion}")
    if first == "--sun" and "place" not in given:
        raise click.UsageError("--sun needs the place: --at LATITUDE,LONGITUDE, as in --at 52.5,13.4")


def _option(name: str) -> str:
    return {"also": "or", "only": "and", "without": "except", "start_of": "from", "place": "at"}.get(name, name).replace("_", "-")


def duration_of(_context: click.Context, option: click.Parameter, value: str | None) -> float | None:
    """Return the seconds of a duration: 90, 90s, 1h30m."""
    return None if value is None else seconds_in(option.opts[0], value)


def seconds_in(option: str, text: str) -> float:
    """Return the seconds of a duration that an option has."""
    from taskbahn.protocol.durations import parse_duration

    try:
        return float(text) if text.replace(".", "", 1).isdigit() else parse_duration(text)
    except ValueError as error:
        raise click.BadParameter(f"{text!r}: {error}", param_hint=option) from None


def bound_of(text: str, zone: str) -> float | None:
    """Return a time in seconds since the epoch; None for `none`."""
    return None if text == "none" else moment_of(text, zone).timestamp()
