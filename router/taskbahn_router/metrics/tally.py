"""What happened to the jobs of one task, or of all tasks, in one stretch of time."""

from __future__ import annotations

from typing import TYPE_CHECKING

from taskbahn_router.metrics import histogram
from taskbahn_router.stores.minutes import MinuteRow

if TYPE_CHECKING:
    from collections.abc import Iterable

ENDS = ("succeeded", "failed", "cancelled", "expired")
COUNTS = ("accepted", *ENDS, "retried", "again")


class Tally:
    """Counts of jobs, how long they waited and ran, and the gauges at the end.

    again: jobs of it that ended and began again since; the other counts do not have them.
    waits: from ready to started; runs: of attempts that succeeded. waiting, running, oldest: None when it was not looked at.
    """

    __slots__ = (*COUNTS, "last_at", "oldest", "running", "runs", "waiting", "waits")

    def __init__(self) -> None:
        self.accepted = self.succeeded = self.failed = self.cancelled = self.expired = self.retried = self.again = 0
        self.waits: histogram.Histogram = {}
        self.runs: histogram.Histogram = {}
        self.last_at: float | None = None
        self.waiting: int | None = None
        self.running: int | None = None
        self.oldest: float | None = None

    def __bool__(self) -> bool:
        """Return whether anything happened, or waited, or ran."""
        return bool(self.accepted or self.ended or self.again or self.retried or self.waits or self.waiting or self.running)

    @property
    def ended(self) -> int:
        """How many jobs became final."""
        return self.succeeded + self.failed + self.cancelled + self.expired

    def add(self, later: Tally) -> None:
        """Add a later tally; its gauges count."""
        self.accepted += later.accepted
        self.succeeded += later.succeeded
        self.failed += later.failed
        self.cancelled += later.cancelled
        self.expired += later.expired
        self.retried += later.retried
        self.again += later.again
        if later.waits:
            histogram.add(self.waits, later.waits)
        if later.runs:
            histogram.add(self.runs, later.runs)
        if later.last_at is not None:
            self.last_at = max(later.last_at, self.last_at or 0.0)
        if later.waiting is not None:
            self.waiting, self.running, self.oldest = later.waiting, later.running, later.oldest

    def uncount(self, state: str, jobs: int) -> None:
        """Count jobs no longer that ended in a state, and began again."""
        setattr(self, state, getattr(self, state) - jobs)
        self.again += jobs

    def take_away(self, earlier: Tally) -> None:
        """Subtract an earlier tally that this one includes."""
        for name in COUNTS:
            setattr(self, name, getattr(self, name) - getattr(earlier, name))
        histogram.take_away(self.waits, earlier.waits)
        histogram.take_away(self.runs, earlier.runs)

    def note_gauge(self, waiting: int | None, running: int | None, oldest: float | None) -> None:
        """Set the gauges."""
        self.waiting, self.running, self.oldest = waiting, running, oldest

    def row(self, at: int, task: str) -> MinuteRow:
        """Return the tally as a row of the store."""
        return MinuteRow(
            at, task, self.accepted, self.succeeded, self.failed, self.cancelled, self.expired, self.retried,
            histogram.packed(self.waits), histogram.packed(self.runs), self.last_at, self.waiting, self.running, self.oldest, self.again,
        )  # fmt: skip

    @classmethod
    def of(cls, row: MinuteRow) -> Tally:
        """Return the tally of a stored row."""
        tally = cls()
        tally.accepted, tally.succeeded, tally.failed = row.accepted, row.succeeded, row.failed
        tally.cancelled, tally.expired, tally.retried, tally.again = row.cancelled, row.expired, row.retried, row.again
        tally.waits, tally.runs = histogram.unpacked(row.waits), histogram.unpacked(row.runs)
        tally.last_at, tally.waiting, tally.running, tally.oldest = row.last_at, row.waiting, row.running, row.oldest
        return tally


Tallies = dict[str, Tally]  # by task


def add_to(tallies: Tallies, task: str, tally: Tally) -> None:
    """Take in what happened to a task."""
    known = tallies.get(task)
    if known is None:
        known = tallies[task] = Tally()
    known.add(tally)


def total(tallies: Iterable[Tally]) -> Tally:
    """Return the sum of tallies, of which the last one has the gauges."""
    result = Tally()
    for tally in tallies:
        result.add(tally)
    return result


NOTHING = Tally()  # of a time in which nothing happened
NOTHING.note_gauge(0, 0, None)
