"""Pauses of jobs: which members of their trees they hold, and what goes on when they are over.

A job is held if it has a pause of its own, or if the job is held of which it is a member. What is new gets that from its parent as it is
stored (`trees.py`); a walk brings it to what was there before, first to the members that have not ended. It goes by what is stored of
the parent, so it may begin again at any time.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from taskbahn.protocol.states import State
from taskbahn_router.core.reactions import (
    HAS_MEMBERS,
    IS_HELD,
    IS_PAUSED,
    OUTLIVES_PARENT,
    Duty,
    MembersOf,
    ReactionNeed,
)
from taskbahn_router.promises.members import UNFINISHED, ends_members

if TYPE_CHECKING:
    from collections.abc import Generator, Sequence

    from taskbahn_router.core.reactions import FlaggedJob, ReactionRows
    from taskbahn_router.promises.reactions import Cascade

FINISHED = tuple(state for state in State if state.is_final)
LOOKS = 64  # at members that may have ended in this commit


class Holding:
    """Brings pauses to the members of trees, and takes them away. One unit is a job."""

    name = "holding"
    flag = IS_PAUSED | IS_HELD

    def react(self, duties: Sequence[Duty], cascade: Cascade, most: int) -> Generator[ReactionNeed, ReactionRows, Sequence[Duty]]:
        if most <= 0:
            return duties
        yield from cascade.load(duty.subject for duty in duties)
        rows = yield ReactionNeed(above=[duty.subject for duty in duties])
        yield from cascade.load(rows.above.values())
        for number, duty in enumerate(duties):
            if most <= 0:
                return duties[number:]
            job = cascade.jobs.get(duty.subject)
            if job is None:
                continue
            is_over = yield from _is_over(job, cascade)
            if is_over:
                job = cascade.unpause(job)
            above = cascade.jobs.get(rows.above.get(job.seq, 0))
            job = cascade.hold(job, is_held=follows(job, above))
            most -= 1
            if job.flags & HAS_MEMBERS:
                seen, cursor = yield from _walk(job, duty.cursor, cascade, most)
                most -= seen
                if cursor is not None:
                    return [duty._replace(cursor=cursor), *duties[number + 1 :]]
        return ()


def follows(job: FlaggedJob, above: FlaggedJob | None) -> bool:
    """Return whether a pause holds a job.  above: the job of which it is a member."""
    return bool(job.flags & IS_PAUSED) or (above is not None and is_held_by(job.flags, above.flags))


def is_held_by(flags: int, above: int) -> bool:
    """Return whether a job is held because that is held of which it is a member, by their flags."""
    return bool(above & IS_HELD) and not flags & OUTLIVES_PARENT


def _is_over(job: FlaggedJob, cascade: Cascade) -> Generator[ReactionNeed, ReactionRows, bool]:
    """Return whether the own pause of a job ends with it: its tree ends, too, or nothing is left that the pause could hold."""
    if not job.flags & IS_PAUSED or not State(job.state).is_final:
        return False
    if ends_members(job) or not job.flags & HAS_MEMBERS:
        return True
    rows = yield ReactionNeed(members=MembersOf(job.seq, UNFINISHED), most=LOOKS)
    if len(rows.members) == LOOKS or any(not State(cascade.jobs.get(one.seq, one).state).is_final for one in rows.members):
        return False
    rows = yield ReactionNeed(members=MembersOf(job.seq, FINISHED, flags=HAS_MEMBERS), most=1)
    return not rows.members


def _walk(
    job: FlaggedJob, cursor: int, cascade: Cascade, most: int
) -> Generator[ReactionNeed, ReactionRows, tuple[int, int | None]]:
    """Bring what holds a job to its members; return at how many it looked, and where to go on: None, it is done.

    The cursor is the last seq among those that had not ended, or minus one less than it among those that had.
    """
    seen = 0
    for states in (UNFINISHED, FINISHED)[cursor < 0 :]:
        behind = cursor if states is UNFINISHED else -cursor - 1
        if seen >= most:
            return seen, cursor
        rows = yield ReactionNeed(members=MembersOf(job.seq, states, behind), most=most - seen)
        for found in rows.members:
            member = cascade.jobs.setdefault(found.seq, found)
            was_held = member.flags & IS_HELD
            member = cascade.hold(member, is_held=follows(member, job))
            if member.flags & HAS_MEMBERS and member.flags & IS_HELD != was_held:
                cascade.follow(Duty(Holding.name, member.seq))
        seen += len(rows.members)
        if seen >= most:
            last = rows.members[-1].seq
            return seen, last if states is UNFINISHED else -last - 1
        cursor = -1
    return seen, None
