-- Flows: which job a job belongs to. before deploy. Adding columns changes no row; making the index reads the whole table once.

ALTER TABLE job ADD COLUMN parent INTEGER;              -- seq of the job to which it belongs; NULL: none
ALTER TABLE job ADD COLUMN root INTEGER;                -- seq of the job at the root of its tree
ALTER TABLE job ADD COLUMN label TEXT;                  -- its name in the flow
CREATE INDEX job_member ON job (parent, state, seq) WHERE parent IS NOT NULL;
