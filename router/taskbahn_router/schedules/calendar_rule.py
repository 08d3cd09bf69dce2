"""The times of a recurrence rule of RFC 5545. dateutil computes its walls; a rule that has none ends after bounded work.

dateutil walks from DTSTART on, and looks for a day that never comes until the year 9999. So it starts shortly before the moment that
is asked for, and 7,600 years later: the calendar is the same again after 400 years, and less than 400 are left.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime, time, timedelta
from typing import TYPE_CHECKING, NamedTuple

from dateutil.rrule import rrulestr

from taskbahn.errors import InvalidSchedule
from taskbahn.protocol.limit_kinds import short
from taskbahn_router.schedules.times import EARLIEST, LATEST, Search, WallTimes
from taskbahn_router.schedules.zones import Clocks, clocks_of

if TYPE_CHECKING:
    from taskbahn.protocol.schedules import CalendarForm

YEARS_LATER = 7_600
MOST_TIMES = 1_000  # COUNT of a rule
LONGEST_INTERVAL = 1_000
UNSAID = datetime(1980, 1, 1)  # noqa: DTZ001 - what clocks show
MONTHS_OF = {"MONTHLY": 1, "YEARLY": 12}
DAYS_OF = {"DAILY": 1, "WEEKLY": 7}
DAY_PARTS = {"BYDAY", "BYMONTHDAY", "BYYEARDAY", "BYWEEKNO"}
PARTS = {"FREQ", "INTERVAL", "COUNT", "UNTIL", "WKST", "BYSETPOS", "BYMONTH", "BYHOUR", "BYMINUTE", "BYSECOND", *DAY_PARTS}
START = re.compile(r"DTSTART:([0-9]{8}(?:T[0-9]{6})?)", re.ASCII)
UNTIL = re.compile(r"([0-9]{8})(?:T([0-9]{6})(Z?))?", re.ASCII)


class Rule(NamedTuple):
    """parts: by name, as they are written.   start: DTSTART, None if it is not said."""

    parts: dict[str, str]
    start: datetime | None


class CalendarTimes(WallTimes):
    """The times of a rule. A time that clocks skip fires right after the gap, the first one of a time that they show twice."""

    def __init__(self, form: CalendarForm) -> None:
        self.rule = read_rule(form.rule)
        clocks = clocks_of(form.zone)
        super().__init__(clocks, self._listed_wall if "COUNT" in self.rule.parts else self._next_wall)
        parts = {name: value for name, value in self.rule.parts.items() if name != "UNTIL"}
        self._text = ";".join(f"{name}={value}" for name, value in parts.items())
        self._interval = int(parts.get("INTERVAL", 1))
        self._start = self.rule.start or UNSAID
        self._end = _until(self.rule.parts["UNTIL"], clocks) if "UNTIL" in self.rule.parts else None
        try:
            built = rrulestr(self._text, dtstart=_later(self._start))
        except (ValueError, TypeError, KeyError, AttributeError) as error:
            raise InvalidSchedule(
                f"rule {short(form.rule)}: {str(error)[:100]}; it is a rule of RFC 5545, as FREQ=WEEKLY;BYDAY=MO,FR"
            ) from None
        self._walls = [_sooner(wall) for wall in built] if "COUNT" in parts else []

    def after(self, moment: datetime, search: Search) -> datetime | None:
        """As `Times.after`."""
        found = super().after(moment, search)
        return None if found is None or (self._end is not None and found > self._end) else found

    def _listed_wall(self, wall: datetime) -> datetime | None:
        return next((one for one in self._walls if one > wall), None)

    def _next_wall(self, wall: datetime) -> datetime | None:
        rule = rrulestr(self._text, dtstart=_later(self._start_before(wall)))
        found: datetime | None = rule.after(_later(wall))
        return None if found is None else _sooner(found)

    def _start_before(self, wall: datetime) -> datetime:
        """Return a start with the same times after *wall*, some periods of the rule before it."""
        start, frequency = self._start, self.rule.parts["FREQ"]
        if frequency in DAYS_OF:
            period = DAYS_OF[frequency] * self._interval
            return start + timedelta(days=max(0, (wall - start).days // period - 2) * period)
        period = MONTHS_OF[frequency] * self._interval
        months = (wall.year - start.year) * 12 + wall.month - start.month
        for periods in range(max(0, months // period - 2), 0, -1):
            year, month = divmod(start.year * 12 + start.month - 1 + periods * period, 12)
            try:
                return start.replace(year=year, month=month + 1)
            except ValueError:  # the month is too short for the day of the start
                continue
        return start


def read_rule(text: str) -> Rule:
    """Read a rule; raises InvalidSchedule with the position of what is wrong."""
    start, parts = None, dict[str, str]()
    for line in re.finditer(r"\S+", text):
        if line[0].upper().startswith("DTSTART"):
            start = _start(text, line)
            continue
        prefix = len("RRULE:") if line[0].upper().startswith("RRULE:") else 0
        if parts or (":" in line[0] and not prefix):
            raise _wrong(
                text, line.start(), "takes one RRULE and a DTSTART; join rules with |, and take dates away with - Dates([...])"
            )
        at = line.start() + prefix
        for part in line[0][prefix:].upper().split(";"):
            name, _, value = part.partition("=")
            _check_part(text, at, part, parts)
            parts[name] = value
            at += len(part) + 1
    _check_parts(text, parts, is_started=start is not None)
    return Rule(parts, start)


def _start(text: str, line: re.Match[str]) -> datetime:
    found = START.fullmatch(line[0].upper())
    wall = _wall(found[1] if found else "")
    if wall is None or not EARLIEST.year <= wall.year < LATEST.year:
        raise _wrong(text, line.start(), "DTSTART is as DTSTART:20260105T090000, on the clocks of the schedule's zone=")
    return wall


def _check_part(text: str, at: int, part: str, parts: dict[str, str]) -> None:
    name, _, value = part.partition("=")
    if name not in PARTS or not value or name in parts:
        raise _wrong(text, at, f"{short(part)} is no part of a rule, or there twice; parts are {', '.join(sorted(PARTS))}")
    if name == "FREQ" and value not in {*DAYS_OF, *MONTHS_OF}:
        raise _wrong(text, at, f"{short(part)}: it is YEARLY, MONTHLY, WEEKLY or DAILY; for shorter times write Every or Cron")
    for bounded, most in (("COUNT", MOST_TIMES), ("INTERVAL", LONGEST_INTERVAL)):
        if name == bounded and not (re.fullmatch(r"[0-9]{1,4}", value) and 1 <= int(value) <= most):
            raise _wrong(text, at, f"{short(part)}: it is 1 to {most:,}")


def _check_parts(text: str, parts: dict[str, str], *, is_started: bool) -> None:
    if "FREQ" not in parts:
        raise InvalidSchedule(f"rule {short(text)} has no FREQ; write it as FREQ=WEEKLY;BYDAY=MO,FR;BYHOUR=9")
    counts = [name for name in ("COUNT", "INTERVAL") if name in parts]
    if not is_started and counts:
        raise InvalidSchedule(
            f"rule {short(text)}: {counts[0]} counts from a start; write a line DTSTART:20260105T090000 before the rule"
        )
    if not is_started and parts["FREQ"] != "DAILY" and not DAY_PARTS & set(parts):
        raise InvalidSchedule(
            f"rule {short(text)} does not say on which day; add BYDAY or BYMONTHDAY, or a line DTSTART:20260105T090000"
        )


def _until(value: str, clocks: Clocks) -> datetime:
    found = UNTIL.fullmatch(value)
    wall = _wall(value.removesuffix("Z"))
    if found is None or wall is None or not EARLIEST.year <= wall.year < LATEST.year:
        raise InvalidSchedule(f"UNTIL={short(value)}: it is as 20261231, 20261231T180000 or 20261231T180000Z (UTC)")
    if found[3]:
        return wall.replace(tzinfo=UTC)
    last = wall if found[2] else datetime.combine(wall.date(), time.max)
    return last.replace(tzinfo=clocks.zone).astimezone(UTC)


def _wall(text: str) -> datetime | None:
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        return None


def _later(wall: datetime) -> datetime:
    return wall.replace(year=wall.year + YEARS_LATER)


def _sooner(wall: datetime) -> datetime:
    return wall.replace(year=wall.year - YEARS_LATER)


def _wrong(text: str, at: int, why: str) -> InvalidSchedule:
    return InvalidSchedule(f"rule {short(text)}, position {at + 1}: {why}", position=at + 1)
