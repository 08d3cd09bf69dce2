-- Schedules, and what became of their newest due times. before deploy: tables of their own, nothing else changes.

CREATE TABLE schedule (
    id TEXT PRIMARY KEY,
    declared TEXT,                      -- JSON of what code declares; NULL: no code does
    changed TEXT,                       -- JSON of what was set at run time
    declared_at REAL,                   -- when the worker first came whose code counts
    version INTEGER NOT NULL,           -- counts the changes of all that people or code say
    due_at REAL,                        -- the next due time; NULL: none
    next_at REAL,                       -- when it fires for that: later by its jitter
    pause TEXT,                         -- JSON; NULL: it is not paused
    changed_by TEXT,
    changed_at REAL NOT NULL,
    fired INTEGER NOT NULL,             -- firings that started a job
    number INTEGER NOT NULL,            -- of the newest row of `firing`
    last_due REAL,
    last_job BLOB,                      -- id
    last_success REAL,                  -- due time
    buffered TEXT,                      -- JSON list of due times that wait for the end of the last job
    trouble TEXT                        -- JSON of the error with which the newest firing was refused
) WITHOUT ROWID;
CREATE INDEX schedule_next ON schedule (next_at) WHERE next_at IS NOT NULL;
CREATE INDEX schedule_buffered ON schedule (id) WHERE buffered IS NOT NULL;
CREATE INDEX schedule_trouble ON schedule (id) WHERE trouble IS NOT NULL;

CREATE TABLE firing (
    schedule TEXT NOT NULL,
    number INTEGER NOT NULL,
    due_at REAL NOT NULL,
    fired_at REAL NOT NULL,
    outcome TEXT NOT NULL,
    job BLOB,                           -- id of the job that it started, or for which it did not
    until REAL,                         -- the last of several due times that were missed
    missed INTEGER NOT NULL,            -- how many they are; 0: the due time was not missed
    error TEXT,                         -- JSON
    PRIMARY KEY (schedule, number)
) WITHOUT ROWID;
