"""Whether limits held: who ran at the same time, by the attempts' own words, and how fast the dispatcher started them."""

from __future__ import annotations

import math
from collections import defaultdict
from typing import TYPE_CHECKING, NamedTuple

from chaos.tasks import BURST, GATED, MAX_AT_ONCE, MAX_OF_EACH, RATE, RATED

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from chaos.journal import Entry
    from chaos.reading import Standing

GIVEN_UP_SECONDS = 1.0  # seconds after a cancel in which no worker is given up: until then the attempt has its permits for sure
ROUNDING = 1e-3  # of a start: what sums of floats lose
SLACK = 2  # starts: one for the clock of the commit before a restart, one for that after it


class Run(NamedTuple):
    """An attempt, while it ran and had its permits for sure; seconds since the epoch."""

    id: str
    key: str
    start: float
    end: float


class Measured(NamedTuple):
    """What came of the limits: the most attempts at the same time, of all and of one key, and how many starts were too early."""

    runs: int
    at_once: int
    of_each: int
    starts: int
    too_early: int
    broken: tuple[str, ...]  # a sentence for each limit that did not hold


def measure(entries: Iterable[Entry], last: Mapping[str, Standing]) -> Measured:
    """Hold the journals and the recorded attempts against the limits."""
    runs = list(_runs(entries, last))
    by_key: dict[str, list[Run]] = defaultdict(list)
    for run in runs:
        by_key[run.key].append(run)
    at_once = most_at_once(runs)
    of_each = max((most_at_once(those) for those in by_key.values()), default=0)
    starts = sorted(start for one in last.values() if one.task == RATED for _, start, _, _ in one.attempts)
    too_early = max(0, too_many(starts, RATE, BURST) - SLACK)
    broken = []
    if at_once > MAX_AT_ONCE:
        broken.append(f"{at_once} attempts ran at the same time under a limit of {MAX_AT_ONCE}")
    if of_each > MAX_OF_EACH:
        broken.append(f"{of_each} attempts of one key ran at the same time under a limit of {MAX_OF_EACH}")
    if too_early:
        broken.append(f"{too_early} starts more than {RATE}/s with a burst of {BURST} allows")
    return Measured(len(runs), at_once, of_each, len(starts), too_early, tuple(broken))


def _runs(entries: Iterable[Entry], last: Mapping[str, Standing]) -> Iterable[Run]:
    """Yield the attempts under the gates whose end is known."""
    started: dict[tuple[str, int], Entry] = {}
    for entry in entries:
        if entry["event"] == "started" and entry["task"] in GATED:
            started[entry["id"], entry["attempt"]] = entry
        elif entry["event"] == "ended" and (entry["id"], entry["attempt"]) in started:
            start = started.pop((entry["id"], entry["attempt"]))
            standing = last.get(entry["id"])
            if standing is not None:
                end = min(entry["at"], _permitted_until(standing, entry["attempt"]))
                yield Run(standing.id, start["key"], start["at"], max(start["at"], end))


def _permitted_until(standing: Standing, attempt: int) -> float:
    """Return until when an attempt has its permits for sure: a worker that was given up may run it longer."""
    ends = {number: (end, outcome) for number, _, end, outcome in standing.attempts}
    end, outcome = ends.get(attempt, (None, ""))
    if end is None:
        return standing.finished_at or 0.0
    return end + GIVEN_UP_SECONDS if outcome == "cancelled" else end


def most_at_once(runs: Sequence[Run]) -> int:
    """Return how many ran at the same time at most; one that ends as another starts is not counted with it."""
    moments = sorted(
        [(run.start, 1) for run in runs if run.end > run.start] + [(run.end, -1) for run in runs if run.end > run.start]
    )
    most = now = 0
    for _, change in moments:
        now += change
        most = max(most, now)
    return most


def too_many(starts: Sequence[float], rate: float, burst: int) -> int:
    """Return by how many starts the worst window of time is over the rate and the burst; 0 if none is."""
    worst, least = 0.0, float("inf")
    for index, at in enumerate(starts):
        ahead = index - rate * (at - starts[0])
        least = min(least, ahead)
        worst = max(worst, ahead - least + 1 - burst)
    return math.floor(worst + ROUNDING)
