"""The last quarter of an hour after a restart, from the minutes that an earlier dispatcher stored.

A stored minute has no finer grain, so its counts are spread evenly over its buckets of five seconds; the sums stay.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from taskbahn_router.metrics.recent import MAX_NAMED, STEP, Bucket
from taskbahn_router.metrics.tally import COUNTS, Tallies, Tally, add_to
from taskbahn_router.stores.minutes import MINUTE

if TYPE_CHECKING:
    from collections.abc import Iterable

    from taskbahn_router.metrics import histogram
    from taskbahn_router.stores.minutes import MinuteRow


def buckets_of(rows: Iterable[MinuteRow], until: int) -> list[Bucket]:
    """Return the buckets of some stored minutes, the oldest first, as far as they begin before *until*."""
    minutes: dict[int, Tallies] = {}
    for row in rows:
        add_to(minutes.setdefault(row.at, {}), row.task, Tally.of(row))
    has_names = sum(map(len, minutes.values())) * MINUTE // STEP <= MAX_NAMED
    found = []
    for at in sorted(minutes):
        # of a minute that began with the start the bucket is still open, so its counts go into the one before
        starts = range(at, min(at + MINUTE, until), STEP) or (until - STEP,)
        for index, start in enumerate(starts):
            bucket = Bucket(start)
            parts = {task: part(tally, index, len(starts)) for task, tally in minutes[at].items() if has_names or not task}
            bucket.whole = parts.pop("", Tally())
            bucket.tasks, bucket.is_named = parts, has_names
            found.append(bucket)
    return found


def part(tally: Tally, index: int, of: int) -> Tally:
    """Return one of *of* parts that add up to a tally; each has the gauges of its end."""
    found = Tally()
    for name in COUNTS:
        setattr(found, name, _share(getattr(tally, name), index, of))
    found.waits, found.runs = _shares(tally.waits, index, of), _shares(tally.runs, index, of)
    found.last_at = tally.last_at
    found.note_gauge(tally.waiting, tally.running, tally.oldest)
    return found


def _shares(steps: histogram.Histogram, index: int, of: int) -> histogram.Histogram:
    return {step: count for step, all_of_them in steps.items() if (count := _share(all_of_them, index, of, step))}


def _share(count: int, index: int, of: int, phase: int | None = None) -> int:
    """Return the share of a part; the shares of all parts add up. phase: which parts get one more when there are few."""
    begins = of // 2 if phase is None else phase % of
    return (count * (index + 1) + begins) // of - (count * index + begins) // of
