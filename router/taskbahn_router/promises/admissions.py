"""Which new jobs of a commit are stored, and how: ids first, then each kind of admission, job by job in their order.

An entry of a submission is admitted or refused as a whole. A kind of admission is a file beside this one and a row in `registry.py`.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Protocol

from taskbahn_router.core.reactions import IS_UNSEALED
from taskbahn_router.core.rows import Admitted, Need
from taskbahn_router.core.unique_keys import Alias
from taskbahn_router.promises.registry import ADMISSIONS

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterable, Sequence

    from taskbahn_router.core.reactions import FlaggedJob
    from taskbahn_router.core.rows import Applicant, Refused, Rows, Touched
    from taskbahn_router.core.unique_keys import KeyHolder
    from taskbahn_router.promises.engine import Promises


class Decisions:
    """What was decided so far; an entry that is refused takes back what it changed."""

    def __init__(self) -> None:
        self.admitted = Admitted()
        self.groups: dict[bytes, FlaggedJob] = {}  # those of the jobs whose groups new ones join
        self.stored: dict[int | bytes, FlaggedJob] = {}  # the jobs of before that new ones name
        self.ids: dict[bytes, int] = {}  # of the jobs that were admitted; those of jobs that joined others mean these
        self.joined: dict[int, str] = {}  # seqs of the jobs that others joined, with their states
        self.replaced: list[KeyHolder] = []  # jobs that were cancelled for their unique keys
        self._undo: list[Callable[[], object]] = []

    def begin(self) -> None:
        """Begin an entry."""
        self._undo = []

    def take_back(self) -> None:
        """Undo what changed since the entry began."""
        while self._undo:
            self._undo.pop()()

    def undo(self, step: Callable[[], object]) -> None:
        """Note how to take back what was just changed."""
        self._undo.append(step)

    def accept(self, job: Applicant) -> None:
        """Store a job."""
        self.ids[job.id] = job.seq
        self.undo(partial(self.ids.pop, job.id))

    def seq_of(self, name: int | bytes) -> int | None:
        """Return the seq of a job of before, of one that was admitted with an id, or that it joined; None: there is none."""
        stored = self.stored.get(name)
        if stored is not None:
            return stored.seq
        return self.ids.get(name) if isinstance(name, bytes) else None

    def is_unsealed(self, id: bytes) -> bool:
        """Return whether a job of before is a flow of which jobs are still to be stored; an id that joined another flow brings none."""
        stored = self.stored.get(id)
        return stored is not None and stored.id == id and bool(stored.flags & IS_UNSEALED)

    def join(self, job: Applicant, holder: KeyHolder) -> None:
        """Store no job: its id means another one from now on."""
        self.admitted.aliases[job.seq] = Alias(job.id, holder.row.seq, holder.id)
        self.undo(partial(self.admitted.aliases.pop, job.seq))
        self.ids[job.id] = holder.row.seq
        self.undo(partial(self.ids.pop, job.id))
        self.joined[holder.row.seq] = holder.state

    def replace(self, holder: KeyHolder, reason: str) -> None:
        """Cancel the job that has a unique key."""
        self.cancel(holder.row.seq, reason)
        self.replaced.append(holder)
        self.undo(self.replaced.pop)

    def flag(self, seq: int, flag: int) -> None:
        """Let a stored job or a new one have a flag."""
        flags = self.admitted.flags
        before = flags.get(seq)
        if before is None or before | flag != before:  # a parent of many is flagged once
            flags[seq] = (before or 0) | flag
            self.undo(partial(flags.__setitem__, seq, before or 0))

    def cancel(self, seq: int, reason: str) -> None:
        """Cancel a stored job or a new one."""
        self.admitted.cancelled[seq] = reason
        self.undo(partial(self.admitted.cancelled.pop, seq))


class Admission(Protocol):
    """Decides about the new jobs of one commit. docs/writing-a-limit.md has the rules for it."""

    name: str
    is_link: bool  # whether it connects the jobs of an entry, and so decides when all others have admitted them

    def __init__(self, promises: Promises) -> None: ...

    def read(self, jobs: Sequence[Applicant], touched: Touched) -> Generator[Need, Rows, None]:
        """Read all that the decisions need, once, for all jobs whose ids are new; *touched*: by what the batch moved before."""

    def admit(self, job: Applicant, decisions: Decisions) -> Refused | None:
        """Decide about a job; return why it, and with it its entry, is refused.  Each change of its own state notes its `undo`."""


class Admissions:
    """Decides about the submissions of one commit."""

    def __init__(self, promises: Promises) -> None:
        self._kinds = [make(promises) for make in ADMISSIONS.values() if not make.is_link]
        self._links = [make(promises) for make in ADMISSIONS.values() if make.is_link]
        self._decisions = Decisions()

    def admit(self, submissions: Sequence[Sequence[Applicant]], touched: Touched) -> Generator[Need, Rows, Admitted]:
        """Decide about entries, in their order."""
        new = [job for jobs in submissions for job in jobs if not job.is_known]
        named, joins = _named(new), [job.member.joins for job in new if job.member is not None and job.member.joins is not None]
        if named or joins:
            rows = yield Need(named=named, groups_of=joins)
            self._decisions.stored, self._decisions.groups = rows.named, rows.groups
        for kind in (*self._kinds, *self._links):
            yield from kind.read(new, touched)
        for jobs in submissions:
            self._decide(jobs)
        return self._decisions.admitted

    def _decide(self, jobs: Sequence[Applicant]) -> None:
        """Admit the jobs of an entry, or refuse it, with nothing changed."""
        decisions, admitted = self._decisions, self._decisions.admitted
        decisions.begin()
        duplicates: set[int] = set()
        new: set[bytes] = set()  # ids of jobs that the entry brings
        others: set[bytes] = set()  # ids that mean jobs of before
        refusal = None
        for job in jobs:
            if job.is_known or job.id in decisions.ids or self._is_of_other(job, others):
                duplicates.add(job.seq)  # the members of a flow that is there already are too
                if not decisions.is_unsealed(job.id):
                    others.update({job.id} - new)
                continue
            refusal = self._admit(job)
            if job.seq in admitted.aliases:
                duplicates.add(job.seq)
            (others if job.seq in duplicates else new).add(job.id)
            if refusal is not None:
                break
        else:
            refusal = self._link(job for job in jobs if job.seq not in duplicates)
        if refusal is None:
            admitted.duplicates |= duplicates
            return
        decisions.take_back()
        admitted.refusals.append(refusal)
        admitted.refused.update(job.seq for job in jobs)

    def _is_of_other(self, job: Applicant, others: set[bytes]) -> bool:
        """Return whether a job belongs to one of before that gets no more members by being sent again."""
        member = job.member
        if member is None or not isinstance(member.parent, bytes):
            return False
        return member.parent in others or (member.is_late and not self._decisions.is_unsealed(member.parent))

    def _admit(self, job: Applicant) -> Refused | None:
        for kind in self._kinds:
            refusal = kind.admit(job, self._decisions)
            if refusal is not None or job.seq in self._decisions.admitted.aliases:
                return refusal
        self._decisions.accept(job)
        return None

    def _link(self, jobs: Iterable[Applicant]) -> Refused | None:
        """Decide what depends on the other jobs of the entry, which are all admitted by now."""
        found = (kind.admit(job, self._decisions) for job in jobs for kind in self._links)
        return next((refusal for refusal in found if refusal is not None), None)


def _named(jobs: Sequence[Applicant]) -> list[int | bytes]:
    """Return the jobs of before that new ones depend on, or to which they belong; the other ones that they name are new as well."""
    named = {edge.parent for job in jobs for edge in job.after}
    named.update(edge.child for job in jobs for edge in job.leads_to)
    for member in (job.member for job in jobs if job.member is not None):
        named.update(member.needs)
        if member.parent is not None:
            named.add(member.parent)
    return sorted(named.difference(job.id for job in jobs), key=str) if named else []
