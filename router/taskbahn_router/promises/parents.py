"""New jobs that wait for others: which parents they name, and whether these have ended well already.

An edge to a parent that succeeded is satisfied at once. All others are open; those of a parent that ended otherwise follow it in the
same commit, as they would have if it had ended later (`edges.py`).
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from taskbahn.protocol.states import State
from taskbahn_router.core.reactions import HAS_CHILDREN, HAS_PARENTS, OPEN, SATISFIED, Edge
from taskbahn_router.core.rows import Need, NoParent

if TYPE_CHECKING:
    from collections.abc import Generator, Sequence

    from taskbahn_router.core.reactions import FlaggedJob
    from taskbahn_router.core.rows import Applicant, Rows, Touched
    from taskbahn_router.promises.admissions import Decisions
    from taskbahn_router.promises.engine import Promises


class Parents:
    """Decides about the edges of one commit."""

    name = "parents"
    is_link = True

    def __init__(self, promises: Promises) -> None:
        self._stored: dict[int | bytes, FlaggedJob] = {}  # as they are named

    def read(self, jobs: Sequence[Applicant], touched: Touched) -> Generator[Need, Rows, None]:
        named = {edge.parent for job in jobs for edge in job.after}
        if named:
            rows = yield Need(named=sorted(named, key=str))
            self._stored = rows.named

    def admit(self, job: Applicant, decisions: Decisions) -> NoParent | None:
        """Make the edges of a job; refuse it if there is no such parent."""
        admitted, pending = decisions.admitted, 0
        for edge in job.after:
            stored = self._stored.get(edge.parent)
            parent = decisions.new(edge.parent) if stored is None else stored.seq
            if parent is None:
                return NoParent(job.seq, edge.parent)
            was = decisions.joined.get(parent) if stored is None else stored.state  # None: the parent is new
            state = SATISFIED if was == State.SUCCEEDED else OPEN
            pending += state == OPEN
            admitted.edges.append(Edge(parent, job.seq, edge.position, edge.policy, state))
            decisions.undo(admitted.edges.pop)
            if state == OPEN and was is not None and State(was).is_final:
                admitted.ended_parents.append(parent)
                decisions.undo(admitted.ended_parents.pop)
            decisions.flag(parent, HAS_CHILDREN)
        if job.after:
            decisions.flag(job.seq, HAS_PARENTS)
            admitted.pending[job.seq] = pending
            decisions.undo(partial(admitted.pending.pop, job.seq))
        return None
