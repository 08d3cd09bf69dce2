-- Jobs that began again count in no earlier minute. before deploy: a version without the column leaves it at 0.

ALTER TABLE minute ADD COLUMN again INTEGER NOT NULL DEFAULT 0; -- ends in this minute that the other counts of the row take back
