-- What counts as the arguments of a job with a unique key, where that is not what is stored with it. before deploy: adding a column.

ALTER TABLE unique_key ADD COLUMN said TEXT;            -- a digest; NULL: the job's arguments
