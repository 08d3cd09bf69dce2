"""Times of several sets: of any, of all, of one without those of another."""

from __future__ import annotations

from typing import TYPE_CHECKING

from taskbahn_router.schedules.times import Search, Times, has
from taskbahn_router.schedules.zones import TICK

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime


class AnyTimes:
    """The times of all members."""

    def __init__(self, members: Sequence[Times]) -> None:
        self._members = members
        self.grain = min(times.grain for times in members)

    def after(self, moment: datetime, search: Search) -> datetime | None:
        """As `Times.after`."""
        return min((found for times in self._members if (found := times.after(moment, search)) is not None), default=None)

    def covered_until(self, moment: datetime, grain: int) -> datetime:
        """As `Times.covered_until`."""
        return max(times.covered_until(moment, grain) for times in self._members)


class AllTimes:
    """The times that all members have."""

    def __init__(self, members: Sequence[Times]) -> None:
        self._members = members
        self.grain = max(times.grain for times in members)

    def after(self, moment: datetime, search: Search) -> datetime | None:
        """As `Times.after`: the latest of the members' next times is the earliest that all may have."""
        latest = moment + TICK
        while True:
            for times in self._members:
                found = times.after(latest - TICK, search)
                if found != latest:
                    break
            else:
                return latest
            if found is None:
                return None
            search.step(found)
            latest = found

    def covered_until(self, moment: datetime, grain: int) -> datetime:
        """As `Times.covered_until`."""
        return min(times.covered_until(moment, grain) for times in self._members)


class ExceptTimes:
    """The times of one that another does not have."""

    def __init__(self, times: Times, without: Times) -> None:
        self._times = times
        self._without = without
        self.grain = times.grain

    def after(self, moment: datetime, search: Search) -> datetime | None:
        """As `Times.after`."""
        found = self._times.after(moment, search)
        while found is not None and has(self._without, found, search):
            search.step(found)
            covered = self._without.covered_until(found, self.grain)
            found = self._times.after(max(found, covered - TICK), search)
        return found

    def covered_until(self, moment: datetime, grain: int) -> datetime:
        """As `Times.covered_until`: not known."""
        return moment
