"""What the dispatcher answers to questions: a part of the protocol, see `messages`."""

from __future__ import annotations

from typing import Any, ClassVar, Literal

import msgspec

from taskbahn.protocol.limit_fields import LimitKindName, WhenFull
from taskbahn.protocol.member_views import Members
from taskbahn.protocol.messages import Signature
from taskbahn.protocol.questions import QuestionView
from taskbahn.protocol.view_data import View


class AttemptView(View, msgspec.Struct, kw_only=True, omit_defaults=True):
    """One attempt as it is shown; outcome "" while it runs."""

    attempt: int
    worker: str
    started_at: float
    ended_at: float | None = None
    outcome: str = ""
    error: dict[str, Any] | None = None


class Pause(View, msgspec.Struct, kw_only=True, omit_defaults=True):
    """What operators have paused.

    query: "" for the system, `queue:NAME`, `task:NAME`, or `key:` and the key of a limit.   until: when it ends by itself.
    """

    query: str
    reason: str = ""
    until: float | None = None
    paused_by: str | None = None
    paused_at: float


class JobPause(View, msgspec.Struct, kw_only=True, omit_defaults=True):
    """The pause that holds a job.  job: the one that was paused; this one, or one of which it is a part.   until: when it ends by itself."""

    job: str = ""
    reason: str = ""
    until: float | None = None
    paused_by: str | None = None
    paused_at: float = 0.0


class HoldingLimit(View, msgspec.Struct, kw_only=True, omit_defaults=True):
    """The limit that holds a job.

    key: the values of the limit's template as a JSON list, "" without a template; holders: ids of the jobs that have its permits,
    the first ten.
    """

    name: str
    key: str = ""
    holders: list[str] = []


class Place(View, msgspec.Struct, kw_only=True, omit_defaults=True):
    """Why a job does not run yet: a sentence, and what is before it.

    ahead: ready jobs that will be taken before it, counted up to 10,000; under a limit that holds it, those with the same keys.
    served: whether a worker takes such jobs now.   starts_at: when it is expected to start, if known.   limit, paused: what holds it.
    """

    why: str
    ahead: int | None = None
    served: bool = True
    starts_at: float | None = None
    limit: HoldingLimit | None = None
    paused: Pause | None = None


class WaitReason(View, msgspec.Struct, kw_only=True, omit_defaults=True):
    """One thing between a job and its start.

    rule: `time`, `pause`, `workers`, `order`, `schedule`, or `limit:` and a key.   open: it holds the job no more, or not yet.
    opens_at: when time opens it, if it does.   holders: ids of the first jobs that have its permits, of the limit that holds the job.
    """

    rule: str
    open: bool
    why: str
    opens_at: float | None = None
    holders: list[str] = []


class BlockedView(View, msgspec.Struct, kw_only=True):
    """The event loop of a worker's `async def` tasks does not answer: since when, and the line of code that it executes.

    job, attempt, task: to which that belongs; empty if the worker does not know.
    """

    since: float
    at: str
    job: str = ""
    attempt: int = 0
    task: str = ""


class InputView(View, msgspec.Struct, kw_only=True, omit_defaults=True):
    """What another job gives to a member; in its arguments `{"$input": position}` stands for it."""

    position: int
    job: str
    task: str
    label: str | None = None  # the name of that job in its flow
    state: str
    value: str | None = None  # its JSON, 500 characters at most; None: it is not known yet, large, or left out
    is_cut: bool = False  # there is more of it


class JobView(View, msgspec.Struct, kw_only=True, omit_defaults=True):
    """A job as it is shown; `number` is that of its newest event. In lists `args`, `kwargs`, `result` and `attempts` are left out."""

    arguments_in: ClassVar = ("args", "kwargs", "calls")

    id: str
    task: str
    queue: str
    state: str
    priority: int = 0
    number: int = 0
    attempt: int = 0
    created_at: float = 0.0
    due_at: float | None = None
    started_at: float | None = None
    finished_at: float | None = None
    parent: str | None = None  # the job to which it belongs
    root: str | None = None  # the job at the root of its tree
    label: str | None = None  # its name in its flow
    questions: list[QuestionView] = []  # open ones that it has asked; not in lists
    title: str | None = None  # one line for people
    members: Members | None = None  # of a job that has some; in lists only of the first jobs, if they have very many
    kept_until: float | None = None  # when a job that has ended is deleted, or some time later
    deadline: float | None = None  # when it has to have ended, by its own options, those of its flow or of what started it
    worker: str | None = None
    caller: str | None = None
    tags: list[str] = []
    options: dict[str, Any] = {}
    args: list[Any] | None = None
    kwargs: dict[str, Any] | None = None
    calls: list[Any] | None = None  # of a job that makes several: [args, kwargs] of each, in place of `args` and `kwargs`
    progress: dict[str, Any] | None = None
    result: Any = None
    error: dict[str, Any] | None = None
    last_error: dict[str, Any] | None = None  # type and message of the last attempt's, while the job waits for its retry
    fingerprint: str | None = None  # only of a failed job; jobs that failed alike have the same; in lists only if it is stored
    attempts: list[AttemptView] = []
    paused: JobPause | None = None  # while a pause holds it; in lists without saying more
    place: Place | None = None  # while it is ready or waiting; not in lists
    typical: float | None = None  # seconds that an attempt of its task takes, from earlier ones; not in lists
    holds: bool = False  # whether jobs wait until a person has retried or skipped it (`if_fails("hold")`); not in lists
    blocks: BlockedView | None = None  # while it blocks its worker's event loop; not in lists
    unique: str | None = None  # the unique key of which it is the newest job; not in lists
    joined: str | None = None  # of a member: the job that has its unique key, whose outcome it has; not in lists
    inputs: list[InputView] = []  # what its arguments get from other jobs, the first 50; not in lists


class TaskStatistics(View, msgspec.Struct, kw_only=True, omit_defaults=True):
    """What became of a task's jobs in the last 24 hours; seconds as median and 95th percentile, None if there were none."""

    accepted: int = 0
    succeeded: int = 0
    failed: int = 0
    cancelled: int = 0
    expired: int = 0
    wait: float | None = None  # from ready to started
    wait95: float | None = None
    run: float | None = None  # seconds of attempts that succeeded
    run95: float | None = None
    last_at: float | None = None  # when the newest job ended


class TaskView(View, msgspec.Struct, kw_only=True, omit_defaults=True):
    """A declared task and who offers it now."""

    name: str
    doc: str = ""
    signature: Signature | None = None
    options: dict[str, Any] = {}
    callbacks: dict[str, list[dict[str, Any]]] = {}  # flows that follow each of its jobs, by on_success, on_failure, on_end
    pool: str = ""
    workers: int = 0
    ready: int = 0
    running: int = 0
    unserved: dict[str, int] = {}  # ready jobs that no attached worker can take, by queue; at most 20 queues
    statistics: TaskStatistics | None = None
    paused: Pause | None = None


class QueueView(View, msgspec.Struct, kw_only=True):
    """A queue; `oldest` is the time at which its first ready job was accepted."""

    name: str
    ready: int
    waiting: int
    running: int
    workers: int
    oldest: float | None = None
    rate: float = 0.0  # jobs of the queue that ended in a second, over the last minute
    paused: Pause | None = None


class LimitKeyView(View, msgspec.Struct, kw_only=True, omit_defaults=True):
    """A key of a limit that is in use or has jobs waiting.

    key: the values of the limit's template as a JSON list, "" without a template; used: permits in use, or starts of a rate that
    time has not given back; jobs: that wait before it, counted to 1,000; lanes: groups of them that start one after the other;
    oldest: when the first of the counted jobs was accepted.
    """

    key: str = ""
    used: int
    capacity: int
    lanes: int = 0
    jobs: int = 0
    oldest: float | None = None
    wakes_at: float | None = None  # when the next one may start
    paused: bool = False


class LimitDeclaration(View, msgspec.Struct, kw_only=True, omit_defaults=True):
    """How attached workers declare a limit, as they write it; counts: it is the newest declaration, which counts."""

    said: str
    workers: list[str]
    counts: bool = False


class LimitView(View, msgspec.Struct, kw_only=True, omit_defaults=True):
    """A limit. A value is `"100/s"` or `"100/s burst=10"` of a rate, and a number of a concurrency.

    tasks: that declare it, the first 100; template: of its keys; changed_by, changed_at: of the override; keys: the fullest of
    key_count that are in use or have jobs waiting, 20 unless asked for fewer; jobs, oldest, paused_keys: of the fullest 20;
    when_full: what becomes of a job that finds its key full; declarations: all of them, where attached workers disagree.
    """

    name: str
    kind: LimitKindName
    tasks: list[str] = []
    template: str = ""
    declared: str | int | None = None
    override: str | int | None = None  # what operators set instead
    changed_by: str | None = None
    changed_at: float | None = None
    keys: list[LimitKeyView] = []
    key_count: int = 0
    jobs: int = 0
    oldest: float | None = None
    paused_keys: int = 0
    when_full: WhenFull = "wait"
    declarations: list[LimitDeclaration] = []


class Limits(View, msgspec.Struct, kw_only=True):
    """The first 500 limits, those with jobs waiting first; count: of all."""

    limits: list[LimitView]
    count: int


class WorkerView(View, msgspec.Struct, kw_only=True):
    """A worker that is attached now."""

    id: str
    host: str
    pid: int
    version: str
    slots: int
    running: int
    draining: bool
    queues: list[str]
    tasks: list[str]
    attached_at: float
    finished: int  # attempts that succeeded or failed
    failed: int
    drained: bool = False  # an operator wants it to take no more; `draining` is also true
    seen: float = 0.0  # seconds since its last word
    python: str = ""
    memory: int | None = None  # bytes, with its pool processes
    cpu: float | None = None  # cores in use, since its last word about it
    load: float | None = None  # load of its machine: the 1-minute average, divided by its cores
    blocked: BlockedView | None = None  # set while the worker does not answer for its `async def` tasks
    jobs: list[tuple[str, str, float]] = []  # jobs that the worker runs: id, task, started_at; the oldest 100


class Totals(View, msgspec.Struct, kw_only=True):
    """Jobs since this dispatcher started, each time they ended; retried: attempts that failed and are tried again."""

    accepted: int = 0
    succeeded: int = 0
    failed: int = 0
    cancelled: int = 0
    expired: int = 0
    retried: int = 0
    again: int = 0  # jobs that had ended


class Problem(View, msgspec.Struct, kw_only=True, omit_defaults=True):
    """Something that is wrong now, worst first in lists.

    kind: a stable word such as "no_worker"; sentence: what is wrong and where; hint: what to do; page, id, query: the page of the
    dashboard that shows more (`query` in the language of its query bar).
    """

    kind: str
    level: Literal["error", "warning"]
    sentence: str
    hint: str
    since: float | None = None
    page: str = ""
    id: str = ""
    query: str = ""


class History(View, msgspec.Struct, kw_only=True):
    """What happened over time, in buckets of `step` seconds; the first one begins at `start`. Missing values are None.

    Counts are jobs in the bucket; waiting (ready and waiting for a time), running and oldest (age of the oldest ready job, seconds)
    are as they were at its end; wait and run are seconds, median and 95th percentile.
    """

    step: int
    start: float
    accepted: list[int | None]
    succeeded: list[int | None]
    failed: list[int | None]
    cancelled: list[int | None]
    expired: list[int | None]
    retried: list[int | None]
    again: list[int | None] = []  # jobs that ended in the bucket and began again since: only their newest ends count
    waiting: list[int | None]
    running: list[int | None]
    oldest: list[float | None]
    wait: list[float | None]
    wait95: list[float | None]
    run: list[float | None]
    run95: list[float | None]


class ErrorGroup(View, msgspec.Struct, kw_only=True):
    """Failed jobs that failed alike: of one task, with one type of error, and messages that differ in numbers and names only."""

    fingerprint: str
    task: str
    type: str
    message: str  # message of the newest job
    count: int
    first_at: float  # when the oldest of these failures was; a job that was retried by hand counts by its newest end
    last_at: float
    job: str  # id of the newest job


class Errors(View, msgspec.Struct, kw_only=True):
    """Failed jobs by fingerprint, the most frequent first; `looked_at` failed jobs were read, the newest, all if `complete`."""

    groups: list[ErrorGroup]
    looked_at: int
    matched: int = 0  # of these, the jobs of the task that was asked for; all if none was
    complete: bool


class Setting(View, msgspec.Struct, kw_only=True, omit_defaults=True):
    """One value of the node's effective configuration; source: "default", "command line", "environment",
    "system", "installed" or a file's name.
    """

    name: str
    value: Any
    source: str
    help: str
    unit: str = ""
    change: str = ""  # how to change it; "" if it is fixed


class Status(View, msgspec.Struct, kw_only=True):
    """The whole in numbers; counts by state since the store was made, `lag` is the event loop's, in seconds.

    oldest: since when the oldest ready job waits; wait, run: seconds, median and 95th percentile of the last minute.
    """

    version: str
    started_at: float
    now: float
    jobs: dict[str, int]
    workers: int
    slots: int
    running: int
    lag: float
    totals: Totals = msgspec.field(default_factory=Totals)
    failed_lately: int = 0  # jobs that failed in the last 15 minutes, without those that began again
    oldest: float | None = None
    wait: tuple[float, float] | None = None
    run: tuple[float, float] | None = None
    problems: list[Problem] = []
    pauses: list[Pause] = []
