"""What an application asks of the dispatcher, with few messages: all that leaves in one turn of the reactor leaves together.

Submissions travel in one CALL, waits for outcomes in another. Methods without an underscore may be called from any thread.
"""

from __future__ import annotations

from collections import deque
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Protocol
from weakref import ref

from autobahn.wamp.types import CallResult

from taskbahn.attempt.context import ACTIVE
from taskbahn.client.requests import Request
from taskbahn.errors import TaskbahnError, UnknownJob, UnknownTask, from_info
from taskbahn.future import Future
from taskbahn.protocol import messages

if TYPE_CHECKING:
    from collections.abc import Mapping

    from taskbahn.client.requests import Link
    from taskbahn.encryption.keyring import KeyRing

RawOutcome = list[Any]  # `messages.Outcome` as it comes: [id, state, result, error]

MAX_SUBMISSIONS_IN_FLIGHT = 4  # submissions on their way; further ones gather until one is answered
MAX_JOBS_PER_SUBMISSION = 2000  # jobs in one submission of several entries; more would keep the router's loop too long
MAX_PREFETCHED_OUTCOMES = 1000  # other jobs whose outcomes the client asks for together with the one that its caller waits for
MAX_REMEMBERED_JOBS = 10_000
MAX_SUBMISSION_BYTES = messages.MAX_MESSAGE // 4  # bytes of arguments in one submission


class HasClient(Protocol):
    """What jobs, batches and queries need of an application: its way to the dispatcher."""

    @property
    def client(self) -> Client:
        """The client, connected when it is first needed."""

    @property
    def keys(self) -> KeyRing | None:
        """By which it encrypts and decrypts; None: it has no keys."""


class Declares(Protocol):
    """A task whose code is here."""

    def declaration(self) -> messages.TaskDeclaration:
        """Return what a worker tells the dispatcher about this task."""


NO_TASKS: Mapping[str, Declares] = MappingProxyType({})


class OutcomeListener(Protocol):
    """Waits for outcomes of jobs. The client calls it on the reactor's thread."""

    def take(self, outcome: RawOutcome) -> None:
        """Take the outcome of one job."""

    def batch_delivered(self) -> None:
        """Note that `take` got all outcomes of one message."""

    def fail(self, id: str, error: TaskbahnError) -> None:
        """Take the error: the client cannot get the outcome of this job."""


class FanOut:
    """Two listeners of the same job."""

    def __init__(self, first: OutcomeListener, second: OutcomeListener) -> None:
        self.listeners = (first, second)

    def take(self, outcome: RawOutcome) -> None:
        """Pass the call on to both listeners."""
        for listener in self.listeners:
            listener.take(outcome)

    def batch_delivered(self) -> None:
        """Pass the call on to both listeners."""
        for listener in self.listeners:
            listener.batch_delivered()

    def fail(self, id: str, error: TaskbahnError) -> None:
        """Pass the call on to both listeners."""
        for listener in self.listeners:
            listener.fail(id, error)


class StartedJob(OutcomeListener, Protocol):
    """An accepted job whose caller may wait for it."""

    @property
    def id(self) -> str:
        """The job's id."""

    def mark_requested(self) -> bool:
        """Return whether the outcome is neither there nor asked for; from now on it is asked for."""


class Entry:
    """One entry of a submission: a `calls.Call` or `calls.Bulk` as it travels, its number of jobs and of bytes.

    follower: waits for the outcome of a `Call` from the start, or None.
    """

    __slots__ = ("content", "follower", "future", "jobs", "size")

    def __init__(self, content: dict[str, Any], jobs: int, size: int, follower: OutcomeListener | None) -> None:
        self.content = content
        self.jobs = jobs
        self.size = size
        self.follower = follower
        self.future: Future[Any] = Future()


class Client:
    """The submissions and waits of one application."""

    def __init__(self, link: Link, tasks: Mapping[str, Declares] = NO_TASKS) -> None:
        self.link = link
        self._tasks = tasks
        self._entries: deque[Entry] = deque()
        self._waits: deque[tuple[list[str], OutcomeListener]] = deque()
        self._waiting: dict[str, OutcomeListener] = {}
        self._started: deque[ref[StartedJob]] = deque(maxlen=MAX_REMEMBERED_JOBS)
        self._in_flight = 0
        self._is_due = False

    def submit(self, content: dict[str, Any], jobs: int, size: int, follower: OutcomeListener | None = None) -> Future[Any]:
        """Send a `calls.Call` or `calls.Bulk`; the future is for its answer. *size*: bytes of its arguments, about.

        What an attempt starts is a child of its job.
        follower: gets the outcome of a `Call`; that costs no further message if the call travels alone.
        """
        if (attempt := ACTIVE.get()) is not None:
            content["parent"] = attempt.job
        entry = Entry(content, jobs, size, follower)
        self._entries.append(entry)
        self._soon()
        return entry.future

    def wait(self, ids: list[str], listener: OutcomeListener) -> None:
        """Have *listener* given the outcomes of these jobs."""
        self._waits.append((ids, listener))
        self._soon()

    def started(self, job: StartedJob) -> None:
        """Remember an accepted job: its caller may wait for it."""
        self._started.append(ref(job))

    def wait_for(self, job: StartedJob) -> None:
        """Have *job* given its outcome, and with it others that were started here and whose handles are kept.

        So a program that starts many jobs one by one, and then takes one result after the other, needs few messages.
        """
        self._waits.append(([job.id], job))
        for _ in range(min(MAX_PREFETCHED_OUTCOMES, len(self._started))):
            try:
                other = self._started.popleft()()
            except IndexError:  # another thread took the last one
                break
            if other is not None and other.mark_requested():
                self._waits.append(([other.id], other))
        self._soon()

    def ask(self, procedure: str, *args: Any, **kwargs: Any) -> Future[Any]:
        """Call a procedure that is safe to call twice."""
        return self.link.send(Request(procedure, list(args), kwargs))

    def _soon(self) -> None:
        if not self._is_due:
            self._is_due = True
            self.link.call(self._flush)

    # all below runs on the reactor's thread

    def _flush(self) -> None:
        self._is_due = False
        while self._entries and self._in_flight < MAX_SUBMISSIONS_IN_FLIGHT:
            self._submit_some()
        while self._waits:
            self._wait_some()

    def _submit_some(self) -> None:
        entries = [self._entries.popleft()]
        jobs, size = entries[0].jobs, entries[0].size
        while self._entries:
            jobs += self._entries[0].jobs
            size += self._entries[0].size
            if jobs > MAX_JOBS_PER_SUBMISSION or size > MAX_SUBMISSION_BYTES:
                break
            entries.append(self._entries.popleft())
        follows = len(entries) == 1 and entries[0].follower is not None
        request = Request(
            messages.SUBMIT,
            [[entry.content for entry in entries]],
            {"follow": True} if follows else None,
            is_patient=any(entry.jobs > 1 for entry in entries),  # many jobs take as long as the rate of their role lets them
        )
        request.future.listen(lambda: self._submitted(request, entries))
        self._in_flight += 1
        self.link.ask(request)

    def _submitted(self, request: Request, entries: list[Entry]) -> None:
        self._in_flight -= 1
        try:
            answers = request.future.now()
        except TaskbahnError as error:
            for entry in entries:
                entry.future.fail(error)
        else:
            outcomes: list[RawOutcome] = []
            if isinstance(answers, CallResult):  # the answer to a followed submission
                outcomes = answers.kwresults.get("outcomes", [])
                answers = answers.results[0]
            self._accepted(entries, answers, outcomes)
        self._flush()

    def _accepted(self, entries: list[Entry], answers: list[Any], outcomes: list[RawOutcome]) -> None:
        for entry, answer in zip(entries, answers, strict=True):
            if isinstance(answer, dict) and "error" in answer:
                if answer["error"] == UnknownTask.uri and self._declares(entry, answer):
                    self._entries.append(entry)
                else:
                    entry.future.fail(from_info(answer))
                continue
            if entry.follower is not None:
                if outcomes:
                    self._waiting[entry.content["id"]] = entry.follower
                else:
                    self._waits.append(([entry.content["id"]], entry.follower))
            entry.future.resolve(answer)
        if outcomes:
            self._outcomes({"outcomes": outcomes})

    def _declares(self, entry: Entry, answer: dict[str, Any]) -> bool:
        """Add the declaration of the task that the dispatcher does not know to an entry; False if it is not known here, or was added.

        So who is deployed before the workers can start jobs, which wait for these.
        """
        name = str((answer.get("detail") or {}).get("task"))
        known = entry.content.get("declarations", [])
        task = self._tasks.get(name)
        if task is None or any(one["name"] == name for one in known):
            return False
        try:
            entry.content["declarations"] = [*known, messages.plain(task.declaration())]
        except Exception:  # noqa: BLE001 - the types of a task are the user's
            return False
        return True

    def _wait_some(self) -> None:
        wanted: list[str] = []
        while self._waits and len(wanted) < messages.MAX_WAIT:
            ids, listener = self._waits.popleft()
            room = messages.MAX_WAIT - len(wanted)
            if len(ids) > room:
                self._waits.appendleft((ids[room:], listener))
                ids = ids[:room]
            wanted += ids
            self._add(ids, listener)
        waiting = self._waiting
        request = Request(
            messages.JOB_WAIT, [wanted], on_progress=self._outcomes, renew=lambda: [[id for id in wanted if id in waiting]]
        )
        request.future.listen(lambda: self._waited(request, wanted))
        self.link.ask(request)

    def _add(self, ids: list[str], listener: OutcomeListener) -> None:
        if self._waiting.keys().isdisjoint(ids):
            self._waiting.update(dict.fromkeys(ids, listener))
            return
        for id in ids:
            known = self._waiting.get(id)
            self._waiting[id] = FanOut(known, listener) if known is not None and known is not listener else listener

    def _outcomes(self, message: dict[str, Any]) -> None:
        listeners: set[OutcomeListener] = set()
        for outcome in message["outcomes"]:
            listener = self._waiting.pop(outcome[0], None)
            if listener is not None:
                listener.take(outcome)
                listeners.add(listener)
        for listener in listeners:
            listener.batch_delivered()

    def _waited(self, request: Request, wanted: list[str]) -> None:
        error: TaskbahnError | None = None
        try:
            request.future.now()
        except TaskbahnError as found:
            error = found
        for id in wanted:
            listener = self._waiting.pop(id, None)
            if listener is not None:
                listener.fail(id, error or UnknownJob(id))
