-- When jobs have to have ended. before deploy. Adding a column changes no row; making the index, which has the jobs with a deadline only,
-- reads the whole table once. 8: a flow, whose deadline also ends members that outlived it; 32768: the deadline has passed.

ALTER TABLE job ADD COLUMN deadline REAL;
CREATE INDEX job_deadline ON job (deadline)
WHERE deadline IS NOT NULL AND (state IN ('waiting', 'ready', 'running') OR flags & 32776 = 8);
