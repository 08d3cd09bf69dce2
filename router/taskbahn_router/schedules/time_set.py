"""A schedule's times, made from the form in which they travel."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from taskbahn.errors import InvalidSchedule
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
from taskbahn_router.schedules.combined import AllTimes, AnyTimes, ExceptTimes
from taskbahn_router.schedules.cron import CronTimes
from taskbahn_router.schedules.plain_times import DatesTimes, DaysTimes, EveryTimes, has_days
from taskbahn_router.schedules.times import LATEST, Search, Times

if TYPE_CHECKING:
    from collections.abc import Iterator


class TimeSet:
    """The times of a form, in UTC; raises InvalidSchedule for a form that is wrong."""

    def __init__(self, form: WhenForm) -> None:
        self._times = _times(form)

    def after(self, moment: datetime) -> datetime | None:
        """Return the first time later than *moment*, None if there is none.

        Raises InvalidSchedule if a combination has none among `STEPS` candidates.
        """
        return self._after(moment, Search())

    def between(self, since: datetime, until: datetime) -> Iterator[datetime]:
        """Yield the times later than *since*, up to *until* itself; each as bounded as `after`."""
        found = self.after(since)
        while found is not None and found <= until:
            yield found
            found = self.after(found)

    def next(self, moment: datetime, count: int) -> list[datetime]:
        """Return the next times, at most *count*; fewer if there are no more, or if the search for all of them ends.

        Raises InvalidSchedule if there is none.
        """
        search, found = Search(), list[datetime]()
        try:
            while len(found) < count and (one := self._after(found[-1] if found else moment, search)) is not None:
                found.append(one)
        except InvalidSchedule:
            if not found:
                raise
        if not found:
            raise InvalidSchedule(f"the schedule never fires after {moment.astimezone(UTC):%Y-%m-%d %H:%M} UTC; change its times")
        return found

    def _after(self, moment: datetime, search: Search) -> datetime | None:
        return self._times.after(moment, search) if moment < LATEST else None


def _times(form: WhenForm, *, whole_days: bool = False) -> Times:
    """Return the times of a form.   whole_days: a day of a list is all of its moments, not the first."""
    match form:
        case CronForm():
            return CronTimes(form)
        case EveryForm():
            return EveryTimes(form)
        case DatesForm():
            return DaysTimes(form) if whole_days else DatesTimes(form)
        case SunForm():
            from taskbahn_router.schedules.sun import SunTimes  # late: few schedules need the sun

            return SunTimes(form)
        case CalendarForm():
            from taskbahn_router.schedules.calendar_rule import CalendarTimes  # late, likewise

            return CalendarTimes(form)
        case AnyForm():
            return AnyTimes([_times(member, whole_days=whole_days) for member in form.of])
        case AllForm():
            only_days = not whole_days and all(
                map(_may_be_days, form.of)
            )  # then those of the first one fire at their first moments
            return AllTimes([_times(member, whole_days=bool(place) or not only_days) for place, member in enumerate(form.of)])
        case ExceptForm():
            return ExceptTimes(_times(form.of, whole_days=whole_days), _times(form.without, whole_days=True))


def _may_be_days(form: WhenForm) -> bool:
    match form:
        case DatesForm():
            return has_days(form)
        case AnyForm():
            return any(map(_may_be_days, form.of))
        case AllForm():
            return all(map(_may_be_days, form.of))
        case ExceptForm():
            return _may_be_days(form.of)
        case _:
            return False
