-- Plain jobs of a line apart from those with keys. before deploy.

DROP INDEX job_ready;
CREATE INDEX job_ready ON job (line, keys IS NOT NULL, priority DESC, seq) WHERE state = 'ready';
