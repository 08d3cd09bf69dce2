"""A job as its caller sees it: `Job`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Generic, NamedTuple, TypeVar, cast, overload

import msgspec

from taskbahn.attempt.async_deadline import wait_within
from taskbahn.attempt.blocking import check_may_block
from taskbahn.attempt.plain_data import data_of
from taskbahn.attempt.waiting import Wait, awaited, deadline_in, deferred, wait_here
from taskbahn.encryption.envelope import ANSWER, MESSAGE
from taskbahn.encryption.reading import opened_event, opened_view
from taskbahn.errors import NotFinished, TaskbahnError
from taskbahn.flows.output import Output
from taskbahn.flows.results import ListOf
from taskbahn.future import Future
from taskbahn.jobs.browser_tokens import GivesTokens
from taskbahn.jobs.chunk_stream import ChunkStream
from taskbahn.jobs.encrypted_job import key_of_view, opened_outcome, sealed_for
from taskbahn.jobs.event_stream import EventStream
from taskbahn.jobs.graph import JobGraph, graph_of
from taskbahn.jobs.outcome import outcome_error, outcome_value
from taskbahn.jobs.pausable import Pausable, new_state
from taskbahn.jobs.unfinished import words_of, words_of_async
from taskbahn.jobs.whole_result import WholeResult
from taskbahn.protocol import ids, messages, views
from taskbahn.protocol.inputs import is_whole
from taskbahn.protocol.other_words import JOB_WORDS, refuse
from taskbahn.protocol.states import State
from taskbahn.signatures.codec import decode_hook

if TYPE_CHECKING:
    from collections.abc import Generator, Iterable

    from twisted.internet.defer import Deferred

    from taskbahn.client.client import HasClient, RawOutcome
    from taskbahn.encryption.keyring import KeyRing
    from taskbahn.flows.results import ResultType

R = TypeVar("R")
C = TypeVar("C")
PAGE_MEMBERS = 500
INTERNAL = {
    "batch_delivered",
    "encrypted_by",
    "fail",
    "followed",
    "mark_requested",
    "take",
    "unfinished",
}  # what the client calls


class LogLine(NamedTuple):
    """One line that an attempt logged or printed."""

    number: int
    at: float
    level: str
    logger: str
    message: str
    attempt: int = 0  # number of the attempt that wrote the line; 0: not known


class Job(Pausable, GivesTokens, Generic[R]):
    """One accepted call of a task. Jobs are equal when their ids are."""

    __slots__ = ("__weakref__", "_app", "_is_asked", "_outcome", "_signature", "encrypted_by", "id", "task")

    def __init__(self, app: HasClient, id: str, task: str = "", signature: ResultType | None = None) -> None:
        self._app = app
        self._signature = signature
        self._outcome: Future[RawOutcome] = Future()
        self._is_asked = False
        self.id = id
        self.task = task
        self.encrypted_by: str | None = ""  # the name of its key; empty: it is not encrypted; None: that is not known here

    if not TYPE_CHECKING:

        def __getattr__(self, name: str) -> Any:
            refuse(self, name, JOB_WORDS)

    @staticmethod
    def new_id() -> str:
        """Return a new id for a job, to be given to it by `task.options(id=...)`."""
        return ids.new_id()

    def result(self, timeout: float | None = None) -> R:
        """Return what the task returned.

        timeout: seconds, None for as long as it takes; then raises NotFinished (a TimeoutError), which says what the job is doing.
        Raises JobFailed, JobCancelled or JobExpired if there is no result.
        """
        return self._value(self._wait(timeout, "job.result()", "await job"))

    @property
    def output(self) -> R:
        """What stands for the result in the arguments of a call, which waits for it: a whole argument, or an item of a list."""
        return cast("R", Output(self.id))

    def error(self, timeout: float | None = None) -> TaskbahnError | None:
        """Wait like `result`, but return the error instead of raising it; None if the job succeeded."""
        outcome = self._wait(timeout, "job.error()", "await job.error_async()")
        return self._error_of(outcome)

    async def error_async(self, timeout: float | None = None) -> TaskbahnError | None:
        """As `error`, for asyncio and Twisted."""
        future = self._ask()
        if not await wait_within(future, Wait((self.id,)), deadline_in(timeout)):
            words = await words_of_async(self._app.client, self.id, timeout or 0.0)
            raise NotFinished(words, job=self.id, timeout=timeout)
        return self._error_of(future.now())

    def __await__(self) -> Generator[Any, Any, R]:
        outcome = yield from awaited(self._ask(), Wait((self.id,)))
        return self._value(outcome)

    def deferred(self) -> Deferred[R]:
        """Return a Deferred for the result, for Twisted code."""
        return deferred(self._ask()).addCallback(self._value)

    def state(self) -> State:
        """Return the state of now."""
        if self._outcome.done:
            return State(self._outcome.now()[1])
        check_may_block("job.state()", "await job.state_async()")
        return State(self.view().state)

    async def state_async(self) -> State:
        """As `state`, for asyncio and Twisted."""
        return State(self._outcome.now()[1] if self._outcome.done else (await self.view_async()).state)

    def view(self) -> views.JobView:
        """Return everything that is known about the job; raises UnknownJob."""
        check_may_block("job.view()", "await job.view_async()")
        return self._view(self._app.client.ask(messages.JOB_GET, self.id).get())

    async def view_async(self) -> views.JobView:
        """As `view`, for asyncio and Twisted."""
        return self._view(await self._app.client.ask(messages.JOB_GET, self.id))

    def explain(self) -> list[views.WaitReason]:
        """Return what is between the job and its start, what is closed first; nothing once it has started.  Raises UnknownJob."""
        check_may_block("job.explain()", "await job.explain_async()")
        return msgspec.convert(self._app.client.ask(messages.JOB_EXPLAIN, self.id).get(), list[views.WaitReason])

    async def explain_async(self) -> list[views.WaitReason]:
        """As `explain`, for asyncio and Twisted."""
        return msgspec.convert(await self._app.client.ask(messages.JOB_EXPLAIN, self.id), list[views.WaitReason])

    def members(self, state: str | None = None, limit: int | None = None) -> list[views.JobView]:
        """Return the jobs that belong to this one, in the order of their acceptance, without their payloads.

        state: only those in it.   limit: the first ones; None: all.  Raises UnknownJob.
        """
        check_may_block("job.members()", "await job.members_async()")
        found: list[views.JobView] = []
        page: Any = {"next": 0}
        while page["next"] is not None and (limit is None or len(found) < limit):
            page = self._app.client.ask(messages.JOB_MEMBERS, self.id, **_page(page["next"], state, limit, len(found))).get()
            found += msgspec.convert(page["jobs"], list[views.JobView])
        return found

    async def members_async(self, state: str | None = None, limit: int | None = None) -> list[views.JobView]:
        """As `members`, for asyncio and Twisted."""
        found: list[views.JobView] = []
        page: Any = {"next": 0}
        while page["next"] is not None and (limit is None or len(found) < limit):
            page = await self._app.client.ask(messages.JOB_MEMBERS, self.id, **_page(page["next"], state, limit, len(found)))
            found += msgspec.convert(page["jobs"], list[views.JobView])
        return found

    def graph(self) -> JobGraph:
        """Return the job with its members and what waits for what; of a job without members, what is next to it.

        `graph().text()`, `.mermaid()`, `.graphviz()` and `.svg()` draw it.  Raises UnknownJob.
        """
        check_may_block("job.graph()", "await job.graph_async()")
        return graph_of(self._app.client.ask(messages.JOB_GRAPH, self.id).get())

    async def graph_async(self) -> JobGraph:
        """As `graph`, for asyncio and Twisted."""
        return graph_of(await self._app.client.ask(messages.JOB_GRAPH, self.id))

    def events(self, after: int = 0) -> EventStream:
        """Return a snapshot of the job, its events with a number above *after*, and its outcome, for `for` and `async for`.

        It ends with the job, and is the same if that is over already. A lost connection makes no gap.
        """
        return EventStream(self._app.client, self.id, after, self._app.keys)

    @overload
    def chunks(self, type: None = None) -> ChunkStream[Any]: ...
    @overload
    def chunks(self, type: type[C]) -> ChunkStream[C]: ...
    def chunks(self, type: Any = None) -> ChunkStream[Any]:  # noqa: A002
        """Return what the task sends piece by piece (`current.chunk`, a generator's yields), for `for` and `async for`.

        It begins with the first chunk and ends with the job: quietly if that succeeds, else with the error of `result`. An attempt
        after a failed one sends its own chunks from the start; `attempt` tells whose the last one is.
        type: what each is converted to; without it what the task's annotation says, if it is known here.
        """
        if type is not None:
            return ChunkStream(self.events(), lambda value: msgspec.convert(value, type, str_keys=True, dec_hook=decode_hook))
        return ChunkStream(self.events(), self._signature.unpack_chunk if self._signature else lambda value: value)

    def logs(self) -> list[LogLine]:
        """Return what the job has logged so far."""
        check_may_block("job.logs()", "await job.logs_async()")
        lines: list[LogLine] = []
        after: int | None = 0
        while after is not None:
            page = self._app.client.ask(messages.JOB_EVENTS, self.id, after=after).get()
            after = _add_logs(lines, page["events"], after, self._app.keys)
        return lines

    async def logs_async(self) -> list[LogLine]:
        """As `logs`, for asyncio and Twisted."""
        lines: list[LogLine] = []
        after: int | None = 0
        while after is not None:
            page = await self._app.client.ask(messages.JOB_EVENTS, self.id, after=after)
            after = _add_logs(lines, page["events"], after, self._app.keys)
        return lines

    def cancel(self, reason: str = "") -> State:
        """Cancel the job, whatever it is doing; return the state after that. A running attempt gets the order and may take a moment to stop."""
        check_may_block("job.cancel()", "await job.cancel_async()")
        return new_state(self._app.client.ask(messages.JOB_CANCEL, [self.id], reason=reason).get())

    async def cancel_async(self, reason: str = "") -> State:
        """As `cancel`, for asyncio and Twisted."""
        return new_state(await self._app.client.ask(messages.JOB_CANCEL, [self.id], reason=reason))

    def send(self, message: Any) -> int:
        """Send a message into the inbox of the job, which has not ended; return its number, from 1.

        Raises UnknownJob, WrongState, TooLarge, InvalidRequest.
        """
        check_may_block("job.send()", "await job.send_async(...)")
        if self._needs_view():
            self.view()
        return int(self._send(message).get())

    async def send_async(self, message: Any) -> int:
        """As `send`, for asyncio and Twisted."""
        if self._needs_view():
            await self.view_async()
        return int(await self._send(message))

    def _send(self, message: Any) -> Future[Any]:
        """Send it under a key, so that the request is safe to repeat."""
        plain = data_of(message, "a message", messages.MAX_ARGUMENTS, "refuse")
        data = sealed_for(self._app.keys, self.encrypted_by, self.id, MESSAGE, plain)
        return self._app.client.ask(messages.JOB_SEND, self.id, data, key=ids.new_id())

    def answer(self, name: str, value: Any, *, who: str = "") -> None:
        """Answer a question that the job has asked, by the name that its view has.  Raises UnknownJob, NoQuestion, WrongAnswer."""
        check_may_block("job.answer()", "await job.answer_async(...)")
        if self._needs_view():
            self.view()
        self._answer(name, value, who).get()

    async def answer_async(self, name: str, value: Any, *, who: str = "") -> None:
        """As `answer`, for asyncio and Twisted."""
        if self._needs_view():
            await self.view_async()
        await self._answer(name, value, who)

    def _answer(self, name: str, value: Any, who: str) -> Future[Any]:
        plain = data_of(value, "an answer", messages.MAX_ARGUMENTS, "refuse")
        data = sealed_for(self._app.keys, self.encrypted_by, self.id, ANSWER, plain, name)
        return self._app.client.ask(messages.JOB_ANSWER, self.id, name, data, who=who, key=ids.new_id())

    def retry(self) -> State:
        """Start a failed, cancelled or expired job once more; raises WrongState for any other."""
        check_may_block("job.retry()", "await job.retry_async()")
        return self._retried(self._app.client.ask(messages.JOB_RETRY, [self.id]).get())

    async def retry_async(self) -> State:
        """As `retry`, for asyncio and Twisted."""
        return self._retried(await self._app.client.ask(messages.JOB_RETRY, [self.id]))

    def skip(self) -> State:
        """Let those jobs go on without this one that wait for it by `if_fails("hold")`; they get None in its place.

        It has failed, expired or was cancelled, and stays so.  Raises WrongState if nothing is held by it.
        """
        check_may_block("job.skip()", "await job.skip_async()")
        return new_state(self._app.client.ask(messages.JOB_SKIP, [self.id]).get())

    async def skip_async(self) -> State:
        """As `skip`, for asyncio and Twisted."""
        return new_state(await self._app.client.ask(messages.JOB_SKIP, [self.id]))

    def _retried(self, answer: Any) -> State:
        self._outcome = Future()
        self._is_asked = False
        return new_state(answer)

    def _ask(self) -> Future[RawOutcome]:
        future = self._outcome
        if self.mark_requested():
            self._app.client.wait_for(self)
        return future

    def _wait(self, timeout: float | None, what: str, instead: str) -> RawOutcome:
        if not self._outcome.done:
            check_may_block(what, instead)
        future = self._ask()
        if not wait_here(future, Wait((self.id,)), deadline_in(timeout)):
            raise self.unfinished(timeout or 0.0)
        return future.now()

    def _value(self, outcome: RawOutcome) -> R:
        return cast("R", outcome_value(self._opened(outcome), self._signature))

    def _opened(self, outcome: RawOutcome) -> RawOutcome:
        return opened_outcome(outcome, self._app.keys, self.task, self.encrypted_by)

    def _error_of(self, outcome: RawOutcome) -> TaskbahnError | None:
        return None if outcome[1] == State.SUCCEEDED else outcome_error(self._opened(outcome))

    def _needs_view(self) -> bool:
        return self.encrypted_by is None and self._app.keys is not None

    def _view(self, answer: Any) -> views.JobView:
        view = msgspec.convert(answer, views.JobView)
        self.task, self.encrypted_by = view.task, key_of_view(view)
        return opened_view(view, self._app.keys)

    def unfinished(self, timeout: float) -> NotFinished:
        """Return the error that says what the job is doing after one has waited *timeout* seconds."""
        return NotFinished(words_of(self._app.client, self.id, timeout), job=self.id, timeout=timeout)

    def mark_requested(self) -> bool:
        """Return whether the outcome is neither there nor asked for; from now on it is asked for."""
        if self._is_asked or self._outcome.done:
            return False
        self._is_asked = True
        return True

    def followed(self) -> Job[R]:
        """Be the follower of a submission: the outcome comes without asking."""
        self._is_asked = True
        return self

    # the client calls these on its thread

    def take(self, outcome: RawOutcome) -> None:
        """Take the outcome, and read its result if that travels by reference."""
        if not is_whole(outcome[2]) and isinstance(self._signature, ListOf | None):
            WholeResult(self._app.client, outcome, self._outcome.resolve, lambda error: self.fail(self.id, error))
        else:
            self._outcome.resolve(outcome)

    def batch_delivered(self) -> None:
        """Do nothing: a job has one outcome."""

    def fail(self, id: str, error: TaskbahnError) -> None:
        """Take the error: the client cannot get the outcome now; asking again may help."""
        future, self._outcome = self._outcome, Future()
        self._is_asked = False
        future.fail(error)

    def __repr__(self) -> str:
        state = f" {self._outcome.now()[1]}" if self._outcome.done else ""
        return f"<Job {self.id}{self.task and f' {self.task}'}{state}>"

    def __dir__(self) -> Iterable[str]:
        return [name for name in super().__dir__() if name not in INTERNAL]

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Job) and other.id == self.id

    def __hash__(self) -> int:
        return hash(self.id)


def log_line(event: messages.Event) -> LogLine:
    """Return the line in a log event."""
    data = event.data if isinstance(event.data, dict) else {"message": event.data}
    level, logger, message = (str(data.get(name, "")) for name in ("level", "logger", "message"))
    return LogLine(event.number, event.at, level, logger, message, event.attempt)


def _add_logs(lines: list[LogLine], events: list[Any], after: int, keys: KeyRing | None) -> int | None:
    """Add the log lines among *events*; return the number to go on after, None at the end."""
    lines += [log_line(opened_event(one, keys)) for one in msgspec.convert(events, list[messages.Event]) if one.kind == "log"]
    return int(events[-1]["number"]) if events and events[-1]["number"] > after else None


def _page(after: int, state: str | None, limit: int | None, count: int) -> dict[str, Any]:
    """Return what to ask for the next page of members, of which there are *count* so far."""
    each = PAGE_MEMBERS if limit is None else min(PAGE_MEMBERS, limit - count)
    return {"after": after, "limit": each} | ({} if state is None else {"state": state})
