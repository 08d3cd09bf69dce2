"""What all kinds of times have in common: the next one after a moment, found with a bounded number of steps."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Protocol

from taskbahn.errors import InvalidSchedule
from taskbahn_router.schedules.zones import TICK, Clocks

if TYPE_CHECKING:
    from collections.abc import Callable

    from taskbahn.protocol.schedules import RepeatedTime, SkippedTime

EARLIEST = datetime(1980, 1, 1, tzinfo=UTC)  # no time is before it, and none is from `LATEST` on
LATEST = datetime(2300, 1, 1, tzinfo=UTC)
STEPS = 2_000  # candidates that one search looks at
MINUTE, SECOND, ANY = 60, 1, 0  # grains


class Search:
    """The steps that a search has left; all parts of a combination share them."""

    def __init__(self, steps: int = STEPS) -> None:
        self.left = steps

    def step(self, moment: datetime) -> None:
        """Count a candidate; raises InvalidSchedule when there have been too many."""
        self.left -= 1
        if self.left < 0:
            raise InvalidSchedule(
                f"the schedule never fires: no time fits all of its parts up to {moment:%Y-%m-%d %H:%M} UTC, where the search ends "
                f"after {STEPS:,} candidates; change one of them, or leave it out"
            )


class Times(Protocol):
    """A set of moments, at least a microsecond from each other.

    grain: all of them are at whole minutes of the clocks (`MINUTE`), at whole seconds, or at any time.
    """

    grain: int

    def after(self, moment: datetime, search: Search) -> datetime | None:
        """Return the first time later than *moment*, None if there is none."""

    def covered_until(self, moment: datetime, grain: int) -> datetime:
        """Return until when each minute, or second, from *moment* on is one of the times; *moment* itself if that is not known."""


def has(times: Times, moment: datetime, search: Search) -> bool:
    """Return whether a moment is one of the times."""
    return times.after(moment - TICK, search) == moment


class WallTimes:
    """Times that clocks show.

    wall_after: the next wall that fires, however clocks are changed.   skipped: whether a wall that clocks skip fires after the gap.
    repeated: at which of two moments a wall fires that clocks show twice.
    """

    grain = SECOND

    def __init__(
        self,
        clocks: Clocks,
        wall_after: Callable[[datetime], datetime | None],
        skipped: SkippedTime = "after",
        repeated: RepeatedTime = "first",
    ) -> None:
        self.clocks = clocks
        self._wall_after = wall_after
        self._skipped = skipped
        self._repeated = repeated

    def after(self, moment: datetime, search: Search) -> datetime | None:
        """As `Times.after`."""
        moment = max(moment, EARLIEST - TICK)
        local = moment.astimezone(self.clocks.zone)
        wall = local.replace(tzinfo=None, fold=0)
        offsets = self.clocks.offsets(wall)
        if offsets[0] <= offsets[1]:  # shown once, so a wall of which one moment is over has none to come
            return self._first(moment, wall, is_second=self._repeated == "second")
        change = self.clocks.change(wall, offsets).replace(tzinfo=None)
        found = []
        if self._repeated != "second":  # all walls of the repeated hour were over at the change
            found.append(self._first(moment, change + offsets[0] - TICK if local.fold else wall, is_second=False))
        if self._repeated != "first":  # all of them are still to come before it
            found.append(self._first(moment, wall if local.fold else change + offsets[1] - TICK, is_second=True))
        return min((one for one in found if one is not None), default=None)

    def _first(self, moment: datetime, wall: datetime | None, *, is_second: bool) -> datetime | None:
        """Return the first time later than *moment*, of a wall later than *wall*."""
        while wall is not None and (wall := self._wall_after(wall)) is not None:
            offsets = self.clocks.offsets(wall)
            if offsets[0] < offsets[1]:
                found = self.clocks.change(wall, offsets)
                if self._skipped == "never":
                    wall = found.replace(tzinfo=None) + offsets[1] - TICK
                    continue
            else:
                found = (wall - offsets[is_second]).replace(tzinfo=UTC)
            if found >= LATEST:
                return None
            if found > moment:
                return found
        return None

    def covered_until(self, moment: datetime, grain: int) -> datetime:
        """As `Times.covered_until`: not known."""
        return moment
