-- The statements of schedules, as in statements.sql.

-- name: upsert_schedule
-- Keep a schedule as it is now.
INSERT OR REPLACE INTO schedule ({schedule_columns}) VALUES ({schedule_values})

-- name: move_schedule
-- What a firing changes of a schedule.
UPDATE schedule SET due_at = ?, next_at = ?, fired = ?, number = ?, last_due = ?, last_job = ?, last_success = ?, buffered = ?, trouble = ?
WHERE id = ?

-- name: schedule
SELECT {schedule_columns} FROM schedule WHERE id = ?

-- name: delete_schedule
DELETE FROM schedule WHERE id = ? AND version = ?

-- name: delete_firings
-- Forget the history of a schedule.
DELETE FROM firing WHERE schedule = ?

-- name: insert_firing
-- Note what became of a due time; a salvaged history may have the number.
INSERT OR REPLACE INTO firing ({firing_columns}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)

-- name: forget_firing
-- Keep the newest entries of a history only.
DELETE FROM firing WHERE schedule = ? AND number <= ?

-- name: was_fired
-- Whether a due time has started a job.
SELECT 1 FROM firing WHERE schedule = ? AND due_at = ? AND outcome = 'fired'

-- name: schedules_of
-- The schedules of these ids.
SELECT {schedule_columns} FROM schedule WHERE id IN (SELECT value FROM json_each(?))

-- name: states_of_jobs
-- The seqs and states of the jobs that 50 ids mean, of which some may be NULL.
SELECT id, seq, state FROM job WHERE id IN (
    ?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18, ?19, ?20, ?21, ?22, ?23, ?24, ?25,
    ?26, ?27, ?28, ?29, ?30, ?31, ?32, ?33, ?34, ?35, ?36, ?37, ?38, ?39, ?40, ?41, ?42, ?43, ?44, ?45, ?46, ?47, ?48, ?49, ?50
)
UNION ALL SELECT alias.id, job.seq, job.state FROM alias CROSS JOIN job ON job.seq = alias.seq WHERE alias.id IN (
    ?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18, ?19, ?20, ?21, ?22, ?23, ?24, ?25,
    ?26, ?27, ?28, ?29, ?30, ?31, ?32, ?33, ?34, ?35, ?36, ?37, ?38, ?39, ?40, ?41, ?42, ?43, ?44, ?45, ?46, ?47, ?48, ?49, ?50
)

-- name: schedules
SELECT {schedule_columns} FROM schedule WHERE id > ? ORDER BY id LIMIT ?

-- name: schedules_with
-- Those that have a text in lower case in their ids, or in the JSON of what they say.
SELECT {schedule_columns} FROM schedule
WHERE id > ? AND (instr(lower(id), ?) OR instr(lower(declared), ?) OR instr(lower(changed), ?))
ORDER BY id LIMIT ?

-- name: schedule_count
SELECT count(*) FROM schedule

-- name: due_schedules
SELECT {schedule_columns}, (SELECT state FROM job WHERE job.id = last_job)
FROM schedule INDEXED BY schedule_next WHERE next_at <= ? ORDER BY next_at LIMIT ?

-- name: next_firing
SELECT min(next_at) FROM schedule INDEXED BY schedule_next WHERE next_at > ?

-- name: buffered_schedules
SELECT {schedule_columns} FROM schedule INDEXED BY schedule_buffered WHERE buffered IS NOT NULL AND id > ? ORDER BY id LIMIT ?

-- name: troubled_schedules
SELECT {schedule_columns} FROM schedule INDEXED BY schedule_trouble WHERE trouble IS NOT NULL ORDER BY id LIMIT ?

-- name: firings
SELECT {firing_columns}, (SELECT state FROM job WHERE job.id = firing.job)
FROM firing WHERE schedule = ? AND number < ? ORDER BY number DESC LIMIT ?

-- name: change_alarm
-- Move the alarm of a schedule, if it is still as it was read.
UPDATE schedule SET expected_at = ?, alarm_at = ?, late_at = ?
WHERE id = ? AND version = ? AND expected_at IS ? AND alarm_at IS ? AND late_at IS ?

-- name: due_alarms
SELECT {schedule_columns} FROM schedule INDEXED BY schedule_alarm WHERE alarm_at <= ? ORDER BY alarm_at LIMIT ?

-- name: next_alarm
SELECT min(alarm_at) FROM schedule INDEXED BY schedule_alarm WHERE alarm_at IS NOT NULL

-- name: late_schedules
SELECT {schedule_columns} FROM schedule INDEXED BY schedule_late WHERE late_at IS NOT NULL AND id > ? ORDER BY id LIMIT ?

-- name: newest_success
-- The newest due time of a period whose job has succeeded, or that was skipped while that ran.
SELECT max(due_at) FROM firing WHERE schedule = ? AND due_at >= ? AND due_at <= ? AND outcome IN ('fired', 'skipped') AND EXISTS (
    SELECT 1 FROM job WHERE job.id = firing.job AND state = 'succeeded'
    UNION ALL SELECT 1 FROM alias CROSS JOIN job ON job.seq = alias.seq WHERE alias.id = firing.job AND state = 'succeeded')
