"""The whole protocol between clients, workers and the dispatcher, version 1, realm `taskbahn`.

A line for each message. Everything that can be many is a list; text marked JSON is packed where it is made and
unpacked where it is used. Times are UTC seconds since the epoch (float), durations seconds (float), ids UUIDv7 text.

Clients (CALL):
    taskbahn.submit([Call | Bulk, ...])      -> [id | ErrorInfo | BulkAnswer, ...]   one for each entry, durable when answered
    taskbahn.submit([...], follow=True)      ~> {"outcomes": [Outcome, ...]} as they come; answered when all jobs are final: the
                                                same list, and the last outcomes as the keyword `outcomes`
    taskbahn.job.wait([id, ...])             ~> progress {"outcomes": [Outcome, ...]} as they come, then null when all are final
                                                without progress {"outcomes": [...]}, and "more": [id, ...] of those too large for it
    taskbahn.job.watch(id, after=0)          ~> {"snapshot": JobView}, {"events": [Event, ...]}, {"place": Place} or
                                                {"members": Members, "events": [Event, ...]} ..., then JobView
    taskbahn.job.get(id)                     -> JobView
    taskbahn.job.explain(id)                 -> [WaitReason, ...]            what is between a job and its start, the closed ones first
    taskbahn.job.members(id, after=0, limit=100, state=) -> {"jobs": [JobView without payloads, ...], "next": cursor | null}
    taskbahn.job.graph(id)                   -> JobGraph                     what its members wait for; of a job without members: its own
    taskbahn.job.events(id, after=0)         -> {"events": [Event, ...]}     stored ones only, at most MAX_EVENTS
    taskbahn.job.results(id, after=-1)       -> {"results": [[position, JSON], ...], "next"}    what a job gets from those that it waits for
    taskbahn.job.notes(id, after="")         -> {"notes": [[name, JSON], ...], "next"}   what a job remembers from attempt to attempt
    taskbahn.job.cancel([id, ...], reason="", who="", query="") -> [state | ErrorInfo, ...]     the state after it
    taskbahn.job.retry([id, ...], reason="", who="", query="") -> [state | ErrorInfo, ...]
    taskbahn.job.skip([id, ...], reason="", who="") -> [state | ErrorInfo, ...]: those that are held by these go on without them
    taskbahn.job.pause([id, ...], reason="", within=, who="") -> [state | ErrorInfo, ...]   with their trees, until resumed
    taskbahn.job.resume([id, ...], who="")   -> [state | ErrorInfo, ...]
    taskbahn.job.answer(id, name, value, who="", key="") -> null             answers a question; once for each key
    taskbahn.job.send(id, message, key="")   -> number                       a message into the inbox of a job; once for each key
    taskbahn.event.publish(topic, args=[], kwargs={}, id="") -> [id | ErrorInfo, ...]   of each trigger; once for each event id
    <task name>(*args, **kwargs)             ~> {"job": id, "events": [Event, ...]} if progress is asked for, then the return value
Any session that may look (CALL):
    taskbahn.view.status()                   -> Status
    taskbahn.view.tasks()                    -> [TaskView, ...]
    taskbahn.view.jobs(state=, task=, queue=, tag=, worker=, caller=, since=, until=, error=, parent=, root=, id_part=,
                       before=, limit=50)
                                             -> {"jobs": [JobView without payloads, ...], "next": cursor | null}
    taskbahn.view.jobs(ids=true, ...)        -> {"ids": [id, ...], "next": cursor | null}
    taskbahn.view.errors(task=)              -> Errors
    taskbahn.view.queues()                   -> [QueueView, ...]
    taskbahn.view.workers()                  -> [WorkerView, ...]
    taskbahn.view.limits(name=, keys=20)     -> Limits
    taskbahn.view.questions(job=, after=, limit=100) -> {"questions": [QuestionView, ...], "next": cursor | null}
    taskbahn.view.schedule_times(when, zone=, count=10, after=) -> ScheduleTimes   when: a form of `schedules`, or a cron line in zone
    taskbahn.view.history(seconds=3600, task=) -> History
    taskbahn.view.schedules(id=, after="", limit=100, text=, state=, outcomes=0, times=0) -> {"schedules": [ScheduleView, ...], "next", "count"}
    taskbahn.view.due_times(since, until, id=, slot=3600, after="", most=4) -> DueTimes   of all schedules that are not paused, or of one
    taskbahn.view.firings(schedule)          -> [ScheduleFiring, ...]        what became of its due times, newest first
    taskbahn.view.triggers(id=, after="", limit=100) -> {"triggers": [TriggerView, ...], "next": cursor | null}
    taskbahn.view.schedule_waits(id)         -> [WaitReason, ...]            what is between a schedule and its next job, closed first
    taskbahn.view.settings()                 -> [Setting, ...]
Operators (CALL):
    taskbahn.admin.drain(worker, wanted, reason=, who=) -> WorkerView   true: it takes no new attempts, also after a reconnect; false: again
    taskbahn.view.audit(who=, verb=, kind=, object=, job=, since=, until=, text=, before=, limit=50) -> AuditAnswer   newest first
    taskbahn.admin.limit(name, value, who=)  -> LimitView    "50/s", "50/s burst=9" or a number; null: as declared; kept
    taskbahn.admin.pause(query="", reason=, within=, until=, who=) -> Pause   "" the system, queue:NAME, task:NAME, key:KEY; kept
    taskbahn.admin.resume(query="", who=)    -> Pause        the one that is over
    taskbahn.admin.schedule.add(id, ScheduleSpec, check=false, who=) -> ScheduleView   new, or all of it; check: stores nothing
    taskbahn.admin.schedule.edit(id, {fields}, reset=[], check=false, who=) -> ScheduleView   reset: fields as code has them; true: all
    taskbahn.admin.schedule.pause(id, reason=, within=, until=, who=) -> ScheduleView
    taskbahn.admin.schedule.resume(id, who=) -> ScheduleView
    taskbahn.admin.schedule.run(id, who=, key=) -> id        of the job that it starts now, besides its due times
    taskbahn.admin.schedule.backfill(id, since, until, who=, key=) ~> {"started", "of"}, then [id | ErrorInfo, ...]   of a past period
    taskbahn.admin.schedule.delete(id, who=) -> null
    taskbahn.admin.trigger.add(id, TriggerSpec, who=) -> TriggerView         new, or all that holds of it
    taskbahn.admin.trigger.edit(id, {fields of TriggerSpec}, who=) -> TriggerView
    taskbahn.admin.trigger.pause(id, reason=, within=, until=, who=) -> TriggerView
    taskbahn.admin.trigger.resume(id, who=)  -> TriggerView
    taskbahn.admin.trigger.delete(id, who=)  -> null
Workers (CALL):
    taskbahn.worker.attach(Hello)            ~> {"welcome": Welcome}, then WorkerOrder ... for as long as the session lives
    taskbahn.worker.report(Report)           -> {"refused": [[id, attempt], ...]}  recorded durably when answered
Workers that report much (REGISTER):
    taskbahn.reports.<random>()              ~> Report ... as progressive results, if the Hello names it; called by the dispatcher alone
Workers without an SDK (REGISTER):
    taskbahn.offer.<task>(*args, **kwargs)   ~> progressive results are progress, then the result
    taskbahn.offer_job.<task>(Offered, *args, **kwargs)  the same, for those who want to know their job
    taskbahn.offer_as.<name>.<task>, taskbahn.offer_job_as.<name>.<task>  the same, for any number of workers of one task
Topics (SUBSCRIBE):
    taskbahn.job.<id>                        [Event, ...]
    taskbahn.view.changes                    {"jobs": [JobView without payloads, ...], "cut", "status": Status}   a few times a second
    taskbahn.view.alarms                     ScheduleAlarm                   a schedule is late, or so no more
    taskbahn.audit                           [AuditEntry, ...]               what was done, when it is stored

What the views answer is in `views`. `~>` needs `receive_progress`. Unknown fields are ignored, missing ones named. A WAMP
ERROR has a URI of `taskbahn.errors`, the sentence as its only argument and its data as the keyword argument `detail`.
"""

from __future__ import annotations

from typing import Any, Literal

import msgspec

from taskbahn.protocol import json_text
from taskbahn.protocol.limit_fields import LimitFields, LimitKindName
from taskbahn.protocol.option_fields import OptionFields
from taskbahn.protocol.schedule_fields import DeclaredSchedule
from taskbahn.protocol.suspended import Suspended
from taskbahn.protocol.trigger_fields import DeclaredTrigger
from taskbahn.protocol.unique_fields import DeclaredUnique
from taskbahn.protocol.view_data import ShownEvent
from taskbahn.protocol.vitals import Vitals

PROTOCOL = 1
OLDEST_PROTOCOL = 1
REALM = "taskbahn"

SUBMIT = "taskbahn.submit"
JOB_WAIT = "taskbahn.job.wait"
JOB_WATCH = "taskbahn.job.watch"
JOB_GET = "taskbahn.job.get"
JOB_EVENTS = "taskbahn.job.events"
JOB_EXPLAIN = "taskbahn.job.explain"
JOB_RESULTS = "taskbahn.job.results"
JOB_NOTES = "taskbahn.job.notes"
JOB_MEMBERS = "taskbahn.job.members"
JOB_GRAPH = "taskbahn.job.graph"
JOB_ANSWER = "taskbahn.job.answer"
JOB_SEND = "taskbahn.job.send"
JOB_CANCEL = "taskbahn.job.cancel"
JOB_RETRY = "taskbahn.job.retry"
JOB_SKIP = "taskbahn.job.skip"
JOB_PAUSE = "taskbahn.job.pause"
JOB_RESUME = "taskbahn.job.resume"
VIEW_STATUS = "taskbahn.view.status"
VIEW_TASKS = "taskbahn.view.tasks"
VIEW_JOBS = "taskbahn.view.jobs"
VIEW_QUEUES = "taskbahn.view.queues"
VIEW_WORKERS = "taskbahn.view.workers"
VIEW_LIMITS = "taskbahn.view.limits"
VIEW_QUESTIONS = "taskbahn.view.questions"
VIEW_HISTORY = "taskbahn.view.history"
VIEW_ERRORS = "taskbahn.view.errors"
VIEW_SETTINGS = "taskbahn.view.settings"
VIEW_SCHEDULE_TIMES = "taskbahn.view.schedule_times"
VIEW_SCHEDULES = "taskbahn.view.schedules"
VIEW_DUE_TIMES = "taskbahn.view.due_times"
VIEW_FIRINGS = "taskbahn.view.firings"
VIEW_TRIGGERS = "taskbahn.view.triggers"
VIEW_AUDIT = "taskbahn.view.audit"
EVENT_PUBLISH = "taskbahn.event.publish"
TRIGGER_ADD = "taskbahn.admin.trigger.add"
TRIGGER_EDIT = "taskbahn.admin.trigger.edit"
TRIGGER_PAUSE = "taskbahn.admin.trigger.pause"
TRIGGER_RESUME = "taskbahn.admin.trigger.resume"
TRIGGER_DELETE = "taskbahn.admin.trigger.delete"
VIEW_SCHEDULE_WAITS = "taskbahn.view.schedule_waits"
SCHEDULE_ADD = "taskbahn.admin.schedule.add"
SCHEDULE_EDIT = "taskbahn.admin.schedule.edit"
SCHEDULE_PAUSE = "taskbahn.admin.schedule.pause"
SCHEDULE_RESUME = "taskbahn.admin.schedule.resume"
SCHEDULE_RUN = "taskbahn.admin.schedule.run"
SCHEDULE_BACKFILL = "taskbahn.admin.schedule.backfill"
SCHEDULE_DELETE = "taskbahn.admin.schedule.delete"
ADMIN_DRAIN = "taskbahn.admin.drain"
ADMIN_LIMIT = "taskbahn.admin.limit"
ADMIN_PAUSE = "taskbahn.admin.pause"
ADMIN_RESUME = "taskbahn.admin.resume"
WORKER_ATTACH = "taskbahn.worker.attach"
WORKER_REPORT = "taskbahn.worker.report"
OFFER_PREFIX = "taskbahn.offer."
OFFER_JOB_PREFIX = "taskbahn.offer_job."
OFFER_AS_PREFIX = "taskbahn.offer_as."
OFFER_JOB_AS_PREFIX = "taskbahn.offer_job_as."
REPORTS_PREFIX = "taskbahn.reports."
JOB_TOPIC = "taskbahn.job."
CHANGES_TOPIC = "taskbahn.view.changes"
AUDIT_TOPIC = "taskbahn.audit"

TASK_NAME = r"^(?!(?:taskbahn|wamp|crossbar)(?:\.|$))[a-z0-9_]+(?:\.[a-z0-9_]+)*$"
OFFER_NAME = r"^[A-Za-z0-9_-]{1,64}$"  # one component of a URI; the task begins after the next dot
MAX_TASK_NAME = 200
MAX_MESSAGE = 16 * 1024 * 1024  # bytes, both transports
MAX_ARGUMENTS = 1024 * 1024  # bytes of JSON, one job
MAX_RESULT = 4 * 1024 * 1024  # bytes of JSON, one job
MAX_NESTING = 200  # lists and objects in each other, in arguments and results
MAX_CALLS = 10_000  # jobs in one submission
MAX_FLOW_JOBS = 200_000  # jobs of one flow
MAX_WAIT = 10_000  # ids in one wait
MAX_EVENTS = 1_000  # events in one answer
DEFAULT_QUEUE = "default"
NO_ARGUMENTS = "[[],{}]"


class Options(OptionFields, frozen=True, kw_only=True, omit_defaults=True, forbid_unknown_fields=True):
    """What a task or one call of it may ask for, as `protocol.options` says; None (left out): as the task says, else the default."""


class Outcome(msgspec.Struct, array_like=True):
    """How a job ended: `[id, state, result as JSON text | null, structured error | null]`; the error as in `Failed`, with its URI."""

    id: str
    state: str
    result: str | None = None
    error: dict[str, Any] | None = None


class Signature(msgspec.Struct, kw_only=True, omit_defaults=True):
    """What a task takes and gives, from its annotations.

    parameters: JSON Schema (2020-12) of an object with a property for each named argument; `order` lists those that may be given
    by position; `variadic` names `*args` (an array property) if there is one. returns: JSON Schema of the result; chunks: that of
    what a generator yields, None for other tasks.
    digest: a short hash of all this, so that arguments which the client checked against the same signature are not checked twice.
    """

    digest: str
    parameters: dict[str, Any]
    order: list[str] = []
    variadic: str | None = None
    returns: dict[str, Any] = {}
    chunks: dict[str, Any] | None = None


class DeclaredLimit(LimitFields, frozen=True, kw_only=True, omit_defaults=True):
    """A limit of a task, by the rules of `protocol.limits`; `key` and `fair_key` are templates, `cost` is a number or a template."""

    kind: LimitKindName
    name: str
    key: str | None = None
    cost: int | str = 1
    when_full: str = "wait"  # of a concurrency: what becomes of a job that finds its key full; `limit_fields.WhenFull`


class TaskDeclaration(msgspec.Struct, kw_only=True, omit_defaults=True):
    """A task that a worker offers."""

    name: str
    signature: Signature | None = None
    doc: str = ""
    options: dict[str, Any] = {}  # fields of `Options`
    pool: str = ""  # "process", "thread", "loop": those of "loop" wait while the worker's event loop is blocked
    limits: list[DeclaredLimit] = []  # of all its jobs
    fair_key: str = ""  # jobs with different keys by it take turns
    unique: DeclaredUnique | None = None
    callbacks: dict[str, list[dict[str, Any]]] = {}  # of all its jobs: flows, by on_success, on_failure, on_end
    encrypt: bool = False  # its calls are encrypted by their callers, all of them


class Hello(msgspec.Struct, kw_only=True, omit_defaults=True):
    """A worker introduces itself; `running` are the attempts that it still runs after a reconnect."""

    protocol: int
    worker: str  # the worker's id, kept over reconnects
    slots: int
    tasks: list[TaskDeclaration]
    queues: list[str] = msgspec.field(default_factory=lambda: [DEFAULT_QUEUE])
    running: list[tuple[str, int]] = []
    reports: str | None = None  # the procedure that the dispatcher calls to hear reports, instead of `taskbahn.worker.report`
    host: str = ""
    pid: int = 0
    version: str = ""
    python: str = ""
    since: float | None = None  # of its first `Welcome`; None: this is its first hello
    schedules: list[DeclaredSchedule] = []
    triggers: list[DeclaredTrigger] = []


class Welcome(msgspec.Struct, kw_only=True):
    """The dispatcher took the worker; `heartbeat` is the longest silence between two reports (which may be empty), in seconds."""

    protocol: int
    heartbeat: float
    version: str = ""
    since: float | None = None  # when it first came; the tasks of the worker with the latest one count
    suspends: bool = False  # whether attempts may give their slots back while they wait: `Report.parked`, `Report.suspended`
    noted: list[tuple[str, int]] = []  # attempts of `Hello.running` whose jobs remember what may have come while it was away


class Attempt(msgspec.Struct, array_like=True, omit_defaults=True):
    """One attempt to run: `[id, attempt, task, JSON text of [args, kwargs], run_within | null]`.

    With a sixth value, true, the arguments have `{"$input": position}` in the places of results that `taskbahn.job.results` has.
    With a seventh, its job remembers what `taskbahn.job.notes` has. With an eighth, it has permits, which it gives back by its end only.
    With a ninth, its function is never to be called again. A tenth is the time by which its job has to have ended, seconds since 1970.
    """

    id: str
    attempt: int
    task: str
    packed: str
    run_within: float | None = None
    lacks_inputs: bool = False
    has_notes: bool = False
    has_permits: bool = False
    is_once: bool = False
    deadline: float | None = None


class Offered(msgspec.Struct, kw_only=True):
    """What the dispatcher tells an offered procedure about its attempt."""

    job: str
    attempt: int


class WorkerOrder(msgspec.Struct, kw_only=True, omit_defaults=True):
    """What the dispatcher asks of a worker; several may come in one."""

    welcome: Welcome | None = None
    run: list[Attempt] = []
    cancel: list[tuple[str, int, str]] = []  # id, attempt, reason
    back: int = 0  # hand back that many attempts that have not started
    recorded: int = 0  # that many more reports of the stream are recorded durably
    refused: list[tuple[str, int]] = []  # attempts in them that are not this worker's any more
    notes: list[tuple[str, int, str, str]] = []  # id, attempt, name, JSON: what the jobs of attempts remember besides
    waits: bool = False  # a report has come and cannot be recorded yet: the store refuses


class Done(msgspec.Struct, array_like=True):
    """A success: `[id, attempt, result as JSON text, started_at, ended_at]`, times by the worker's clock."""

    id: str
    attempt: int
    result: str
    started_at: float = 0.0
    ended_at: float = 0.0


class Failed(msgspec.Struct, kw_only=True, omit_defaults=True):
    """An attempt that did not succeed: the task raised ("error"), its process died ("crash"), or an order stopped it ("cancelled").

    error: {"type", "message", "traceback", "cause"?, "notes"?}; retry: may it be tried again; asked: the task raised `Retry`;
    delay: seconds, if the task chose it.  unfit: this worker's code does not take its arguments, and has not called the task.
    """

    id: str
    attempt: int
    kind: Literal["error", "time_limit", "crash", "cancelled"]
    error: dict[str, Any] = {}
    retry: bool = True
    asked: bool = False
    delay: float | None = None
    unfit: bool = False
    started_at: float = 0.0
    ended_at: float = 0.0


class Notice(msgspec.Struct, array_like=True):
    """Something an attempt said: `[id, attempt, kind, at, data, mark]`.

    kind "log": data {"level": "INFO", "logger": name, "message": text};  "chunk": data is any value;
    "progress": data is a `Progress`, the whole of it, newest wins;  "extend": data is the attempt's new run_within, seconds.
    "note": data {"name", "value": JSON text}: the job remembers it.   "question": data is a `questions.Question`.
    "event": data is a `questions.AwaitedEvent`: an event of a topic for which the job waits.
    mark counts the log lines, chunks and notes of the attempt, so that none is stored twice when a report is sent again; 0: not counted.
    """

    id: str
    attempt: int
    kind: Literal["log", "chunk", "progress", "extend", "note", "question", "event"]
    at: float
    data: Any
    mark: int = 0


class Report(msgspec.Struct, kw_only=True, omit_defaults=True):
    """All that happened on a worker since its last report; an empty one is a heartbeat."""

    done: list[Done] = []
    failed: list[Failed] = []
    notices: list[Notice] = []
    suspended: list[Suspended] = []
    parked: list[tuple[str, int, bool]] = []  # attempts that gave their slots back while they wait (true), or have them again
    back: list[tuple[str, int]] = []  # attempts handed back unstarted or unfinished, not charged
    begun: list[tuple[str, int]] = []  # those of `back` that may have begun: they are not started again if that must never be
    draining: bool = False  # the worker takes no more attempts
    vitals: Vitals | None = None  # sent now and then


class Event(ShownEvent, msgspec.Struct, kw_only=True, omit_defaults=True):
    """One numbered thing that happened to a job.

    Numbers count what is durable: states, logs and chunks. A "progress" event has the number of the durable event before it:
    it is a value of which the newest wins.   kind "state": data {"state", "attempt", "worker"?, "error"?, "due_at"?}.
    So does a "question" event, or 0: data is a `questions.QuestionView`, or {"name"} of one that is closed.
    A "pause" event has the number 0: data is a `views.JobPause`, all of which is said if the job itself was paused; null: it goes on.
    """

    job: str
    number: int
    kind: Literal["state", "progress", "log", "chunk", "question", "pause", "snapshot", "outcome"]  # the last two: in clients
    at: float
    data: Any = None
    attempt: int = 0  # the one that said it (all but "state"); 0: not known


JSON_ENCODE, to_json, from_json, plain = json_text.JSON_ENCODE, json_text.to_json, json_text.from_json, json_text.plain
