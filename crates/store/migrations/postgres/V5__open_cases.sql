-- Open cases are counted by a query over these columns, in place of counts that each commit moved.

ALTER TABLE cases
    ADD COLUMN determination_due_us         bigint,  -- this and the next two: when the clock that runs is due;
    ADD COLUMN member_notification_due_us   bigint,  -- null: none of its kind runs
    ADD COLUMN provider_notification_due_us bigint,
    ADD COLUMN undecided_since_us           bigint;  -- the receipt; null: no decision is awaited

-- One entry an open case, with every column that the query reads. Rows from before this migration are filled after it
-- by the program, which finds them here: a clock runs, and none of the three says when it is due. A row that a server of
-- the release before writes during an upgrade is filled when the case changes next, at the latest by its first reminder.
CREATE INDEX cases_open ON cases (determination_due_us, member_notification_due_us, provider_notification_due_us,
    undecided_since_us, due_at_us) WHERE due_at_us IS NOT NULL;

-- The table `dials` is neither read nor written any more. It stays for servers of the release before, which write to it
-- until they are replaced; a later release drops it.
