"""Minutes on their way into the store: gathered here, handed over once a minute, forgotten when the store has them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from taskbahn_router.metrics.tally import NOTHING, Tallies, Tally, add_to
from taskbahn_router.stores.minutes import MINUTE, minute_of

if TYPE_CHECKING:
    from collections.abc import Iterable

    from taskbahn_router.metrics.recent import Bucket
    from taskbahn_router.stores.minutes import MinuteRow

MOST = 120  # minutes in memory while the store refuses; little happens then, so little is lost


class Minutes:
    """The minutes that the store does not have yet, by task; "" is all tasks together.

    stored: what an earlier dispatcher stored of the minute in which this one began.
    """

    def __init__(self, stored: Iterable[MinuteRow], now: float) -> None:
        self._began_at = minute_of(now)
        self._began: Tallies = {}
        for row in stored:
            add_to(self._began, row.task, Tally.of(row))
        self._open: dict[int, Tallies] = {}
        self._storing: dict[int, Tallies] = {}
        self._again: dict[int, Tallies] = {}  # ends that count no longer; the store knows them by itself

    def add(self, bucket: Bucket) -> None:
        """Take in a closed bucket."""
        at = minute_of(bucket.start)
        tallies = self._open.get(at)
        if tallies is None:
            while len(self._open) >= MOST:
                del self._open[next(iter(self._open))]
            tallies = self._open[at] = {}
        for task, tally in bucket.tasks.items():
            if task:
                add_to(tallies, task, tally)
        add_to(tallies, "", bucket.whole)

    def uncount(self, at: int, task: str, tally: Tally) -> None:
        """Count jobs no longer that ended in a minute, and began again."""
        for name in (task, "") if task else ("",):
            add_to(self._again.setdefault(at, {}), name, tally)

    def take(self, before: float) -> list[MinuteRow]:
        """Hand over the minutes that ended before a time; nothing while the last ones are on their way."""
        if self._storing:
            return []
        self._storing = {at: self._open.pop(at) for at in list(self._open) if at + MINUTE <= before}
        return [
            tally.row(at, task)
            for at, tallies in self._storing.items()
            for task, tally in tallies.items()
            if tally or not task
        ]  # fmt: skip

    def stored(self) -> None:
        """Forget the minutes that were taken: the store has them."""
        self._storing = {}

    def first(self, now: float) -> int:
        """Return the first minute that is not, or not wholly, in the store."""
        first = min([*self._storing, *self._open, minute_of(now)])
        for at in [at for at in self._again if at < first]:
            del self._again[at]
        return first

    def of(self, task: str, now: float) -> dict[int, Tally]:
        """Return the minutes of a task from `first` on, those in which it did nothing as well; copies."""
        first = self.first(now)
        began = {self._began_at: self._began} if self._began_at >= first else {}
        found: dict[int, Tally] = {}
        for minutes in (began, self._storing, self._open, self._again):
            for at, tallies in minutes.items():
                found.setdefault(at, Tally()).add(tallies.get(task, NOTHING))
        return found
