/**
 * The words of the protocol that a browser speaks; the whole of it is in the Python package, `taskbahn/wire.py`.
 * Times are UTC seconds since the epoch, durations seconds, ids UUIDv7 text.
 */

export const REALM = "taskbahn";
export const SUBMIT = "taskbahn.submit";
export const JOB_WATCH = "taskbahn.job.watch";
export const JOB_GET = "taskbahn.job.get";
export const JOB_CANCEL = "taskbahn.job.cancel";
export const JOB_RETRY = "taskbahn.job.retry";
export const VIEW_STATUS = "taskbahn.view.status";
export const VIEW_TASKS = "taskbahn.view.tasks";
export const VIEW_JOBS = "taskbahn.view.jobs";
export const VIEW_WORKERS = "taskbahn.view.workers";
export const OFFER_PREFIX = "taskbahn.offer.";
export const JOB_TOPIC = "taskbahn.job.";
export const CHANGES_TOPIC = "taskbahn.view.changes";

/**
 * @typedef {"waiting" | "ready" | "running" | "succeeded" | "failed" | "cancelled" | "expired"} State
 *
 * @typedef {object} Stage  a named part of an attempt's work
 * @property {number} id
 * @property {string} name
 * @property {number | null} [parent]  id of the stage it is nested in
 * @property {number | null} [total]
 * @property {number} [done]
 * @property {number} [started_at]  seconds since the epoch
 * @property {number | null} [ended_at]
 *
 * @typedef {object} Progress  how far an attempt is; the newest wins
 * @property {number | null} [fraction]  0 to 1, if known
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
 *
 * @typedef {object} Event  one numbered thing that happened to a job
 * @property {string} job
 * @property {number} number
 * @property {"state" | "progress" | "log" | "chunk"} kind
 * @property {number} at  seconds since the epoch
 * @property {any} data
 *
 * @typedef {object} AttemptView
 * @property {number} attempt
 * @property {string} worker
 * @property {number} started_at
 * @property {number | null} [ended_at]
 * @property {string} [outcome]  "" while it runs
 * @property {Failure | null} [error]
 *
 * @typedef {object} JobView  a job as it is shown; lists leave out `args`, `kwargs`, `result`, `attempts`
 * @property {string} id
 * @property {string} task
 * @property {string} queue
 * @property {State} state
 * @property {number} [priority]
 * @property {number} [number]  of its newest event
 * @property {number} [attempt]
 * @property {number} [created_at]
 * @property {number | null} [due_at]
 * @property {number | null} [started_at]
 * @property {number | null} [finished_at]
 * @property {string | null} [worker]
 * @property {string | null} [caller]
 * @property {string[]} [tags]
 * @property {Record<string, unknown>} [options]
 * @property {unknown[] | null} [args]
 * @property {Record<string, unknown> | null} [kwargs]
 * @property {Progress | null} [progress]
 * @property {unknown} [result]
 * @property {Failure | null} [error]
 * @property {AttemptView[]} [attempts]
 *
 * @typedef {Record<string, any>} Schema  a JSON Schema, 2020-12
 *
 * @typedef {object} Signature
 * @property {string} digest
 * @property {Schema} parameters  of an object with a property for each named argument
 * @property {string[]} [order]  arguments that may be given by position
 * @property {string | null} [variadic]  the name of `*args`
 * @property {Schema} [returns]
 *
 * @typedef {object} TaskView
 * @property {string} name
 * @property {string} [doc]
 * @property {Signature | null} [signature]
 * @property {Record<string, unknown>} [options]
 * @property {string} [pool]
 * @property {number} [workers]
 * @property {number} [ready]
 * @property {number} [running]
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
 * @property {number} finished
 * @property {number} failed
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
 *
 * @typedef {object} Options  what one call may ask for; see the Python package for the defaults
 * @property {string} [queue]
 * @property {number} [priority]  -1000 to 1000, higher first
 * @property {number} [delay]  seconds
 * @property {number} [eta]  seconds since the epoch
 * @property {number} [start_within]  seconds
 * @property {number} [run_within]  seconds
 * @property {number} [retries]
 * @property {number} [keep]  seconds
 * @property {string[]} [tags]
 */
