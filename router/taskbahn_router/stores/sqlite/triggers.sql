-- The statements of triggers, as in statements.sql.

-- name: upsert_trigger
-- Keep a trigger as it is now.
INSERT OR REPLACE INTO triggers ({trigger_columns}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)

-- name: trigger
SELECT {trigger_columns} FROM triggers WHERE id = ?

-- name: delete_trigger
DELETE FROM triggers WHERE id = ? AND version = ?

-- name: triggers
SELECT {trigger_columns} FROM triggers WHERE id > ? ORDER BY id LIMIT ?

-- name: troubled_triggers
SELECT {trigger_columns} FROM triggers INDEXED BY triggers_trouble WHERE trouble IS NOT NULL ORDER BY id LIMIT ?
