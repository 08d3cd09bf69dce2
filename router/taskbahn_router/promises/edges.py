"""Jobs that wait for others: their edges follow the states of the parents, and a job is ready when all its edges are satisfied.

A success is never undone. What a parent's end means for a child is the edge's policy: the child goes on, fails as well, is held, or is
not needed and is cancelled. The parent's retry by hand opens these edges again: so an edge counts once, whatever comes when. A flow has
no attempts: it has succeeded when its last edge is satisfied, and it fails with the error of the job that made it fail.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from taskbahn.protocol.states import State
from taskbahn_router.core.job_times import is_due
from taskbahn_router.core.lifecycle import Event
from taskbahn_router.core.reactions import (
    DROPPED,
    FAIL,
    GO_ON,
    HAS_CHILDREN,
    HELD,
    IS_FLOW,
    IS_SKIPPED,
    IS_SUSPENDED,
    ON_END,
    ON_FAILURE,
    ON_SUCCESS,
    OPEN,
    PASSED_ON,
    PAUSE_BIT,
    SATISFIED,
    WAKE,
    Duty,
    EdgesOf,
    ReactionNeed,
    retried,
)
from taskbahn_router.core.unique_keys import FOLLOW
from taskbahn_router.promises.joining import Demands, asks, share
from taskbahn_router.promises.parent_errors import NOT_NEEDED

if TYPE_CHECKING:
    from collections.abc import Generator, Sequence

    from taskbahn_router.core.reactions import Edge, FlaggedJob, ReactionRows
    from taskbahn_router.promises.reactions import Cascade

CALLBACK_STARTS = {  # policy -> the ends of a parent with which its child starts
    ON_SUCCESS: frozenset((State.SUCCEEDED,)),
    ON_FAILURE: frozenset((State.FAILED, State.EXPIRED)),
    ON_END: frozenset(state for state in State if state.is_final),
}


class Edges:
    """The first reaction. One unit is an edge."""

    name = "edges"
    flag = HAS_CHILDREN

    def react(self, duties: Sequence[Duty], cascade: Cascade, most: int) -> Generator[ReactionNeed, ReactionRows, Sequence[Duty]]:
        if most <= 0:
            return duties
        # Older parents first: the end of one may be why another has ended, and its child hears that first.
        duties = sorted(duties)
        yield from cascade.load(duty.subject for duty in duties)
        parents = [cascade.jobs[duty.subject] for duty in duties if duty.subject in cascade.jobs]
        if not parents:
            return ()
        rows = yield ReactionNeed(edges=[edges for parent in parents for edges in unsettled(parent)], most=most)
        yield from cascade.load(edge.child for edge in rows.edges)
        yield from cascade.errors.load(parent for parent in parents if State(parent.state).is_final)
        complete: list[int] = []
        for edge in rows.edges:
            yield from _follow(edge, cascade, complete)
        yield from cascade.complete(complete)
        if len(rows.edges) < most:
            return ()
        last = rows.edges[-1].parent
        return duties[[duty.subject for duty in duties].index(last) :]


def unsettled(parent: FlaggedJob) -> list[EdgesOf]:
    """Return which of a parent's edges its state wants elsewhere."""
    if parent.state == State.SUCCEEDED:
        return [EdgesOf(parent.seq, OPEN, HELD, ON_SUCCESS)]
    if State(parent.state).is_final:  # a retry of it may have ended before its edges were open again
        callback = ON_FAILURE if parent.state in CALLBACK_STARTS[ON_FAILURE] else None
        held = [EdgesOf(parent.seq, HELD, HELD)] if parent.flags & IS_SKIPPED else []
        return [EdgesOf(parent.seq, OPEN, OPEN, callback), *held]
    return [EdgesOf(parent.seq, PASSED_ON, DROPPED)]


def state_after(parent: FlaggedJob, policy: str) -> int:
    """Return the state of an edge of a parent."""
    state = State(parent.state)
    if not state.is_final:
        return OPEN
    if policy in CALLBACK_STARTS:
        return SATISFIED if state in CALLBACK_STARTS[policy] else DROPPED
    if state is State.SUCCEEDED or policy in GO_ON or policy == WAKE:
        return SATISFIED
    if policy == FAIL:
        return PASSED_ON
    return SATISFIED if parent.flags & IS_SKIPPED else HELD


def _follow(edge: Edge, cascade: Cascade, complete: list[int]) -> Generator[ReactionNeed, ReactionRows, None]:
    """Let an edge follow its parent, and the child the edge; *complete* gets the flows that have all they wait for."""
    parent, child = cascade.jobs[edge.parent], cascade.jobs.get(edge.child)
    if edge.policy == FOLLOW:
        yield from share(edge, cascade)
        return
    state = state_after(parent, edge.policy)
    cascade.settle(edge, state)
    if child is None:
        return
    if state == SATISFIED and edge.policy == WAKE:
        _wake(child, cascade)
    elif state == SATISFIED:
        _go_on(edge, child, cascade, complete)
    elif state == PASSED_ON and waits(child):
        error = yield from cascade.errors.passed_on(parent, child)
        cascade.move(child, Event.PARENT_FAILED, error)
    elif state == DROPPED and child.state == State.WAITING:
        cascade.move(child, Event.CANCEL, NOT_NEEDED[edge.policy])
    elif edge.state == DROPPED and state == OPEN and child.state == State.CANCELLED:  # the parent may have ended again since
        cascade.move(child, Event.REOPEN)


def _go_on(edge: Edge, child: FlaggedJob, cascade: Cascade, complete: list[int]) -> None:
    """A parent of a job has ended as the job needs it: let the job begin, if that was the last one."""
    child = cascade.lower(child)
    if edge.state == DROPPED and child.state == State.CANCELLED:
        cascade.move(child, retried(child.pending, child.flags))
    elif asks(child):
        cascade.follow(Duty(Demands.name, child.seq))
    elif child.pending:
        return
    elif child.flags & IS_FLOW:
        complete.append(child.seq)
    elif child.state == State.WAITING and is_due(child.due_at, cascade.now):
        cascade.move(child, Event.DUE)


def _wake(child: FlaggedJob, cascade: Cascade) -> None:
    """Have a suspended job go on, unless it waits for more. One that another thing has woken may wait for something else by now."""
    if child.state != State.WAITING or not child.flags & IS_SUSPENDED:
        return
    if child.pending & ~PAUSE_BIT:
        child = cascade.lower(child)
    if not child.pending & ~PAUSE_BIT:
        cascade.wake(child)


def waits(job: FlaggedJob) -> bool:
    """Return whether a job waits for others; a flow does so as long as it is not final."""
    return job.state == State.WAITING or bool(job.flags & IS_FLOW and job.state == State.RUNNING)
