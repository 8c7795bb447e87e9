-- How far a copy into this database has come: one row from the copy's first transaction to its last. Between them
-- `log_head` has no row, so that no one can serve, read or commit while a part of the log is missing.

CREATE TABLE copying (
    one         smallint PRIMARY KEY CHECK (one = 1),
    position    bigint   NOT NULL,  -- this and the next: the head of the log that is copied, which tells it from others
    digest      bytea    NOT NULL,
    cases       bigint   NOT NULL DEFAULT 0,  -- this and the next three: rows up to this key of the source's are here
    notices     bigint   NOT NULL DEFAULT 0,
    renderings  bigint   NOT NULL DEFAULT 0,
    events      bigint   NOT NULL DEFAULT 0
);
