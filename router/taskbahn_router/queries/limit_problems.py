"""What is wrong with limits, as sentences: permits of jobs without progress, and workers that declare a limit differently."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from taskbahn.protocol.views import Problem
from taskbahn_router.text import format_duration, jobs_waiting, join_names, pluralize

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

MAX_ALIKE = 4  # problems of one kind; one more sums up the rest
HELD_SECONDS = 60.0  # seconds that a job may wait for a permit that jobs without progress have


class Stall(NamedTuple):
    """A key of a limit of which jobs without progress have all permits; shown: as people know the key.

    jobs: that wait for it; since: when the oldest of them was accepted; job: of those that have a permit, the one that said nothing
    for longest, in seconds; ended: all of them were cancelled or lost, and no worker has said that their attempts ended.
    """

    limit: str
    shown: str
    jobs: int
    since: float
    holders: int
    job: str
    silent: float
    ended: bool


class Declared(NamedTuple):
    """How attached workers declare a limit; counts: the limit is so, unless operators changed it."""

    said: str
    workers: list[str]
    counts: bool


def stalled(stalls: Sequence[Stall], now: float) -> Iterator[Problem]:
    """Find limits that hold jobs while every permit belongs to a job that makes no progress."""
    late = sorted((stall for stall in stalls if now - stall.since > HELD_SECONDS), key=lambda stall: (-stall.jobs, stall.shown))
    for stall in late[:MAX_ALIKE]:
        alone = stall.holders == 1
        who = "the job that has its permit" if alone else f"the {stall.holders:,} jobs that have its permits"
        if stall.ended:
            what, hint = f"{'was' if alone else 'were'} cancelled and {'runs' if alone else 'run'} on", (
                "A task that does not look for its cancellation goes on; end its worker if it does not end by itself."
            )  # fmt: skip
        else:
            what, hint = f"{'has' if alone else 'have'} said nothing for {format_duration(stall.silent)}", (
                "It may hang: see its log, and cancel it if so. `run_within` gives a task a limit of time."
            )  # fmt: skip
        yield Problem(
            kind="stalled_limit",
            level="warning",
            sentence=f"{jobs_waiting(stall.jobs)} for {stall.shown}, and {who} {what}.",
            hint=hint,
            since=stall.since,
            page="jobs" if alone else "limits",
            id=stall.job if alone else stall.limit,
        )
    if len(late) > MAX_ALIKE:
        rest = late[MAX_ALIKE:]
        yield Problem(
            kind="stalled_limit",
            level="warning",
            sentence=f"{jobs_waiting(sum(stall.jobs for stall in rest))} for {pluralize(len(rest), 'more key')} of limits "
            "that silent jobs hold.",
            hint="Many at once often have one cause: something that all of the jobs wait for.",
            since=min(stall.since for stall in rest),
            page="limits",
        )


def disagreeing(limits: Mapping[str, Sequence[Declared]]) -> Iterator[Problem]:
    """Find limits that workers which are attached together declare differently; of each, what counts comes first."""
    for name in sorted(limits)[:MAX_ALIKE]:
        (best, *others) = limits[name]
        counting = f"{best.said} counts, the newest" if best.counts else f"{best.said} of {join_names(best.workers)}"
        rest = ", ".join(f"{declared.said} of {join_names(declared.workers)}" for declared in others[:MAX_ALIKE])
        yield Problem(
            kind="limit_disagreement",
            level="warning",
            sentence=f"Workers declare the limit {name} differently: {counting}; and {rest}.",
            hint="They run different versions of the code. Restart those with the older one.",
            page="limits",
            id=name,
        )
    if len(limits) > MAX_ALIKE:
        yield Problem(
            kind="limit_disagreement",
            level="warning",
            sentence=f"Workers declare {pluralize(len(limits) - MAX_ALIKE, 'more limit')} differently: "
            f"{join_names(sorted(limits)[MAX_ALIKE:])}.",
            hint="They run different versions of the code. Restart those with the older one.",
            page="limits",
        )
