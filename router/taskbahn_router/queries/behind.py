"""For what a job waits in the end, behind those that it waits for itself.

Jobs can wait for each other, where functions wait for jobs by their ids: then no end of one lets another one go on.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from taskbahn.protocol.states import State
from taskbahn_router.core.reactions import HELD, IS_FLOW, IS_SUSPENDED, OPEN, SATISFIED, WAKE
from taskbahn_router.core.unique_keys import FOLLOW

if TYPE_CHECKING:
    from taskbahn_router.core.reactions import Edge
    from taskbahn_router.stores.contract import Reader
    from taskbahn_router.stores.rows import JobRow

MAX_JOBS = 1_000  # jobs at which one search looks
MAX_EDGES = 10_000  # edges to the jobs of one round


class Behind(NamedTuple):
    """What is found behind a job that waits.

    circle: ids of jobs of which each waits for the next and the last for the job, the first; empty: there is none, or it is far away.
    last: jobs that wait for no other, behind those that it waits for itself, each with the edge that led there; held ones first.
    """

    circle: list[bytes]
    last: list[tuple[Edge, JobRow]]


def is_suspended(row: JobRow) -> bool:
    """Return whether the function of a job waits without an attempt."""
    return row.state == State.WAITING and bool(row.flags & IS_SUSPENDED)


def holds_up(edge: Edge, child: JobRow) -> bool:
    """Return whether a job waits because of an edge; one by which its function has waited may be open when it waits no more.

    What a job joined that had ended when it was retried keeps it waiting no more.
    """
    is_over = edge.state == SATISFIED or (edge.policy == FOLLOW and edge.state != OPEN)
    return not is_over and (edge.policy == WAKE) == is_suspended(child)


def behind(reader: Reader, job: JobRow) -> Behind:
    """Look for the jobs that let a waiting job wait, though it waits for others: nearest first."""
    found = Behind([], [])
    waiters: dict[int, int] = {}  # seq -> the job that waits for it
    rows, newest = {job.seq: job}, [job]
    leads: dict[int, Edge] = {}  # the edges to the newest
    while newest and len(rows) < MAX_JOBS:
        waiting = {row.seq: row for row in newest if row.state == State.WAITING or row.flags & IS_FLOW}
        edges = [edge for edge in reader.edges_to(sorted(waiting), MAX_EDGES) if holds_up(edge, waiting[edge.child])]
        if waiters:  # what the job waits for itself is known
            going_on = {edge.child for edge in edges}
            found.last.extend(
                (leads[row.seq], row) for row in newest if row.seq not in going_on and leads[row.seq].child != job.seq
            )
        for edge in edges:
            if edge.parent == job.seq:
                return Behind(_path(edge.child, waiters, rows), [])
            waiters.setdefault(edge.parent, edge.child)
        leads = {edge.parent: edge for edge in reversed(edges)}
        newest = reader.rows(sorted(leads.keys() - rows.keys()))
        rows |= {row.seq: row for row in newest}
    found.last.sort(key=lambda one: (one[0].state != HELD, one[1].state != State.WAITING))
    return found


def _path(last: int, behind: dict[int, int], rows: dict[int, JobRow]) -> list[bytes]:
    found = [last]
    while found[-1] in behind:
        found.append(behind[found[-1]])
    return [rows[seq].id for seq in reversed(found)]
