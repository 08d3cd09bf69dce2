"""Times without a calendar: intervals and lists of dates."""

from __future__ import annotations

from bisect import bisect_right
from datetime import UTC, date, datetime, time, timedelta
from typing import TYPE_CHECKING

from taskbahn.errors import InvalidSchedule
from taskbahn_router.schedules.times import ANY, EARLIEST, LATEST, MINUTE, SECOND, Search, WallTimes
from taskbahn_router.schedules.zones import EPOCH, TICK, Clocks, clocks_of

if TYPE_CHECKING:
    from taskbahn.protocol.schedules import DatesForm, EveryForm


class EveryTimes:
    """One time after each interval, of elapsed time."""

    def __init__(self, form: EveryForm) -> None:
        self._interval = timedelta(seconds=form.interval)
        self._start = EPOCH + timedelta(seconds=form.start or 0.0)
        whole = [timedelta(seconds=grain) for grain in (MINUTE, SECOND)]
        fitting = [one for one in whole if not self._interval % one and not (self._start - EPOCH) % one]
        self.grain = int(fitting[0].total_seconds()) if fitting else ANY

    def after(self, moment: datetime, search: Search) -> datetime | None:
        """As `Times.after`."""
        moment = max(moment, EARLIEST - TICK, self._start - TICK)
        found = self._start + ((moment - self._start) // self._interval + 1) * self._interval
        return found if found < LATEST else None

    def covered_until(self, moment: datetime, grain: int) -> datetime:
        """As `Times.covered_until`: not known."""
        return moment


class DatesTimes:
    """Moments that are listed; a day is its first moment."""

    grain = ANY

    def __init__(self, form: DatesForm) -> None:
        clocks = clocks_of(form.zone)
        self.moments = sorted({_moment(text, clocks) for text in form.dates})

    def after(self, moment: datetime, search: Search) -> datetime | None:
        """As `Times.after`."""
        place = bisect_right(self.moments, moment)
        return self.moments[place] if place < len(self.moments) else None

    def covered_until(self, moment: datetime, grain: int) -> datetime:
        """As `Times.covered_until`: not known."""
        return moment


class DaysTimes:
    """Moments that are listed; a day is all of its moments, for they are taken from other times, or are those of them that stay."""

    grain = ANY

    def __init__(self, form: DatesForm) -> None:
        clocks = clocks_of(form.zone)
        self._spans: list[tuple[datetime, datetime]] = []
        for begin, end in sorted(_span(text, clocks) for text in form.dates):
            if self._spans and begin <= self._spans[-1][1]:
                self._spans[-1] = self._spans[-1][0], max(end, self._spans[-1][1])
            elif begin < end:
                self._spans.append((begin, end))
        self._ends = [end for _, end in self._spans]

    def after(self, moment: datetime, search: Search) -> datetime | None:
        """As `Times.after`."""
        following = moment + TICK
        place = bisect_right(self._ends, following)
        return max(following, self._spans[place][0]) if place < len(self._spans) else None

    def covered_until(self, moment: datetime, grain: int) -> datetime:
        """As `Times.covered_until`: to the end of its days."""
        place = bisect_right(self._ends, moment)
        return self._spans[place][1] if place < len(self._spans) and self._spans[place][0] <= moment else moment


def _span(text: str, clocks: Clocks) -> tuple[datetime, datetime]:
    """Return the first moment of a day and that after its last, which are the same for a day that the clocks skip; or of a moment."""
    begin = _moment(text, clocks)
    if not _is_day(text):
        return begin, begin + TICK
    after = date.fromisoformat(text) + timedelta(days=1)
    return begin, LATEST if after >= LATEST.date() else _moment(after.isoformat(), clocks)


def _is_day(text: str) -> bool:
    return len(text) == len("2026-12-24")


def has_days(form: DatesForm) -> bool:
    """Return whether some of the dates are days, without a time."""
    return any(map(_is_day, form.dates))


def _moment(text: str, clocks: Clocks) -> datetime:
    try:
        day = _is_day(text) and date.fromisoformat(text)
        wall = datetime.combine(day, time()) if day else datetime.fromisoformat(text)
    except ValueError:
        raise InvalidSchedule(f"{text!r} is no date; write 2026-12-24, 2026-12-24T18:00 or 2026-12-24T18:00+01:00") from None
    if wall.tzinfo is None:
        found = WallTimes(clocks, lambda before: wall if before < wall else None).after(EARLIEST, Search())
    else:
        found = wall.astimezone(UTC)
    if found is None or not EARLIEST <= found < LATEST:
        raise InvalidSchedule(f"the date {text} is too far away; times are from {EARLIEST.year} to {LATEST.year - 1}")
    return found
