/** The options of a call that are one value. Made by scripts/write_docs.py from taskbahn.protocol.options. */

export const JOB_OPTIONS = {
  queue: {"type": "string", "description": "the line in which a job waits; a worker serves those of its --queues", "otherwise": "default"},
  priority: {"type": "integer", "minimum": -1000, "maximum": 1000, "description": "-1000 to 1000; higher goes first, then first come", "otherwise": 0},
  delay: {"type": "number", "minimum": 0, "maximum": 3153600000, "description": "seconds until the job may start", "otherwise": 0},
  eta: {"type": "number", "minimum": 0, "maximum": 100000000000, "description": "the time at which the job may start", "otherwise": "at once"},
  start_within: {"type": "number", "minimum": 0, "maximum": 3153600000, "description": "seconds a job may wait for its start; then it expires", "otherwise": "no limit"},
  run_within: {"type": "number", "minimum": 0, "maximum": 3153600000, "description": "seconds an attempt may run; then it is stopped, and fails", "otherwise": "no limit"},
  finish_within: {"type": "number", "minimum": 0, "maximum": 3153600000, "description": "seconds from its acceptance a job may take in all; then it fails, and what it started ends", "otherwise": "no limit"},
  finish_by: {"type": "number", "minimum": 0, "maximum": 100000000000, "description": "the time by which a job has to have ended, in place of finish_within", "otherwise": "no limit"},
  retries: {"type": "integer", "minimum": 0, "maximum": 10000, "description": "attempts after the first that may fail", "otherwise": 0},
  retry_backoff: {"type": "number", "minimum": 0, "maximum": 3153600000, "description": "seconds before the first retry, doubled for each further one", "otherwise": 1},
  retry_backoff_max: {"type": "number", "minimum": 0, "maximum": 3153600000, "description": "seconds before any retry, at most; if it is not given and retry_backoff is longer, as long as that", "otherwise": 600},
  retry_jitter: {"type": "number", "minimum": 0, "maximum": 1, "description": "share of the delay that is random", "otherwise": 0.5},
  crash_attempts: {"type": "integer", "minimum": 1, "description": "attempts that may lose their worker or process", "otherwise": 2},
  keep: {"type": "number", "minimum": 0, "maximum": 3153600000, "description": "seconds a finished job stays readable", "otherwise": "a week"},
  delivery: {"type": "string", "enum": ["at_least_once", "at_most_once"], "description": "at_least_once; or at_most_once: never starts twice", "otherwise": "at_least_once"},
  on_caller_lost: {"type": "string", "enum": ["continue", "cancel"], "description": "continue; or cancel: a remote procedure call ends when its caller goes away", "otherwise": "continue"},
  key: {"type": "string", "description": "a word of the caller's own; as long as a job of the task with it is kept, that is the same job", "otherwise": "none"},
  detached: {"type": "boolean", "description": "the job goes on when the one that started it, or of which it is a part, is cancelled", "otherwise": false},
  title: {"type": "string", "description": "one line for people, shown with the job", "otherwise": "none"},
  weight: {"type": "number", "minimum": 0, "maximum": 1000000, "description": "share of the progress of the whole of which the job is a part", "otherwise": 1},
};
