-- The statements of paused jobs, as in statements.sql. 131072: a job is paused, 262144: a pause holds it; 1099511627776 is PAUSE_BIT.

-- name: upsert_pause
-- Keep the pause of a job; the newest counts.
INSERT OR REPLACE INTO pause (seq, paused_by, paused_at, reason, until) VALUES (?, ?, ?, ?, ?)

-- name: delete_pauses
-- Forget the pauses of jobs.
DELETE FROM pause WHERE seq IN (SELECT value FROM json_each(?))

-- name: pause_job
-- Hold a job for its own pause. A flow (8) is not held itself.
UPDATE job SET flags = flags | 393216, pending = CASE WHEN flags & 8 THEN pending ELSE pending | 1099511627776 END WHERE seq = ?

-- name: unpause_jobs
-- Note that jobs have no pause of their own; what holds them is decided after that.
UPDATE job SET flags = flags & ~131072 WHERE seq IN (SELECT value FROM json_each(?))

-- name: hold_jobs
-- Note that pauses hold jobs.
UPDATE job SET flags = flags | 262144 WHERE seq IN (SELECT value FROM json_each(?))

-- name: release_jobs
-- Note that no pause holds jobs.
UPDATE job SET flags = flags & ~262144 WHERE seq IN (SELECT value FROM json_each(?))

-- name: held_ready
-- Jobs that came back to ready while a pause holds them.
SELECT id, seq, line, state, number FROM (SELECT value AS wanted FROM json_each(?)) CROSS JOIN job ON job.seq = wanted
WHERE {from:pause} AND flags & 262144

-- name: pause
-- Have ready jobs wait.
UPDATE job SET state = {to:pause}, number = number + 1, pending = pending | 1099511627776
WHERE seq IN (SELECT value FROM json_each(?)) AND {from:pause}

-- name: state_of
SELECT state FROM job WHERE seq = ?

-- name: over_pauses
SELECT job.id FROM pause INDEXED BY pause_until JOIN job USING (seq) WHERE until <= ? ORDER BY until, seq LIMIT ?

-- name: next_resume
SELECT min(until) FROM pause INDEXED BY pause_until WHERE until IS NOT NULL

-- name: above
SELECT json_group_array(json_array(job.seq, above.seq)) FROM json_each(?) AS wanted CROSS JOIN job ON job.seq = wanted.value
CROSS JOIN job AS above ON above.seq = job.parent

-- name: holding_pause
-- The pause of a job, or of the nearest job that it is a part of.
WITH RECURSIVE up (seq) AS (
    SELECT ?
    UNION
    SELECT job.parent FROM up CROSS JOIN job ON job.seq = up.seq
    WHERE job.parent IS NOT NULL AND NOT EXISTS (SELECT 1 FROM pause WHERE pause.seq = up.seq)
)
SELECT job.id, pause.* FROM up CROSS JOIN pause ON pause.seq = up.seq CROSS JOIN job ON job.seq = up.seq LIMIT 1

-- name: keep_lost_pauses
-- Keep jobs paused whose pause could not be read.
INSERT OR IGNORE INTO pause (seq, paused_by, paused_at, reason, until)
SELECT seq, NULL, created_at, 'the pause could not be read in damaged data', NULL FROM job WHERE flags & 131072

-- name: look_at_held
-- Have pauses hold what they should at the next start.
INSERT OR IGNORE INTO duty (kind, subject) SELECT 'holding', seq FROM job WHERE flags & 262144
