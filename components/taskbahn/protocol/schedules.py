"""When a schedule fires, as it travels: a struct for each kind of times, which the field `kind` names. The router knows their times."""

from __future__ import annotations

from typing import Annotated, Any, Literal

import msgspec

from taskbahn.errors import InvalidSchedule

MAX_LINE = 1_000  # characters of a cron line, and of a rule
MAX_DATES = 1_000
MAX_MEMBERS = 50  # kinds of times in one form
MAX_TIMES = 100  # times in one answer
SHORTEST_INTERVAL = 1.0  # seconds
LONGEST_INTERVAL = 3650 * 86400.0  # seconds
LATITUDE, LONGITUDE = 90, 180  # degrees, the largest

SkippedTime = Literal["after", "never"]
RepeatedTime = Literal["first", "second", "both"]
SunEvent = Literal[
    "dawn", "sunrise", "noon", "sunset", "dusk", "dawn_nautical", "dawn_astronomical", "dusk_nautical", "dusk_astronomical"
]
Text = Annotated[str, msgspec.Meta(min_length=1, max_length=MAX_LINE)]
Zone = Annotated[str, msgspec.Meta(min_length=1, max_length=100)]


class Form(msgspec.Struct, kw_only=True, omit_defaults=True, frozen=True, forbid_unknown_fields=True, tag_field="kind"):
    """A set of times."""


class CronForm(Form, frozen=True, kw_only=True, tag="cron"):
    """The times of a cron line, on the clocks of a zone."""

    line: Text
    zone: Zone = "UTC"
    skipped_time: SkippedTime = "after"
    repeated_time: RepeatedTime = "first"


class EveryForm(Form, frozen=True, kw_only=True, tag="every"):
    """interval: seconds.   start: seconds since the epoch, from which they count; None: from the epoch."""

    interval: float
    start: float | None = None


class SunForm(Form, frozen=True, kw_only=True, tag="sun"):
    """What the sun does at a place.  latitude, longitude: degrees, north and east."""

    event: SunEvent
    latitude: float
    longitude: float


class CalendarForm(Form, frozen=True, kw_only=True, tag="calendar"):
    """The times of a rule of RFC 5545, on the clocks of a zone."""

    rule: Text
    zone: Zone = "UTC"


class DatesForm(Form, frozen=True, kw_only=True, tag="dates"):
    """dates: ISO 8601, each a day (its midnight) or a time, on the clocks of the zone if it has no offset."""

    dates: Annotated[tuple[Annotated[str, msgspec.Meta(max_length=40)], ...], msgspec.Meta(min_length=1, max_length=MAX_DATES)]
    zone: Zone = "UTC"


class AnyForm(Form, frozen=True, kw_only=True, tag="any"):
    """The times of all of them."""

    of: Annotated[tuple[WhenForm, ...], msgspec.Meta(min_length=1, max_length=MAX_MEMBERS)]


class AllForm(Form, frozen=True, kw_only=True, tag="all"):
    """The times that all of them have."""

    of: Annotated[tuple[WhenForm, ...], msgspec.Meta(min_length=1, max_length=MAX_MEMBERS)]


class ExceptForm(Form, frozen=True, kw_only=True, tag="except"):
    """The times of the first that the second does not have."""

    of: WhenForm
    without: WhenForm


WhenForm = CronForm | EveryForm | SunForm | CalendarForm | DatesForm | AnyForm | AllForm | ExceptForm


class ScheduleTimes(msgspec.Struct, kw_only=True, omit_defaults=True):
    """The next times of a schedule.  words: it in English.   times: seconds since the epoch.   local: the same, ISO 8601, in *zone*."""

    words: str
    zone: str
    times: list[float]
    local: list[str]


def read_form(plain: Any) -> WhenForm:
    """Return what travelled as *plain*; raises InvalidSchedule, also for numbers that cannot be."""
    try:
        form: WhenForm = msgspec.convert(plain, WhenForm)
    except (msgspec.ValidationError, RecursionError) as error:
        raise InvalidSchedule(f"when: {error}; docs/schedules.md has each kind with its fields") from None
    check_form(form)
    return form


def check_form(form: WhenForm) -> None:
    """Raise InvalidSchedule for what is wrong with a form at first sight, without a library that knows calendars."""
    members = [form]
    for member in members:
        if isinstance(member, EveryForm):
            _check_interval(member)
        elif isinstance(member, SunForm):
            _check_place(member)
        elif isinstance(member, AnyForm | AllForm):
            members += member.of
        elif isinstance(member, ExceptForm):
            members += (member.of, member.without)
        if len(members) > MAX_MEMBERS:
            raise InvalidSchedule(f"a schedule is made of at most {MAX_MEMBERS} parts; make several schedules of it")


def zone_of(form: WhenForm) -> str:
    """Return the zone in which the times of a form are shown: its own, or that of its first part that has one."""
    match form:
        case CronForm() | CalendarForm() | DatesForm():
            return form.zone
        case AnyForm() | AllForm():
            return next((zone for member in form.of if (zone := zone_of(member)) != "UTC"), "UTC")
        case ExceptForm():
            return zone_of(form.of)
        case _:
            return "UTC"


def _check_interval(form: EveryForm) -> None:
    if not SHORTEST_INTERVAL <= form.interval <= LONGEST_INTERVAL:
        raise InvalidSchedule(
            f"Every({form.interval:g}): an interval is in seconds, {SHORTEST_INTERVAL:g} to {LONGEST_INTERVAL:,.0f} (ten years)"
        )
    if form.start is not None and not 0 <= form.start <= LONGEST_INTERVAL * 30:
        raise InvalidSchedule(f"Every(start={form.start:g}): it is a time from 1970 on, in seconds since then")


def _check_place(form: SunForm) -> None:
    for name, value, largest in (("latitude", form.latitude, LATITUDE), ("longitude", form.longitude, LONGITUDE)):
        if not -largest <= value <= largest:
            raise InvalidSchedule(
                f"Sun({name}={value:g}): it is in degrees, -{largest} to {largest}; north and east are positive"
            )
