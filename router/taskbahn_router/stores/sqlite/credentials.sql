-- The statements of credentials, as in statements.sql.

-- name: upsert_credential
INSERT OR REPLACE INTO credentials ({credential_columns}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)

-- name: credential_version
SELECT version FROM credentials WHERE id = ?

-- name: all_credentials
SELECT {credential_columns} FROM credentials ORDER BY created_at, id

-- name: delete_credential
DELETE FROM credentials WHERE id = ? AND version = ?
