"""A schedule's times as an English sentence."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from cronsim import CronSim

from taskbahn.protocol.schedules import (
    AllForm,
    AnyForm,
    CalendarForm,
    CronForm,
    DatesForm,
    EveryForm,
    ExceptForm,
    SunForm,
    WhenForm,
)
from taskbahn_router.schedules.cron_line import read_line
from taskbahn_router.schedules.rule_words import rule_words, series

if TYPE_CHECKING:
    from collections.abc import Sequence

UNITS = ((86_400, "day"), (3_600, "hour"), (60, "minute"), (1, "second"))
EXAMPLE = datetime(2000, 1, 1)  # noqa: DTZ001 - CronSim wants a time, and explains without it
SKIPPED = {"after": "", "never": ", not at a time that clocks skip"}
REPEATED = {
    "first": "",
    "second": ", at the second of a time that clocks show twice",
    "both": ", at both of a time that clocks show twice",
}
OTHER = re.compile(r"\bevery second (?=second|minute|hour|day|month)")
MOST_DATES = 3  # that a sentence names


def words_of(form: WhenForm) -> str:
    """Return a form in words, which is known to be right: `at 03:00 on weekdays, Europe/Berlin`."""
    match form:
        case CronForm():
            return f"{_line(form.line)}{SKIPPED[form.skipped_time]}{REPEATED[form.repeated_time]}, {form.zone}"
        case EveryForm():
            return _interval(form)
        case SunForm():
            return _sun(form)
        case CalendarForm():
            return f"{rule_words(form.rule)}, {form.zone}"
        case DatesForm():
            return _dates(form)
        case AnyForm():
            return ", or ".join(_members(form.of))
        case AllForm():
            return ", and only ".join(_members(form.of))
        case ExceptForm():
            return ", except ".join(_members((form.of, form.without)))


def _members(forms: Sequence[WhenForm]) -> list[str]:
    return [f"({words_of(one)})" if isinstance(one, AnyForm | AllForm | ExceptForm) else words_of(one) for one in forms]


def _line(text: str) -> str:
    line = read_line(text)
    said = CronSim(line.expression, EXAMPLE).explain()
    said = OTHER.sub("every other ", said[0].lower() + said[1:])
    said = said.replace("Monday through Friday", "weekdays").replace("Saturday and Sunday", "weekends")
    if not line.nearest:
        return said
    nearest = "the weekday nearest day " + series([str(day) for day in sorted(line.nearest)], "or")
    if line.only_nearest:  # CronSim explains the `L` that is in its place
        return said.replace("the last day", nearest, 1)
    return f"{said}, and on {nearest} of the month"


def _interval(form: EveryForm) -> str:
    left, parts = form.interval, list[str]()
    for seconds, unit in UNITS:
        count, left = divmod(left, seconds) if seconds > 1 else (left, 0.0)
        if count:
            parts.append(unit if count == 1 and not parts and not left else f"{count:g} {unit}{'s' * (count != 1)}")
    start = "" if form.start is None else f", from {datetime.fromtimestamp(form.start, UTC):%Y-%m-%d %H:%M:%S} UTC on"
    return f"every {series(parts)}{start}"


def _sun(form: SunForm) -> str:
    name, _, twilight = form.event.partition("_")
    latitude = f"{abs(form.latitude):g}° {'N' if form.latitude >= 0 else 'S'}"
    longitude = f"{abs(form.longitude):g}° {'E' if form.longitude >= 0 else 'W'}"
    return f"at {twilight + ' ' if twilight else ''}{name}, {latitude} {longitude}"


def _dates(form: DatesForm) -> str:
    named = [date.replace("T", " at ") for date in sorted(form.dates)]
    if len(named) > MOST_DATES:
        named = [*named[: MOST_DATES - 1], f"{len(named) - MOST_DATES + 1} more"]
    return f"on {series(named)}, {form.zone}"
