/**
 * The words of the protocol that a browser speaks, as in the Python package; times are UTC seconds since the epoch, ids UUIDv7 text.
 */

export const REALM = "taskbahn";
export const SUBMIT = "taskbahn.submit";
export const JOB_WAIT = "taskbahn.job.wait";
export const JOB_WATCH = "taskbahn.job.watch";
export const JOB_EVENTS = "taskbahn.job.events";
export const JOB_GET = "taskbahn.job.get";
export const JOB_EXPLAIN = "taskbahn.job.explain";
export const JOB_MEMBERS = "taskbahn.job.members";
export const JOB_GRAPH = "taskbahn.job.graph";
export const JOB_CANCEL = "taskbahn.job.cancel";
export const JOB_RETRY = "taskbahn.job.retry";
export const JOB_PAUSE = "taskbahn.job.pause";
export const JOB_RESUME = "taskbahn.job.resume";
export const JOB_ANSWER = "taskbahn.job.answer";
export const JOB_SEND = "taskbahn.job.send";
export const JOB_SKIP = "taskbahn.job.skip";
export const BROWSER_TOKEN = "taskbahn.token";
export const VIEW_STATUS = "taskbahn.view.status";
export const VIEW_TASKS = "taskbahn.view.tasks";
export const VIEW_JOBS = "taskbahn.view.jobs";
export const VIEW_QUEUES = "taskbahn.view.queues";
export const VIEW_WORKERS = "taskbahn.view.workers";
export const VIEW_LIMITS = "taskbahn.view.limits";
export const VIEW_HISTORY = "taskbahn.view.history";
export const VIEW_QUESTIONS = "taskbahn.view.questions";
export const VIEW_ERRORS = "taskbahn.view.errors";
export const VIEW_SETTINGS = "taskbahn.view.settings";
export const ADMIN_DRAIN = "taskbahn.admin.drain";
export const ADMIN_LIMIT = "taskbahn.admin.limit";
export const ADMIN_PAUSE = "taskbahn.admin.pause";
export const ADMIN_RESUME = "taskbahn.admin.resume";
export const OFFER_JOB_PREFIX = "taskbahn.offer_job.";
export const OFFER_JOB_AS_PREFIX = "taskbahn.offer_job_as.";
export const OFFER_NAME = /^[A-Za-z0-9_-]{1,64}$/;
export const JOB_TOPIC = "taskbahn.job.";
export const CHANGES_TOPIC = "taskbahn.view.changes";
export const TASK_NAME = /^(?!(?:taskbahn|wamp|crossbar)(?:\.|$))[a-z0-9_]+(?:\.[a-z0-9_]+)*$/;
export const MAX_TASK_NAME = 200;
export const MAX_MESSAGE = 16 * 1024 * 1024; // bytes

/**
 * @typedef {object} Members  the members of a job together
 * @property {Record<string, number>} counts  by state
 * @property {number} total
 * @property {number} ended
 * @property {number} fraction  how far they are, 0 to 1
 */

/**
 * @typedef {"waiting" | "ready" | "running" | "succeeded" | "failed" | "cancelled" | "expired"} State
 *
 * @typedef {object} Stage  a named part of an attempt's work
 * @property {number} id
 * @property {string} name
 * @property {number | null} [parent]  id of the stage it is nested in
 * @property {number | null} [total]
 * @property {number} [done]
 * @property {number} [started_at]  seconds since the epoch; 0: it is said beforehand and did not begin yet
 * @property {number | null} [ended_at]
 * @property {number | null} [weight]  its share, 0 to 1, of the whole around it
 * @property {boolean} [failed]  an exception ended it
 *
 * @typedef {object} Progress  how far an attempt is; the newest wins
 * @property {number} [fraction]  0 to 1; absent while it is unknown
 * @property {string} [message]
 * @property {Stage[]} [stages]  in the order they began
 * @property {unknown} [data]
 *
 * @typedef {object} Failure  a structured error
 * @property {string} [type]
 * @property {string} [message]
 * @property {string} [traceback]
 * @property {Failure | string | null} [cause]
 * @property {string[]} [notes]
 * @property {string} [reason]  why a failed job is not tried again
 * @property {string} [by]  who cancelled a cancelled job
 *
 * @typedef {object} EventHead
 * @property {string} job
 * @property {number} number
 * @property {number} at  seconds since the epoch
 * @property {number} [attempt]  which one said it; not of "state"
 *
 * @typedef {object} StateNews
 * @property {State} state
 * @property {number} [attempt]
 * @property {string} [worker]
 * @property {Failure | null} [error]
 * @property {number | null} [due_at]
 * @typedef {object} LogLine
 * @property {string} level
 * @property {string} logger
 * @property {string} message
 *
 * @typedef {EventHead & {kind: "state", data: StateNews}} StateEvent
 * @typedef {EventHead & {kind: "progress", data: Progress}} ProgressEvent
 * @typedef {EventHead & {kind: "log", data: LogLine}} LogEvent
 * @typedef {EventHead & {kind: "chunk", data: any}} ChunkEvent
 * @typedef {EventHead & {kind: "question", data: import("./questions.js").QuestionView | {name: string}}} QuestionEvent
 * @typedef {EventHead & {kind: "pause", data: JobPause | null}} PauseEvent
 * @typedef {StateEvent | ProgressEvent | LogEvent | ChunkEvent | QuestionEvent | PauseEvent} Event  one numbered thing that happened to a job
 *
 * @typedef {object} AttemptView
 * @property {number} attempt
 * @property {string} worker
 * @property {number} started_at
 * @property {number | null} [ended_at]
 * @property {string} [outcome]  "" while it runs
 * @property {Failure | null} [error]
 *
 * @typedef {object} JobPause  what holds a job; of the pause of another job some news say nothing more
 * @property {string} [job]  the one that was paused: it, or one of which it is a part
 * @property {string} [reason]
 * @property {number} [until]  when it ends by itself
 * @property {string} [paused_by]
 * @property {number} [paused_at]
 *
 * @typedef {object} JobView  a job as it is shown; lists leave out `args`, `kwargs`, `result`, `attempts`
 * @property {string} [encrypted_by]  the name of its key, where the page has keys
 * @property {string} id
 * @property {string} task
 * @property {string} queue
 * @property {State} state
 * @property {string} [parent]  the job to which it belongs
 * @property {string} [root]  the job at the root of its tree
 * @property {string} [label]  its name in its flow
 * @property {string} [title]  one line for people
 * @property {JobPause | null} [paused]  while a pause holds it
 * @property {Members} [members]  of a job that has some
 * @property {number} [priority]
 * @property {number} [number]  of its newest event
 * @property {number} [attempt]
 * @property {number} [created_at]
 * @property {number | null} [due_at]
 * @property {number | null} [started_at]
 * @property {number | null} [finished_at]
 * @property {number | null} [kept_until]  when a job that has ended is deleted, or some time later
 * @property {number} [deadline]  when it has to have ended
 * @property {string | null} [worker]
 * @property {string | null} [caller]
 * @property {string[]} [tags]
 * @property {Record<string, unknown>} [options]
 * @property {unknown[] | null} [args]
 * @property {Record<string, unknown> | null} [kwargs]
 * @property {[unknown[], Record<string, unknown>][] | null} [calls]  of a job that makes several calls, in place of `args`, `kwargs`
 * @property {Progress | null} [progress]
 * @property {unknown} [result]
 * @property {Failure | null} [error]
 * @property {Failure | null} [last_error]  type and message of the last attempt's, while the job waits for its retry
 * @property {string | null} [fingerprint]  of a failed job: those that failed alike have the same
 * @property {AttemptView[]} [attempts]
 * @property {Place | null} [place]  while it is ready or waiting
 * @property {number | null} [typical]  seconds that an attempt of its task takes, from earlier ones
 * @property {BlockedView | null} [blocks]  while it blocks its worker's event loop
 * @property {boolean} [holds]  whether jobs wait until a person has retried or skipped it
 * @property {string | null} [unique]  its unique key, as long as no newer job has it
 * @property {string | null} [joined]  of a member: the job that has its unique key, whose outcome it has
 * @property {InputView[]} [inputs]  what its arguments get from other jobs, the first 50
 * @property {import("./questions.js").QuestionView[] | null} [questions]  open ones that it has asked; not in lists
 *
 * @typedef {object} InputView  what another job gives; in the arguments `{"$input": position}` stands for it
 * @property {number} position
 * @property {string} job
 * @property {string} task
 * @property {string | null} [label]  the name of that job in its flow
 * @property {State} state
 * @property {string | null} [value]  its JSON, 500 characters at most; none: it is not known yet, large, or left out
 * @property {boolean} [is_cut]  there is more of it
 *
 * @typedef {object} Place  why a job does not run yet
 * @property {string} why  a sentence
 * @property {number | null} [ahead]  ready jobs that will be taken before it; at most 10,000 are counted
 * @property {boolean} [served]  false: no worker takes such jobs now
 * @property {number | null} [starts_at]  when it is expected to start, seconds since the epoch
 * @property {HoldingLimit | null} [limit]  what holds it, if a limit does
 * @property {Pause | null} [paused]  what holds it, if operators do
 * @typedef {object} Pause  what operators have paused
 * @property {string} query  "" for the system, "queue:NAME", "task:NAME", or "key:" and the key of a limit
 * @property {string} [reason]
 * @property {number | null} [until]  when it ends by itself
 * @property {string | null} [paused_by]
 * @property {number} paused_at
 *
 * @typedef {object} HoldingLimit  the limit that holds a job
 * @property {string} name
 * @property {string} [key]  the values of its template as a JSON list
 * @property {string[]} [holders]  ids of the jobs that have its permits, the first ten
 *
 * @typedef {object} TaskStatistics  what became of a task's jobs in the last 24 hours; seconds as median and 95th percentile
 * @property {number} [accepted]
 * @property {number} [succeeded]
 * @property {number} [failed]
 * @property {number} [cancelled]
 * @property {number} [expired]
 * @property {number | null} [wait]
 * @property {number | null} [wait95]
 * @property {number | null} [run]
 * @property {number | null} [run95]
 * @property {number | null} [last_at]  when the newest job ended
 *
 * @typedef {Record<string, any>} Schema  a JSON Schema, 2020-12
 *
 * @typedef {object} Signature
 * @property {string} digest
 * @property {Schema} parameters  of an object with a property for each named argument
 * @property {string[]} [order]  arguments that may be given by position
 * @property {string | null} [variadic]  the name of `*args`
 * @property {Schema} [returns]
 * @property {Schema | null} [chunks]  of what a generator yields
 *
 * @typedef {object} TaskView
 * @property {string} name
 * @property {string} [doc]
 * @property {Signature | null} [signature]
 * @property {Record<string, unknown>} [options]
 * @property {Partial<Record<"on_success" | "on_failure" | "on_end", import("./flows.js").Flow[]>>} [callbacks]  flows that follow each of its jobs
 * @property {string} [pool]
 * @property {number} [workers]
 * @property {number} [ready]
 * @property {Record<string, number>} [unserved]  ready jobs that no attached worker can take, by queue
 * @property {number} [running]
 * @property {TaskStatistics | null} [statistics]
 * @property {Pause | null} [paused]
 *
 * @typedef {object} QueueView
 * @property {string} name
 * @property {number} ready
 * @property {number} waiting
 * @property {number} running
 * @property {number} workers
 * @property {number | null} oldest  when its oldest ready job was accepted
 * @property {number} rate  jobs of it that ended in a second, over the last minute
 * @property {Pause | null} [paused]
 *
 * @typedef {object} LimitKeyView  a key of a limit that is in use or has jobs waiting
 * @property {string} [key]  the values of the limit's template as a JSON list; missing without a template
 * @property {number} used  permits in use, or starts of a rate that time has not given back
 * @property {number} capacity
 * @property {number} [lanes]  groups of the jobs that start one after the other
 * @property {number} [jobs]  that wait before it, counted to 1,000
 * @property {number | null} [oldest]  when the first of these was accepted
 * @property {number | null} [wakes_at]  when the next one may start
 * @property {boolean} [paused]
 *
 * @typedef {object} LimitDeclaration  how attached workers declare a limit
 * @property {string} said  as they write it
 * @property {string[]} workers
 * @property {boolean} [counts]  it is the newest, which counts
 *
 * @typedef {object} LimitView  a value is "100/s" or "100/s burst=10" of a rate, a number of a concurrency
 * @property {string} name
 * @property {"rate" | "concurrency"} kind
 * @property {string[]} [tasks]  that declare it, the first 100
 * @property {string} [template]  of its keys
 * @property {string | number | null} [declared]
 * @property {string | number | null} [override]  what operators set instead
 * @property {string | null} [changed_by]  who set or removed the override
 * @property {number | null} [changed_at]
 * @property {LimitKeyView[]} [keys]  the fullest, as many as asked for: 20 or fewer
 * @property {number} [key_count]  keys that are in use or have jobs waiting
 * @property {number} [jobs]  that wait before the fullest 20 keys
 * @property {number | null} [oldest]  when the first of these was accepted
 * @property {number} [paused_keys]  of the fullest 20
 * @property {"wait" | "refuse" | "cancel_oldest" | "cancel_newest"} [when_full]  what becomes of a job that finds its key full
 * @property {LimitDeclaration[]} [declarations]  all of them, where attached workers disagree
 *
 * @typedef {object} Limits
 * @property {LimitView[]} limits  the first 500, those with jobs waiting first
 * @property {number} count  of all
 *
 * @typedef {object} BlockedView  the event loop of a worker's async tasks does not answer
 * @property {number} since
 * @property {string} at  the line of code that it executes
 * @property {string} job  to which that belongs; empty if the worker does not know
 * @property {number} attempt
 * @property {string} task
 *
 * @typedef {object} WorkerView
 * @property {string} id
 * @property {string} host
 * @property {number} pid
 * @property {string} version
 * @property {number} slots
 * @property {number} running
 * @property {boolean} draining
 * @property {string[]} queues
 * @property {string[]} tasks
 * @property {number} attached_at
 * @property {number} finished  attempts that succeeded or failed
 * @property {number} failed
 * @property {boolean} [drained]  an operator wants it to take no more
 * @property {number} [seen]  seconds since its last word
 * @property {string} [python]
 * @property {number | null} [memory]  bytes, with its pool processes
 * @property {number | null} [cpu]  cores in use
 * @property {number | null} [load]  of its machine: the 1-minute average, divided by its cores
 * @property {BlockedView | null} [blocked]  it does not answer for its async tasks
 * @property {[string, string, number][]} [jobs]  what it runs: id, task, started_at; the oldest 100
 *
 * Jobs since this dispatcher started, each time that they ended; attempts that failed and are tried again; jobs that began again.
 * @typedef {Record<"accepted" | "succeeded" | "failed" | "cancelled" | "expired" | "retried", number> & { again?: number }} Totals
 *
 * @typedef {object} Problem  something that is wrong now
 * @property {string} kind  a stable word
 * @property {"error" | "warning"} level
 * @property {string} sentence  what is wrong and where
 * @property {string} hint  what to do
 * @property {number | null} [since]
 * @property {string} [page]  of the dashboard, which shows more
 * @property {string} [id]
 * @property {string} [query]  in the language of the query bar
 *
 * @typedef {object} History  what happened over time; missing values are null
 * @property {number} step  seconds of a bucket
 * @property {number} start  of the first bucket
 * @property {(number | null)[]} accepted  jobs in the bucket, as the next five
 * @property {(number | null)[]} succeeded
 * @property {(number | null)[]} failed
 * @property {(number | null)[]} cancelled
 * @property {(number | null)[]} expired
 * @property {(number | null)[]} retried
 * @property {(number | null)[]} [again]  jobs that ended in the bucket and began again since: only their newest ends count
 * @property {(number | null)[]} waiting  ready and waiting for a time, at the end of the bucket
 * @property {(number | null)[]} running
 * @property {(number | null)[]} oldest  age of the oldest ready job, seconds
 * @property {(number | null)[]} wait  seconds, median, as the next three
 * @property {(number | null)[]} wait95
 * @property {(number | null)[]} run
 * @property {(number | null)[]} run95
 *
 * @typedef {object} ErrorGroup  failed jobs that failed alike
 * @property {string} fingerprint
 * @property {string} task
 * @property {string} type
 * @property {string} message  of the newest
 * @property {number} count
 * @property {number} first_at  when the oldest of these failures was; a job that was retried by hand counts by its newest end
 * @property {number} last_at
 * @property {string} job  the newest
 *
 * @typedef {object} Errors
 * @property {ErrorGroup[]} groups  the most frequent first
 * @property {number} looked_at  failed jobs that were read, the newest
 * @property {number} matched  of these, the jobs of the task that was asked for
 * @property {boolean} complete  whether these are all
 *
 * @typedef {object} Setting  one value of the node's effective configuration
 * @property {string} name
 * @property {unknown} value
 * @property {string} source  "default", "command line", "environment", "system", "installed" or a file's name
 * @property {string} help
 * @property {string} [unit]
 * @property {string} [change]  how to change it; missing if it is fixed
 *
 * @typedef {object} Status  the whole in numbers
 * @property {string} version
 * @property {number} started_at
 * @property {number} now
 * @property {Record<string, number>} jobs  by state, since the store was made
 * @property {number} workers
 * @property {number} slots
 * @property {number} running
 * @property {number} lag  of the router's event loop, seconds
 * @property {Totals} [totals]
 * @property {number} [failed_lately]  jobs that failed in the last 15 minutes, without those that began again
 * @property {number | null} [oldest]  when the oldest ready job was accepted
 * @property {[number, number] | null} [wait]  seconds, median and 95th percentile of the last minute
 * @property {[number, number] | null} [run]
 * @property {Problem[]} [problems]  worst first
 * @property {Pause[]} [pauses]  the oldest first
 *
 * @typedef {object} Options  what one call may ask for; `docs/tasks.md` has ranges and defaults
 * @property {string} [queue]
 * @property {number} [priority]  higher goes first
 * @property {number | string} [delay]  seconds, or as in "1h30m"
 * @property {number} [eta]  seconds since 1970
 * @property {number | string} [start_within]  seconds, or as in "1h30m"
 * @property {number | string} [run_within]  seconds, or as in "1h30m"
 * @property {number | string} [finish_within]  seconds, or as in "1h30m", from acceptance in which the job has to end
 * @property {number} [finish_by]  seconds since 1970, in place of `finish_within`
 * @property {number} [retries]
 * @property {(number | string)[]} [retry_delays]  seconds, or as in "1h30m", before each retry; the last one repeats
 * @property {number | string} [retry_backoff]  seconds, or as in "1h30m"
 * @property {number | string} [retry_backoff_max]  seconds, or as in "1h30m"
 * @property {number} [retry_jitter]
 * @property {number} [crash_attempts]
 * @property {number} [keep]  seconds
 * @property {"at_least_once" | "at_most_once"} [delivery]
 * @property {"continue" | "cancel"} [on_caller_lost]
 * @property {string[]} [tags]
 * @property {string} [key]  as long as a job of the task with it is kept, that is the same job
 * @property {string} [title]  one line for people
 * @property {number} [weight]  its share of the progress of its whole
 * @property {boolean} [encrypt]  by the keys of the page, from end to end; it does not travel
 * @property {boolean} [detached]  it goes on when the job is cancelled that started it, or of which it is a part
 */
