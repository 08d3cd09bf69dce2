"""New jobs that belong to others: the members of flows, and what tasks start."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from taskbahn.protocol.states import State
from taskbahn_router.core.reactions import (
    FAIL,
    HAS_CHILDREN,
    HAS_MEMBERS,
    HAS_WEIGHT,
    IS_FLOW,
    IS_HELD,
    JOINED,
    OPEN,
    PAUSE_BIT,
    Edge,
)
from taskbahn_router.core.rows import NoGroup, NoParent, Place
from taskbahn_router.promises.holding import is_held_by
from taskbahn_router.promises.members import ends_members
from taskbahn_router.promises.named import GoesByNames

if TYPE_CHECKING:
    from taskbahn_router.core.reactions import FlaggedJob, NewMember
    from taskbahn_router.core.rows import Applicant
    from taskbahn_router.promises.admissions import Decisions


class Trees(GoesByNames):
    """Decides about the places of one commit's jobs in their trees."""

    name = "trees"
    is_link = False

    def admit(self, job: Applicant, decisions: Decisions) -> NoParent | NoGroup | None:
        """Give a job its place; refuse it if there is no job to which it belongs."""
        member, admitted = job.member, decisions.admitted
        if member is None:
            return None
        for need in member.needs:
            if decisions.seq_of(need) is None:
                return NoParent(job.seq, need)
        group = None if member.joins is None else decisions.groups.get(member.joins)
        if member.joins is not None:
            if group is None or State(group.state).is_final:
                return NoGroup(job.seq, member.joins)
            _join(job, group.seq, decisions)
        parent, root = self._place(member, group, decisions)
        if parent is None and member.parent is not None and member.is_needed:
            return NoParent(job.seq, member.parent)
        admitted.trees[job.seq] = Place(parent, root, member.label)
        decisions.undo(partial(admitted.trees.pop, job.seq))
        decisions.flag(job.seq, member.flags)
        above = group if group is not None else decisions.stored.get(member.parent)  # type: ignore[arg-type]
        _hold(
            job.seq, member.flags, above.flags if above is not None else decisions.admitted.flags.get(parent or 0, 0), decisions
        )
        if member.seals and parent is not None:
            admitted.sealed.append(parent)
            decisions.undo(admitted.sealed.pop)
        if member.flags & IS_FLOW:
            admitted.look_at.append(job.seq)
            decisions.undo(admitted.look_at.pop)
        return None

    @staticmethod
    def _place(member: NewMember, group: FlaggedJob | None, decisions: Decisions) -> tuple[int | None, int | None]:
        """Return the seqs of the job to which a new one belongs, and of the root of its tree."""
        if group is not None:  # what joins a group belongs where the other members do
            parent, root = group.root or group.seq, group.root or group.seq
        elif member.parent is None or (found := decisions.seq_of(member.parent)) is None:
            return None, None
        else:
            stored, place = decisions.stored.get(member.parent), decisions.admitted.trees.get(found)
            above = stored.root if stored is not None else place.root if place is not None else None
            parent, root = found, found if above is None else above
            if stored is not None and ends_members(stored):
                decisions.admitted.ended_parents.append(parent)
                decisions.undo(decisions.admitted.ended_parents.pop)
        decisions.flag(parent, HAS_MEMBERS | member.flags & HAS_WEIGHT)
        return parent, root


def _hold(seq: int, flags: int, above: int, decisions: Decisions) -> None:
    """Have the pause that holds a job hold a new member of it, too."""
    if is_held_by(flags, above):
        decisions.flag(seq, IS_HELD)
        if not flags & IS_FLOW:
            decisions.admitted.pending[seq] = PAUSE_BIT
            decisions.undo(partial(decisions.admitted.pending.pop, seq, None))


def _join(job: Applicant, group: int, decisions: Decisions) -> None:
    """Let a stored group wait for a new job, whose result is behind all others."""
    admitted = decisions.admitted
    admitted.edges.append(Edge(job.seq, group, JOINED + job.seq, FAIL, OPEN))
    decisions.undo(admitted.edges.pop)
    admitted.joined.append(group)
    decisions.undo(admitted.joined.pop)
    decisions.flag(job.seq, HAS_CHILDREN)
