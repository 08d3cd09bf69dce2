"""The jobs of a tree: what becomes of the members of a job that is cancelled, and of those of a flow that is retried by hand.

A job that is cancelled or did not start in time ends its members, but for those that are detached. A retry by hand of a flow begins
again what has ended without success before it; what is stored of a member says which it was, so a slice goes on from any point.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from taskbahn.protocol.states import State
from taskbahn_router.core.lifecycle import Event, sources
from taskbahn_router.core.reactions import HAS_MEMBERS, IS_DETACHED, IS_FLOW, OUTLIVES_PARENT, MembersOf, ReactionNeed, retried
from taskbahn_router.promises.edges import waits

if TYPE_CHECKING:
    from collections.abc import Generator, Sequence

    from taskbahn_router.core.reactions import Duty, FlaggedJob, ReactionRows
    from taskbahn_router.promises.reactions import Cascade

ENDS_MEMBERS = frozenset((State.CANCELLED, State.EXPIRED))
UNFINISHED = sources(Event.CANCEL)
UNSUCCESSFUL = sources(Event.RETRY_BY_HAND)
CANCELLED_WITH = '{"message":"cancelled with the job that it is a part of"}'


class Members:
    """Ends the members of a job with it, and retries those of a flow. One unit is a member."""

    name = "members"
    flag = HAS_MEMBERS

    def react(self, duties: Sequence[Duty], cascade: Cascade, most: int) -> Generator[ReactionNeed, ReactionRows, Sequence[Duty]]:
        yield from cascade.load(duty.subject for duty in duties)
        for number, duty in enumerate(duties):
            job = cascade.jobs.get(duty.subject)
            states = _wanted(job) if job is not None else ()
            if not states:
                continue
            if most <= 0:
                return duties[number:]
            rows = yield ReactionNeed(members=MembersOf(duty.subject, states, duty.cursor), most=most)
            for member in rows.members:
                _follow(cascade.jobs.setdefault(member.seq, member), states, cascade)
            most -= len(rows.members)
            if not most:
                return [duty._replace(cursor=rows.members[-1].seq), *duties[number + 1 :]]
        return ()


class Flows:
    """Completes flows that wait for nothing. One unit is a flow."""

    name = "completion"
    flag = IS_FLOW

    def react(self, duties: Sequence[Duty], cascade: Cascade, most: int) -> Generator[ReactionNeed, ReactionRows, Sequence[Duty]]:
        yield from cascade.load(duty.subject for duty in duties)
        jobs = [cascade.jobs[duty.subject] for duty in duties if duty.subject in cascade.jobs]
        ready = [job.seq for job in jobs if waits(job) and not job.pending]
        yield from cascade.complete(ready[: max(0, most)])
        left = set(ready[max(0, most) :])
        return [duty for duty in duties if duty.subject in left]


def _wanted(job: FlaggedJob) -> tuple[State, ...]:
    """Return the states of those members that must move because of the state of their job."""
    if job.state in ENDS_MEMBERS:
        return UNFINISHED
    return UNSUCCESSFUL if job.flags & IS_FLOW and job.state == State.RUNNING else ()


def _follow(member: FlaggedJob, states: tuple[State, ...], cascade: Cascade) -> None:
    cascade.reacted.units += 1
    if member.flags & IS_DETACHED or member.state not in states:
        return
    if states is not UNFINISHED:
        cascade.move(member, retried(member.pending, member.flags))
    elif not member.flags & OUTLIVES_PARENT:
        cascade.move(member, Event.CANCEL, CANCELLED_WITH)
