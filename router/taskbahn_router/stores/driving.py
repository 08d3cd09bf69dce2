"""How a store has a batch ruled: it answers the questions of the rules within its transaction, and gets what to write."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

from taskbahn.protocol.states import State
from taskbahn_router.core.rows import Applicant

if TYPE_CHECKING:
    from collections.abc import Callable, Container, Generator, Iterable, Iterator, Sequence

    from taskbahn_router.core.rows import Admitted, Need, Rows
    from taskbahn_router.stores.rows import NewJob

Decided = TypeVar("Decided")


def drive(steps: Generator[Need, Rows, Decided], answer: Callable[[Need], Rows]) -> Decided:
    """Return what the rules decide; *answer* reads the rows that they need."""
    try:
        need = next(steps)
        while True:
            need = steps.send(answer(need))
    except StopIteration as end:
        decided: Decided = end.value
        return decided


def applicants(submissions: Iterable[Sequence[NewJob]], known: Container[bytes]) -> list[list[Applicant]]:
    """Return new jobs as the rules see them; *known*: the ids that the store has."""
    return [
        [
            Applicant(job.seq, job.id, job.partition, job.keys or "", job.state == State.READY, is_known=job.id in known)
            for job in jobs
        ]
        for jobs in submissions
    ]


def admitted_of(submissions: Iterable[Sequence[NewJob]], admitted: Admitted) -> Iterator[NewJob]:
    """Return the jobs to store, in order."""
    left_out = admitted.refused | admitted.duplicates
    return (job for jobs in submissions for job in jobs if job.seq not in left_out)
