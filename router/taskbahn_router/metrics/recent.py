"""The last quarter of an hour, in buckets of five seconds, in memory; after a restart those of before come from stored minutes."""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING

from taskbahn_router.metrics.tally import Tally, total

if TYPE_CHECKING:
    from collections.abc import Iterator

STEP = 5  # seconds
KEPT = 900 // STEP
RATE_BUCKETS = 60 // STEP
MAX_FAILED = 50_000  # failed jobs that are remembered, some 10 MB
MAX_NAMED = 20_000  # tallies of single tasks in all buckets, some 20 MB


class Bucket:
    """Five seconds: what happened, by task ("": those beyond `MAX_TASKS`) and together.

    whole is complete when the bucket is closed. queues: jobs that succeeded or failed, kept for a minute. again: jobs that failed here
    and began again since, by task, as far as `FailedJobs` remembers them.
    """

    __slots__ = ("again", "is_named", "queues", "start", "tasks", "whole")

    def __init__(self, start: int) -> None:
        self.start = start
        self.tasks: dict[str, Tally] = {}
        self.queues: dict[str, int] = {}
        self.whole = Tally()
        self.again: dict[str, int] = {}
        self.is_named = True  # the bucket has tallies of its tasks, too

    def close(self) -> None:
        """Close the bucket: its time is over."""
        whole = total(self.tasks.values())
        whole.note_gauge(self.whole.waiting, self.whole.running, self.whole.oldest)
        self.whole = whole


class FailedJobs:
    """The jobs that failed of late, each with its bucket, so that one which a person retries counts as failed no longer."""

    def __init__(self) -> None:
        self._buckets: dict[int, tuple[Bucket, str]] = {}  # seq -> where it is counted, and for which task; the oldest first

    def add(self, seq: int, bucket: Bucket, task: str) -> None:
        """Take note of a job that failed."""
        self._buckets[seq] = bucket, task
        while len(self._buckets) > MAX_FAILED or self._oldest().start <= bucket.start - KEPT * STEP:
            del self._buckets[next(iter(self._buckets))]

    def begins_again(self, seq: int) -> None:
        """Count a job no longer, if it failed of late."""
        bucket, task = self._buckets.pop(seq, (None, ""))
        if bucket is not None:
            bucket.again[task] = bucket.again.get(task, 0) + 1

    def _oldest(self) -> Bucket:
        return self._buckets[next(iter(self._buckets))][0]


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

    def _forget_names(self) -> None:
        for bucket in self._buckets:
            if self._named <= MAX_NAMED:
                return
            self._named -= len(bucket.tasks)
            bucket.tasks, bucket.is_named = {}, False
