"""The clocks of a time zone: which moments a time on them is, where they skip one, and where they show one twice."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo, available_timezones

from taskbahn.errors import InvalidSchedule, did_you_mean
from taskbahn.protocol.limit_kinds import short

if TYPE_CHECKING:
    from collections.abc import Iterable

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
TICK = timedelta(microseconds=1)
MACHINES_OWN = {"localtime", "posixrules", "Factory"}  # names that mean something else on each machine, or nothing


class Clocks:
    """The clocks of one zone. A *wall* is a naive datetime, what they show; a moment is a datetime in UTC."""

    def __init__(self, zone: ZoneInfo) -> None:
        self.zone = zone

    def offsets(self, wall: datetime) -> tuple[timedelta, timedelta]:
        """Return two offsets from UTC: the larger one first if clocks show *wall* twice, the smaller one first if they skip it."""
        return self._offset(wall), self._offset(wall.replace(fold=1))

    def _offset(self, wall: datetime) -> timedelta:
        return self.zone.utcoffset(wall) or timedelta()

    def change(self, wall: datetime, offsets: tuple[timedelta, timedelta]) -> datetime:
        """Return the moment of the change for which clocks skip *wall*, or show it twice, with its *offsets*."""
        before, after = offsets
        low, high = sorted((_seconds(wall - before), _seconds(wall - after)))
        low, high = low - 1, high + 1
        while high - low > 1:
            middle = (low + high) // 2
            if datetime.fromtimestamp(middle, self.zone).utcoffset() == before:
                low = middle
            else:
                high = middle
        return EPOCH + timedelta(seconds=high)


def _seconds(utc: datetime) -> int:
    return (utc.replace(tzinfo=UTC) - EPOCH) // timedelta(seconds=1)


@lru_cache(maxsize=1_000)
def clocks_of(name: str) -> Clocks:
    """Return the clocks of a zone of the tz database; raises InvalidSchedule."""
    known = zone_names()
    if name not in known:
        hint = _in_a_region(name, known) or did_you_mean(name, known)
        raise InvalidSchedule(
            f"there is no time zone {short(name)}{hint}; zones are named as in Europe/Berlin, or UTC", zone=name[:100]
        )
    return Clocks(ZoneInfo(name))


@lru_cache(maxsize=1)
def zone_names() -> frozenset[str]:
    """Return the names of all zones."""
    return frozenset(available_timezones() - MACHINES_OWN)


def _in_a_region(name: str, known: Iterable[str]) -> str:
    """Return a hint at the zone of a city that is named alone."""
    found = sorted(zone for zone in known if zone.rpartition("/")[2].lower() == name.strip().replace(" ", "_").lower())
    return f" (did you mean {found[-1]!r}?)" if found else ""
