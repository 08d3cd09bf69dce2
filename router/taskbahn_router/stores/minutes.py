"""What one minute leaves in the store: counts of one task, or of all tasks together."""

from __future__ import annotations

from typing import NamedTuple


class MinuteRow(NamedTuple):
    """A minute of one task; task "" is all of them together. Rows of the same minute and task add up.

    at: when it began, seconds since the epoch. waits and runs: JSON of a histogram, [index, count, ...], see
    `taskbahn_router.metrics.histogram`. waiting, running and oldest are as they were at the end of the minute, None: not known.
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


class DropMinutes(NamedTuple):
    """Delete rows of minutes that began before `before`, the oldest first, no more than `limit` of them."""

    before: int
    limit: int
