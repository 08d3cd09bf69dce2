-- The ready jobs of a lane, in order. before deploy.

CREATE INDEX job_lane ON job (line, keys, priority DESC, seq) WHERE state = 'ready' AND keys IS NOT NULL;
