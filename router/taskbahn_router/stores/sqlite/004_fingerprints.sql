-- The fingerprints of failed jobs, worked out when they fail. before deploy: jobs that failed earlier have none, and are asked for theirs.

ALTER TABLE job ADD COLUMN fingerprint TEXT;
DROP INDEX job_failed;
CREATE INDEX job_failed ON job (seq, fingerprint) WHERE state = 'failed';  -- the row has it behind an error that may be long
