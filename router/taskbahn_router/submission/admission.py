"""A submission that is read becomes part of the state, in steps, if there is room for all of it; or nothing is changed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from taskbahn.errors import TaskbahnError
from taskbahn_router.submission.backpressure import check_backpressure, check_partitions
from taskbahn_router.submission.slices import parts_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from taskbahn_router.model.pending_call import PendingCall
    from taskbahn_router.model.state import DispatcherState, LiveJob
    from taskbahn_router.model.submissions import Submission
    from taskbahn_router.submission.fair_queue import FairQueue
    from taskbahn_router.submission.submission import Draft


class Admission:
    """Takes in partitions and jobs; check: raises when the dispatcher accepts no submissions."""

    def __init__(self, state: DispatcherState, fair_queue: FairQueue, check: Callable[[], None]) -> None:
        self._state = state
        self._fair_queue = fair_queue
        self._check = check
        self.charge: Callable[[PendingCall | None, Draft], None] = lambda *_: None

    def take_in(self, draft: Draft, call: PendingCall | None = None, *, follows: bool) -> Iterator[None]:
        """Make the partitions of a submission and remember its jobs.  Raises, with nothing changed, when there is no room.

        The room is reserved in the first step. The caller puts the submission into the fair queue right after the last one.
        call: the one that asks for it; its caller is charged.   follows: whether a client waits for the outcomes.
        """
        self._check()  # reading may have taken many turns, in which the store may have begun to refuse
        check_backpressure(self._fair_queue, len(draft.jobs), draft.size, self._state.counts, sum(map(len, draft.flows)))
        check_partitions(self._state, draft.planned | draft.named)
        self.charge(call, draft)
        self._fair_queue.reserve(len(draft.jobs), draft.size)
        others = yield from self._state.take_in(draft.named)
        for part in parts_of(draft.jobs):
            for job in part:
                if others:
                    job.partition = others.get(job.partition, job.partition)
                job.has_waiter = follows
                self._state.jobs.setdefault(job.id, job)
            yield
        try:
            self._check()
        except TaskbahnError:
            self._fair_queue.reserve(-len(draft.jobs), -draft.size)
            self.forget(draft.jobs)
            raise

    def turn_away(self, submission: Submission, number: int, jobs: Sequence[LiveJob], error: TaskbahnError) -> None:
        """Refuse an entry of a submission, of which the store has nothing."""
        self.forget(jobs)
        if submission.answers is None:
            submission.refused(error)
        else:
            submission.answers[number] = error.info()
            submission.left_out(jobs)

    def forget(self, jobs: Iterable[LiveJob]) -> None:
        """Forget jobs that are not accepted after all."""
        for job in jobs:
            self._state.keep(job.partition, -1)
            if self._state.jobs.get(job.id) is job:
                del self._state.jobs[job.id]
