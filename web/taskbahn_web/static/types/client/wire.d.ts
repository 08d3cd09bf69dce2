/**
 * The words of the protocol that a browser speaks, as in the Python package; times are UTC seconds since the epoch, ids UUIDv7 text.
 */
export const REALM: "taskbahn";
export const SUBMIT: "taskbahn.submit";
export const JOB_WAIT: "taskbahn.job.wait";
export const JOB_WATCH: "taskbahn.job.watch";
export const JOB_EVENTS: "taskbahn.job.events";
export const JOB_GET: "taskbahn.job.get";
export const JOB_EXPLAIN: "taskbahn.job.explain";
export const JOB_MEMBERS: "taskbahn.job.members";
export const JOB_GRAPH: "taskbahn.job.graph";
export const JOB_CANCEL: "taskbahn.job.cancel";
export const JOB_RETRY: "taskbahn.job.retry";
export const JOB_PAUSE: "taskbahn.job.pause";
export const JOB_RESUME: "taskbahn.job.resume";
export const JOB_ANSWER: "taskbahn.job.answer";
export const JOB_SEND: "taskbahn.job.send";
export const JOB_SKIP: "taskbahn.job.skip";
export const BROWSER_TOKEN: "taskbahn.token";
export const VIEW_STATUS: "taskbahn.view.status";
export const VIEW_TASKS: "taskbahn.view.tasks";
export const VIEW_JOBS: "taskbahn.view.jobs";
export const VIEW_QUEUES: "taskbahn.view.queues";
export const VIEW_WORKERS: "taskbahn.view.workers";
export const VIEW_LIMITS: "taskbahn.view.limits";
export const VIEW_HISTORY: "taskbahn.view.history";
export const VIEW_QUESTIONS: "taskbahn.view.questions";
export const VIEW_ERRORS: "taskbahn.view.errors";
export const VIEW_SETTINGS: "taskbahn.view.settings";
export const ADMIN_DRAIN: "taskbahn.admin.drain";
export const ADMIN_LIMIT: "taskbahn.admin.limit";
export const ADMIN_PAUSE: "taskbahn.admin.pause";
export const ADMIN_RESUME: "taskbahn.admin.resume";
export const OFFER_JOB_PREFIX: "taskbahn.offer_job.";
export const OFFER_JOB_AS_PREFIX: "taskbahn.offer_job_as.";
export const OFFER_NAME: RegExp;
export const JOB_TOPIC: "taskbahn.job.";
export const CHANGES_TOPIC: "taskbahn.view.changes";
export const TASK_NAME: RegExp;
export const MAX_TASK_NAME: 200;
export const MAX_MESSAGE: number;
/**
 * the members of a job together
 */
export type Members = {
    /**
     * by state
     */
    counts: Record<string, number>;
    total: number;
    ended: number;
    /**
     * how far they are, 0 to 1
     */
    fraction: number;
};
export type State = "waiting" | "ready" | "running" | "succeeded" | "failed" | "cancelled" | "expired";
/**
 * a named part of an attempt's work
 */
export type Stage = {
    id: number;
    name: string;
    /**
     * id of the stage it is nested in
     */
    parent?: number | null | undefined;
    total?: number | null | undefined;
    done?: number | undefined;
    /**
     * seconds since the epoch; 0: it is said beforehand and did not begin yet
     */
    started_at?: number | undefined;
    ended_at?: number | null | undefined;
    /**
     * its share, 0 to 1, of the whole around it
     */
    weight?: number | null | undefined;
    /**
     * an exception ended it
     */
    failed?: boolean | undefined;
};
/**
 * how far an attempt is; the newest wins
 */
export type Progress = {
    /**
     * 0 to 1; absent while it is unknown
     */
    fraction?: number | undefined;
    message?: string | undefined;
    /**
     * in the order they began
     */
    stages?: Stage[] | undefined;
    data?: unknown;
};
/**
 * a structured error
 */
export type Failure = {
    type?: string | undefined;
    message?: string | undefined;
    traceback?: string | undefined;
    cause?: string | Failure | null | undefined;
    notes?: string[] | undefined;
    /**
     * why a failed job is not tried again
     */
    reason?: string | undefined;
    /**
     * who cancelled a cancelled job
     */
    by?: string | undefined;
};
export type EventHead = {
    job: string;
    number: number;
    /**
     * seconds since the epoch
     */
    at: number;
    /**
     * which one said it; not of "state"
     */
    attempt?: number | undefined;
};
export type StateNews = {
    state: State;
    attempt?: number | undefined;
    worker?: string | undefined;
    error?: Failure | null | undefined;
    due_at?: number | null | undefined;
};
export type LogLine = {
    level: string;
    logger: string;
    message: string;
};
export type StateEvent = EventHead & {
    kind: "state";
    data: StateNews;
};
export type ProgressEvent = EventHead & {
    kind: "progress";
    data: Progress;
};
export type LogEvent = EventHead & {
    kind: "log";
    data: LogLine;
};
export type ChunkEvent = EventHead & {
    kind: "chunk";
    data: any;
};
export type QuestionEvent = EventHead & {
    kind: "question";
    data: import("./questions.js").QuestionView | {
        name: string;
    };
};
export type PauseEvent = EventHead & {
    kind: "pause";
    data: JobPause | null;
};
/**
 * one numbered thing that happened to a job
 */
export type Event = StateEvent | ProgressEvent | LogEvent | ChunkEvent | QuestionEvent | PauseEvent;
export type AttemptView = {
    attempt: number;
    worker: string;
    started_at: number;
    ended_at?: number | null | undefined;
    /**
     * "" while it runs
     */
    outcome?: string | undefined;
    error?: Failure | null | undefined;
};
/**
 * what holds a job; of the pause of another job some news say nothing more
 */
export type JobPause = {
    /**
     * the one that was paused: it, or one of which it is a part
     */
    job?: string | undefined;
    reason?: string | undefined;
    /**
     * when it ends by itself
     */
    until?: number | undefined;
    paused_by?: string | undefined;
    paused_at?: number | undefined;
};
/**
 * a job as it is shown; lists leave out `args`, `kwargs`, `result`, `attempts`
 */
export type JobView = {
    /**
     * the name of its key, where the page has keys
     */
    encrypted_by?: string | undefined;
    id: string;
    task: string;
    queue: string;
    state: State;
    /**
     * the job to which it belongs
     */
    parent?: string | undefined;
    /**
     * the job at the root of its tree
     */
    root?: string | undefined;
    /**
     * its name in its flow
     */
    label?: string | undefined;
    /**
     * one line for people
     */
    title?: string | undefined;
    /**
     * while a pause holds it
     */
    paused?: JobPause | null | undefined;
    /**
     * of a job that has some
     */
    members?: Members | undefined;
    priority?: number | undefined;
    /**
     * of its newest event
     */
    number?: number | undefined;
    attempt?: number | undefined;
    created_at?: number | undefined;
    due_at?: number | null | undefined;
    started_at?: number | null | undefined;
    finished_at?: number | null | undefined;
    /**
     * when a job that has ended is deleted, or some time later
     */
    kept_until?: number | null | undefined;
    /**
     * when it has to have ended
     */
    deadline?: number | undefined;
    worker?: string | null | undefined;
    caller?: string | null | undefined;
    tags?: string[] | undefined;
    options?: Record<string, unknown> | undefined;
    args?: unknown[] | null | undefined;
    kwargs?: Record<string, unknown> | null | undefined;
    /**
     * of a job that makes several calls, in place of `args`, `kwargs`
     */
    calls?: [unknown[], Record<string, unknown>][] | null | undefined;
    progress?: Progress | null | undefined;
    result?: unknown;
    error?: Failure | null | undefined;
    /**
     * type and message of the last attempt's, while the job waits for its retry
     */
    last_error?: Failure | null | undefined;
    /**
     * of a failed job: those that failed alike have the same
     */
    fingerprint?: string | null | undefined;
    attempts?: AttemptView[] | undefined;
    /**
     * while it is ready or waiting
     */
    place?: Place | null | undefined;
    /**
     * seconds that an attempt of its task takes, from earlier ones
     */
    typical?: number | null | undefined;
    /**
     * while it blocks its worker's event loop
     */
    blocks?: BlockedView | null | undefined;
    /**
     * whether jobs wait until a person has retried or skipped it
     */
    holds?: boolean | undefined;
    /**
     * its unique key, as long as no newer job has it
     */
    unique?: string | null | undefined;
    /**
     * of a member: the job that has its unique key, whose outcome it has
     */
    joined?: string | null | undefined;
    /**
     * what its arguments get from other jobs, the first 50
     */
    inputs?: InputView[] | undefined;
    /**
     * open ones that it has asked; not in lists
     */
    questions?: import("./questions.js").QuestionView[] | null | undefined;
};
/**
 * what another job gives; in the arguments `{"$input": position}` stands for it
 */
export type InputView = {
    position: number;
    job: string;
    task: string;
    /**
     * the name of that job in its flow
     */
    label?: string | null | undefined;
    state: State;
    /**
     * its JSON, 500 characters at most; none: it is not known yet, large, or left out
     */
    value?: string | null | undefined;
    /**
     * there is more of it
     */
    is_cut?: boolean | undefined;
};
/**
 * why a job does not run yet
 */
export type Place = {
    /**
     * a sentence
     */
    why: string;
    /**
     * ready jobs that will be taken before it; at most 10,000 are counted
     */
    ahead?: number | null | undefined;
    /**
     * false: no worker takes such jobs now
     */
    served?: boolean | undefined;
    /**
     * when it is expected to start, seconds since the epoch
     */
    starts_at?: number | null | undefined;
    /**
     * what holds it, if a limit does
     */
    limit?: HoldingLimit | null | undefined;
    /**
     * what holds it, if operators do
     */
    paused?: Pause | null | undefined;
};
/**
 * what operators have paused
 */
export type Pause = {
    /**
     * "" for the system, "queue:NAME", "task:NAME", or "key:" and the key of a limit
     */
    query: string;
    reason?: string | undefined;
    /**
     * when it ends by itself
     */
    until?: number | null | undefined;
    paused_by?: string | null | undefined;
    paused_at: number;
};
/**
 * the limit that holds a job
 */
export type HoldingLimit = {
    name: string;
    /**
     * the values of its template as a JSON list
     */
    key?: string | undefined;
    /**
     * ids of the jobs that have its permits, the first ten
     */
    holders?: string[] | undefined;
};
/**
 * what became of a task's jobs in the last 24 hours; seconds as median and 95th percentile
 */
export type TaskStatistics = {
    accepted?: number | undefined;
    succeeded?: number | undefined;
    failed?: number | undefined;
    cancelled?: number | undefined;
    expired?: number | undefined;
    wait?: number | null | undefined;
    wait95?: number | null | undefined;
    run?: number | null | undefined;
    run95?: number | null | undefined;
    /**
     * when the newest job ended
     */
    last_at?: number | null | undefined;
};
/**
 * a JSON Schema, 2020-12
 */
export type Schema = Record<string, any>;
export type Signature = {
    digest: string;
    /**
     * of an object with a property for each named argument
     */
    parameters: Schema;
    /**
     * arguments that may be given by position
     */
    order?: string[] | undefined;
    /**
     * the name of `*args`
     */
    variadic?: string | null | undefined;
    returns?: Schema | undefined;
    /**
     * of what a generator yields
     */
    chunks?: Schema | null | undefined;
};
export type TaskView = {
    name: string;
    doc?: string | undefined;
    signature?: Signature | null | undefined;
    options?: Record<string, unknown> | undefined;
    /**
     * flows that follow each of its jobs
     */
    callbacks?: Partial<Record<"on_success" | "on_failure" | "on_end", import("./flows.js").Flow<any>[]>> | undefined;
    pool?: string | undefined;
    workers?: number | undefined;
    ready?: number | undefined;
    /**
     * ready jobs that no attached worker can take, by queue
     */
    unserved?: Record<string, number> | undefined;
    running?: number | undefined;
    statistics?: TaskStatistics | null | undefined;
    paused?: Pause | null | undefined;
};
export type QueueView = {
    name: string;
    ready: number;
    waiting: number;
    running: number;
    workers: number;
    /**
     * when its oldest ready job was accepted
     */
    oldest: number | null;
    /**
     * jobs of it that ended in a second, over the last minute
     */
    rate: number;
    paused?: Pause | null | undefined;
};
/**
 * a key of a limit that is in use or has jobs waiting
 */
export type LimitKeyView = {
    /**
     * the values of the limit's template as a JSON list; missing without a template
     */
    key?: string | undefined;
    /**
     * permits in use, or starts of a rate that time has not given back
     */
    used: number;
    capacity: number;
    /**
     * groups of the jobs that start one after the other
     */
    lanes?: number | undefined;
    /**
     * that wait before it, counted to 1,000
     */
    jobs?: number | undefined;
    /**
     * when the first of these was accepted
     */
    oldest?: number | null | undefined;
    /**
     * when the next one may start
     */
    wakes_at?: number | null | undefined;
    paused?: boolean | undefined;
};
/**
 * how attached workers declare a limit
 */
export type LimitDeclaration = {
    /**
     * as they write it
     */
    said: string;
    workers: string[];
    /**
     * it is the newest, which counts
     */
    counts?: boolean | undefined;
};
/**
 * a value is "100/s" or "100/s burst=10" of a rate, a number of a concurrency
 */
export type LimitView = {
    name: string;
    kind: "rate" | "concurrency";
    /**
     * that declare it, the first 100
     */
    tasks?: string[] | undefined;
    /**
     * of its keys
     */
    template?: string | undefined;
    declared?: string | number | null | undefined;
    /**
     * what operators set instead
     */
    override?: string | number | null | undefined;
    /**
     * who set or removed the override
     */
    changed_by?: string | null | undefined;
    changed_at?: number | null | undefined;
    /**
     * the fullest, as many as asked for: 20 or fewer
     */
    keys?: LimitKeyView[] | undefined;
    /**
     * keys that are in use or have jobs waiting
     */
    key_count?: number | undefined;
    /**
     * that wait before the fullest 20 keys
     */
    jobs?: number | undefined;
    /**
     * when the first of these was accepted
     */
    oldest?: number | null | undefined;
    /**
     * of the fullest 20
     */
    paused_keys?: number | undefined;
    /**
     * what becomes of a job that finds its key full
     */
    when_full?: "wait" | "refuse" | "cancel_oldest" | "cancel_newest" | undefined;
    /**
     * all of them, where attached workers disagree
     */
    declarations?: LimitDeclaration[] | undefined;
};
export type Limits = {
    /**
     * the first 500, those with jobs waiting first
     */
    limits: LimitView[];
    /**
     * of all
     */
    count: number;
};
/**
 * the event loop of a worker's async tasks does not answer
 */
export type BlockedView = {
    since: number;
    /**
     * the line of code that it executes
     */
    at: string;
    /**
     * to which that belongs; empty if the worker does not know
     */
    job: string;
    attempt: number;
    task: string;
};
export type WorkerView = {
    id: string;
    host: string;
    pid: number;
    version: string;
    slots: number;
    running: number;
    draining: boolean;
    queues: string[];
    tasks: string[];
    attached_at: number;
    /**
     * attempts that succeeded or failed
     */
    finished: number;
    failed: number;
    /**
     * an operator wants it to take no more
     */
    drained?: boolean | undefined;
    /**
     * seconds since its last word
     */
    seen?: number | undefined;
    python?: string | undefined;
    /**
     * bytes, with its pool processes
     */
    memory?: number | null | undefined;
    /**
     * cores in use
     */
    cpu?: number | null | undefined;
    /**
     * of its machine: the 1-minute average, divided by its cores
     */
    load?: number | null | undefined;
    /**
     * it does not answer for its async tasks
     */
    blocked?: BlockedView | null | undefined;
    /**
     * what it runs: id, task, started_at; the oldest 100
     *
     * Jobs since this dispatcher started, each time that they ended; attempts that failed and are tried again; jobs that began again.
     */
    jobs?: [string, string, number][] | undefined;
};
export type Totals = Record<"accepted" | "succeeded" | "failed" | "cancelled" | "expired" | "retried", number> & {
    again?: number;
};
/**
 * something that is wrong now
 */
export type Problem = {
    /**
     * a stable word
     */
    kind: string;
    level: "error" | "warning";
    /**
     * what is wrong and where
     */
    sentence: string;
    /**
     * what to do
     */
    hint: string;
    since?: number | null | undefined;
    /**
     * of the dashboard, which shows more
     */
    page?: string | undefined;
    id?: string | undefined;
    /**
     * in the language of the query bar
     */
    query?: string | undefined;
};
/**
 * what happened over time; missing values are null
 */
export type History = {
    /**
     * seconds of a bucket
     */
    step: number;
    /**
     * of the first bucket
     */
    start: number;
    /**
     * jobs in the bucket, as the next five
     */
    accepted: (number | null)[];
    succeeded: (number | null)[];
    failed: (number | null)[];
    cancelled: (number | null)[];
    expired: (number | null)[];
    retried: (number | null)[];
    /**
     * jobs that ended in the bucket and began again since: only their newest ends count
     */
    again?: (number | null)[] | undefined;
    /**
     * ready and waiting for a time, at the end of the bucket
     */
    waiting: (number | null)[];
    running: (number | null)[];
    /**
     * age of the oldest ready job, seconds
     */
    oldest: (number | null)[];
    /**
     * seconds, median, as the next three
     */
    wait: (number | null)[];
    wait95: (number | null)[];
    run: (number | null)[];
    run95: (number | null)[];
};
/**
 * failed jobs that failed alike
 */
export type ErrorGroup = {
    fingerprint: string;
    task: string;
    type: string;
    /**
     * of the newest
     */
    message: string;
    count: number;
    /**
     * when the oldest of these failures was; a job that was retried by hand counts by its newest end
     */
    first_at: number;
    last_at: number;
    /**
     * the newest
     */
    job: string;
};
export type Errors = {
    /**
     * the most frequent first
     */
    groups: ErrorGroup[];
    /**
     * failed jobs that were read, the newest
     */
    looked_at: number;
    /**
     * of these, the jobs of the task that was asked for
     */
    matched: number;
    /**
     * whether these are all
     */
    complete: boolean;
};
/**
 * one value of the node's effective configuration
 */
export type Setting = {
    name: string;
    value: unknown;
    /**
     * "default", "command line", "environment", "system", "installed" or a file's name
     */
    source: string;
    help: string;
    unit?: string | undefined;
    /**
     * how to change it; missing if it is fixed
     */
    change?: string | undefined;
};
/**
 * the whole in numbers
 */
export type Status = {
    version: string;
    started_at: number;
    now: number;
    /**
     * by state, since the store was made
     */
    jobs: Record<string, number>;
    workers: number;
    slots: number;
    running: number;
    /**
     * of the router's event loop, seconds
     */
    lag: number;
    totals?: Totals | undefined;
    /**
     * jobs that failed in the last 15 minutes, without those that began again
     */
    failed_lately?: number | undefined;
    /**
     * when the oldest ready job was accepted
     */
    oldest?: number | null | undefined;
    /**
     * seconds, median and 95th percentile of the last minute
     */
    wait?: [number, number] | null | undefined;
    run?: [number, number] | null | undefined;
    /**
     * worst first
     */
    problems?: Problem[] | undefined;
    /**
     * the oldest first
     */
    pauses?: Pause[] | undefined;
};
/**
 * what one call may ask for; `docs/tasks.md` has ranges and defaults
 */
export type Options = {
    queue?: string | undefined;
    /**
     * higher goes first
     */
    priority?: number | undefined;
    /**
     * seconds, or as in "1h30m"
     */
    delay?: string | number | undefined;
    /**
     * seconds since 1970
     */
    eta?: number | undefined;
    /**
     * seconds, or as in "1h30m"
     */
    start_within?: string | number | undefined;
    /**
     * seconds, or as in "1h30m"
     */
    run_within?: string | number | undefined;
    /**
     * seconds, or as in "1h30m", from acceptance in which the job has to end
     */
    finish_within?: string | number | undefined;
    /**
     * seconds since 1970, in place of `finish_within`
     */
    finish_by?: number | undefined;
    retries?: number | undefined;
    /**
     * seconds, or as in "1h30m", before each retry; the last one repeats
     */
    retry_delays?: (string | number)[] | undefined;
    /**
     * seconds, or as in "1h30m"
     */
    retry_backoff?: string | number | undefined;
    /**
     * seconds, or as in "1h30m"
     */
    retry_backoff_max?: string | number | undefined;
    retry_jitter?: number | undefined;
    crash_attempts?: number | undefined;
    /**
     * seconds
     */
    keep?: number | undefined;
    delivery?: "at_least_once" | "at_most_once" | undefined;
    on_caller_lost?: "cancel" | "continue" | undefined;
    tags?: string[] | undefined;
    /**
     * as long as a job of the task with it is kept, that is the same job
     */
    key?: string | undefined;
    /**
     * one line for people
     */
    title?: string | undefined;
    /**
     * its share of the progress of its whole
     */
    weight?: number | undefined;
    /**
     * by the keys of the page, from end to end; it does not travel
     */
    encrypt?: boolean | undefined;
    /**
     * it goes on when the job is cancelled that started it, or of which it is a part
     */
    detached?: boolean | undefined;
};
