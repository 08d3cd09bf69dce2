"""The times of one schedule: from its start to its end, so often, each moved by its jitter."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, NamedTuple

from taskbahn_router.schedules.zones import EPOCH, TICK

if TYPE_CHECKING:
    from taskbahn_router.schedules.time_set import TimeSet


class Due(NamedTuple):
    """A firing.  due: its time, by which it is known.   at: when it is to happen, later by the jitter."""

    due: datetime
    at: datetime


@dataclass(frozen=True)
class Timetable:
    """*times* of the schedule *id*.

    start, end: no due time is before, or after; both may be one.   most: how often it fires in all.   jitter: the longest.
    """

    id: str
    times: TimeSet
    start: datetime | None = None
    end: datetime | None = None
    most: int | None = None
    jitter: timedelta = timedelta()

    def after(self, moment: datetime, fired: int = 0) -> Due | None:
        """Return the first firing due later than *moment*; fired: how often it has.  Raises InvalidSchedule as `TimeSet.after`."""
        if self.most is not None and fired >= self.most:
            return None
        due = self.times.after(moment if self.start is None else max(moment, self.start - TICK))
        if due is None or (self.end is not None and due > self.end):
            return None
        return Due(due, due + self._delay(due))

    def _delay(self, due: datetime) -> timedelta:
        """Return the jitter of a due time, the same each time, and shorter than the time to the next one."""
        if not self.jitter:
            return timedelta()
        following = self.times.after(due)
        longest = self.jitter if following is None else min(self.jitter, following - due)
        digest = hashlib.blake2b(f"{self.id} {(due.astimezone(UTC) - EPOCH) // TICK}".encode(), digest_size=8).digest()
        return timedelta(microseconds=int.from_bytes(digest) * (longest // TICK) >> 64)
