-- The statements of reactions, as in statements.sql and promises.sql. {flagged} stands for the columns of a flagged job.

-- name: flagged_jobs
SELECT json_group_array(json_array({flagged})) FROM json_each(?) AS wanted CROSS JOIN job ON job.seq = wanted.value WHERE job.flags <> 0

-- name: jobs_by_seq
SELECT json_group_array(json_array({flagged})) FROM json_each(?) AS wanted CROSS JOIN job ON job.seq = wanted.value

-- name: edges_to_settle
-- Of each [parent, low, high]: its edges that are not satisfied, with states from low to high: the first of all together.
SELECT json_group_array(json_array(parent, child, position, policy, state)) FROM (
    SELECT edge.* FROM json_each(?1) AS wanted CROSS JOIN edge INDEXED BY edge_unsettled
    ON edge.parent = json_extract(wanted.value, '$[0]') AND edge.state <> 1
        AND edge.state BETWEEN json_extract(wanted.value, '$[1]') AND json_extract(wanted.value, '$[2]')
    LIMIT ?2
)

-- name: duties
SELECT json_group_array(json_array(kind, subject)) FROM (SELECT kind, subject FROM duty ORDER BY kind, subject LIMIT ?)

-- name: children
-- The edges of a job, and the states of the jobs that wait for it; NULL: the job is gone.
SELECT edge.child, edge.position, job.state FROM edge LEFT JOIN job ON job.seq = edge.child WHERE edge.parent = ?
ORDER BY edge.child, edge.position

-- name: has_links
SELECT EXISTS (SELECT 1 FROM edge), EXISTS (SELECT 1 FROM alias)

-- name: has_duties
SELECT EXISTS (SELECT 1 FROM duty)

-- name: flag_jobs
-- Let jobs have flags.
UPDATE job SET flags = flags | column1 FROM (VALUES {rows}) WHERE job.seq = column2

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

-- name: insert_duty
-- Keep what a budget cut off.
INSERT OR IGNORE INTO duty (kind, subject) VALUES {rows}

-- name: delete_duty
-- Forget what was done.
DELETE FROM duty WHERE kind = ? AND subject = ?

-- name: fail_orphans
-- End jobs that wait for others which could not be read.
UPDATE job SET error = json_object('type', 'ParentFailed', 'message', 'what this job waits for could not be read in damaged data'),
    state = {to:parent_failed}, number = number + 1, finished_at = CAST(strftime('%s', 'now') AS REAL),
    delete_at = CAST(strftime('%s', 'now') AS REAL) + 604800
WHERE {from:parent_failed} AND pending > (
    SELECT count(*) FROM edge JOIN job AS parent ON parent.seq = edge.parent WHERE edge.child = job.seq AND edge.state <> 1
)

-- name: look_at_orphans
-- Have what depends on jobs that wait for nothing any more follow at the next start.
INSERT OR IGNORE INTO duty (kind, subject) SELECT 'edges', seq FROM job WHERE pending > 0 AND state = 'failed' AND flags & 1

-- name: count_edges
UPDATE job SET pending = (SELECT count(*) FROM edge WHERE edge.child = job.seq AND edge.state <> 1) WHERE pending > 0
