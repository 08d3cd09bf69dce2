-- Alarms of schedules. before deploy: columns that a version without them leaves empty.

ALTER TABLE schedule ADD COLUMN expected_at REAL; -- the oldest due time without a success; NULL: none is expected
ALTER TABLE schedule ADD COLUMN alarm_at REAL;    -- when that is too late
ALTER TABLE schedule ADD COLUMN late_at REAL;     -- since when it is
CREATE INDEX schedule_alarm ON schedule (alarm_at) WHERE alarm_at IS NOT NULL;
CREATE INDEX schedule_late ON schedule (id) WHERE late_at IS NOT NULL;
