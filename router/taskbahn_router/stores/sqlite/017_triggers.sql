-- Triggers: what starts a task when an event arrives. before deploy: a table of its own, nothing else changes.

CREATE TABLE triggers (
    id TEXT PRIMARY KEY,
    kind TEXT NOT NULL,                 -- what events are: topic, hook
    declared TEXT,                      -- JSON of what code declares; NULL: no code does
    changed TEXT,                       -- JSON of what was set at run time
    declared_at REAL,                   -- when the worker first came whose code counts
    version INTEGER NOT NULL,           -- counts the changes of all that people or code say
    pause TEXT,                         -- JSON; NULL: it is not paused
    changed_by TEXT,
    changed_at REAL NOT NULL,
    started INTEGER NOT NULL,           -- events that started jobs
    lost INTEGER NOT NULL,              -- events for which there was no room
    last_at REAL,                       -- when the newest event started jobs
    last_job BLOB,                      -- id
    trouble TEXT                        -- JSON of the error with which the newest event started none
) WITHOUT ROWID;
CREATE INDEX triggers_trouble ON triggers (id) WHERE trouble IS NOT NULL;
