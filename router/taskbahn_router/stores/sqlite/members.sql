-- What belongs to a job, and what it waits for, for readers. Through the index job_member, in one step as in statements.sql.

-- name: member_counts
SELECT json_group_array(json_array(state, jobs)) FROM (
    SELECT state, count(*) AS jobs FROM job INDEXED BY job_member WHERE parent = ? GROUP BY state
)

-- name: member_weights
-- Read from the rows: only of jobs with a member that weighs more or less than others.
SELECT json_group_array(json_array(state, weight)) FROM (
    SELECT state, sum(coalesce(json_extract(options, '$.weight'), 1)) AS weight FROM job INDEXED BY job_member WHERE parent = ? GROUP BY state
)

-- name: member_page
-- The first members behind a seq: of each state in order, so that a page costs what it shows.
SELECT json_group_array(seq) FROM (
    SELECT found.value AS seq FROM json_each(:states) AS wanted, json_each((
        SELECT json_group_array(seq) FROM (
            SELECT seq FROM job INDEXED BY job_member WHERE parent = :parent AND state = wanted.value AND seq > :after ORDER BY seq LIMIT :limit)
    )) AS found
    ORDER BY found.value LIMIT :limit
)

-- name: edges_to
SELECT json_group_array(json_array(parent, child, position, policy, state)) FROM (
    SELECT edge.* FROM json_each(?) AS wanted CROSS JOIN edge INDEXED BY edge_child ON edge.child = wanted.value
    ORDER BY child, position, parent LIMIT ?
)

-- name: edges_from
SELECT json_group_array(json_array(parent, child, position, policy, state)) FROM (
    SELECT edge.* FROM json_each(?) AS wanted CROSS JOIN edge ON edge.parent = wanted.value ORDER BY parent, child, position LIMIT ?
)

-- name: window_members
SELECT seq, id, line, state, worker, caller, tags, created_at, root FROM job INDEXED BY job_member
WHERE parent = (SELECT seq FROM job WHERE id = :parent) AND state = '{state}' AND seq < :before ORDER BY seq DESC LIMIT :each

-- name: window_tree
SELECT seq, id, line, state, worker, caller, tags, created_at, root FROM job INDEXED BY job_tree
WHERE root = (SELECT seq FROM job WHERE id = :root) AND seq < :before ORDER BY seq DESC LIMIT :each
