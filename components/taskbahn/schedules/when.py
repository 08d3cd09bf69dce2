"""`When`: sets of times as data. The router computes the times, so that a client needs no library that knows calendars."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, Any, NoReturn

import msgspec

from taskbahn.errors import InvalidSchedule
from taskbahn.protocol.durations import parse_duration
from taskbahn.protocol.limit_kinds import short
from taskbahn.protocol.schedules import (
    AllForm,
    AnyForm,
    CalendarForm,
    CronForm,
    DatesForm,
    EveryForm,
    ExceptForm,
    RepeatedTime,
    SkippedTime,
    SunEvent,
    SunForm,
    WhenForm,
    check_form,
    zone_of,
)

if TYPE_CHECKING:
    from collections.abc import Iterable


class When:
    """A set of times: `a | b` has those of both, `a & b` what is in both, `a - b` those of `a` that `b` does not have.

    A day of `Dates` is all of that day in `a & b`, and as `b` of `a - b`.   form: as it travels.  Two are equal if their forms are.
    """

    __slots__ = ("form",)
    form: WhenForm

    def __or__(self, other: When, /) -> When:
        a, b = _both(self, "|", other)
        return _made(AnyForm(of=_members(AnyForm, a, b)))

    def __and__(self, other: When, /) -> When:
        a, b = _both(self, "&", other)
        return _made(AllForm(of=_members(AllForm, a, b)))

    def __sub__(self, other: When, /) -> When:
        a, b = _both(self, "-", other)
        return _made(ExceptForm(of=a, without=b))

    def __eq__(self, other: object) -> bool:
        return isinstance(other, When) and self.form == other.form

    def __hash__(self) -> int:
        return hash(self.form)

    def __repr__(self) -> str:
        return f"<When {msgspec.json.encode(self.form).decode()}>"


class Cron(When):
    """The times of a cron line: `Cron("0 3 * * 1-5", zone="Europe/Berlin")`.

    line: minute, hour, day of month, month, day of week; a sixth field before them is the second; or `@daily` and the like.
    skipped_time: a time that a change of the clocks skips fires right after the gap, or never.   repeated_time: which of two
    times fires when clocks go back. Both are for lines with a fixed hour; others fire at each real time that fits.
    Raises InvalidSchedule here for a wrong type; what the line says is checked by the router.
    """

    __slots__ = ()

    def __init__(
        self, line: str, /, *, zone: str = "UTC", skipped_time: SkippedTime = "after", repeated_time: RepeatedTime = "first"
    ) -> None:
        self.form = _checked(CronForm(line=line, zone=zone, skipped_time=skipped_time, repeated_time=repeated_time), "Cron")


class Every(When):
    """One time after each interval: `Every("15m")`.

    interval: seconds, a timedelta, or text such as `"1h30m"`; at least a second.   start: the first time, from which all count, a
    datetime with a zone; without it they count from the start of 1970 in UTC, so that `Every("1h")` is each full hour of UTC.
    """

    __slots__ = ()

    def __init__(self, interval: float | timedelta | str, /, *, start: datetime | None = None) -> None:
        self.form = _checked(EveryForm(interval=_seconds(interval), start=_began(start)), "Every")


class Sun(When):
    """What the sun does at a place, each day on which it does it: `Sun("sunset", latitude=52.5, longitude=13.4)`.

    event: dawn and dusk are civil, the sun 6° below the horizon; `_nautical` 12°, `_astronomical` 18°.   latitude, longitude: degrees,
    north and east positive.
    """

    __slots__ = ()

    def __init__(self, event: SunEvent, /, *, latitude: float, longitude: float) -> None:
        self.form = _checked(SunForm(event=event, latitude=latitude, longitude=longitude), "Sun")


class Calendar(When):
    """The times of a recurrence rule as calendars have it (RFC 5545): `Calendar("FREQ=MONTHLY;BYDAY=-1FR;BYHOUR=18")`.

    rule: an RRULE that is yearly, monthly, weekly or daily; a line `DTSTART:20260105T090000` before it says from when it counts.
    """

    __slots__ = ()

    def __init__(self, rule: str, /, *, zone: str = "UTC") -> None:
        self.form = _checked(CalendarForm(rule=rule, zone=zone), "Calendar")


class Dates(When):
    """These times, in any order: `Dates([date(2026, 12, 24), datetime(2026, 12, 31, 18)], zone="Europe/Berlin")`.

    dates: a date is its midnight, or the whole day if it is taken from other times.   zone: for dates, and for datetimes that have
    none; None: that of what it is combined with, or UTC.
    """

    __slots__ = ("_has_zone",)

    def __init__(self, dates: Iterable[date | datetime], /, *, zone: str | None = None) -> None:
        self._has_zone = zone is not None
        self.form = _checked(DatesForm(dates=_texts(dates), zone="UTC" if zone is None else zone), "Dates")

    def in_zone_of(self, other: When) -> WhenForm:
        """Return its form, in the zone of another if it has none."""
        assert isinstance(self.form, DatesForm)  # noqa: S101 - it is made here
        return self.form if self._has_zone else msgspec.structs.replace(self.form, zone=zone_of(other.form))


def form_of(when: When | str, zone: str | None) -> WhenForm:
    """Return what a user wrote as `when`, as it travels; text is a cron line in *zone*. Raises InvalidSchedule."""
    if isinstance(when, str):
        return Cron(when, zone=zone or "UTC").form
    if not isinstance(when, When):
        raise InvalidSchedule(f"when = {short(when)}: it is a cron line, or a When such as Every('1h')")
    return when.form


def _both(when: When, operator: str, other: Any) -> tuple[WhenForm, WhenForm]:
    if not isinstance(other, When):
        raise InvalidSchedule(f"{when!r} {operator} {short(other)}: both are a When; write text as Cron({short(other)})")
    return _beside(when, other), _beside(other, when)


def _beside(when: When, other: When) -> WhenForm:
    return when.in_zone_of(other) if isinstance(when, Dates) else when.form


def _members(kind: type[AnyForm | AllForm], *given: WhenForm) -> tuple[WhenForm, ...]:
    members: list[WhenForm] = []
    for form in given:
        members += form.of if isinstance(form, kind) else (form,)
    return tuple(members)


def _made(form: WhenForm) -> When:
    made = When()
    made.form = _checked(form, "When")
    return made


def _checked(form: Any, name: str) -> Any:
    """Return a form if it is one; raises InvalidSchedule."""
    try:
        form = msgspec.convert(msgspec.to_builtins(form), type(form))
    except (msgspec.ValidationError, TypeError) as error:
        raise InvalidSchedule(f"{name}(...): {error}") from None
    check_form(form)
    return form


def _seconds(interval: Any) -> float:
    if isinstance(interval, timedelta):
        return interval.total_seconds()
    if isinstance(interval, str):
        try:
            return parse_duration(interval)
        except ValueError as error:
            raise InvalidSchedule(f"Every({short(interval)}): {error}") from None
    return interval  # type: ignore[no-any-return]  # `_checked` looks at its type


def _began(start: Any) -> float | None:
    if start is None:
        return None
    if not isinstance(start, datetime) or start.tzinfo is None:
        raise InvalidSchedule(f"Every(start={short(start)}): it is a datetime with a time zone, as datetime.now(UTC) is")
    return start.timestamp()


def _texts(dates: Any) -> tuple[str, ...]:
    try:
        return tuple(one.isoformat() if isinstance(one, date) else _refuse(one) for one in dates)
    except TypeError:
        return _refuse(dates)


def _refuse(given: Any) -> NoReturn:
    raise InvalidSchedule(f"Dates({short(given)}): it takes a list of dates and datetimes")
