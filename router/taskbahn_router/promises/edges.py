"""Jobs that wait for others: their edges follow the states of the parents, and a job is ready when all its edges are satisfied.

A success satisfies every edge, and is never undone. A parent that fails, expires or is cancelled satisfies those that let the child go
on, fails the children of others, and holds the rest. Its retry by hand opens these again: so an edge counts once, whatever comes when.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from taskbahn.protocol import messages
from taskbahn.protocol.states import State
from taskbahn_router.core.ids import id_text
from taskbahn_router.core.lifecycle import Event
from taskbahn_router.core.reactions import FAIL, GO_ON, HAS_CHILDREN, HELD, OPEN, PASSED_ON, SATISFIED, EdgesOf, ReactionNeed

if TYPE_CHECKING:
    from collections.abc import Generator, Sequence

    from taskbahn_router.core.reactions import Edge, FlaggedJob, ReactionRows
    from taskbahn_router.promises.reactions import Cascade


class Edges:
    """The first reaction. One unit is an edge."""

    name = "edges"
    flag = HAS_CHILDREN

    def react(self, seqs: Sequence[int], cascade: Cascade, most: int) -> Generator[ReactionNeed, ReactionRows, Sequence[int]]:
        if most <= 0:
            return seqs
        yield from cascade.load(seqs)
        parents = [cascade.jobs[seq] for seq in seqs if seq in cascade.jobs]
        if not parents:
            return ()
        rows = yield ReactionNeed(edges=[unsettled(parent) for parent in parents], most=most)
        yield from cascade.load(edge.child for edge in rows.edges)
        for edge in rows.edges:
            _follow(edge, cascade)
        if len(rows.edges) < most:
            return ()
        last = rows.edges[-1].parent
        return [parent.seq for parent in parents][[parent.seq for parent in parents].index(last) :]


def unsettled(parent: FlaggedJob) -> EdgesOf:
    """Return which of a parent's edges its state wants elsewhere."""
    if parent.state == State.SUCCEEDED:
        return EdgesOf(parent.seq, OPEN, HELD)
    if State(parent.state).is_final:
        return EdgesOf(parent.seq, OPEN, OPEN)
    return EdgesOf(parent.seq, PASSED_ON, HELD)


def state_after(parent: str, policy: str) -> int:
    """Return the state of an edge whose parent is in a state."""
    if not State(parent).is_final:
        return OPEN
    if parent == State.SUCCEEDED or policy in GO_ON:
        return SATISFIED
    return PASSED_ON if policy == FAIL else HELD


def _follow(edge: Edge, cascade: Cascade) -> None:
    """Let an edge follow its parent, and the child the edge."""
    parent, child = cascade.jobs[edge.parent], cascade.jobs.get(edge.child)
    state = state_after(parent.state, edge.policy)
    cascade.settle(edge, state)
    if child is None:
        return
    if state == SATISFIED:
        child = cascade.lower(child)
        if child.state == State.WAITING and not child.pending and (child.due_at is None or child.due_at <= cascade.now):
            cascade.move(child, Event.DUE)
    elif state == PASSED_ON and child.state == State.WAITING:
        cascade.move(child, Event.PARENT_FAILED, _error(parent))


def _error(parent: FlaggedJob) -> str:
    id = id_text(parent.id)
    return messages.to_json(
        {"type": "ParentFailed", "message": f"job {id}, which this one depends on, {_ending(parent.state)}", "parent": id}
    )


def _ending(state: str) -> str:
    return state if state in (State.FAILED, State.EXPIRED) else f"was {state}"
