"""New jobs that belong to others: the members of flows, and what tasks start."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from taskbahn_router.core.reactions import HAS_MEMBERS, HAS_WEIGHT, IS_FLOW
from taskbahn_router.core.rows import NoParent, Place
from taskbahn_router.promises.members import ENDS_MEMBERS
from taskbahn_router.promises.named import GoesByNames

if TYPE_CHECKING:
    from taskbahn_router.core.rows import Applicant
    from taskbahn_router.promises.admissions import Decisions


class Trees(GoesByNames):
    """Decides about the places of one commit's jobs in their trees."""

    name = "trees"
    is_link = False

    def admit(self, job: Applicant, decisions: Decisions) -> NoParent | None:
        """Give a job its place; refuse it if there is no job to which it belongs."""
        member, admitted = job.member, decisions.admitted
        if member is None:
            return None
        for need in member.needs:
            if decisions.seq_of(need) is None:
                return NoParent(job.seq, need)
        parent, root, stored = None, None, None
        if member.parent is not None:
            stored = decisions.stored.get(member.parent)
            parent = decisions.seq_of(member.parent)
            if parent is None and member.is_needed:
                return NoParent(job.seq, member.parent)
        if parent is not None:
            place = admitted.trees.get(parent)
            above = stored.root if stored is not None else place.root if place is not None else None
            root = parent if above is None else above
            decisions.flag(parent, HAS_MEMBERS | member.flags & HAS_WEIGHT)
            if stored is not None and stored.state in ENDS_MEMBERS:
                admitted.ended_parents.append(parent)
                decisions.undo(admitted.ended_parents.pop)
        admitted.trees[job.seq] = Place(parent, root, member.label)
        decisions.undo(partial(admitted.trees.pop, job.seq))
        decisions.flag(job.seq, member.flags)
        if member.seals and parent is not None:
            admitted.sealed.append(parent)
            decisions.undo(admitted.sealed.pop)
        if member.flags & IS_FLOW:
            admitted.flows.append(job.seq)
            decisions.undo(admitted.flows.pop)
        return None
