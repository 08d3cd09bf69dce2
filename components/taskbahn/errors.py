"""The one tree of errors: whose fault it is, a sentence, its data, and the URI it travels under.

On the wire an error is `ErrorInfo` (inside a list) or a WAMP ERROR with the same URI, the sentence as its only
argument and the detail as the keyword argument `detail`. `from_info` and `TaskbahnError.info` translate both ways.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar, Self

from taskbahn.installing import protocol_too_old

if TYPE_CHECKING:
    from collections.abc import Iterable

PREFIX = "taskbahn.error."
ID_TAKEN = "nothing was accepted under its id: give a new id, or none"  # what `WrongTask` advises to who starts a job


BY_URI: dict[str, type[TaskbahnError]] = {}  # the first class of each


class TaskbahnError(Exception):
    """Anything that Taskbahn itself reports; `detail` holds its data under plain names."""

    uri: ClassVar[str] = PREFIX + "error"

    def __init_subclass__(cls) -> None:
        if "uri" in cls.__dict__:
            BY_URI.setdefault(cls.uri, cls)

    def __init__(self, message: str, /, **detail: Any) -> None:
        super().__init__(message)
        self.message = message
        self.detail = detail

    def info(self) -> dict[str, Any]:
        """Return what travels: `{"error": uri, "message": sentence, "detail": {...}}`."""
        return {"error": self.uri, "message": self.message, "detail": self.detail}

    @classmethod
    def rebuild(cls, message: str, detail: dict[str, Any]) -> Self:
        """Make the error again at the other end, without running the subclass's own constructor."""
        error = cls.__new__(cls)
        TaskbahnError.__init__(error, message, **detail)
        return error


class CallerError(TaskbahnError):
    """The caller asked for something that cannot be had; nothing was changed."""

    uri = PREFIX + "caller"


class WorkerError(TaskbahnError):
    """The task's own code, or the worker that ran it, failed."""

    uri = PREFIX + "worker"


class ServiceError(TaskbahnError):
    """Taskbahn, or what it is built on, failed; the same request may work later."""

    uri = PREFIX + "service"


class UnknownTask(CallerError):
    """No worker has ever declared a task of this name."""

    uri = PREFIX + "unknown_task"

    def __init__(self, task: str, known: Iterable[str] = ()) -> None:
        remedy = "start a worker that offers it, or see `taskbahn tasks`"
        super().__init__(f"no worker has ever declared a task named {task!r}{did_you_mean(task, known)}; {remedy}", task=task)


class InvalidArguments(CallerError):
    """The arguments do not fit the task's signature; `detail["fields"]` maps each argument to what is wrong with it."""

    uri = PREFIX + "invalid_arguments"

    def __init__(self, task: str, fields: dict[str, str]) -> None:
        wrong = "; ".join(f"{name}: {why}" if name else why for name, why in fields.items())
        super().__init__(f"arguments of {task} are wrong: {wrong}", task=task, fields=fields)


class InvalidOption(CallerError):
    """An option that does not exist or has a value that it cannot have."""

    uri = PREFIX + "invalid_option"


class InvalidFlow(CallerError):
    """A flow that cannot run as it is described; nothing was stored. `detail["place"]`, if it has one, is as `chain[1].group[0]`."""

    uri = PREFIX + "invalid_flow"


class InvalidSchedule(CallerError):
    """Times that cannot be read, or that never come. `detail["position"]`, if it has one, is the character of the line, from 1 on."""

    uri = PREFIX + "invalid_schedule"


class InvalidName(CallerError):
    """A task name that is no WAMP URI (dotted lower-case words: letters, digits, underscore)."""

    uri = PREFIX + "invalid_name"

    def __init__(self, name: str) -> None:
        super().__init__(
            f"{name[:200]!r} cannot name a task: use dotted words of lower-case letters, digits and '_', such as images.thumbnail, "
            "and none that starts with taskbahn, wamp or crossbar",
            name=name[:200],
        )


class InvalidRequest(CallerError):
    """A message that does not have the shape `taskbahn.protocol.messages` gives for it."""

    uri = PREFIX + "invalid_request"


class TooLarge(CallerError):
    """Arguments, a batch or a message above its bound; `detail` has `size` and `limit`, bytes or items."""

    uri = PREFIX + "too_large"

    def __init__(self, what: str, size: int, limit: int, advice: str = "pass a reference (a path, a URL, an id) instead") -> None:
        super().__init__(f"{what}: {size:,} is more than the {limit:,} allowed; {advice}", size=size, limit=limit)


class TooDeep(CallerError):
    """Data nested deeper than a bound allows; `detail` has `limit`, levels."""

    uri = PREFIX + "too_deep"

    def __init__(self, what: str, limit: int) -> None:
        sentence = f"{what}: lists and objects are nested more than {limit} levels deep, or one contains itself; make it flatter"
        super().__init__(sentence, limit=limit)


class WouldBlock(CallerError):
    """A blocking call was made on a running event loop of a worker, or on the client's own thread; nothing was sent.
    `detail["instead"]` is what to write there.
    """

    uri = PREFIX + "would_block"

    def __init__(self, what: str, instead: str) -> None:
        sentence = f"{what} would block the event loop that it is called on, and all that runs there; write `{instead}`"
        super().__init__(sentence, what=what, instead=instead)


class OutsideJob(CallerError):
    """A wait of a task that no attempt makes: there is no job that could go on later. `detail["instead"]` is what to write there."""

    uri = PREFIX + "outside_job"

    def __init__(self, what: str, instead: str) -> None:
        where = f"in plain code write {instead}, in a test `with taskbahn.testing.attempt(...)`"
        super().__init__(f"{what} waits in a task that a worker runs, and here no job runs; {where}", what=what, instead=instead)


class NotAnswered(WorkerError):
    """The time for an answer, an event or a message is over, and none came. A task that does not catch it fails."""

    uri = PREFIX + "not_answered"


class NoQuestion(CallerError):
    """The job has no open question of this name: it has its answer, its time is over, or the job has ended."""

    uri = PREFIX + "no_question"

    def __init__(self, job: str, name: str, names: Iterable[str]) -> None:
        super().__init__(f"job {job} has no open question {name!r}{did_you_mean(name, names)}", job=job, name=name)


class WrongAnswer(CallerError):
    """The answer is not what the question asks for; the question stays open."""

    uri = PREFIX + "wrong_answer"

    def __init__(self, name: str, why: str) -> None:
        super().__init__(f"the answer does not fit the question {name!r}: {why}", name=name, why=why)


class UnknownJob(CallerError):
    """There is no job of this id, or it was removed after the time its result was to be kept."""

    uri = PREFIX + "unknown_job"

    def __init__(self, job: str) -> None:
        why = "the id is wrong, or the job is finished and was removed; `taskbahn jobs` lists those that are kept"
        super().__init__(f"there is no job {job!r}: {why}", job=job)


class WrongTask(CallerError):
    """A job was read, or started, as one of a task, and is one of another. `detail` has `job`, `task`, its own, and `expected`."""

    uri = PREFIX + "wrong_task"

    def __init__(self, job: str, task: str, expected: str, remedy: str = "app.job(id) takes the jobs of each task") -> None:
        super().__init__(
            f"job {job} is of the task {task!r}, not of {expected!r}; {remedy}", job=job, task=task, expected=expected
        )


class UnknownWorker(CallerError):
    """No worker of this id is attached now."""

    uri = PREFIX + "unknown_worker"

    def __init__(self, worker: str) -> None:
        super().__init__(f"no worker {worker!r} is attached now; `taskbahn workers` lists those that are", worker=worker)


class WrongState(CallerError):
    """The job is in a state in which this cannot be done."""

    uri = PREFIX + "wrong_state"


class QueueFull(CallerError):
    """The queue has its bound of waiting jobs; come again after `detail["retry_after"]` seconds."""

    uri = PREFIX + "queue_full"


class TooManyQueues(CallerError):
    """New queues were named, and there are as many as may be; nothing was taken. `detail` has `queues` and `limit`."""

    uri = PREFIX + "too_many_queues"

    def __init__(self, named: int, queues: int, limit: int) -> None:
        sentence = (
            f"{named:,} new queues, beside {queues:,}, are more than the {limit:,} allowed (a queue counts once for each task that has "
            "jobs in it); use fewer names, or tags, or have finished jobs removed sooner (`keep`): a queue ends with its last job"
        )
        super().__init__(sentence, named=named, queues=queues, limit=limit)


class LimitFull(CallerError):
    """A limit that says `when_full="refuse"` has no place for a job; nothing of its entry of the submission was taken.

    `detail` has `limit`, `key`, `job`, `capacity`, and the costs of the key's jobs that run (`running`) and wait for a start (`ready`).
    """

    uri = PREFIX + "limit_full"

    def __init__(self, limit: str, key: str, capacity: int, running: int, ready: int, *, job: str) -> None:
        values = key.removeprefix(limit)
        sentence = (
            f"the limit {limit}{f' for {values[1:-1]}' if values else ''} of {capacity:,} is full: {running:,} run and {ready:,} wait; "
            f"nothing was accepted, for job {job} finds no place"
        )
        super().__init__(sentence, limit=limit, key=key, job=job, capacity=capacity, running=running, ready=ready)

    @property
    def limit(self) -> str:
        """Return the name of the limit."""
        return str(self.detail["limit"])

    @property
    def key(self) -> str:
        """Return the key: the name and, if the limit has a template, the JSON list of its values."""
        return str(self.detail["key"])

    @property
    def running(self) -> int:
        """Return how much of the limit running jobs have."""
        return int(self.detail["running"])

    @property
    def ready(self) -> int:
        """Return how much of it jobs want that wait for their start."""
        return int(self.detail["ready"])


class Duplicate(CallerError):
    """Another job has the unique key of a new one; nothing of its entry of the submission was taken.

    `detail` has `job`, the id of that job, `key`, and `refused`, the id of the new one.
    """

    uri = PREFIX + "duplicate"

    def __init__(self, job: str, key: str, *, refused: str, is_other: bool) -> None:
        why = f"was started with the key {key} and other arguments" if is_other else f"has the unique key {key}"
        super().__init__(f"job {job} {why}; nothing was accepted", job=job, key=key, refused=refused)

    @property
    def job(self) -> str:
        """Return the id of the job that has the key."""
        return str(self.detail["job"])


class UnsupportedProtocol(CallerError):
    """The two ends speak versions of the protocol that do not meet."""

    uri = PREFIX + "unsupported_protocol"

    def __init__(self, theirs: int, oldest: int, newest: int) -> None:
        super().__init__(protocol_too_old(theirs, oldest, newest), theirs=theirs, oldest=oldest, newest=newest)


class WorkerIdTaken(CallerError):
    """A worker of this id is attached already through another live session."""

    uri = PREFIX + "worker_id_taken"


class RouterUnavailable(ServiceError):
    """No router answers at the address, or the connection was lost and did not come back in time."""

    uri = PREFIX + "router_unavailable"


class StoreUnavailable(ServiceError):
    """The store refused a commit; nothing was changed, and the same request is safe to send again."""

    uri = PREFIX + "store_unavailable"


class NotReady(ServiceError):
    """The dispatcher is starting or stopping."""

    uri = PREFIX + "not_ready"


class NotFinished(ServiceError, TimeoutError):
    """The job goes on, but the caller's time to wait for it is over."""

    uri = "taskbahn.error.not_finished"


class JobFailed(WorkerError):
    """The job's last attempt failed; `detail` is its structured error: type, message, traceback, cause."""

    uri = PREFIX + "job_failed"


class TimeLimitExceeded(WorkerError):
    """An attempt ran longer than its `run_within`."""

    uri = PREFIX + "time_limit_exceeded"


class WorkerLost(WorkerError):
    """The worker, or the process that ran the attempt, went away before an outcome was known."""

    uri = PREFIX + "worker_lost"


class ResultNotSerialisable(WorkerError):
    """The task returned something that is not data."""

    uri = PREFIX + "result_not_serialisable"


class ResultTooLarge(WorkerError):
    """The task returned more than a result may hold."""

    uri = PREFIX + "result_too_large"


class DeadlineExceeded(WorkerError):
    """The job had not ended by its deadline: its `finish_within`, its `finish_by`, or that of the job above it."""

    uri = PREFIX + "deadline_exceeded"


class JobCancelled(WorkerError):
    """The job was cancelled."""

    uri = PREFIX + "job_cancelled"


class JobExpired(WorkerError):
    """The job did not start within its `start_within`."""

    uri = PREFIX + "job_expired"


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """Return `" (did you mean 'x'?)"` when a known word is close, else an empty string."""
    from taskbahn.near_words import nearest  # late: this module is imported everywhere, and that one is seldom needed

    return f" (did you mean {near!r}?)" if (near := nearest(word, known)) else ""


BY_URI[TaskbahnError.uri] = TaskbahnError


def from_info(info: dict[str, Any]) -> TaskbahnError:
    """Make the error that *info* (`{"error", "message", "detail"}`) describes; an unknown URI gives a plain `TaskbahnError`."""
    uri = str(info.get("error", ""))
    detail = info.get("detail")
    return BY_URI.get(uri, TaskbahnError).rebuild(str(info.get("message", uri)), detail if isinstance(detail, dict) else {})
