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
    """Moments that are listed."""

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


def _moment(text: str, clocks: Clocks) -> datetime:
    try:
        day = len(text) == len("2026-12-24") and date.fromisoformat(text)
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
