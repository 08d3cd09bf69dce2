-- What jobs remember from attempt to attempt. before deploy: a table of its own, nothing else changes.

CREATE TABLE note (
    seq INTEGER NOT NULL,
    name TEXT NOT NULL,
    value TEXT NOT NULL,                -- JSON
    at REAL NOT NULL,
    PRIMARY KEY (seq, name)
) WITHOUT ROWID;
