"""New jobs that wait for others: which parents they name, and whether these have ended well already.

An edge to a parent that succeeded is satisfied at once, unless it asks for a failure. All others are open; those of a parent that has
ended follow it in the same commit, as they would have if it had ended later (`edges.py`). An edge to a parent that comes later counts
as open from the beginning, so a job that waits for many is not ready before the last of them is stored and has ended.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from taskbahn.protocol.states import State
from taskbahn_router.core.reactions import ASKS_KEY, HAS_CHILDREN, HAS_PARENTS, ON_FAILURE, OPEN, SATISFIED, Edge
from taskbahn_router.core.rows import NoParent
from taskbahn_router.promises.named import GoesByNames

if TYPE_CHECKING:
    from taskbahn_router.core.rows import Applicant
    from taskbahn_router.promises.admissions import Decisions


class Parents(GoesByNames):
    """Decides about the edges of one commit."""

    name = "parents"
    is_link = True

    def admit(self, job: Applicant, decisions: Decisions) -> NoParent | None:
        """Make the edges of a job; refuse it if there is no such parent."""
        admitted = decisions.admitted
        awaited = job.member.awaited if job.member is not None else 0
        asks = job.member is not None and bool(job.member.flags & ASKS_KEY)
        pending = awaited + asks + admitted.pending.get(job.seq, 0)  # a pause may hold it
        for edge in job.after:
            stored = decisions.stored.get(edge.parent)
            parent = decisions.seq_of(edge.parent)
            if parent is None:
                return NoParent(job.seq, edge.parent)
            was = decisions.joined.get(parent) if stored is None else stored.state  # None: the parent is new
            state = SATISFIED if was == State.SUCCEEDED and edge.policy != ON_FAILURE else OPEN
            pending += state == OPEN
            _connect(Edge(parent, job.seq, edge.position, edge.policy, state), decisions)
            if state == OPEN and was is not None and State(was).is_final:
                admitted.ended_parents.append(parent)
                decisions.undo(admitted.ended_parents.pop)
        for edge in job.leads_to:
            child = decisions.seq_of(edge.child)
            if child is None:
                return NoParent(job.seq, edge.child)
            _connect(Edge(job.seq, child, edge.position, edge.policy, OPEN), decisions)
        if asks and pending == 1:
            admitted.look_at.append(job.seq)
            decisions.undo(admitted.look_at.pop)
        if job.after or awaited or asks:
            decisions.flag(job.seq, HAS_PARENTS)
            admitted.pending[job.seq] = pending
            decisions.undo(partial(admitted.pending.pop, job.seq, None))
        return None


def _connect(edge: Edge, decisions: Decisions) -> None:
    decisions.admitted.edges.append(edge)
    decisions.undo(decisions.admitted.edges.pop)
    decisions.flag(edge.parent, HAS_CHILDREN)
