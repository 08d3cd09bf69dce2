-- The pauses of jobs. before deploy: a table of its own, nothing else changes.

CREATE TABLE pause (
    seq INTEGER PRIMARY KEY,            -- of the job that is paused
    paused_by TEXT,
    paused_at REAL NOT NULL,
    reason TEXT NOT NULL,
    until REAL                          -- when it goes on by itself; NULL: when it is resumed
);
CREATE INDEX pause_until ON pause (until) WHERE until IS NOT NULL;
