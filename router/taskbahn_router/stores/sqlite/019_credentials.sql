-- Credentials: what proves who a session is. before deploy: a table of its own, nothing else changes.

CREATE TABLE credentials (
    id TEXT PRIMARY KEY,
    kind TEXT NOT NULL,                 -- token, session
    name TEXT NOT NULL,                 -- of the principal: the authid of its sessions
    role TEXT NOT NULL,
    proof BLOB NOT NULL,                -- what the node compares with, never the secret itself: of a token its SHA-256
    version INTEGER NOT NULL,           -- counts the changes
    created_at REAL NOT NULL,
    created_by TEXT,
    expires_at REAL,                    -- NULL: never
    revoked_at REAL,                    -- NULL: it is valid
    revoked_by TEXT
) WITHOUT ROWID;
