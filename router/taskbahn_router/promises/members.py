"""The jobs of a tree: what becomes of the members of a job that is cancelled, and of those of a flow that is retried by hand.

A job that is cancelled, did not start in time or whose deadline has passed ends its members, but for those that are detached. What has
a deadline of its own that has passed fails by that: the sweep does it. A retry by hand of a flow begins again what has ended without
success before it; what is stored of a member says which it was, so a slice goes on from any point.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from taskbahn.protocol.states import State
from taskbahn_router.core.job_times import is_over
from taskbahn_router.core.lifecycle import Event, sources
from taskbahn_router.core.reactions import (
    HAS_MEMBERS,
    IS_DETACHED,
    IS_FLOW,
    IS_OVERDUE,
    OUTLIVES_PARENT,
    MembersOf,
    ReactionNeed,
    retried,
)
from taskbahn_router.promises.edges import waits

if TYPE_CHECKING:
    from collections.abc import Generator, Sequence

    from taskbahn_router.core.reactions import Duty, FlaggedJob, ReactionRows
    from taskbahn_router.promises.reactions import Cascade

UNFINISHED = sources(Event.CANCEL)
UNSUCCESSFUL = sources(Event.RETRY_BY_HAND)
CANCELLED_WITH = '{"message":"cancelled with the job that it is a part of"}'
OVERDUE_WITH = '{"message":"cancelled with the job that it is a part of, which had not ended by its deadline"}'


class Members:
    """Ends the members of a job with it, and retries those of a flow. One unit is a member."""

    name = "members"
    flag = HAS_MEMBERS

    def react(self, duties: Sequence[Duty], cascade: Cascade, most: int) -> Generator[ReactionNeed, ReactionRows, Sequence[Duty]]:
        yield from cascade.load(duty.subject for duty in duties)
        for number, duty in enumerate(duties):
            job = cascade.jobs.get(duty.subject)
            if job is None or not (states := _wanted(job)):
                continue
            if most <= 0:
                return duties[number:]
            rows = yield ReactionNeed(members=MembersOf(duty.subject, states, duty.cursor), most=most)
            for member in rows.members:
                _follow(cascade.jobs.setdefault(member.seq, member), job, states, cascade)
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


def ends_members(job: FlaggedJob) -> bool:
    """Return whether a job has ended so that what belongs to it ends with it."""
    return job.state in (State.CANCELLED, State.EXPIRED) or bool(job.flags & IS_OVERDUE)


def _wanted(job: FlaggedJob) -> tuple[State, ...]:
    """Return the states of those members that must move because of the state of their job."""
    if ends_members(job):
        return UNFINISHED
    return UNSUCCESSFUL if job.flags & IS_FLOW and job.state == State.RUNNING else ()


def _follow(member: FlaggedJob, parent: FlaggedJob, states: tuple[State, ...], cascade: Cascade) -> None:
    cascade.reacted.units += 1
    is_overdue = parent.flags & IS_OVERDUE != 0
    reason = OVERDUE_WITH if is_overdue else CANCELLED_WITH
    if member.flags & IS_DETACHED or member.state not in states:
        return
    if states is not UNFINISHED:
        cascade.move(member, retried(member.pending, member.flags))
    elif not member.flags & OUTLIVES_PARENT and not (is_overdue and is_over(member.deadline, cascade.now)):
        cascade.move(member, Event.CANCEL, reason)
