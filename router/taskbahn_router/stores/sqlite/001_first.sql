-- The first schema. before deploy.
-- Times are UTC seconds since the epoch, texts named "JSON" are JSON. Finished jobs are in no index but the primary ones (and job_failed).

CREATE TABLE line (
    id INTEGER PRIMARY KEY,
    queue TEXT NOT NULL,
    task TEXT NOT NULL,
    UNIQUE (queue, task)
);

CREATE TABLE task (
    name TEXT PRIMARY KEY,
    declaration TEXT NOT NULL,          -- JSON of wire.TaskDeclaration
    declared_at REAL NOT NULL
);

CREATE TABLE job (
    seq INTEGER PRIMARY KEY,            -- order of acceptance
    id BLOB NOT NULL,                   -- UUIDv7, 16 bytes
    line INTEGER NOT NULL,
    state TEXT NOT NULL CHECK (state IN ({states})),
    priority INTEGER NOT NULL,
    attempt INTEGER NOT NULL,           -- number of the newest attempt: the fencing token
    failures INTEGER NOT NULL DEFAULT 0,
    crashes INTEGER NOT NULL DEFAULT 0,
    number INTEGER NOT NULL,            -- of the newest event
    created_at REAL NOT NULL,
    due_at REAL,
    expires_at REAL,
    started_at REAL,                    -- of the newest attempt
    finished_at REAL,
    delete_at REAL,
    worker TEXT,
    caller TEXT,                        -- authid of who submitted it
    options TEXT,                       -- JSON, the call's own
    tags TEXT,                          -- JSON
    packed TEXT NOT NULL,               -- JSON of [args, kwargs]
    progress TEXT,                      -- JSON of wire.Progress, the newest
    result TEXT,                        -- JSON
    error TEXT                          -- JSON of an ErrorInfo
);
CREATE UNIQUE INDEX job_id ON job (id);
CREATE INDEX job_ready ON job (line, priority DESC, seq) WHERE state = 'ready';
CREATE INDEX job_due ON job (due_at) WHERE state = 'waiting';
CREATE INDEX job_expires ON job (expires_at) WHERE expires_at IS NOT NULL AND state IN ('waiting', 'ready');
CREATE INDEX job_running ON job (seq) WHERE state = 'running';
CREATE INDEX job_failed ON job (seq) WHERE state = 'failed';

CREATE TABLE attempt (                  -- those that did not succeed
    seq INTEGER NOT NULL,
    attempt INTEGER NOT NULL,
    worker TEXT NOT NULL,
    started_at REAL NOT NULL,
    ended_at REAL NOT NULL,
    outcome TEXT NOT NULL,
    error TEXT,                         -- JSON
    PRIMARY KEY (seq, attempt)
) WITHOUT ROWID;

CREATE TABLE event (                    -- log lines and chunks
    seq INTEGER NOT NULL,
    number INTEGER NOT NULL,
    at REAL NOT NULL,
    kind TEXT NOT NULL,
    data TEXT NOT NULL,                 -- JSON
    PRIMARY KEY (seq, number)
) WITHOUT ROWID;
