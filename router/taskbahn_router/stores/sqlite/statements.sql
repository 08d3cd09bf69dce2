-- Every statement of the SQLite store, by name, and what those that change something are for. `?` are positional, in the order of the
-- contract's tuples. `{from:EVENT}` is the guard "its state is one in which EVENT may happen", `{to:EVENT}` the state to which EVENT
-- leads: both are made from the table in `core/lifecycle.py`.
-- {rows} stands for many rows, `(?, ?, ...), (?, ?, ...)`: Python lets its lock go at every step of a statement and must wait to
-- have it back, so one step does the work of many.

-- name: insert_line
-- Give the jobs of a task in a queue a number; the first number stays.
INSERT INTO line (id, queue, task) VALUES {rows} ON CONFLICT DO NOTHING

-- name: upsert_task
-- Keep the newest declaration of a task.
INSERT INTO task (name, declaration, declared_at) VALUES {rows}
ON CONFLICT (name) DO UPDATE SET declaration = excluded.declaration, declared_at = excluded.declared_at

-- name: insert_job
-- Accept jobs; an id that was accepted before inserts nothing.
INSERT INTO job (seq, id, line, state, priority, attempt, number, created_at, due_at, expires_at, started_at, worker, caller,
    options, tags, packed, keys, deadline)
VALUES {rows} ON CONFLICT (id) DO NOTHING

-- name: insert_flagged_job
-- Accept jobs that wait for others, or others for them.
INSERT INTO job (seq, id, line, state, priority, attempt, number, created_at, due_at, expires_at, started_at, worker, caller,
    options, tags, packed, keys, deadline, flags, pending, parent, root, label)
VALUES {rows} ON CONFLICT (id) DO NOTHING

-- name: job_seq
SELECT seq FROM job WHERE id = ?

-- name: known_job
-- The line, the caller, the tags and the id of the job that an id means.
SELECT line, caller, tags, id FROM job WHERE id = ?1
UNION ALL SELECT job.line, job.caller, job.tags, job.id FROM alias JOIN job USING (seq) WHERE alias.id = ?1

-- name: finish
-- Record how the newest attempt of a running job ended it.
UPDATE job SET state = column1, finished_at = column2, result = column3, error = column4, progress = column5, number = column6,
    failures = column7, crashes = column8, delete_at = column9, fingerprint = column10
FROM (VALUES {rows}) WHERE job.seq = column11 AND job.attempt = column12 AND {from:finish}

-- name: requeue
-- Put a running job back for another attempt; one whose attempt counts has started in time.
UPDATE job SET state = column1, due_at = column2, progress = column3, number = column4, failures = column5, crashes = column6,
    worker = NULL, expires_at = CASE WHEN failures = column5 AND crashes = column6 THEN expires_at END, flags = flags & ~1024
FROM (VALUES {rows}) WHERE job.seq = column7 AND job.attempt = column8 AND {from:requeue}

-- name: insert_attempt
-- Keep an attempt that did not succeed.
INSERT OR REPLACE INTO attempt (seq, attempt, worker, started_at, ended_at, outcome, error) VALUES {rows}

-- name: insert_event
-- Keep log lines and chunks; a number that is there already stays as it is.
INSERT OR IGNORE INTO event (seq, number, at, kind, data, attempt, mark) VALUES {rows}

-- name: snapshot
-- Bring number and progress of a running job up to date; its state stays.
UPDATE job SET number = column1, progress = column2 FROM (VALUES {rows}) WHERE job.seq = column3 AND {from:finish}

-- name: find_job
SELECT id, seq, line, state, number, pending, flags FROM job WHERE id = ?

-- name: cancel
-- End a job because a client asked for it.
UPDATE job SET state = {to:cancel}, finished_at = ?, delete_at = ?, error = ?, number = number + 1 WHERE seq = ? AND {from:cancel}

-- name: ended
SELECT line, state, coalesce(finished_at, created_at) FROM job WHERE seq = ?

-- name: task_of
SELECT task FROM line WHERE id = ?

-- name: retry_by_hand
-- Begin an ended job again, its counts at zero.
UPDATE job SET state = {to:retry_by_hand}, failures = 0, crashes = 0, number = number + 1, finished_at = NULL, delete_at = NULL, result = NULL,
    error = NULL, fingerprint = NULL, progress = NULL, due_at = NULL, expires_at = NULL, worker = NULL,
    pending = pending & 1099511627776, flags = flags & ~50176, {renewed}
WHERE seq = ?2 AND {from:retry_by_hand}

-- name: reopen
-- Let an ended job wait again for its parents, its counts at zero.
UPDATE job SET state = {to:reopen}, failures = 0, crashes = 0, number = number + 1, finished_at = NULL, delete_at = NULL, result = NULL,
    error = NULL, fingerprint = NULL, progress = NULL, due_at = NULL, expires_at = NULL, worker = NULL,
    flags = flags & ~49152, {renewed}
WHERE seq = ?2 AND {from:reopen}

-- name: skip
-- Let those go on that are held by a job which ended without success.
UPDATE job SET flags = flags | 16384
WHERE seq = ? AND state IN ('failed', 'cancelled', 'expired') AND EXISTS (SELECT 1 FROM edge WHERE parent = job.seq AND edge.state = 3)

-- name: due_jobs
SELECT id, seq, line, state, number FROM job WHERE {from:due} AND pending = 0 AND due_at <= ? ORDER BY due_at, seq LIMIT ?

-- name: due
-- Make jobs ready whose time has come.
UPDATE job SET state = {to:due}, number = number + 1 WHERE seq IN (SELECT value FROM json_each(?)) AND {from:due}

-- name: expired_jobs
SELECT id, seq, line, state, number FROM job
WHERE {from:expire} AND expires_at IS NOT NULL AND expires_at <= ? AND (deadline IS NULL OR deadline > expires_at)
ORDER BY expires_at, seq LIMIT ?

-- name: overdue_jobs
-- What has not ended by its deadline, and flows that have ended without all of their members. How many jobs of it have not ended is
-- counted to ?3.
SELECT id, seq, line, state, number, attempt, worker, due_at, flags, pending, deadline, (
    SELECT count(*) FROM (SELECT 1 FROM job AS member INDEXED BY job_member
        WHERE member.parent = job.seq AND member.state IN ('waiting', 'ready', 'running') LIMIT ?3)
) FROM job INDEXED BY job_deadline
WHERE {has_deadline} AND deadline <= ?1 ORDER BY deadline, seq LIMIT ?2

-- name: overdue
-- End jobs that have not ended by their deadlines.
UPDATE job SET state = {to:overdue}, finished_at = ?, delete_at = ?, error = ?, flags = flags | 32768, number = number + 1
WHERE seq = ? AND {from:overdue}

-- name: overdue_flows
-- The deadlines of flows have passed that had ended before.
UPDATE job SET flags = flags | 32768 WHERE seq IN (SELECT value FROM json_each(?))

-- name: next_deadline
SELECT deadline FROM job INDEXED BY job_deadline WHERE {has_deadline} ORDER BY deadline LIMIT 1

-- name: jobs_to_move
SELECT id, seq, line, state, number FROM (SELECT value AS wanted FROM json_each(?)) CROSS JOIN job ON job.seq = wanted

-- name: expire
-- End jobs that did not start in time.
UPDATE job SET state = {to:expire}, finished_at = ?, delete_at = ?, number = number + 1
WHERE seq IN (SELECT value FROM json_each(?)) AND {from:expire}

-- name: next_due
SELECT due_at FROM job WHERE {from:due} AND pending = 0 AND due_at IS NOT NULL ORDER BY due_at LIMIT 1

-- name: next_expiry
SELECT expires_at FROM job WHERE {from:expire} AND expires_at IS NOT NULL ORDER BY expires_at LIMIT 1

-- name: prune_window
-- What holds a permit stays: its attempt, whose job was cancelled, has not ended. The members of a flow (8) stay as long as it does. A job
-- that a pause holds (262144) stays as long as a member has not ended, or has members itself (32), for they could not be resumed.
SELECT seq, line, state, CASE WHEN NOT EXISTS (SELECT 1 FROM permit WHERE permit.seq = job.seq) AND NOT EXISTS (
    SELECT 1 FROM job AS flow WHERE flow.seq = job.parent AND flow.flags & 8 AND (flow.delete_at IS NULL OR flow.delete_at > ?3)
) AND (flags & 262144 = 0 OR NOT EXISTS (
    SELECT 1 FROM job AS member INDEXED BY job_member
    WHERE member.parent = job.seq AND (member.delete_at IS NULL OR member.flags & 32)
)) THEN delete_at END, flags
FROM job WHERE seq > ?1 ORDER BY seq LIMIT ?2

-- name: delete_job
-- Delete jobs whose time to be read is over.
DELETE FROM job WHERE seq IN (SELECT value FROM json_each(?))

-- name: delete_attempts
-- Delete the attempts of deleted jobs.
DELETE FROM attempt WHERE seq IN (SELECT value FROM json_each(?))

-- name: delete_events
-- Delete log lines and chunks of deleted jobs.
DELETE FROM event WHERE seq IN (SELECT value FROM json_each(?))

-- name: delete_lines
-- Delete queues and tasks of which no job is left.
DELETE FROM line WHERE id IN (SELECT value FROM json_each(?))

-- name: delete_tasks
-- Forget the declarations of tasks.
DELETE FROM task WHERE name IN (SELECT value FROM json_each(?))

-- name: insert_minute
-- Keep the counts of a minute.
INSERT INTO minute ({minute_columns}) VALUES {rows}

-- name: drop_minutes
-- Delete minutes that are too old.
DELETE FROM minute WHERE rowid IN (SELECT rowid FROM minute WHERE at < ? ORDER BY at, rowid LIMIT ?)

-- name: newest_minute
SELECT {minute_columns} FROM minute WHERE at = (SELECT max(at) FROM minute) ORDER BY task, rowid

-- name: minutes_of_task
SELECT {minute_columns} FROM minute WHERE task = ? AND at >= ? AND at < ? ORDER BY at, rowid

-- name: minutes
SELECT {minute_columns} FROM minute WHERE at >= ? AND at < ? ORDER BY at, rowid

-- name: claim
SELECT json_group_array(json_array({claimed}))
FROM (SELECT * FROM job WHERE {from:start} AND line = ? AND (keys IS NOT NULL) = 0 AND (expires_at IS NULL OR expires_at > ?)
    ORDER BY priority DESC, seq LIMIT ?) AS job

-- name: start
-- Start the next attempt of jobs that a worker claimed.
UPDATE job SET state = {to:start}, attempt = attempt + 1, number = number + 1, started_at = ?, worker = ?
WHERE seq IN (SELECT value FROM json_each(?)) AND {from:start}

-- name: last_seq
SELECT max(seq) FROM job

-- name: all_lines
SELECT id, queue, task FROM line ORDER BY id

-- name: all_tasks
SELECT name, declaration, declared_at FROM task ORDER BY name

-- name: counts
SELECT line, state, count(*) FROM job GROUP BY line, state

-- name: job
SELECT {job_columns} FROM job JOIN line ON line.id = job.line WHERE job.id = ?

-- name: unsealed_flows
-- Running flows of which jobs are still to be stored.
SELECT id FROM job INDEXED BY job_running WHERE state = 'running' AND flags & 4096 ORDER BY seq

-- name: running_jobs
-- Flows (8) have no attempts.
SELECT {job_columns} FROM job JOIN line ON line.id = job.line WHERE job.state = 'running' AND job.flags & 8 = 0 ORDER BY job.seq

-- name: newest_event
SELECT number, attempt, mark FROM event WHERE seq = ? ORDER BY number DESC LIMIT 1

-- name: newest_number
SELECT max(number) FROM event WHERE seq = ?

-- name: outcomes
-- The weight of a row is that of all before it; it is summed without the results, which are read only of those that go out.
SELECT json_group_array(json_array(hex(id), state, result, error)) FROM job JOIN (
    SELECT seq, sum(size) OVER (ORDER BY seq ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) AS weight
    FROM (
        SELECT seq, coalesce(length(CAST(result AS BLOB)), 0) + coalesce(length(CAST(error AS BLOB)), 0) AS size
        FROM job WHERE id IN ({ids})
    )
) USING (seq) WHERE coalesce(weight, 0) < ?

-- name: events
-- In one step, as above. The weight of a row is that of all before it.
SELECT json_group_array(json_array(seq, number, json(printf('%!.17g', at)), kind, data, attempt, mark)) FROM (
    SELECT *, sum(length(CAST(data AS BLOB))) OVER (ORDER BY number ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) AS weight
    FROM (SELECT * FROM event WHERE seq = ? AND number > ? ORDER BY number LIMIT ?)
) WHERE coalesce(weight, 0) < ?

-- name: attempts
SELECT seq, attempt, worker, started_at, ended_at, outcome, error FROM attempt WHERE seq = ? ORDER BY attempt

-- name: oldest
-- One step for each priority of each line, whatever their length.
WITH RECURSIVE head (line, keyed, priority) AS (
    SELECT line.id, kinds.value, (SELECT max(priority) FROM job
        WHERE state = 'ready' AND job.line = line.id AND (keys IS NOT NULL) = kinds.value)
    FROM line, json_each('[0, 1]') AS kinds
    UNION ALL
    SELECT line, keyed, (SELECT max(priority) FROM job
        WHERE state = 'ready' AND job.line = head.line AND (keys IS NOT NULL) = keyed AND job.priority < head.priority)
    FROM head WHERE priority IS NOT NULL
), first (line, seq) AS (
    SELECT line, min((SELECT min(seq) FROM job
        WHERE state = 'ready' AND job.line = head.line AND (keys IS NOT NULL) = keyed AND job.priority = head.priority))
    FROM head WHERE priority IS NOT NULL GROUP BY line
)
SELECT first.line, job.created_at FROM first JOIN job USING (seq)

-- name: waiting
SELECT line, count(*) FROM job WHERE state = 'waiting' GROUP BY line

-- name: failed
SELECT json_group_array(json_array(seq, hex(id), task, number, json(printf('%!.17g', coalesce(finished_at, created_at))), fingerprint))
FROM (SELECT seq, job.id, task, number, finished_at, created_at, fingerprint FROM job INDEXED BY job_failed JOIN line ON line.id = job.line
    WHERE state = 'failed' AND seq < ? ORDER BY seq DESC LIMIT ?)

-- name: errors
SELECT json_group_array(json_array(seq, error)) FROM job WHERE error IS NOT NULL AND seq IN (SELECT value FROM json_each(?))

-- name: ahead
-- For each [lines, priority, seq] of a list: how many ready jobs come before it, no more than are asked for.
SELECT json_group_array((
    SELECT count(*) FROM (
        SELECT 1 FROM job WHERE state = 'ready' AND line IN (SELECT value FROM json_each(spot.value, '$[0]'))
            AND (keys IS NOT NULL) IN (0, 1) AND priority > json_extract(spot.value, '$[1]')
        UNION ALL
        SELECT 1 FROM job WHERE state = 'ready' AND line IN (SELECT value FROM json_each(spot.value, '$[0]'))
            AND (keys IS NOT NULL) IN (0, 1) AND priority = json_extract(spot.value, '$[1]') AND seq < json_extract(spot.value, '$[2]')
        LIMIT ?2
    )
))
FROM json_each(?1) AS spot

-- Jobs are listed in windows of a few thousand rows each, newest first, by their seqs: {window} is one or more of those below,
-- {terms} is what is asked for. One step looks at a whole window, and another one fetches what was found.

-- name: look
SELECT min(seq), created_at, count(*), json_group_array(seq) FILTER (WHERE {terms}) FROM ({window})

-- name: window_any
SELECT seq, id, line, state, worker, caller, tags, created_at FROM job WHERE seq < :before ORDER BY seq DESC LIMIT :each

-- name: window_failed
SELECT seq, id, line, state, worker, caller, tags, created_at FROM job INDEXED BY job_failed
WHERE state = 'failed' AND seq < :before ORDER BY seq DESC LIMIT :each

-- name: window_running
SELECT seq, id, line, state, worker, caller, tags, created_at FROM job INDEXED BY job_running
WHERE state = 'running' AND seq < :before ORDER BY seq DESC LIMIT :each

-- name: window_waiting
SELECT seq, id, line, state, worker, caller, tags, created_at FROM job WHERE seq IN (
    SELECT seq FROM job INDEXED BY job_due WHERE state = 'waiting' AND seq < :before ORDER BY seq DESC LIMIT :each)
ORDER BY seq DESC

-- name: window_ready
-- Within each priority of each line they are in order.
SELECT seq, id, line, state, worker, caller, tags, created_at FROM job WHERE seq IN (
    SELECT found.value FROM ({heads}) AS head, json_each((
        SELECT json_group_array(seq) FROM (
            SELECT seq FROM job INDEXED BY job_ready
            WHERE state = 'ready' AND job.line = head.line AND (keys IS NOT NULL) = keyed AND job.priority = head.priority AND seq < :before
            ORDER BY seq DESC LIMIT :each)
    )) AS found
    ORDER BY found.value DESC LIMIT :each)
ORDER BY seq DESC

-- name: heads
-- The priorities of the ready jobs of each line, plain and with keys, in one step for each.
WITH RECURSIVE head (line, keyed, priority) AS (
    SELECT lines.value, kinds.value, (SELECT max(priority) FROM job
        WHERE state = 'ready' AND job.line = lines.value AND (keys IS NOT NULL) = kinds.value)
    FROM json_each(:lines) AS lines, json_each('[0, 1]') AS kinds
    UNION ALL
    SELECT line, keyed, (SELECT max(priority) FROM job
        WHERE state = 'ready' AND job.line = head.line AND (keys IS NOT NULL) = keyed AND job.priority < head.priority)
    FROM head WHERE priority IS NOT NULL
)
SELECT line, keyed, priority FROM head WHERE priority IS NOT NULL LIMIT :most

-- name: many_heads
SELECT count(*) FROM ({heads})

-- name: many_waiting
SELECT count(*) FROM (SELECT 1 FROM job INDEXED BY job_due WHERE state = 'waiting' LIMIT :most)

-- name: seq_at
-- The first seq of those that were accepted at a time or later: halving, for seqs follow the time.
WITH RECURSIVE half (low, high) AS (
    SELECT (SELECT min(seq) FROM job), (SELECT max(seq) FROM job) + 1
    UNION ALL
    SELECT CASE WHEN (SELECT created_at FROM job WHERE seq >= (low + high) / 2 ORDER BY seq LIMIT 1) < :time THEN (low + high) / 2 + 1 ELSE low END,
        CASE WHEN (SELECT created_at FROM job WHERE seq >= (low + high) / 2 ORDER BY seq LIMIT 1) < :time THEN high ELSE (low + high) / 2 END
    FROM half WHERE low < high
)
SELECT min(high) FROM half

-- name: listed
SELECT json_group_array(json_array({listed_columns})) FROM (
    SELECT job.*, line.queue, line.task, (
        SELECT error FROM attempt WHERE attempt.seq = job.seq AND attempt.attempt = job.attempt
        AND job.failures + job.crashes > 0 AND job.state IN ('waiting', 'ready')
    ) AS last_error
    FROM job JOIN line ON line.id = job.line
    WHERE job.seq IN (SELECT value FROM json_each(?)) ORDER BY job.seq DESC
) AS job
