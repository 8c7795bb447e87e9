-- Open cases are counted by a query over these columns, in place of counts that each commit moved.

ALTER TABLE cases ADD COLUMN determination_due_us         INTEGER;  -- this and the next two: when the clock that runs is due;
ALTER TABLE cases ADD COLUMN member_notification_due_us   INTEGER;  -- null: none of its kind runs
ALTER TABLE cases ADD COLUMN provider_notification_due_us INTEGER;
ALTER TABLE cases ADD COLUMN undecided_since_us           INTEGER;  -- the receipt; null: no decision is awaited

-- One entry an open case, with every column that the query reads. Rows from before this migration are filled after it
-- by the program, which finds them here: a clock runs, and none of the three says when it is due.
CREATE INDEX cases_open ON cases (determination_due_us, member_notification_due_us, provider_notification_due_us,
    undecided_since_us, due_at_us) WHERE due_at_us IS NOT NULL;

DROP TABLE dials;
