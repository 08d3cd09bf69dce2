"""What clocks of a zone show, by walking all minutes: slow, and so plain that it is right. Schedules are compared with it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from functools import lru_cache
from itertools import pairwise
from typing import NamedTuple
from zoneinfo import ZoneInfo

MINUTE = timedelta(minutes=1)
STEP = timedelta(days=7)
FIRST, LAST = datetime(1980, 2, 1, tzinfo=UTC), datetime(2040, 1, 1, tzinfo=UTC)


class Line(NamedTuple):
    """A cron line, and what it says."""

    text: str
    minutes: frozenset[int]
    hours: frozenset[int]
    days: frozenset[int]  # of the week, Monday is 0
    is_fixed: bool
    dates: frozenset[int] = frozenset(range(1, 32))  # of the month
    months: frozenset[int] = frozenset(range(1, 13))
    is_either: bool = False  # whether a day fits by its date or by its weekday

    def fires(self, wall: datetime) -> bool:
        fits = (wall.day in self.dates, wall.weekday() in self.days)
        is_day = any(fits) if self.is_either else all(fits)
        return is_day and wall.minute in self.minutes and wall.hour in self.hours and wall.month in self.months


@lru_cache(maxsize=700)
def changes(zone: str, since: datetime = FIRST, until: datetime = LAST) -> list[datetime]:
    """Return the moments at which clocks of a zone are changed."""
    found, clocks = [], ZoneInfo(zone)
    while since < until:
        if since.astimezone(clocks).utcoffset() != (since + STEP).astimezone(clocks).utcoffset():
            low, high = since, since + STEP
            while high - low > MINUTE:
                middle = low + (high - low) // MINUTE // 2 * MINUTE
                if middle.astimezone(clocks).utcoffset() == since.astimezone(clocks).utcoffset():
                    low = middle
                else:
                    high = middle
            found.append(high)
        since += STEP
    return found


@lru_cache(maxsize=16)
def walk(zone: str, since: datetime, until: datetime) -> list[tuple[datetime, datetime]]:
    """Return each minute, and what clocks show then."""
    clocks = ZoneInfo(zone)
    minutes = (since + MINUTE * number for number in range((until - since) // MINUTE))
    return [(moment, moment.astimezone(clocks).replace(tzinfo=None, fold=0)) for moment in minutes]


def firings(line: Line, zone: str, since: datetime, until: datetime, skipped: str, repeated: str) -> list[datetime]:
    """Return when a line fires from *since* on, before *until*; both are whole minutes, and neither is near a change of the clocks."""
    steps = walk(zone, since, until)
    if not line.is_fixed:
        return [moment for moment, wall in steps if line.fires(wall)]
    shown: dict[datetime, list[datetime]] = {}
    for moment, wall in steps:
        if line.fires(wall):
            shown.setdefault(wall, []).append(moment)
    found = set()
    for moments in shown.values():
        found |= set({"first": moments[:1], "second": moments[-1:], "both": moments}[repeated])
    for (_, before), (moment, wall) in pairwise(steps):
        gap = (before + MINUTE * number for number in range(1, (wall - before) // MINUTE))
        if skipped == "after" and any(line.fires(one) for one in gap):
            found.add(moment)
    return sorted(found)
