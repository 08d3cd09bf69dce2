-- The statements of unique keys, as in statements.sql and promises.sql.

-- name: holders_of_unique
-- Of each key, [key, whether with arguments]: the job that has it.
SELECT json_group_array(json_array(
    unique_key.key, unique_key.seq, unique_key.during, unique_key.until_us, hex(job.id), job.line, coalesce(job.keys, ''), job.state,
    CASE WHEN json_extract(wanted.value, '$[1]') THEN coalesce(unique_key.said, job.packed) END,
    job.flags & 4096
)) FROM json_each(?) AS wanted CROSS JOIN unique_key ON unique_key.key = json_extract(wanted.value, '$[0]')
CROSS JOIN job ON job.seq = unique_key.seq

-- name: upsert_unique
-- Give jobs unique keys.
INSERT OR REPLACE INTO unique_key (key, seq, during, until_us, said) VALUES {rows}

-- name: asking
-- What the keys of members may depend on.
SELECT json_group_array(json_array(job.seq, job.packed, job.tags, job.caller, job.options, job.flags))
FROM json_each(?) AS wanted CROSS JOIN job ON job.seq = wanted.value

-- name: followed
-- The edges from the jobs that members joined.
SELECT json_group_array(json_array(edge.parent, edge.child, edge.position, edge.policy, edge.state))
FROM json_each(?) AS wanted CROSS JOIN edge INDEXED BY edge_child ON edge.child = wanted.value AND edge.position = -3

-- name: waiting_for
-- The jobs that wait for jobs, or to which these belong.
SELECT json_group_array(seq) FROM (
    SELECT edge.child AS seq FROM json_each(?1) AS wanted CROSS JOIN edge INDEXED BY edge_unsettled
        ON edge.parent = wanted.value AND edge.state <> 1
    UNION SELECT job.parent FROM json_each(?1) AS wanted CROSS JOIN job ON job.seq = wanted.value WHERE job.parent IS NOT NULL
    LIMIT ?2
)

-- name: result_of
SELECT result FROM job WHERE seq = ?

-- name: begin_following
-- A job that follows another one has no time of its own within which it has to start.
UPDATE job SET expires_at = NULL WHERE seq = ?

-- name: insert_alias
-- Let ids mean other jobs.
INSERT INTO alias (id, seq) VALUES {rows}

-- name: alias
SELECT job.seq, job.id FROM alias JOIN job USING (seq) WHERE alias.id = ?

-- name: job_of_alias
SELECT {job_columns} FROM job JOIN line ON line.id = job.line WHERE job.seq = (SELECT seq FROM alias WHERE alias.id = ?)

-- name: outcome_of_alias
SELECT job.state, job.result, job.error, job.id FROM alias JOIN job USING (seq) WHERE alias.id = ?

-- name: unique_key_of_job
SELECT key FROM unique_key WHERE seq = ?

-- name: known
SELECT 1 FROM job WHERE id = ?1 UNION ALL SELECT 1 FROM alias WHERE id = ?1

-- name: delete_unique
-- Forget the unique keys of deleted jobs.
DELETE FROM unique_key WHERE seq IN (SELECT value FROM json_each(?))

-- name: delete_aliases
-- Forget the other ids of deleted jobs.
DELETE FROM alias WHERE seq IN (SELECT value FROM json_each(?))
