"""What one minute leaves in the store: counts of one task, or of all tasks together."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

MINUTE = 60  # seconds


class MinuteRow(NamedTuple):
    """A minute of one task; task "" is all of them together. Rows of the same minute and task add up.

    at: when it began, seconds since the epoch. waits and runs: JSON of a histogram, [index, count, ...], see
    `taskbahn_router.metrics.histogram`. waiting, running and oldest are as they were at the end of the minute, None: not known.
    again: jobs that ended in this minute and began again since. The row that says so has each of them as -1 of its state, so the sum
    of all rows counts a job once, at its newest end.
    """

    at: int
    task: str
    accepted: int
    succeeded: int
    failed: int
    cancelled: int
    expired: int
    retried: int
    waits: str
    runs: str
    last_at: float | None  # when the newest job ended
    waiting: int | None
    running: int | None
    oldest: float | None  # seconds that the oldest ready job has waited
    again: int = 0


class BeganAgain(NamedTuple):
    """A job that had ended, and began again: its partition, the state and the time of that end."""

    partition: int
    state: str
    ended_at: float


class DropMinutes(NamedTuple):
    """Delete rows of minutes that began before `before`, the oldest first, no more than `limit` of them."""

    before: int
    limit: int


def minute_of(time: float) -> int:
    """Return when the minute of a time began."""
    return int(time // MINUTE) * MINUTE


def rows_of(again: Iterable[BeganAgain], task_of: Callable[[int], str]) -> list[MinuteRow]:
    """Return the rows that count the ends of some jobs no longer."""
    counts: dict[tuple[int, str], Counter[str]] = {}
    for partition, state, ended_at in again:
        for task in (task_of(partition), ""):
            counts.setdefault((minute_of(ended_at), task), Counter())[state] += 1
    return [
        MinuteRow(
            at, task, 0, -count["succeeded"], -count["failed"], -count["cancelled"], -count["expired"], 0, "[]", "[]", None, None, None,
            None, count.total(),
        )
        for (at, task), count in counts.items()
    ]  # fmt: skip
