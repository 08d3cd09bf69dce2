-- The statements of promises, as in statements.sql. Each answers for a whole JSON list, in one step: `wanted.value` is one of it.
-- {lane} stands for the columns of a lane, {gate} for those of a gate, {head} for those of one of the first jobs of a lane.

-- name: lanes
SELECT json_group_array(json_array({lane})) FROM json_each(?1) AS wanted
CROSS JOIN lane ON lane.line = json_extract(wanted.value, '$[0]') AND lane.keys = json_extract(wanted.value, '$[1]')

-- name: gates
SELECT json_group_array(json_array({gate})) FROM json_each(?1) AS wanted CROSS JOIN gate ON gate.key = wanted.value

-- name: open_lanes
-- Of each [line, [rank, virtual time, head]]: the next open lanes behind it.
SELECT json_group_array(json((
    SELECT json_group_array(json_array({lane})) FROM (
        SELECT * FROM lane INDEXED BY lane_open WHERE blocked IS NULL AND line = json_extract(wanted.value, '$[0]')
            AND (rank, virtual_time, head) > (json_extract(wanted.value, '$[1][0]'), json_extract(wanted.value, '$[1][1]'),
                json_extract(wanted.value, '$[1][2]'))
        ORDER BY rank, virtual_time, head LIMIT ?2
    ) AS lane
))) FROM json_each(?1) AS wanted

-- name: lanes_before
-- Of each key, and each line that has lanes before its gate: the first of these.
WITH RECURSIVE place (key, line) AS (
    SELECT value, (SELECT min(line) FROM lane INDEXED BY lane_blocked WHERE blocked = value) FROM json_each(?1)
    UNION ALL
    SELECT key, (SELECT min(line) FROM lane INDEXED BY lane_blocked WHERE blocked = place.key AND line > place.line)
    FROM place WHERE line IS NOT NULL
)
SELECT json_group_array(json((
    SELECT json_group_array(json_array({lane})) FROM (
        SELECT * FROM lane INDEXED BY lane_blocked WHERE blocked = place.key AND line = place.line
        ORDER BY rank, virtual_time, head LIMIT ?2
    ) AS lane
))) FROM place WHERE line IS NOT NULL

-- name: lanes_before_after
-- Of each [key, [line, [rank, virtual time, head]]]: the next lanes of the line before the gate.
SELECT json_group_array(json((
    SELECT json_group_array(json_array({lane})) FROM (
        SELECT * FROM lane INDEXED BY lane_blocked
        WHERE blocked = json_extract(wanted.value, '$[0]') AND line = json_extract(wanted.value, '$[1][0]')
            AND (rank, virtual_time, head) > (json_extract(wanted.value, '$[1][1][0]'), json_extract(wanted.value, '$[1][1][1]'),
                json_extract(wanted.value, '$[1][1][2]'))
        ORDER BY rank, virtual_time, head LIMIT ?2
    ) AS lane
))) FROM json_each(?1) AS wanted

-- name: plain_heads
-- Of each [line, rank, seq]: the next ready jobs without keys behind it.
SELECT json_group_array(json((
    SELECT json_group_array(json_array({head})) FROM (
        SELECT * FROM job INDEXED BY job_ready WHERE state = 'ready' AND line = json_extract(wanted.value, '$[0]') AND (keys IS NOT NULL) = 0
            AND priority <= -json_extract(wanted.value, '$[1]')
            AND (priority < -json_extract(wanted.value, '$[1]') OR seq > json_extract(wanted.value, '$[2]'))
        ORDER BY priority DESC, seq LIMIT ?2
    ) AS job
))) FROM json_each(?1) AS wanted

-- name: lane_heads
-- Of each [line, keys, rank, seq]: the next ready jobs of the lane behind it.
SELECT json_group_array(json((
    SELECT json_group_array(json_array({head})) FROM (
        SELECT * FROM job INDEXED BY job_lane WHERE state = 'ready' AND keys IS NOT NULL
            AND line = json_extract(wanted.value, '$[0]') AND keys = json_extract(wanted.value, '$[1]')
            AND priority <= -json_extract(wanted.value, '$[2]')
            AND (priority < -json_extract(wanted.value, '$[2]') OR seq > json_extract(wanted.value, '$[3]'))
        ORDER BY priority DESC, seq LIMIT ?2
    ) AS job
))) FROM json_each(?1) AS wanted

-- name: due_gates
SELECT json_group_array(json_array({gate})) FROM (
    SELECT * FROM gate WHERE wakes_at_us IS NOT NULL AND wakes_at_us <= ?1 ORDER BY wakes_at_us, key LIMIT ?2
) AS gate

-- name: gates_of_limits
-- Of each [name, key]: the next gates of the limit that have lanes before them.
SELECT json_group_array(json((
    SELECT json_group_array(json_array({gate})) FROM (
        SELECT * FROM gate INDEXED BY gate_limit
        WHERE blocked > 0 AND limit_name = json_extract(wanted.value, '$[0]') AND key > json_extract(wanted.value, '$[1]')
        ORDER BY key LIMIT ?2
    ) AS gate
))) FROM json_each(?1) AS wanted

-- name: next_gates
-- The next gates behind a key.
SELECT json_group_array(json_array({gate})) FROM (SELECT * FROM gate WHERE key > ?1 ORDER BY key LIMIT ?2) AS gate

-- name: lanes_of
-- Lanes of lines, up to a number.
SELECT json_group_array(json_array({lane})) FROM (
    SELECT lane.* FROM json_each(?1) AS wanted CROSS JOIN lane ON lane.line = wanted.value LIMIT ?2
) AS lane

-- name: lanes_with
SELECT json_group_array(json_array(lane_key.key, lane_key.line, lane_key.keys))
FROM json_each(?1) AS wanted CROSS JOIN lane_key ON lane_key.key = wanted.value

-- name: ready_counts
-- Of each [line, keys], or [line, null]: how many ready jobs the lane has, or the line, up to a number.
SELECT json_group_array(CASE WHEN json_extract(wanted.value, '$[1]') IS NULL THEN (
    SELECT count(*) FROM (SELECT 1 FROM job INDEXED BY job_ready WHERE state = 'ready' AND line = json_extract(wanted.value, '$[0]') LIMIT ?2)
) ELSE (
    SELECT count(*) FROM (
        SELECT 1 FROM job INDEXED BY job_lane WHERE state = 'ready' AND keys IS NOT NULL
            AND line = json_extract(wanted.value, '$[0]') AND keys = json_extract(wanted.value, '$[1]')
        LIMIT ?2
    )
) END) FROM json_each(?1) AS wanted

-- name: oldest_in_lanes
-- Of each [line, keys], and each priority in that lane: the first ready jobs by seq.
WITH RECURSIVE level (line, keys, priority) AS (
    SELECT json_extract(wanted.value, '$[0]'), json_extract(wanted.value, '$[1]'), (
        SELECT max(priority) FROM job WHERE state = 'ready' AND keys IS NOT NULL
            AND line = json_extract(wanted.value, '$[0]') AND keys = json_extract(wanted.value, '$[1]')
    ) FROM json_each(?1) AS wanted
    UNION ALL
    SELECT line, keys, (SELECT max(job.priority) FROM job WHERE job.state = 'ready' AND job.keys IS NOT NULL
        AND job.line = level.line AND job.keys = level.keys AND job.priority < level.priority)
    FROM level WHERE priority IS NOT NULL
)
SELECT json_group_array(json((
    SELECT json_group_array(json_array({ready})) FROM (
        SELECT * FROM job INDEXED BY job_lane WHERE state = 'ready' AND keys IS NOT NULL
            AND line = level.line AND keys = level.keys AND priority = level.priority
        ORDER BY seq LIMIT ?2
    ) AS job
))) FROM level WHERE priority IS NOT NULL

-- name: oldest_in_lines
-- Of each [line, null], with keys and without, and each priority: the first ready jobs by seq.
WITH RECURSIVE level (line, keyed, priority) AS (
    SELECT json_extract(wanted.value, '$[0]'), kinds.value, (
        SELECT max(priority) FROM job
        WHERE state = 'ready' AND line = json_extract(wanted.value, '$[0]') AND (keys IS NOT NULL) = kinds.value
    ) FROM json_each(?1) AS wanted, json_each('[0, 1]') AS kinds
    UNION ALL
    SELECT line, keyed, (SELECT max(job.priority) FROM job
        WHERE job.state = 'ready' AND job.line = level.line AND (job.keys IS NOT NULL) = keyed AND job.priority < level.priority)
    FROM level WHERE priority IS NOT NULL
)
SELECT json_group_array(json((
    SELECT json_group_array(json_array({ready})) FROM (
        SELECT * FROM job INDEXED BY job_ready WHERE state = 'ready'
            AND line = level.line AND (keys IS NOT NULL) = level.keyed AND priority = level.priority
        ORDER BY seq LIMIT ?2
    ) AS job
))) FROM level WHERE priority IS NOT NULL

-- name: holders_of
-- The attempts with a permit of one of the keys, each given as it is in the text of a permit.
SELECT json_group_array(json_array(
    permit.seq, permit.attempt, permit.keys, coalesce(job.state = 'running' AND job.attempt = permit.attempt, 0)
)) FROM permit LEFT JOIN job USING (seq)
WHERE EXISTS (SELECT 1 FROM json_each(?1) AS wanted WHERE instr(permit.keys, wanted.value) > 0)

-- name: forget_lane_keys
-- Forget which lanes have keys of a limit.
DELETE FROM lane_key WHERE key = ?1 OR (key >= ?1 || '[' AND key < ?1 || '\')

-- name: find_lane_keys
-- Find the lanes that have keys of a limit, for it counts its jobs from now on.
INSERT OR IGNORE INTO lane_key (key, line, keys)
SELECT json_extract(one.value, '$[0]') AS name, lane.line, lane.keys FROM lane, json_each(lane.keys) AS one
WHERE instr(lane.keys, '["' || ?1) > 0 AND (name = ?1 OR (name >= ?1 || '[' AND name < ?1 || '\'))

-- name: insert_lane_key
-- Keep that a new lane has a key.
INSERT OR IGNORE INTO lane_key (key, line, keys) VALUES {rows}

-- name: delete_lane_key
-- Lanes with those keys have no job any more.
DELETE FROM lane_key WHERE (key, line, keys) IN (SELECT json_extract(value, '$[0]'), json_extract(value, '$[1]'), json_extract(value, '$[2]') FROM json_each(?))

-- name: insert_ended_by_rules
-- Keep that an attempt did not succeed, for the rules cancel its job. Flows (8) have none.
INSERT OR REPLACE INTO attempt (seq, attempt, worker, started_at, ended_at, outcome, error)
SELECT seq, attempt, worker, started_at, ?1, 'cancelled', NULL FROM job
WHERE seq IN (SELECT value FROM json_each(?2)) AND state = 'running' AND flags & 8 = 0

-- name: touched_jobs
SELECT json_group_array(json_array(seq, line, coalesce(keys, ''), priority, state)) FROM job
WHERE seq IN (SELECT value FROM json_each(?)) AND (keys IS NOT NULL OR line IN (SELECT value FROM json_each(?)))

-- name: permits
SELECT json_group_array(json_array(permit.seq, permit.attempt, permit.keys)) FROM json_each(?) AS wanted CROSS JOIN permit
ON permit.seq = json_extract(wanted.value, '$[0]') AND permit.attempt = json_extract(wanted.value, '$[1]')

-- name: next_wake
SELECT wakes_at_us FROM gate WHERE wakes_at_us IS NOT NULL ORDER BY wakes_at_us LIMIT 1

-- name: upsert_limit
-- Store limits that are new or changed.
INSERT INTO limits (name, kind, declared, override, version, changed_by, changed_at) VALUES {rows}
ON CONFLICT (name) DO UPDATE SET kind = excluded.kind, declared = excluded.declared, override = excluded.override,
    version = excluded.version, changed_by = excluded.changed_by, changed_at = excluded.changed_at

-- name: delete_limits
-- Forget limits that no task declares and that have no override.
DELETE FROM limits WHERE name IN (SELECT value FROM json_each(?))

-- name: all_limits
SELECT name, kind, declared, override, version, changed_by, changed_at FROM limits ORDER BY name

-- name: upsert_lane
-- Store lanes that are new or changed.
INSERT INTO lane (line, keys, rank, virtual_time, head, blocked) VALUES {rows}
ON CONFLICT (line, keys) DO UPDATE SET rank = excluded.rank, virtual_time = excluded.virtual_time, head = excluded.head, blocked = excluded.blocked

-- name: delete_lane
-- Delete lanes that have no job any more.
DELETE FROM lane WHERE (line, keys) IN (SELECT json_extract(value, '$[0]'), json_extract(value, '$[1]') FROM json_each(?))

-- name: upsert_gate
-- Store gates that are new or changed.
INSERT INTO gate (key, limit_name, used, time_us, virtual_time, paused_until_us, reason, blocked, wakes_at_us) VALUES {rows}
ON CONFLICT (key) DO UPDATE SET used = excluded.used, time_us = excluded.time_us, virtual_time = excluded.virtual_time,
    paused_until_us = excluded.paused_until_us, reason = excluded.reason, blocked = excluded.blocked, wakes_at_us = excluded.wakes_at_us

-- name: delete_gates
-- Delete gates that are as if they were new.
DELETE FROM gate WHERE key IN (SELECT value FROM json_each(?))

-- name: insert_permit
-- Keep what an attempt holds.
INSERT INTO permit (seq, attempt, keys) VALUES {rows}

-- name: delete_permit
-- Attempts have ended.
DELETE FROM permit WHERE (seq, attempt) IN (SELECT json_extract(value, '$[0]'), json_extract(value, '$[1]') FROM json_each(?))

-- name: chosen
-- The jobs that were chosen, as `claim` has them.
SELECT json_group_array(json_array({claimed})) FROM (SELECT value AS wanted FROM json_each(?)) CROSS JOIN job ON job.seq = wanted

-- name: held
-- The ready jobs whose lane is before a gate, and how many jobs of the lane come before each.
SELECT json_group_array(json_array(job.seq, lane.keys, json_array({gate}), (
    SELECT count(*) FROM (
        SELECT 1 FROM job AS other WHERE other.state = 'ready' AND other.keys IS NOT NULL AND other.line = job.line
            AND other.keys = job.keys AND other.priority > job.priority
        UNION ALL
        SELECT 1 FROM job AS other WHERE other.state = 'ready' AND other.keys IS NOT NULL AND other.line = job.line
            AND other.keys = job.keys AND other.priority = job.priority AND other.seq < job.seq
        UNION ALL
        SELECT 1 FROM job AS other WHERE job.keys IS NULL AND other.state = 'ready' AND other.line = job.line
            AND (other.keys IS NOT NULL) = 0 AND other.priority > job.priority
        UNION ALL
        SELECT 1 FROM job AS other WHERE job.keys IS NULL AND other.state = 'ready' AND other.line = job.line
            AND (other.keys IS NOT NULL) = 0 AND other.priority = job.priority AND other.seq < job.seq
        LIMIT ?2
    )
))) FROM json_each(?1) AS wanted
CROSS JOIN job ON job.seq = wanted.value AND job.state = 'ready'
CROSS JOIN lane ON lane.line = job.line AND lane.keys = coalesce(job.keys, '')
CROSS JOIN gate ON gate.key = lane.blocked

-- name: keys_of_job
SELECT keys FROM job WHERE seq = ?

-- name: gates_in_use
-- The gates that are in use or have lanes before them, the fullest of each limit, how many ready jobs those lanes have, and when the
-- first of these was accepted.
SELECT json_group_array(json_array(json_array({gate}), gate.keys, json(({waits})))) FROM (
    SELECT *, count(*) OVER (PARTITION BY limit_name) AS keys,
        row_number() OVER (PARTITION BY limit_name ORDER BY used DESC, time_us DESC, blocked DESC, key) AS place
    FROM gate WHERE limit_name NOT LIKE '@%' AND (used > 0 OR blocked > 0 OR time_us > ?1 OR paused_until_us > ?1)
    ORDER BY limit_name, place
) AS gate WHERE place <= ?3

-- name: stalled_gates
-- Of each [key, cost]: its gate, if that has lanes before it and attempts hold so much of it, and the ready jobs of those lanes.
SELECT json_group_array(json_array(json_array({gate}), json(({waits})))) FROM json_each(?1) AS wanted
CROSS JOIN gate ON gate.key = json_extract(wanted.value, '$[0]')
WHERE gate.blocked > 0 AND gate.used = json_extract(wanted.value, '$[1]')

-- name: holders
-- The first jobs whose attempts have permits of a key.
SELECT job.id FROM permit CROSS JOIN job USING (seq) WHERE instr(permit.keys, ?) > 0 ORDER BY permit.seq, permit.attempt LIMIT ?

-- name: ruled_lines
SELECT DISTINCT line FROM lane ORDER BY line

-- name: holding
SELECT job.id, permit.attempt FROM permit JOIN job USING (seq) WHERE (job.state, job.attempt) <> ('running', permit.attempt)
ORDER BY permit.seq, permit.attempt

-- name: rebuild_lanes
-- Make the lanes of the ready jobs, all open.
INSERT INTO lane (line, keys, rank, virtual_time, head, blocked)
SELECT line, keys, -priority, 0, seq, NULL FROM (
    SELECT *, row_number() OVER (PARTITION BY line, keys ORDER BY priority DESC, seq) AS place
    FROM job WHERE state = 'ready' AND keys IS NOT NULL
) WHERE place = 1

-- name: rebuild_permits
-- Give running jobs the permits of all their keys.
INSERT INTO permit (seq, attempt, keys) SELECT seq, attempt, keys FROM job WHERE state = 'running' AND keys IS NOT NULL

-- name: rebuild_gates
-- Count the permits that are in use.
INSERT INTO gate (key, limit_name, used, time_us, virtual_time, blocked)
SELECT key, substr(key, 1, instr(key || '[', '[') - 1), sum(cost), 0, 0, 0 FROM (
    SELECT json_extract(one.value, '$[0]') AS key, json_extract(one.value, '$[1]') AS cost FROM permit, json_each(permit.keys) AS one
) GROUP BY key
