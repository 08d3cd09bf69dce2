"""Counts what happens, as it is published: a few additions a job, into the bucket of these five seconds.

Closed buckets go into the chart of the last quarter of an hour (`recent`), the minutes for the store (`minutes`) and the last 24
hours of each task (`daily`). Time is handed in with every call; where it is set back, counting goes on.
"""

from __future__ import annotations

from collections import Counter
from itertools import chain
from math import inf
from typing import TYPE_CHECKING, Any, NamedTuple

from taskbahn.protocol.states import State
from taskbahn_router.metrics import histogram
from taskbahn_router.metrics.daily import MAX_TASKS, Daily
from taskbahn_router.metrics.minutes import Minutes
from taskbahn_router.metrics.recent import KEPT, RATE_BUCKETS, STEP, Bucket, Recent
from taskbahn_router.metrics.refill import buckets_of
from taskbahn_router.metrics.tally import COUNTS, ENDS, NOTHING, Tallies, Tally, total
from taskbahn_router.stores.minutes import minute_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from taskbahn_router.model.partitions import Partition
    from taskbahn_router.model.state import DispatcherState, LiveJob
    from taskbahn_router.model.turn import TurnEffects
    from taskbahn_router.stores.contract import CommitResult
    from taskbahn_router.stores.minutes import BeganAgain, MinuteRow
    from taskbahn_router.stores.rows import Claimed, Moved

# to read these from the enumeration costs as much as the rest of a count
CANCELLED, FAILED, SUCCEEDED = State.CANCELLED, State.FAILED, str(State.SUCCEEDED)
CLOCK_BACK_SECONDS = 60.0  # seconds by which the time may go back before counting begins again
NO_TALLY = Tally()  # the tally before the loop meets its first partition


class QueueGauge(NamedTuple):
    """How many jobs are ready or waiting, how many run, and the age of the oldest ready one in seconds."""

    waiting: int
    running: int
    oldest: float | None


def _start(time: float) -> int:
    return int(time // STEP) * STEP


def _again(bucket: Bucket, task: str) -> list[Tally]:
    """Return what the tally of a task ("": of all) counts too much."""
    return [tally for name, tally in bucket.again.items() if not task or name == task]


class Recorder:
    """What happened since this dispatcher started, and, of the last day, before."""

    def __init__(self, state: DispatcherState, wall: Callable[[], float]) -> None:
        self._state = state
        self._wall = wall
        self._totals = Tally()
        self._days = Daily()
        self.fine = Recent()
        self._begin(wall(), ())

    def _begin(self, now: float, rows: Iterable[MinuteRow]) -> None:
        self._began_at = now
        self._bucket = Bucket(_start(now))
        self._minutes = Minutes(rows, now)

    # before it begins

    @property
    def first_minute(self) -> int:
        """The minute in which this dispatcher began to count: the store has all that is known of those before."""
        return minute_of(self._began_at)

    def begin(self, stored: Iterable[MinuteRow]) -> None:
        """Begin to count, and go on with the minute that an earlier dispatcher was in, if that is not over."""
        now = self._wall()  # a minute may have passed since this was made: a store takes its time to open
        rows = [row for row in stored if row.at == minute_of(now)]
        self._begin(now, rows)
        for row in rows:
            self.load(row.at, {row.task: Tally.of(row)})

    def load(self, at: int, tallies: Tallies) -> None:
        """Take in what earlier dispatchers stored of each task in an hour, or in a time that is older than a day."""
        now = self._wall()
        for task, tally in tallies.items():
            if task and self._days.has_room_for(task):
                self._days.add_stored(at, task, tally, now)

    def load_recent(self, stored: Iterable[MinuteRow]) -> None:
        """Take in the minutes that earlier dispatchers stored of the last quarter of an hour."""
        oldest = self.turn(self._wall()).start - KEPT * STEP
        self.fine.begin([bucket for bucket in buckets_of(stored, _start(self._began_at)) if bucket.start > oldest])

    # counting

    def count(self, effects: TurnEffects, result: CommitResult, now: float) -> None:
        """Count all that a committed turn published."""
        bucket = self.turn(now)
        if effects.turn_input.new:
            self._accepted(bucket, effects.turn_input.new)
        for rows in result.claimed:
            self._claimed(bucket, rows, now)
        if effects.ended:
            self._ended(bucket, effects, now)
        for requeued in effects.requeued:
            if requeued.error is not None:  # without an error the attempt was handed back
                self._tally(bucket, requeued.job.partition.task).retried += 1
        if result.again:
            self._began_again(bucket, result.again, now)
        for moved in result.moved:
            if moved.after.is_final:
                self._moved_to_end(bucket, moved, now)

    def _accepted(self, bucket: Bucket, jobs: list[LiveJob]) -> None:
        task = ""
        tally, waits, step, before = NO_TALLY, NO_TALLY.waits, 0, -1.0
        for job in jobs:
            if job.partition.task != task:
                task = job.partition.task
                tally = self._tally(bucket, task)
                waits = tally.waits
            tally.accepted += 1
            if job.started_at is not None and job.state is not CANCELLED:  # the job started at once
                wait = job.started_at - job.created_at
                if wait != before:  # jobs of one submission waited alike
                    step, before = histogram.step_of(wait), wait
                waits[step] = waits.get(step, 0) + 1

    def _claimed(self, bucket: Bucket, rows: list[Claimed], now: float) -> None:
        partition, waits, step, before = 0, NO_TALLY.waits, 0, -1.0
        for row in rows:
            ready_at = row.ready_at
            if ready_at is not None:
                if row.partition != partition:
                    partition = row.partition
                    waits = self._tally(bucket, self._state.partitions_by_id[partition].task).waits
                if ready_at != before:
                    step, before = histogram.step_of(now - ready_at), ready_at
                waits[step] = waits.get(step, 0) + 1

    def _ended(self, bucket: Bucket, effects: TurnEffects, now: float) -> None:
        partition: Partition | None = None
        tally, step_of, count = NO_TALLY, histogram.step_of, 0
        seconds = {
            done.id: done.ended_at - done.started_at for _, _, report in effects.turn_input.reports for done in report.done
        }
        for job, state, _, _, _ in effects.ended:
            if job.partition is not partition:
                if partition is not None:
                    bucket.queues[partition.queue] = bucket.queues.get(partition.queue, 0) + count
                partition, count = job.partition, 0
                tally = self._tally(bucket, partition.task)
                tally.last_at = now
            count += 1
            if state == SUCCEEDED:
                tally.succeeded += 1
                step = step_of(seconds.get(job.id, 0.0))
                tally.runs[step] = tally.runs.get(step, 0) + 1
            else:
                tally.failed += 1
        if partition is not None:
            bucket.queues[partition.queue] = bucket.queues.get(partition.queue, 0) + count

    def _moved_to_end(self, bucket: Bucket, moved: Moved, now: float) -> None:
        """Count a job that ended without a report: cancelled, too late, or by what became of another."""
        partition, state = self._state.partitions_by_id[moved.partition], moved.after
        tally = self._tally(bucket, partition.task)
        tally.last_at = now
        setattr(tally, state, getattr(tally, state) + 1)
        if state in (SUCCEEDED, FAILED):
            bucket.queues[partition.queue] = bucket.queues.get(partition.queue, 0) + 1

    def _began_again(self, bucket: Bucket, again: list[BeganAgain], now: float) -> None:
        """Count jobs no longer where they ended before: each counts once, at its newest end. The store takes it from its minutes."""
        jobs = Counter((_start(one.ended_at), self._state.partitions_by_id[one.partition].task, one.state) for one in again)
        self._totals.again += len(again)
        for (at, task, state), number in jobs.items():
            tally = Tally()
            tally.uncount(state, number)
            self._minutes.uncount(minute_of(at), task, tally)
            self._days.uncount(at, task, tally, now)
            self.fine.uncount(bucket, at, task, state, number)

    def _tally(self, bucket: Bucket, task: str) -> Tally:
        tally = bucket.tasks.get(task)
        if tally is None:
            if task and not (self._days.has_room_for(task) and len(bucket.tasks) < MAX_TASKS):
                return self._tally(bucket, "")
            tally = bucket.tasks[task] = Tally()
        return tally

    # time

    def turn(self, now: float) -> Bucket:
        """Return the bucket of now, closing the one before it if its time is over."""
        start = _start(now)
        if start > self._bucket.start or start < self._bucket.start - CLOCK_BACK_SECONDS:
            self._begin_bucket(start)
        return self._bucket

    def _begin_bucket(self, start: int) -> None:
        bucket, self._bucket = self._bucket, Bucket(start)
        bucket.close()
        self._totals.add(bucket.whole)
        self._minutes.add(bucket)
        self._days.add_bucket(bucket)
        self.fine.add(bucket)

    def note_gauges(self, now: float, whole: QueueGauge, tasks: dict[str, QueueGauge]) -> None:
        """Note the gauges; the last note counts for the bucket."""
        bucket = self.turn(now)
        bucket.whole.note_gauge(*whole)
        for task, standing in tasks.items():
            self._tally(bucket, task).note_gauge(*standing)

    # the store

    def take_minutes(self, *, all_of_them: bool = False) -> list[MinuteRow]:
        """Hand over what the store has not; all of them: the minute that goes on as well."""
        now = self._wall()
        if all_of_them:
            self._begin_bucket(_start(now) + STEP)
            return self._minutes.take(inf)
        self.turn(now)
        return self._minutes.take(now)

    def stored_minutes(self) -> None:
        """Forget the minutes that were taken: the store has them."""
        self._minutes.stored()

    # questions

    def minutes(self, task: str) -> tuple[int, list[tuple[int, Tally]]]:
        """Return the minutes of a task ("": of all) that are not, or not wholly, in the store, with the one that goes on; before them
        the first of these minutes, from which on nothing of the store counts.
        """
        now = self._wall()
        bucket = self.turn(now)
        first = self._minutes.first(now)
        found = self._minutes.of(task, now)
        found.setdefault(minute_of(bucket.start), Tally()).add(self._so_far(task))
        return first, sorted(found.items())

    def moments(self, task: str, since: float) -> list[tuple[int, Tally]]:
        """Return the five seconds of a task ("": of all) from a time on, with those that go on."""
        bucket = self.turn(self._wall())
        found = [
            (old.start, old.of(task))
            for old in self.fine.since(since)
            if old.is_named or not task
        ]  # fmt: skip
        return [*reversed(found), (bucket.start, total((*_again(bucket, task), self._so_far(task))))]

    def totals(self) -> dict[str, int]:
        """Return the `views.Totals`: each end of a job counts."""
        now = total((self._totals, self._so_far("")))
        return {name: getattr(now, name) for name in COUNTS}

    def last_minute(self) -> Tally:
        """Return what happened in the last minute."""
        self.turn(self._wall())
        recent = self.fine.since(self._bucket.start - (RATE_BUCKETS - 1) * STEP)
        return total([*(bucket.whole for bucket in recent), self._so_far("")])

    def queue_rates(self) -> dict[str, float]:
        """Return for each queue how many of its jobs succeeded or failed in a second, over the last minute."""
        now = self._wall()
        self.turn(now)
        since = self._bucket.start - (RATE_BUCKETS - 1) * STEP
        ended = Counter(self._bucket.queues)
        for bucket in self.fine.since(since):
            ended.update(bucket.queues)
        seconds = max(1.0, now - max(since, self._began_at))
        return {queue: count / seconds for queue, count in ended.items()}

    def failures(self, seconds: float) -> dict[str, tuple[int, int]]:
        """Return for each task with failures of late how many of its jobs failed, and how many succeeded or failed."""
        failed: Counter[str] = Counter()
        succeeded: Counter[str] = Counter()
        now = self._wall()
        for bucket in chain((self.turn(now),), self.fine.since(now - seconds)):
            for task, happened in bucket.tasks.items():
                tally = bucket.net(task, happened)
                if tally.failed:
                    failed[task] += tally.failed
                if tally.succeeded:
                    succeeded[task] += tally.succeeded
        return {task: (count, count + max(0, succeeded[task])) for task, count in failed.items() if count > 0}

    def newest_failures(self, seconds: float) -> dict[str, tuple[int, int]]:
        """Return for each task with failures of late a mark that changes when more of its jobs fail."""
        found: dict[str, tuple[int, int]] = {}
        now = self._wall()
        for bucket in chain((self.turn(now),), self.fine.since(now - seconds)):
            for task, tally in bucket.tasks.items():
                if tally.failed and task not in found:
                    found[task] = bucket.start, tally.failed
        return found

    def failed_lately(self) -> int:
        """Return how many jobs failed in the last quarter of an hour, without those that began again."""
        now = self._wall()
        bucket = self.turn(now)
        tallies = (*_again(bucket, ""), self._so_far(""), *(old.of("") for old in self.fine.since(now - KEPT * STEP)))
        return max(0, sum(tally.failed for tally in tallies))

    def typical(self, task: str) -> float | None:
        """Return the median of the seconds that recent successful attempts of a task took; None if none is known."""
        known = self._days.typical(task)
        return histogram.quantile(self._so_far(task).runs, 0.5) if known is None else known

    def statistics(self, task: str) -> dict[str, Any] | None:
        """Return the `views.TaskStatistics` of the last 24 hours; None if nothing happened."""
        tallies = [tally for tally in (self._days.of(task), self._bucket.tasks.get(task)) if tally is not None]
        if not tallies:
            return None
        tally = total(tallies)
        wait, wait95 = histogram.median_and_95(tally.waits)
        run, run95 = histogram.median_and_95(tally.runs)
        counts = {name: max(0, getattr(tally, name)) for name in ("accepted", *ENDS)}
        return {**counts, "wait": wait, "wait95": wait95, "run": run, "run95": run95, "last_at": tally.last_at}

    def _so_far(self, task: str) -> Tally:
        """Return what the bucket of now has."""
        if task:
            return self._bucket.tasks.get(task, NOTHING)
        whole = total(self._bucket.tasks.values())
        whole.note_gauge(self._bucket.whole.waiting, self._bucket.whole.running, self._bucket.whole.oldest)
        return whole
