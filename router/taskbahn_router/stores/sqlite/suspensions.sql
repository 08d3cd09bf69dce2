-- The statements of jobs that wait without an attempt, and of what jobs remember, as in statements.sql.

-- name: insert_note
-- Keep what jobs remember; the first value of a name stays.
INSERT OR IGNORE INTO note (seq, name, value, at) VALUES {rows}

-- name: remembers
-- Note that jobs remember something.
UPDATE job SET flags = flags | 512 WHERE seq IN (SELECT value FROM json_each(?)) AND flags & 512 = 0

-- name: notes_among
SELECT json_group_array(note.name) FROM json_each(?2) AS wanted CROSS JOIN note ON note.seq = ?1 AND note.name = wanted.value

-- name: notes
-- What a job remembers, behind a name. The weight of a row is that of all before it.
SELECT json_group_array(json_array(seq, name, value, json(printf('%!.17g', at)))) FROM (
    SELECT *, sum(length(CAST(value AS BLOB))) OVER (ORDER BY name ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) AS weight
    FROM (SELECT * FROM note WHERE seq = ? AND name > ? ORDER BY name LIMIT ?)
) WHERE coalesce(weight, 0) < ?

-- name: count_suspension
-- Count how often a job was suspended.
INSERT INTO note (seq, name, value, at) VALUES (?, ?, '1', ?)
ON CONFLICT (seq, name) DO UPDATE SET value = CAST(CAST(value AS INTEGER) + 1 AS TEXT), at = excluded.at

-- name: is_suspended
SELECT 1 FROM job WHERE seq = ? AND attempt = ? AND state = 'waiting'

-- name: delete_wakes
-- Forget the jobs for which a job has waited.
DELETE FROM edge WHERE child = ? AND position = -2

-- name: delete_edges_to
-- Forget the jobs for which a job has waited: another one takes its place.
DELETE FROM edge WHERE child = ?

-- name: delete_waits
-- Forget the notes for which jobs have waited.
DELETE FROM wait WHERE seq IN (SELECT value FROM json_each(?)) AND kind = 'note'

-- name: insert_wake
-- Let jobs wait for the ends of others.
INSERT OR REPLACE INTO edge (parent, child, position, policy, state) VALUES {rows}

-- name: insert_wait
-- Let jobs wait for notes.
INSERT OR REPLACE INTO wait (seq, kind, key) VALUES {rows}

-- name: suspend
-- Let a job wait for what its function waits for.
UPDATE job SET pending = ?1 + (flags & 262144 = 262144 AND ?3 & 8 = 0) * 1099511627776, due_at = ?2, expires_at = NULL,
    flags = flags | ?3
WHERE seq = ?4

-- name: take_wait
-- Forget that a job waits for a note, which is there now.
DELETE FROM wait WHERE seq = ? AND kind = 'note' AND key = ?

-- name: wake
-- Have jobs go on that got what they waited for.
UPDATE job SET pending = pending & 1099511627776, due_at = ? WHERE seq IN (SELECT value FROM json_each(?)) AND state = 'waiting' AND flags & 1024

-- name: wake_suspended
-- Have all jobs that wait without an attempt look at what is there.
UPDATE job SET pending = pending & 1099511627776, due_at = CAST(strftime('%s', 'now') AS REAL) WHERE state = 'waiting' AND flags & 1024

-- name: insert_question
-- Note that jobs have asked.
INSERT OR IGNORE INTO wait (seq, kind, key) VALUES {rows}

-- name: close_question
-- Forget that a question is open.
DELETE FROM wait WHERE seq = ? AND kind = ? AND key = ?

-- name: note
SELECT value FROM note WHERE seq = ? AND name = ?

-- name: count_note
SELECT CAST(value AS INTEGER) FROM note WHERE seq = ? AND name = ?

-- name: set_count
-- Keep a number that grows.
INSERT OR REPLACE INTO note (seq, name, value, at) VALUES (?, ?, ?, ?)

-- name: questions
-- Open questions: those of jobs behind a seq.
SELECT json_group_array(json_array(seq, hex(id), line, value)) FROM (
    SELECT job.seq, job.id, job.line, note.value FROM wait INDEXED BY wait_key CROSS JOIN job ON job.seq = wait.seq
    CROSS JOIN note ON note.seq = wait.seq AND note.name = ?4 || wait.key
    WHERE wait.kind = ?3 AND job.state IN ('waiting', 'ready', 'running') AND wait.seq > ?1
    ORDER BY wait.seq, note.at, wait.key LIMIT ?2
)

-- name: questions_of
SELECT json_group_array(json_array(seq, hex(id), line, value)) FROM (
    SELECT job.seq, job.id, job.line, note.value FROM wait CROSS JOIN job ON job.seq = wait.seq
    CROSS JOIN note ON note.seq = wait.seq AND note.name = ?4 || wait.key
    WHERE wait.seq = ?1 AND wait.kind = ?3 AND job.state IN ('waiting', 'ready', 'running')
    ORDER BY note.at, wait.key LIMIT ?2
)

-- name: delete_all_waits
-- Forget what deleted jobs have waited for.
DELETE FROM wait WHERE seq IN (SELECT value FROM json_each(?))

-- name: delete_notes
-- Forget what deleted jobs remembered.
DELETE FROM note WHERE seq IN (SELECT value FROM json_each(?))

-- name: awaited
-- The names of notes for which a job waits.
SELECT key FROM wait WHERE seq = ? AND kind = 'note' ORDER BY key LIMIT ?

-- name: awaiting
-- Those of some jobs that wait for notes.
SELECT json_group_array(DISTINCT wait.seq) FROM json_each(?) AS wanted CROSS JOIN wait ON wait.seq = wanted.value AND wait.kind = 'note'

-- name: uncount_suspension
-- Let a suspension that a cancel has ended count as an attempt that failed, as its job is retried.
UPDATE note SET value = CAST(CAST(value AS INTEGER) - 1 AS TEXT) WHERE seq = ? AND name = ?
