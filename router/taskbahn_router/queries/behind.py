"""Jobs that wait for each other: no end of one lets another one go on. Functions that wait for jobs by their ids can make it so."""

from __future__ import annotations

from typing import TYPE_CHECKING

from taskbahn.protocol.states import State
from taskbahn_router.core.reactions import IS_FLOW, IS_SUSPENDED, SATISFIED, WAKE

if TYPE_CHECKING:
    from taskbahn_router.core.reactions import Edge
    from taskbahn_router.stores.contract import Reader
    from taskbahn_router.stores.rows import JobRow

MAX_JOBS = 1_000  # jobs at which one search looks
MAX_EDGES = 10_000  # edges to the jobs of one round


def is_suspended(row: JobRow) -> bool:
    """Return whether the function of a job waits without an attempt."""
    return row.state == State.WAITING and bool(row.flags & IS_SUSPENDED)


def holds_up(edge: Edge, child: JobRow) -> bool:
    """Return whether a job waits because of an edge; one by which its function has waited may be open when it waits no more."""
    return edge.state != SATISFIED and (edge.policy == WAKE) == is_suspended(child)


def circle_of(reader: Reader, job: JobRow) -> list[bytes]:
    """Return the ids of jobs of which each waits for the next and the last for *job*, the first; empty: there is none, or it is far away."""
    behind: dict[int, int] = {}  # seq -> the job that waits for it
    rows = {job.seq: job}
    newest = [job]
    while newest and len(rows) < MAX_JOBS:
        waiting = {row.seq: row for row in newest if row.state == State.WAITING or row.flags & IS_FLOW}
        edges = [edge for edge in reader.edges_to(sorted(waiting), MAX_EDGES) if holds_up(edge, waiting[edge.child])]
        for edge in edges:
            if edge.parent == job.seq:
                return _path(edge.child, behind, rows)
            behind.setdefault(edge.parent, edge.child)
        newest = reader.rows(sorted({edge.parent for edge in edges} - rows.keys()))
        rows |= {row.seq: row for row in newest}
    return []


def _path(last: int, behind: dict[int, int], rows: dict[int, JobRow]) -> list[bytes]:
    found = [last]
    while found[-1] in behind:
        found.append(behind[found[-1]])
    return [rows[seq].id for seq in reversed(found)]
