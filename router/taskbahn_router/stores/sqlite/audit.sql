-- The statements of the audit, as in statements.sql.

-- name: insert_audit
INSERT INTO audit ({audit_columns}) VALUES ({audit_values})

-- name: drop_audit
-- Delete the oldest entries, up to ?2 of them, if they are from before ?1.
DELETE FROM audit WHERE id IN (SELECT id FROM audit ORDER BY id LIMIT ?2) AND at < ?1

-- name: audit
-- The entries before ?1, newest first, with the first jobs of their lists.
SELECT id, {audit_shown} FROM audit WHERE id < ?1 ORDER BY id DESC LIMIT ?2

-- name: audit_of_object
SELECT id, {audit_shown} FROM audit INDEXED BY audit_object WHERE id < ?1 AND kind = ?3 AND object = ?4 ORDER BY id DESC LIMIT ?2

-- name: audit_lists
-- Those of the ?2 newest entries with lists before ?1 that have the job ?3, and the oldest entry that was looked at if there may be more.
WITH looked AS MATERIALIZED (SELECT id FROM audit INDEXED BY audit_jobs WHERE jobs IS NOT NULL AND id < ?1 ORDER BY id DESC LIMIT ?2)
SELECT (SELECT CASE WHEN count(*) = ?2 THEN min(id) END FROM looked), audit.id, {audit_shown}
FROM (SELECT 1) LEFT JOIN audit ON audit.id IN (SELECT id FROM looked) AND instr(audit.jobs, ?3) ORDER BY audit.id DESC
