-- Numbers over time, a row for each minute and task. before deploy: nothing of the first schema changes.

CREATE TABLE minute (
    at INTEGER NOT NULL,                -- when it began, seconds since the epoch
    task TEXT NOT NULL,                 -- '': all tasks together
    accepted INTEGER NOT NULL,
    succeeded INTEGER NOT NULL,
    failed INTEGER NOT NULL,
    cancelled INTEGER NOT NULL,
    expired INTEGER NOT NULL,
    retried INTEGER NOT NULL,
    waits TEXT NOT NULL,                -- JSON of a histogram: [index, count, ...]
    runs TEXT NOT NULL,                 -- the same
    last_at REAL,                       -- when the newest job ended
    waiting INTEGER,                    -- at the end of the minute, as the next two
    running INTEGER,
    oldest REAL                         -- age of the oldest ready job, seconds
);
CREATE INDEX minute_at ON minute (at);
CREATE INDEX minute_task ON minute (task, at);
