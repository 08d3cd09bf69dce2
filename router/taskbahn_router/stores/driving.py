"""How a store has a batch ruled: it answers the questions of the rules within its transaction, and gets what to write."""

from __future__ import annotations

from itertools import chain
from typing import TYPE_CHECKING, TypeVar

from taskbahn.protocol.states import State
from taskbahn_router.core.reactions import ASKS_KEY
from taskbahn_router.core.rows import Applicant

if TYPE_CHECKING:
    from collections.abc import Callable, Container, Generator, Iterable, Iterator, Sequence

    from taskbahn_router.core.reactions import NewEdge
    from taskbahn_router.core.rows import Admitted
    from taskbahn_router.stores.contract import CommitBatch
    from taskbahn_router.stores.rows import KnownJob, NewJob

Asked = TypeVar("Asked")
Found = TypeVar("Found")
Decided = TypeVar("Decided")


def drive(steps: Generator[Asked, Found, Decided], answer: Callable[[Asked], Found]) -> Decided:
    """Return what rules decide; *answer* reads the rows that they need."""
    try:
        need = next(steps)
        while True:
            need = steps.send(answer(need))
    except StopIteration as end:
        decided: Decided = end.value
        return decided


def applicants(batch: CommitBatch, known: Container[bytes]) -> list[list[Applicant]]:
    """Return the submissions of a batch as the rules see them; *known*: the ids that the store has."""
    after: dict[int, list[NewEdge]] = {}
    leads_to: dict[int, list[NewEdge]] = {}
    if batch.edges:
        ids = {job.seq: job.id for job in chain(batch.new, *batch.submissions)}
        for edge in batch.edges:
            child, parent = edge[:2]
            if isinstance(child, int):
                after.setdefault(child, []).append(edge._replace(parent=ids.get(parent, parent)))  # type: ignore[arg-type]
            elif isinstance(parent, int):
                leads_to.setdefault(parent, []).append(edge)
    unique = {one.seq: one for one in batch.unique}
    members = {one.seq: one for one in batch.members}
    awaiting = {one.seq for one in batch.members if one.awaited or one.flags & ASKS_KEY}
    return [
        [
            Applicant(
                job.seq, job.id, job.partition, job.keys or "",
                job.state == State.READY and job.seq not in after and job.seq not in awaiting,
                job.id in known, tuple(after.get(job.seq, ())), tuple(leads_to.get(job.seq, ())), unique.get(job.seq),
                members.get(job.seq),
            )
            for job in jobs
        ]
        for jobs in batch.submissions
    ]  # fmt: skip


def admitted_of(submissions: Iterable[Sequence[NewJob]], admitted: Admitted) -> Iterator[NewJob]:
    """Return the jobs to store, in order; one with open edges waits."""
    left_out = admitted.refused | admitted.duplicates
    for job in chain.from_iterable(submissions):
        if job.seq not in left_out:
            is_blocked = job.state == State.READY and admitted.pending.get(job.seq)
            yield job._replace(state=State.WAITING) if is_blocked else job


def others_in(batch: CommitBatch, duplicates: Container[int], known: Callable[[bytes], KnownJob | None]) -> dict[int, KnownJob]:
    """Return the seqs of new jobs whose ids have jobs of other partitions or callers, with these.   known: the job that an id means."""
    repeated = (job for job in chain(batch.new, *batch.submissions) if job.seq in duplicates)
    found = ((job, known(job.id)) for job in repeated)
    return {job.seq: other for job, other in found if other is not None and other.differs(job)}


def aliased(submissions: Iterable[Sequence[NewJob]], admitted: Admitted) -> dict[int, bytes]:
    """Return the seqs of new jobs whose ids mean others since they joined them, with the ids of these."""
    means = {alias.id: alias.means for alias in admitted.aliases.values()}
    return {job.seq: means[job.id] for job in chain.from_iterable(submissions) if job.id in means} if means else {}
