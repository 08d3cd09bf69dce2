-- The audit: who did what to what. before deploy: a table of its own, nothing else changes.

CREATE TABLE audit (
    id INTEGER PRIMARY KEY AUTOINCREMENT, -- none is given twice, so a gap shows that entries are missing
    at REAL NOT NULL,                   -- of the commit
    authid TEXT,
    role TEXT,
    name TEXT,                          -- that the person gave
    verb TEXT NOT NULL,
    kind TEXT NOT NULL,                 -- of the object: job, queue, ...
    object TEXT NOT NULL,               -- its id; '': several jobs
    address TEXT,                       -- of the peer
    session INTEGER,                    -- of WAMP
    transport TEXT,
    reason TEXT NOT NULL,
    query TEXT NOT NULL,                -- by which jobs were found
    effect TEXT NOT NULL,
    changed INTEGER NOT NULL,           -- objects
    times INTEGER NOT NULL,             -- how often it happened
    jobs BLOB                           -- ids of the changed jobs, 16 bytes each, where object does not say it
);
CREATE INDEX audit_object ON audit (kind, object);
CREATE INDEX audit_jobs ON audit (id) WHERE jobs IS NOT NULL;
CREATE TRIGGER audit_stays BEFORE UPDATE ON audit BEGIN SELECT raise(ABORT, 'entries of the audit do not change'); END;
