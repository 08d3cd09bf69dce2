"""When a schedule fires, as it is typed: a cron line, `every 15m`, `sun sunset 52.5,13.4`, `rrule FREQ=…`, `dates 2026-12-24`, or JSON."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Any, get_args
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import msgspec

from taskbahn.errors import InvalidSchedule, did_you_mean
from taskbahn.protocol.durations import parse_duration
from taskbahn.protocol.limit_kinds import short
from taskbahn.protocol.schedules import SunEvent, read_form
from taskbahn.schedules.when import Calendar, Cron, Dates, Every, Sun, When

if TYPE_CHECKING:
    from collections.abc import Callable

KIND = re.compile(r"\s*([A-Za-z_]+)(?:\s+|$)")
FROM = re.compile(r"\s+from\s+")
PLACE = re.compile(r"\s*(?:at\s+)?(\S+?)\s*,\s*(\S+)\s*")
WORD = re.compile(r"[^\s,]+")
EVENTS = get_args(SunEvent)
FORMS = "write a cron line, or `every 15m`, `sun sunset 52.5,13.4`, `rrule FREQ=…`, `dates 2026-12-24,…`, or a form as JSON"


def read_when(text: str, zone: str = "UTC", **clocks: Any) -> When:
    """Return what a text means, on the clocks of *zone*; raises InvalidSchedule with the position of what is wrong.

    clocks: `skipped_time` and `repeated_time` of a cron line, whose fields the router checks.
    """
    if text.lstrip().startswith("{"):
        return when_of_json(text)
    kind = KIND.match(text)
    if kind is None:
        return Cron(text, zone=zone, **clocks)
    read = KINDS.get(kind[1].lower())
    if read is None:
        hint = did_you_mean(kind[1].lower(), KINDS)
        raise wrong(text, kind.start(1), f"{short(kind[1])} is no kind of times{hint}; {FORMS}")
    return read(text, kind.end(), zone)


def when_of_json(text: str) -> When:
    """Return the times of a form that is JSON; docs/schedules.md has the fields of each kind."""
    try:
        plain = msgspec.json.decode(text)
    except msgspec.DecodeError as error:
        raise InvalidSchedule(f"{short(text)} is no JSON: {error}") from None
    made = When()
    made.form = read_form(plain)
    return made


def _every(text: str, at: int, zone: str) -> When:
    interval, *start = FROM.split(text[at:], maxsplit=1)
    try:
        seconds = parse_duration(interval.strip())
    except ValueError as error:
        raise wrong(text, at, str(error)) from None
    began = moment_of(start[0].strip(), zone) if start else None
    return Every(seconds, start=began)


def _sun(text: str, at: int, _: str) -> When:
    event = WORD.match(text, at)
    name = event[0] if event else ""
    if name not in EVENTS:
        raise wrong(text, at, f"{short(name)} is no event of the sun{did_you_mean(name, EVENTS)}; it is {', '.join(EVENTS)}")
    return sun_at(name, text[at + len(name) :], wrong_at=lambda why: wrong(text, at + len(name), why))


def sun_at(event: Any, place: str, wrong_at: Callable[[str], InvalidSchedule]) -> When:
    """Return when the sun does something at a place, as in `52.5,13.4`."""
    found = PLACE.fullmatch(place)
    try:
        if found is None:
            raise ValueError  # noqa: TRY301 - as what is no number
        latitude, longitude = float(found[1]), float(found[2])
    except ValueError:
        raise wrong_at(f"{short(place.strip())} is no place; write latitude and longitude in degrees, as in 52.5,13.4") from None
    return Sun(event, latitude=latitude, longitude=longitude)


def _rule(text: str, at: int, zone: str) -> When:
    return Calendar("\n".join(text[at:].split()), zone=zone)


def _dates(text: str, at: int, zone: str) -> When:
    return Dates([_date(text, found) for found in WORD.finditer(text, at)], zone=zone)


def _date(text: str, found: re.Match[str]) -> date | datetime:
    word = found[0]
    try:
        return date.fromisoformat(word) if len(word) == len("2026-12-24") else datetime.fromisoformat(word)
    except ValueError:
        raise wrong(
            text, found.start(), f"{short(word)} is no date; write 2026-12-24, 2026-12-24T18:00 or 2026-12-24T18:00+01:00"
        ) from None


def moment_of(text: str, zone: str) -> datetime:
    """Return a time that is typed as 2026-12-24T18:00, on the clocks of *zone* if it has no offset; raises InvalidSchedule."""
    try:
        found = datetime.fromisoformat(text)
        return found if found.tzinfo is not None else found.replace(tzinfo=UTC if zone == "UTC" else ZoneInfo(zone))
    except ZoneInfoNotFoundError:
        raise InvalidSchedule(
            f"there is no time zone {short(zone)} here; write {text} with its offset, as in {text}+01:00"
        ) from None
    except ValueError:
        raise InvalidSchedule(f"{short(text)} is no time; write 2026-12-24, 2026-12-24T18:00 or 2026-12-24T18:00+01:00") from None


def wrong(text: str, at: int, why: str) -> InvalidSchedule:
    """Return the error for what is wrong at a place of a text."""
    return InvalidSchedule(f"{short(text)}, position {at + 1}: {why}", position=at + 1)


KINDS: dict[str, Callable[[str, int, str], When]] = {"every": _every, "sun": _sun, "rrule": _rule, "dates": _dates}
