"""New jobs that wait for others: which parents they name, and whether these have ended well already.

An edge to a parent that succeeded is satisfied at once. All others are open; those of a parent that ended otherwise follow it in the
same commit, as they would have if it had ended later (`edges.py`).
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from taskbahn.protocol.states import State
from taskbahn_router.core.reactions import HAS_CHILDREN, HAS_PARENTS, OPEN, SATISFIED, Edge
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
        admitted, pending = decisions.admitted, 0
        for edge in job.after:
            stored = decisions.stored.get(edge.parent)
            parent = decisions.seq_of(edge.parent)
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
