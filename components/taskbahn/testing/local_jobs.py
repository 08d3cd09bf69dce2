"""What `eager` and `recorded` have in the place of a node: the jobs that a test has started, in memory, and what may be asked of them."""

from __future__ import annotations

import os
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal, NamedTuple, NoReturn

from taskbahn.errors import InvalidRequest, TaskbahnError, UnknownJob
from taskbahn.future import Future
from taskbahn.protocol import messages, views
from taskbahn.protocol.secrets import shown
from taskbahn.protocol.states import FINAL_STATES

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from taskbahn.client.client import OutcomeListener, RawOutcome, StartedJob
    from taskbahn.client.requests import Request

INSTEAD = "test it with taskbahn.testing.simulated(app)"


class Heard(NamedTuple):
    """What an attempt has said, as in `messages.Event`."""

    kind: Literal["log", "chunk", "progress", "state"]
    at: float
    data: Any
    attempt: int


@dataclass
class LocalJob:
    """A job.   outcome: as it travels; None: it has none.   said: its log lines and chunks, in their order."""

    id: str
    task: str
    packed: str
    options: dict[str, Any]
    state: str = "ready"
    outcome: RawOutcome | None = None
    attempt: int = 0
    said: list[Heard] = field(default_factory=list)
    progress: dict[str, Any] | None = None
    created_at: float = field(default_factory=time.time)
    started_at: float | None = None
    finished_at: float | None = None

    def end(self, state: str, result: str | None = None, error: dict[str, Any] | None = None) -> None:
        """Note how it has ended."""
        self.state, self.outcome, self.finished_at = state, [self.id, state, result, error], time.time()

    def view(self) -> dict[str, Any]:
        """Return the `views.JobView`."""
        args, kwargs = shown(self.packed) if self.packed.startswith("[") else (None, None)
        result, error = (None, None) if self.outcome is None else (self.outcome[2], self.outcome[3])
        view = views.JobView(
            id=self.id, task=self.task, queue=self.options.get("queue", messages.DEFAULT_QUEUE), state=self.state,
            priority=self.options.get("priority", 0), number=1, attempt=self.attempt, created_at=self.created_at,
            started_at=self.started_at, finished_at=self.finished_at, tags=list(self.options.get("tags", ())), options=self.options,
            title=self.options.get("title"), args=args, kwargs=kwargs, progress=self.progress,
            result=None if result is None else shown(result), error=error,
        )  # fmt: skip
        plain: dict[str, Any] = messages.plain(view)
        return plain


class LocalLink:
    """Does what `taskbahn.client.requests.Link` does, without one."""

    url = "none: a test"
    timeout = 0.0
    is_closed = False

    def __init__(self, jobs: LocalJobs) -> None:
        self.process = os.getpid()
        self._jobs = jobs

    def call(self, function: Callable[..., Any], *args: Any) -> None:
        """Call *function* now."""
        function(*args)

    def send(self, request: Request) -> Future[Any]:
        """Answer a request."""
        if request.procedure != messages.JOB_WATCH:
            request.future.fail(self._jobs.unable(request.procedure))
            return request.future
        job = self._jobs.by_id.get(request.args[0])
        if job is None:
            request.future.fail(UnknownJob(request.args[0]))
        elif job.state not in FINAL_STATES:
            request.future.fail(self._jobs.unable(request.procedure))
        else:
            if request.on_progress is not None:
                request.on_progress({"snapshot": job.view(), "events": events_of(job)})
            request.future.resolve(job.view())
        return request.future

    def drop(self, request: Request) -> None:
        """Do nothing: all is answered."""

    def close(self) -> None:
        """Do nothing: there is no connection."""


class LocalJobs:
    """A `taskbahn.client.client.Client` over the jobs of a test.   words: what is running it, for errors."""

    def __init__(self, words: str) -> None:
        self.link = LocalLink(self)
        self.by_id: dict[str, LocalJob] = {}
        self._words = words

    def submit(self, content: dict[str, Any], jobs: int, size: int, follower: OutcomeListener | None = None) -> Future[Any]:
        """Take a `calls.Call`, a `calls.Bulk` or a flow."""
        raise NotImplementedError

    def wait(self, ids: Iterable[str], listener: OutcomeListener) -> None:
        """Have *listener* given the outcomes of these jobs."""
        for id in ids:
            self._tell(id, listener)
        listener.batch_delivered()

    def wait_for(self, job: StartedJob) -> None:
        """Have *job* given its outcome."""
        self._tell(job.id, job)

    def started(self, job: StartedJob) -> None:
        """Do nothing: there are no messages to save."""

    def ask(self, procedure: str, *args: Any, **kwargs: Any) -> Future[Any]:
        """Answer what can be asked of a job."""
        answered: Future[Any] = Future()
        try:
            answered.resolve(self._answer(procedure, args, kwargs.get("after", 0)))
        except TaskbahnError as error:
            answered.fail(error)
        return answered

    def _answer(self, procedure: str, args: tuple[Any, ...], after: int) -> Any:
        if procedure == messages.JOB_CANCEL:
            return [self._cancel(id) for id in args[0]]
        if procedure not in (messages.JOB_GET, messages.JOB_EVENTS):
            raise self.unable(procedure)
        job = self.by_id.get(args[0])
        if job is None:
            raise UnknownJob(args[0])
        if procedure == messages.JOB_GET:
            return job.view()
        return {"events": [event for event in events_of(job) if event["number"] > after]}

    def _cancel(self, id: str) -> str:
        job = self.by_id.get(id)
        if job is None:
            raise UnknownJob(id)
        if job.state not in FINAL_STATES:
            job.end("cancelled")
        return job.state

    def _tell(self, id: str, listener: OutcomeListener) -> None:
        job = self.by_id.get(id)
        if job is None:
            listener.fail(id, UnknownJob(id))
        elif job.outcome is None:
            listener.fail(id, self.without_result(job))
        else:
            listener.take(job.outcome)

    def without_result(self, job: LocalJob) -> TaskbahnError:
        """Return the error of a wait for a job that has no outcome."""
        return InvalidRequest(f"job {job.id} ({job.task}) has no outcome")

    def unable(self, procedure: str) -> InvalidRequest:
        """Return the error of what cannot be asked here."""
        return InvalidRequest(
            f"{procedure} cannot be asked in a test with taskbahn.testing.{self._words}, which has no node; {INSTEAD}"
        )


def events_of(job: LocalJob) -> list[dict[str, Any]]:
    """Return what a job has said, its newest progress and its end as events."""
    at = job.finished_at or job.created_at
    said = list(job.said)
    if job.progress:
        said.append(Heard("progress", at, job.progress, job.attempt))
    if job.state in FINAL_STATES:
        said.append(Heard("state", at, {"state": job.state}, job.attempt))
    return [
        messages.plain(messages.Event(job=job.id, number=number, kind=one.kind, at=one.at, data=one.data, attempt=one.attempt))
        for number, one in enumerate(said, 1)
    ]


def unknown(what: str) -> NoReturn:
    """Raise for what a submission has and no test can."""
    raise InvalidRequest(f"{what}; {INSTEAD}")
