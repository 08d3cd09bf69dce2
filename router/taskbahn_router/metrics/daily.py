"""The last 24 hours of each task, by hours: what its statistics and its typical time are taken from."""

from __future__ import annotations

from typing import TYPE_CHECKING

from taskbahn_router.metrics import histogram
from taskbahn_router.metrics.tally import Tallies, Tally, add_to

if TYPE_CHECKING:
    from taskbahn_router.metrics.recent import Bucket

HOUR = 3600
HOURS = 24
MAX_TASKS = 1_000  # tasks that have numbers of their own
ENOUGH = 20  # runs of the last hours, which suffice to say what is typical now


def hour_of(time: float) -> int:
    """Return when the hour of a time began."""
    return int(time // HOUR) * HOUR


class Daily:
    """Sums of each task over the last 24 hours: the present one and the 23 before."""

    def __init__(self) -> None:
        self._hours: dict[int, Tallies] = {}
        self._sums: Tallies = {}
        self._earlier: dict[str, histogram.Histogram] = {}  # older runs of a task that had none in the last day

    def has_room_for(self, task: str) -> bool:
        """Return whether a task may have numbers of its own."""
        return task in self._sums or len(self._sums) < MAX_TASKS

    def add_bucket(self, bucket: Bucket) -> None:
        """Take in a closed bucket."""
        hour = hour_of(bucket.start)
        if hour not in self._hours:
            self._forget(hour)
        for task, tally in bucket.tasks.items():
            if task and self.has_room_for(task):
                self._add(hour, task, tally)

    def add_stored(self, at: int, task: str, tally: Tally, now: float) -> None:
        """Add the stored numbers of an hour; of hours older than a day only the runs count, if there are no newer ones."""
        if hour_of(at) > hour_of(now) - HOURS * HOUR:
            self._add(hour_of(at), task, tally)
        elif tally.runs and len(self._earlier) < MAX_TASKS:
            self._earlier.setdefault(task, tally.runs)

    def uncount(self, at: float, task: str, tally: Tally, now: float) -> None:
        """Count jobs no longer that ended at a time, and began again."""
        hour = hour_of(at)
        if hour > hour_of(now) - HOURS * HOUR and self.has_room_for(task):
            if hour == hour_of(now) and hour not in self._hours:
                self._forget(hour)
            self._add(hour, task, tally)

    def of(self, task: str) -> Tally | None:
        """Return the sums of a task; None if it did nothing."""
        return self._sums.get(task)

    def typical(self, task: str) -> float | None:
        """Return the median of the seconds that recent successful attempts took; None if there were none."""
        runs: histogram.Histogram = {}
        for hour in sorted(self._hours, reverse=True):
            tally = self._hours[hour].get(task)
            if tally is not None and tally.runs:
                histogram.add(runs, tally.runs)
                if sum(runs.values()) >= ENOUGH:
                    break
        return histogram.quantile(runs or self._earlier.get(task, {}), 0.5)

    def _add(self, hour: int, task: str, tally: Tally) -> None:
        add_to(self._hours.setdefault(hour, {}), task, tally)
        add_to(self._sums, task, tally)

    def _forget(self, hour: int) -> None:
        """Forget numbers that are a day old as an hour begins, but keep a task's last runs."""
        for old in [other for other in self._hours if other <= hour - HOURS * HOUR]:
            for task, tally in self._hours.pop(old).items():
                self._sums[task].take_away(tally)
                if tally.runs:
                    self._earlier[task] = tally.runs
        left = {task for tallies in self._hours.values() for task in tallies}
        self._sums = {task: tally for task, tally in self._sums.items() if task in left}
        while len(self._earlier) > MAX_TASKS:
            del self._earlier[next(iter(self._earlier))]
