"""Circles of waits: jobs of which each waits for the end of the next, and the last for that of the first, so that none ever goes on.

The commit that would close one refuses the wait. Only waits count that nothing else can end: a job that waits for the first of several
jobs, for a note as well, or until a moment, may go on whatever becomes of one of these jobs.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from taskbahn.protocol.states import State
from taskbahn_router.core.reactions import IS_FLOW, IS_SUSPENDED, OPEN, PAUSE_BIT, WAKE

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from taskbahn_router.core.reactions import Edge, FlaggedJob

MAX_JOBS = 500  # jobs behind which one search looks; a circle that leads further is found by `explain` alone
MAX_EDGES = 1_000  # edges that are read for the jobs of one round


class WaitRows(Protocol):
    """What a search reads within the transaction."""

    def edges_to(self, seqs: Sequence[int], most: int) -> list[Edge]:
        """Return the first edges to some jobs."""

    def jobs(self, seqs: Sequence[int]) -> list[FlaggedJob]:
        """Return those of some jobs that exist."""

    def awaiting(self, seqs: Sequence[int]) -> set[int]:
        """Return those of some jobs that wait for notes."""


def circle(seq: int, awaited: Iterable[FlaggedJob], rows: WaitRows) -> list[FlaggedJob]:
    """Return the jobs by which one would wait for its own end: each waits for the next, and the last for that job.

    seq: of that job.   awaited: for which it would wait, all of them.  Empty: it would not, as far as the search leads.
    """
    newest = list(awaited)
    jobs = {job.seq: job for job in newest}
    waiters: dict[int, int] = {}  # seq -> the job that waits for it
    while newest and len(jobs) <= MAX_JOBS:
        edges = _certain([job for job in newest if _waits(job)], rows)
        for edge in edges:
            if edge.parent == seq:
                return [jobs[one] for one in _path(edge.child, waiters)]
        found = {edge.parent: edge.child for edge in reversed(edges) if edge.parent not in jobs}
        waiters |= found
        newest = rows.jobs(sorted(found)) if found else []
        jobs |= {job.seq: job for job in newest}
    return []


def _waits(job: FlaggedJob) -> bool:
    return job.state == State.WAITING or (job.state == State.RUNNING and bool(job.flags & IS_FLOW))


def _certain(waiting: Sequence[FlaggedJob], rows: WaitRows) -> list[Edge]:
    """Return the edges to jobs without which these do not go on."""
    if not waiting:
        return []
    edges: dict[int, list[Edge]] = {job.seq: [] for job in waiting}
    for edge in rows.edges_to(sorted(edges), MAX_EDGES):
        if edge.state == OPEN:
            edges[edge.child].append(edge)
    suspended = [job.seq for job in waiting if job.flags & IS_SUSPENDED]
    others = rows.awaiting(suspended) if suspended else set()
    found: list[Edge] = []
    for job in waiting:
        if not job.flags & IS_SUSPENDED:
            found += [edge for edge in edges[job.seq] if edge.policy != WAKE]
            continue
        wakes = [edge for edge in edges[job.seq] if edge.policy == WAKE]
        # one that goes on with the first, or at a moment, has another number
        if job.pending & ~PAUSE_BIT == len(wakes) and job.seq not in others:
            found += wakes
    return found


def _path(last: int, waiters: dict[int, int]) -> list[int]:
    found = [last]
    while found[-1] in waiters:
        found.append(waiters[found[-1]])
    return found[::-1]
