"""The last quarter of an hour, in buckets of five seconds, in memory; after a restart those of before come from stored minutes."""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING

from taskbahn_router.metrics.tally import NOTHING, Tallies, Tally, total
from taskbahn_router.stores.minutes import MINUTE, minute_of

if TYPE_CHECKING:
    from collections.abc import Iterator

STEP = 5  # seconds
KEPT = 900 // STEP
RATE_BUCKETS = 60 // STEP
MAX_NAMED = 20_000  # tallies of single tasks in all buckets, some 20 MB


class Bucket:
    """Five seconds: what happened, by task ("": those beyond `MAX_TASKS`) and together.

    whole is complete when the bucket is closed. queues: jobs that succeeded or failed, kept for a minute. again: what is
    to be taken from the tallies, as jobs that ended here began again; those are as it happened.
    """

    __slots__ = ("again", "is_named", "queues", "start", "tasks", "whole")

    def __init__(self, start: int) -> None:
        self.start = start
        self.tasks: dict[str, Tally] = {}
        self.queues: dict[str, int] = {}
        self.whole = Tally()
        self.again: Tallies = {}
        self.is_named = True  # the bucket has tallies of its tasks, too

    def close(self) -> None:
        """Close the bucket: its time is over."""
        whole = total(self.tasks.values())
        whole.note_gauge(self.whole.waiting, self.whole.running, self.whole.oldest)
        self.whole = whole

    def of(self, task: str) -> Tally:
        """Return what happened to a task ("": to all) in a closed bucket; a job that began again counts no longer."""
        return self.net(task, self.tasks.get(task, NOTHING)) if task else total((*self.again.values(), self.whole))

    def net(self, task: str, tally: Tally) -> Tally:
        """Return a tally of a task ("": of those beyond `MAX_TASKS`) without the ends of jobs that began again."""
        again = self.again.get(task)
        return tally if again is None else total((again, tally))

    def uncount(self, task: str, state: str, jobs: int) -> int:
        """Count jobs no longer that ended here, as many as there are; return how many."""
        name = task if task in self.tasks else ""
        tally = self.net(name, self.tasks.get(name, NOTHING)) if self.is_named else self.of("")
        taken = min(jobs, int(getattr(tally, state)))
        if taken > 0:
            self.again.setdefault(name, Tally()).uncount(state, taken)
        return max(0, taken)


class Recent:
    """Closed buckets, the oldest first."""

    def __init__(self) -> None:
        self._buckets: deque[Bucket] = deque()
        self._named = 0

    def __iter__(self) -> Iterator[Bucket]:
        return iter(self._buckets)

    def add(self, bucket: Bucket) -> None:
        """Take a closed bucket, and forget what is too old or too much."""
        if self._buckets and bucket.start <= self._buckets[-1].start:  # the clock was set back
            self._buckets.clear()
            self._named = 0
        self._buckets.append(bucket)
        self._named += len(bucket.tasks)
        while self._buckets[0].start <= bucket.start - KEPT * STEP:
            self._named -= len(self._buckets.popleft().tasks)
        if len(self._buckets) > RATE_BUCKETS:
            self._buckets[-RATE_BUCKETS - 1].queues = {}
        if self._named > MAX_NAMED:
            self._forget_names()

    def begin(self, earlier: list[Bucket]) -> None:
        """Take in the buckets of before the start, the oldest first; those of now count where both have one."""
        first = self._buckets[0].start if self._buckets else None
        for bucket in reversed(earlier):
            if first is None or bucket.start < first:
                self._buckets.appendleft(bucket)
                self._named += len(bucket.tasks)

    def since(self, time: float) -> Iterator[Bucket]:
        """Yield the buckets that began at a time or later, the newest first."""
        for bucket in reversed(self._buckets):
            if bucket.start < time:
                return
            yield bucket

    def uncount(self, now: Bucket, at: int, task: str, state: str, jobs: int) -> None:
        """Count jobs of a task no longer that ended at a time: where they did, or where the commit of their ends was seen.

        now: the bucket that is open. Buckets of before the start are even parts of a minute, so any of that minute may have them.
        """
        near = [old for old in self.since(minute_of(at) - STEP) if old.start < at + MINUTE] + (
            [now] if now.start < at + MINUTE else []
        )
        for bucket in sorted(near, key=lambda bucket: (bucket.start < at, bucket.start)):
            jobs -= bucket.uncount(task, state, jobs)
            if not jobs:
                return

    def _forget_names(self) -> None:
        for bucket in self._buckets:
            if self._named <= MAX_NAMED:
                return
            self._named -= len(bucket.tasks)
            bucket.tasks, bucket.is_named = {}, False
