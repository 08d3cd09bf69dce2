-- Promises: the keys of jobs, the lanes and gates of limits, and what edges, unique keys and waits will need. before deploy.
-- Times named `..._us` are integer microseconds since the epoch, UTC. Adding columns changes no row. The indexes of the new columns read the
-- whole table, so each is a migration of its own: 007 to 009.

ALTER TABLE job ADD COLUMN keys TEXT;                       -- JSON of [[key, cost], ...], computed at submission; NULL: a plain job
ALTER TABLE job ADD COLUMN flags INTEGER NOT NULL DEFAULT 0;     -- 1 has children, 2 has parents, 4 got a unique key; others come with what needs them
ALTER TABLE job ADD COLUMN pending INTEGER NOT NULL DEFAULT 0;   -- edges that are not satisfied, events and answers

CREATE TABLE lane (                     -- the ready jobs of one line with the same keys; no row without any
    line INTEGER NOT NULL,
    keys TEXT NOT NULL,
    rank INTEGER NOT NULL,              -- minus the priority of its head
    virtual_time INTEGER NOT NULL,      -- of fair turns
    head INTEGER NOT NULL,              -- seq of its best job
    blocked TEXT,                       -- key of the closed gate that it is before
    PRIMARY KEY (line, keys)
) WITHOUT ROWID;
CREATE INDEX lane_open ON lane (line, rank, virtual_time, head) WHERE blocked IS NULL;
CREATE INDEX lane_blocked ON lane (blocked, line, rank, virtual_time, head) WHERE blocked IS NOT NULL;

CREATE TABLE lane_key (                 -- the lanes that have a key; only of limits that count their jobs
    key TEXT NOT NULL,
    line INTEGER NOT NULL,
    keys TEXT NOT NULL,
    PRIMARY KEY (key, line, keys)
) WITHOUT ROWID;

CREATE TABLE gate (                     -- what a limit knows of a key; no row: nothing but zeros
    key TEXT PRIMARY KEY,               -- the limit's name, and the JSON list of its values if it has a template
    limit_name TEXT NOT NULL,
    used INTEGER NOT NULL,              -- costs of the attempts that hold a permit
    time_us INTEGER NOT NULL,           -- of a rate: when all that was taken is paid back
    virtual_time INTEGER NOT NULL,
    paused_until_us INTEGER,
    reason TEXT,
    blocked INTEGER NOT NULL,           -- lanes before it
    wakes_at_us INTEGER                 -- when a commit must look at it
) WITHOUT ROWID;
CREATE INDEX gate_wakes ON gate (wakes_at_us) WHERE wakes_at_us IS NOT NULL;
CREATE INDEX gate_limit ON gate (limit_name, key) WHERE blocked > 0;

CREATE TABLE permit (                   -- what an attempt holds until it has ended, also if its job was cancelled meanwhile
    seq INTEGER NOT NULL,
    attempt INTEGER NOT NULL,
    keys TEXT NOT NULL,                 -- JSON of [[key, cost], ...]
    PRIMARY KEY (seq, attempt)
) WITHOUT ROWID;

CREATE TABLE limits (
    name TEXT PRIMARY KEY,
    kind TEXT NOT NULL,
    declared TEXT,                      -- JSON of the newest declaration
    override TEXT,                      -- JSON of what operators set instead
    version INTEGER NOT NULL,
    changed_by TEXT,
    changed_at REAL
) WITHOUT ROWID;

CREATE TABLE edge (                     -- a job waits for another one
    parent INTEGER NOT NULL,
    child INTEGER NOT NULL,
    position INTEGER NOT NULL,          -- of the parent's result among those that the child gets
    policy TEXT NOT NULL,               -- what a parent's failure means
    state INTEGER NOT NULL,             -- 0 open, 1 satisfied, 2 the failure was passed on, 3 held
    PRIMARY KEY (parent, child, position)
) WITHOUT ROWID;
CREATE INDEX edge_unsettled ON edge (parent, state, child, position) WHERE state <> 1;
CREATE INDEX edge_child ON edge (child, position);

CREATE TABLE unique_key (               -- the job that got a key last; whether it holds it follows from its state and the time
    key TEXT PRIMARY KEY,
    seq INTEGER NOT NULL,
    during TEXT NOT NULL,
    until_us INTEGER
) WITHOUT ROWID;
CREATE INDEX unique_seq ON unique_key (seq);

CREATE TABLE alias (                    -- ids that mean another job; kept as long as it
    id BLOB PRIMARY KEY,
    seq INTEGER NOT NULL
) WITHOUT ROWID;
CREATE INDEX alias_seq ON alias (seq);

CREATE TABLE duty (                     -- work that was cut off, for the next commit
    kind TEXT NOT NULL,
    subject INTEGER NOT NULL,           -- seq of a job
    cursor TEXT,
    value TEXT,
    PRIMARY KEY (kind, subject)
) WITHOUT ROWID;

CREATE TABLE wait (                     -- events and answers that jobs wait for
    seq INTEGER NOT NULL,
    kind TEXT NOT NULL,
    key TEXT NOT NULL,
    until REAL,
    PRIMARY KEY (seq, kind, key)
) WITHOUT ROWID;
CREATE INDEX wait_key ON wait (kind, key);
CREATE INDEX wait_until ON wait (until) WHERE until IS NOT NULL;
