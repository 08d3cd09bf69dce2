-- The statements of reactions, as in statements.sql and promises.sql. {flagged} stands for the columns of a flagged job.

-- name: flagged_jobs
SELECT json_group_array(json_array({flagged})) FROM json_each(?) AS wanted CROSS JOIN job ON job.seq = wanted.value WHERE job.flags <> 0

-- name: jobs_by_seq
SELECT json_group_array(json_array({flagged})) FROM json_each(?) AS wanted CROSS JOIN job ON job.seq = wanted.value

-- name: edges_to_settle
-- Of each [parent, low, high, dropped]: its edges that are not satisfied, with states from low to high, and the dropped ones of a
-- policy: the first of all together.
SELECT json_group_array(json_array(parent, child, position, policy, state)) FROM (
    SELECT edge.* FROM json_each(?1) AS wanted CROSS JOIN edge INDEXED BY edge_unsettled
    ON edge.parent = json_extract(wanted.value, '$[0]') AND edge.state <> 1
        AND edge.state BETWEEN json_extract(wanted.value, '$[1]')
            AND CASE WHEN json_extract(wanted.value, '$[3]') IS NULL THEN json_extract(wanted.value, '$[2]') ELSE 4 END
        AND (edge.state <= json_extract(wanted.value, '$[2]') OR edge.policy = json_extract(wanted.value, '$[3]'))
    LIMIT ?2
)

-- name: groups_of
-- The group (16) that waits for a job.
SELECT json_group_array(json_array({flagged})) FROM (
    SELECT found.* FROM job AS member CROSS JOIN edge ON edge.parent = member.seq AND edge.position >= 0
    CROSS JOIN job AS found ON found.seq = edge.child WHERE member.id = ? AND found.flags & 16 LIMIT 1
) AS job

-- name: duties
SELECT json_group_array(json_array(kind, subject, cursor)) FROM (
    SELECT kind, subject, CAST(coalesce(cursor, 0) AS INTEGER) AS cursor FROM duty ORDER BY kind DESC, subject LIMIT ?
)

-- name: inputs
-- What jobs give to a job, behind a position. The weight of a row is that of all before it.
SELECT json_group_array(json_array(parent, position, policy, state, result, flags)) FROM (
    SELECT *, sum(length(CAST(result AS BLOB))) OVER (ORDER BY position ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) AS weight
    FROM (
        SELECT edge.parent, edge.position, edge.policy, job.state, job.result, job.flags
        FROM edge CROSS JOIN job ON job.seq = edge.parent
        WHERE edge.child = ? AND edge.position > ? ORDER BY edge.position LIMIT ?
    )
) WHERE coalesce(weight, 0) < ?

-- name: errors_by_id
SELECT id, state, error FROM job WHERE id = ?

-- name: members
-- The first members of a job that are in one of some states, behind a seq, and have some flags.
SELECT json_group_array(json_array({flagged})) FROM (
    SELECT found.* FROM json_each(?2) AS wanted CROSS JOIN job AS found INDEXED BY job_member
    ON found.parent = ?1 AND found.state = wanted.value AND found.seq > ?3 AND found.flags & ?4 = ?4
    ORDER BY found.seq LIMIT ?5
) AS job

-- name: children
-- The edges of a job, and the states of the jobs that wait for it; NULL: the job is gone.
SELECT edge.child, edge.position, job.state FROM edge LEFT JOIN job ON job.seq = edge.child WHERE edge.parent = ?
ORDER BY edge.child, edge.position

-- name: has_links
SELECT EXISTS (SELECT 1 FROM edge) OR EXISTS (SELECT 1 FROM job INDEXED BY job_member WHERE parent IS NOT NULL),
    EXISTS (SELECT 1 FROM alias), EXISTS (SELECT 1 FROM pause)

-- name: has_duties
SELECT EXISTS (SELECT 1 FROM duty)

-- name: flag_jobs
-- Let jobs have flags.
UPDATE job SET flags = flags | column1 FROM (VALUES {rows}) WHERE job.seq = column2

-- name: seal_flow
-- All jobs of a flow are stored.
UPDATE job SET flags = flags & ~4096 WHERE seq = ?

-- name: join_group
-- Let a group wait for one more job.
UPDATE job SET pending = pending + 1 WHERE seq = ?

-- name: insert_edge
-- Let jobs depend on others.
INSERT INTO edge (parent, child, position, policy, state) VALUES {rows}

-- name: settle_edge
-- Let edges follow their parents.
UPDATE edge SET state = column1 FROM (VALUES {rows})
WHERE edge.parent = column2 AND edge.child = column3 AND edge.position = column4

-- name: delete_edge
-- Forget an edge to a job that needs it no more.
DELETE FROM edge WHERE parent = ? AND child = ? AND position = ?

-- name: set_pending
-- Count the edges of jobs that are not satisfied; a job whose last one was satisfied is ready since then.
UPDATE job SET pending = column1, due_at = coalesce(column2, due_at) FROM (VALUES {rows}) WHERE job.seq = column3

-- name: parent_failed
-- End jobs of which a parent did not succeed.
UPDATE job SET state = {to:parent_failed}, finished_at = column1, delete_at = column2, error = column3, number = number + 1
FROM (VALUES {rows}) WHERE job.seq = column4 AND {from:parent_failed}

-- name: complete
-- End flows of which all members have ended well; one whose result is large has a flag instead.
UPDATE job SET state = {to:complete}, finished_at = column1, delete_at = column2, result = column3, flags = flags | column4,
    number = number + 1
FROM (VALUES {rows}) WHERE job.seq = column5 AND {from:complete}

-- name: resume_flow
-- Begin an ended flow again.
UPDATE job SET state = {to:resume_flow}, number = number + 1, finished_at = NULL, delete_at = NULL, result = NULL, error = NULL,
    progress = NULL, flags = flags & ~49408, {renewed}
WHERE seq = ?2 AND {from:resume_flow}

-- name: insert_duty
-- Keep what a budget cut off.
INSERT OR REPLACE INTO duty (kind, subject, cursor) VALUES {rows}

-- name: delete_duty
-- Forget what was done.
DELETE FROM duty WHERE kind = ? AND subject = ?

-- name: fail_orphans
-- End jobs that wait for others which could not be read.
UPDATE job SET error = json_object('type', 'ParentFailed', 'message', 'what this job waits for could not be read in damaged data'),
    state = {to:parent_failed}, number = number + 1, finished_at = CAST(strftime('%s', 'now') AS REAL),
    delete_at = CAST(strftime('%s', 'now') AS REAL) + 604800
WHERE {from:parent_failed} AND pending & 1099511627775 > (
    SELECT count(*) FROM edge JOIN job AS parent ON parent.seq = edge.parent
    WHERE edge.child = job.seq AND edge.state <> 1 AND edge.policy <> 'follow'
) + {asks}

-- name: look_at_orphans
-- Have what depends on jobs that wait for nothing any more follow at the next start.
INSERT OR IGNORE INTO duty (kind, subject) SELECT 'edges', seq FROM job WHERE pending > 0 AND state = 'failed' AND flags & 1

-- name: look_at_members
-- Have members ask for their keys at the next start that wait for nothing else.
INSERT OR IGNORE INTO duty (kind, subject) SELECT 'demands', seq FROM job WHERE pending = 1 AND state = 'waiting' AND {asks}

-- name: count_edges
UPDATE job SET pending = {asks} + (pending & 1099511627776) + (
    SELECT count(*) FROM edge WHERE edge.child = job.seq AND edge.state <> 1 AND edge.policy <> 'follow'
) WHERE pending > 0
