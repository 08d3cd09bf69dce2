-- Log lines and chunks know their attempt, and how far it was heard. before deploy: what wrote rows without it still can.
-- An older row has the attempt 0, which is none.

ALTER TABLE event ADD COLUMN attempt INTEGER NOT NULL DEFAULT 0;
ALTER TABLE event ADD COLUMN mark INTEGER NOT NULL DEFAULT 0; -- the newest of the attempt's marks so far: what is sent again has no higher one
