"""What the row of a schedule says: what holds of declaration and changes, its times, and the call of a due time."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import msgspec

from taskbahn.errors import InvalidSchedule
from taskbahn.protocol import messages
from taskbahn.protocol.schedules import read_form, zone_of
from taskbahn.protocol.scheduling import ScheduleSpec, read_spec
from taskbahn_router.core.firings import ScheduleRow

if TYPE_CHECKING:
    from taskbahn_router.schedules.time_set import TimeSet

# What knows calendars is imported where it is used: only a node with schedules pays for that.
TEMPLATE = re.compile(r'(?P<quote>\\*")?\{@(?P<name>due|last_success)(?::(?P<format>[^{}"\\]{1,100}))?\}(?P<end>(?P=quote))?')
UNKNOWN = re.compile(r"\{@(?P<name>[^{}]{0,50})\}")
REMEMBERED = 10_000  # sets of times


class NextFiring(msgspec.Struct, frozen=True):
    """A due time, and when it fires."""

    due: float
    at: float


@lru_cache(maxsize=REMEMBERED)
def effective(declared: str | None, changed: str | None) -> ScheduleSpec:
    """Return what holds: what was set at run time, and what code declares besides."""
    fields = {**(messages.from_json(declared) if declared else {}), **(messages.from_json(changed) if changed else {})}
    return msgspec.convert(fields, ScheduleSpec)


def spec_of(row: ScheduleRow) -> ScheduleSpec:
    """Return what holds of a schedule."""
    return effective(row.declared, row.changed)


def fields_of(plain: Any) -> dict[str, Any]:
    """Return the fields of a schedule after the checks of their forms, its times included; raises InvalidSchedule."""
    spec = read_spec(plain)
    following(spec, "x", 0.0)  # a line that cannot be parsed is found here
    fields: dict[str, Any] = msgspec.to_builtins(spec)
    return fields


@lru_cache(maxsize=REMEMBERED)
def times_of(when: str) -> TimeSet:
    """Return the times of a form, which is given as JSON."""
    from taskbahn_router.schedules.time_set import TimeSet

    return TimeSet(read_form(messages.from_json(when)))


def following(spec: ScheduleSpec, id: str, moment: float) -> NextFiring | None:
    """Return the first firing of a schedule due later than a moment; None: there is none."""
    return _following(messages.to_json(spec.when), spec.start, spec.end, spec.jitter, id if spec.jitter else "", moment)


@lru_cache(maxsize=REMEMBERED)
def _following(when: str, start: float | None, end: float | None, jitter: float, id: str, moment: float) -> NextFiring | None:
    from taskbahn_router.schedules.timetable import Timetable

    table = Timetable(id, times_of(when), _date(start), _date(end), None, timedelta(seconds=jitter))
    found = table.after(datetime.fromtimestamp(moment, UTC))
    return None if found is None else NextFiring(found.due.timestamp(), found.at.timestamp())


def _date(moment: float | None) -> datetime | None:
    return None if moment is None else datetime.fromtimestamp(moment, UTC)


def call_of(spec: ScheduleSpec, due: float, last_success: float | None) -> dict[str, Any]:
    """Return the entry of a submission for a due time: `{@due}` and `{@last_success}` in its texts are these times.

    They are ISO 8601 on the clocks of the schedule's zone, or as a format says, as in `{@due:%Y-%m-%d}`. A text that is nothing but a
    time which does not exist becomes null.
    """
    packed = messages.to_json(spec.call)
    if "{@" not in packed:
        return spec.call
    zone = ZoneInfo(zone_of(read_form(spec.when)))
    times = {"due": due, "last_success": last_success}

    def filled(found: re.Match[str]) -> str:
        moment = times[found["name"]]
        quote, end = found["quote"] or "", found["end"] or ""
        if moment is None:
            return "null" if quote and end else f"{quote}{end}"
        local = datetime.fromtimestamp(moment, zone)
        return f"{quote}{local.strftime(found['format']) if found['format'] else local.isoformat()}{end}"

    call: dict[str, Any] = messages.from_json(TEMPLATE.sub(filled, packed))
    return call


def check_templates(spec: ScheduleSpec) -> None:
    """Raise InvalidSchedule for a template that no time fills."""
    left = UNKNOWN.search(TEMPLATE.sub("", messages.to_json(spec.call)))
    if left is not None:
        raise InvalidSchedule(
            f"{left[0]} is no time of a schedule: {{@due}} and {{@last_success}} are, with a format after a colon"
        )
