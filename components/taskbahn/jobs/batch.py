"""Many jobs of one task, started together: `Batch`."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any, Generic, NamedTuple, TypeVar

from taskbahn.attempt.async_deadline import wait_within
from taskbahn.attempt.blocking import check_may_block
from taskbahn.attempt.waiting import Awaiting, Wait, deadline_in, wait_here
from taskbahn.errors import NotFinished, TaskbahnError
from taskbahn.future import Future
from taskbahn.jobs.encrypted_job import opened_outcome
from taskbahn.jobs.job import Job
from taskbahn.jobs.outcome import outcome_error, outcome_value
from taskbahn.jobs.unfinished import words_of, words_of_async
from taskbahn.protocol import messages
from taskbahn.protocol.states import State

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Generator, Iterable, Iterator, Mapping

    from taskbahn.attempt.waiting import Deadline
    from taskbahn.client.client import HasClient, RawOutcome
    from taskbahn.signatures.signature import TaskSignature

R = TypeVar("R")
INTERNAL = {"add", "batch_delivered", "fail", "take"}  # what the client calls, and who makes a batch


class BatchProgress(NamedTuple):
    """How many jobs of a batch there are, and how many ended in which way."""

    total: int
    succeeded: int
    failed: int
    cancelled: int
    expired: int

    @property
    def done(self) -> int:
        """Jobs that have ended."""
        return self.total - self.left

    @property
    def left(self) -> int:
        """Jobs that have not ended yet."""
        return self.total - self.succeeded - self.failed - self.cancelled - self.expired


class Batch(Generic[R]):
    """Jobs in the order in which they were started; iterating gives a `Job` for each."""

    def __init__(self, app: HasClient, task: str, signature: TaskSignature | None, encrypted_by: str = "") -> None:
        self.task = task
        self.encrypted_by = encrypted_by  # as in `Job`
        self._sent: list[str] = []  # the ids that the jobs were sent with
        self._joined: dict[str, str] = {}  # those of them that mean other jobs, which were there already -> the ids of these
        self.refused: list[dict[str, Any]] = []  # `ErrorInfo` of the calls that were not accepted
        self.first_refused: int | None = None  # number of the first of them, from 0
        self._app = app
        self._signature = signature
        self._outcomes: dict[str, RawOutcome] = {}
        self._ended: list[str] = []  # the jobs that have ended, in that order
        self._states: Counter[str] = Counter()
        self._cancelled: set[str] = set()  # jobs of which `cancel` said so
        self._more: Future[None] = Future()
        self._asked = 0
        self._error: TaskbahnError | None = None

    @property
    def ids(self) -> list[str]:
        """The ids of the jobs; one of them may come several times if jobs of the task are unique."""
        return [self._joined.get(id, id) for id in self._sent] if self._joined else self._sent

    def add(self, ids: Iterable[str], joined: Mapping[str, str]) -> None:
        """Add accepted jobs. *joined*: those ids that mean other jobs, which were there already, and the ids of these."""
        self._sent += ids
        self._joined.update(joined)

    def results(self, timeout: float | None = None, *, return_errors: bool = False) -> list[R]:
        """Wait for all jobs and return their results in order.

        timeout: seconds for the whole batch; then raises NotFinished. return_errors: put a job's error in the place of its
        result, instead of raising the first one when all have ended.
        """
        if len(self._outcomes) < len(self._sent):
            check_may_block("batch.results()", "await batch.results_async()" if return_errors else "await batch")
        deadline = deadline_in(timeout)
        self._ask()
        while len(self._outcomes) < len(self._sent):
            more = self._more
            if len(self._outcomes) < len(self._sent):
                self._raise_error()
                if not wait_here(more, self._all_left, deadline):
                    raise self._unfinished(timeout)
        return self._values(return_errors=return_errors)

    async def results_async(
        self,
        timeout: float | None = None,
        *,
        return_errors: bool = False,
    ) -> list[R]:
        """As `results`, for asyncio and Twisted; `await batch` is the same without *timeout* and *return_errors*."""
        if not await self._all(deadline_in(timeout)):
            raise await self._unfinished_async(timeout)
        return self._values(return_errors=return_errors)

    def __await__(self) -> Generator[Any, Any, list[R]]:
        yield from self._all().__await__()
        return self._values(return_errors=False)

    async def _all(self, deadline: Deadline | None = None) -> bool:
        self._ask()
        while len(self._outcomes) < len(self._sent):
            more = self._more
            if len(self._outcomes) < len(self._sent):
                self._raise_error()
                if not await wait_within(more, self._all_left, deadline):
                    return False
        return True

    def as_completed(self, timeout: float | None = None) -> AsCompleted[R]:
        """Return the jobs as they end, for `for` and `async for`; raises NotFinished *timeout* seconds from now."""
        self._ask()
        return AsCompleted(self, timeout)

    @property
    def progress(self) -> BatchProgress:
        """What has ended so far; asking for it begins to follow the batch."""
        self._ask()
        states = self._states
        cancelled = states[State.CANCELLED]
        if self._cancelled:  # the outcomes of some of these may be on their way
            cancelled += sum(self._joined.get(id, id) in self._cancelled for id in self._sent if id not in self._outcomes)
        return BatchProgress(len(self._sent), states[State.SUCCEEDED], states[State.FAILED], cancelled, states[State.EXPIRED])

    def cancel(self, reason: str = "") -> int:
        """Cancel all jobs that have not ended; return how many are cancelled now. Running attempts may take a moment."""
        check_may_block("batch.cancel()", "await batch.cancel_async()")
        answers: list[Any] = []
        for ids in self._left():
            answers += self._note(ids, self._app.client.ask(messages.JOB_CANCEL, ids, reason=reason).get())
        return answers.count(State.CANCELLED)

    async def cancel_async(self, reason: str = "") -> int:
        """As `cancel`, for asyncio and Twisted."""
        answers: list[Any] = []
        for ids in self._left():
            answers += self._note(ids, await self._app.client.ask(messages.JOB_CANCEL, ids, reason=reason))
        return answers.count(State.CANCELLED)

    def _note(self, ids: list[str], states: list[str]) -> list[str]:
        """Note which jobs are cancelled; their outcomes, which are on their way, say the same."""
        self._cancelled.update(id for id, state in zip(ids, states, strict=True) if state == State.CANCELLED)
        return states

    def _left(self) -> list[list[str]]:
        left = list(dict.fromkeys(self._joined.get(id, id) for id in self._sent if id not in self._outcomes))
        return [left[start : start + messages.MAX_WAIT] for start in range(0, len(left), messages.MAX_WAIT)]

    def _all_left(self) -> Wait:
        return Wait(self._next_left(), every=True)

    def _first_left(self) -> Wait:
        return Wait(self._next_left())

    def _next_left(self) -> list[str]:
        return next(iter(self._left()), [])  # the last outcome may have come in this moment

    def __len__(self) -> int:
        return len(self._sent)

    def __iter__(self) -> Iterator[Job[R]]:
        return map(self._job, self._sent)

    def __getitem__(self, index: int) -> Job[R]:
        return self._job(self._sent[index])

    def __dir__(self) -> Iterable[str]:
        return [name for name in super().__dir__() if name not in INTERNAL]

    def __repr__(self) -> str:
        return f"<Batch of {len(self._sent):,} {self.task}>"

    def _ask(self) -> None:
        if self._asked < len(self._sent):
            ids = self._sent[self._asked :]
            self._asked = len(self._sent)
            self._app.client.wait(ids, self)

    def _job(self, id: str) -> Job[R]:
        job: Job[R] = Job(self._app, self._joined.get(id, id), self.task, self._signature)
        job.encrypted_by = self.encrypted_by
        outcome = self._outcomes.get(id)
        if outcome is not None:
            job.take(outcome)
        return job

    def _values(self, *, return_errors: bool) -> list[Any]:
        signature, keys = self._signature, self._app.keys
        outcomes = {id: opened_outcome(one, keys, self.task, self.encrypted_by) for id, one in self._outcomes.items()}
        if return_errors:
            return [
                outcome_value(outcome, signature) if outcome[1] == "succeeded" else outcome_error(outcome)
                for outcome in map(outcomes.__getitem__, self._sent)
            ]
        return [outcome_value(outcome, signature) for outcome in map(outcomes.__getitem__, self._sent)]

    def _unfinished(self, timeout: float | None) -> NotFinished:
        first = self._first_unfinished()
        return self._not_finished(timeout, None if first is None else words_of(self._app.client, first, timeout or 0.0))

    async def _unfinished_async(self, timeout: float | None) -> NotFinished:
        first = self._first_unfinished()
        return self._not_finished(
            timeout, None if first is None else await words_of_async(self._app.client, first, timeout or 0.0)
        )

    def _first_unfinished(self) -> str | None:
        return next((self._joined.get(id, id) for id in self._sent if id not in self._outcomes), None)

    def _not_finished(self, timeout: float | None, why: str | None) -> NotFinished:
        left = len(self._sent) - len(self._outcomes)
        said = f"{left:,} of {len(self._sent):,} jobs ({self.task}) have not ended after {timeout:g} s"
        return NotFinished(said if why is None else f"{said}; {why}", left=left)

    def _raise_error(self) -> None:
        if self._error is not None:
            error, self._error, self._asked = self._error, None, len(self._outcomes)
            raise error

    # the client calls these on its thread

    def take(self, outcome: RawOutcome) -> None:
        """Take the outcome of one job."""
        self._states[outcome[1]] += 1  # counted first: another thread that sees the last outcome then sees all of them counted
        self._outcomes[outcome[0]] = outcome
        self._ended.append(outcome[0])

    def batch_delivered(self) -> None:
        """Wake the threads and coroutines that wait."""
        more, self._more = self._more, Future()
        more.resolve(None)

    def fail(self, id: str, error: TaskbahnError) -> None:
        """Take the error: the client cannot get an outcome."""
        self._error = error
        self.batch_delivered()


class AsCompleted(Generic[R]):
    """The jobs of a batch in the order in which they end."""

    def __init__(self, batch: Batch[R], timeout: float | None) -> None:
        self._batch = batch
        self._timeout = timeout
        self._deadline = deadline_in(timeout)
        self._given = 0

    def __iter__(self) -> Iterator[Job[R]]:
        return self

    def __next__(self) -> Job[R]:
        while True:
            more = self._batch._more  # noqa: SLF001 - the two are one thing
            job = self._next()
            if job is not None:
                return job
            if self._given >= len(self._batch):
                raise StopIteration
            check_may_block("batch.as_completed() in a plain `for`", "async for job in batch.as_completed()")
            if not wait_here(more, self._batch._first_left, self._deadline):  # noqa: SLF001
                raise self._batch._unfinished(self._timeout)  # noqa: SLF001

    def __aiter__(self) -> AsyncIterator[Job[R]]:
        return self

    async def __anext__(self) -> Job[R]:
        while True:
            more = self._batch._more  # noqa: SLF001
            job = self._next()
            if job is not None:
                return job
            if self._given >= len(self._batch):
                raise StopAsyncIteration
            await Awaiting(more, self._batch._first_left)  # noqa: SLF001

    def _next(self) -> Job[R] | None:
        batch = self._batch
        if self._given < len(batch._ended):  # noqa: SLF001
            self._given += 1
            return batch._job(batch._ended[self._given - 1])  # noqa: SLF001
        batch._raise_error()  # noqa: SLF001
        return None
