-- Jobs that only time keeps waiting: with anything pending, no time makes a job ready. before deploy.

DROP INDEX job_due;
CREATE INDEX job_due ON job (pending, due_at) WHERE state = 'waiting';
