-- The log of events, the cases that they fold to, and their letters.
--
-- Instants are microseconds since the epoch, ids and digests are bytes. Enums are small numbers, which never change:
--   state   1 NO_AUTHORIZATION_REQUIRED  2 PENDING_REVIEW  3 APPROVED  4 DENIED  5 WITHDRAWN
--   urgency 1 ROUTINE  2 URGENT
--   kind    1 submitted  2 verified  3 expedited  4 withdrawn  5 approved  6 denied  7 notified

-- Clustered by position, so that a commit appends. A case's history is walked backwards by previous_position from the
-- case's last_position: no index on the case. The wide column stands last, so that a reader of the log skips it.
CREATE TABLE events (
    position          INTEGER PRIMARY KEY,
    opened_at         INTEGER NOT NULL,  -- the position of the case's first event: the case's key
    determination_id  BLOB    NOT NULL,  -- kept here too, so that the log can be read without the cases
    version           INTEGER NOT NULL,
    kind              INTEGER NOT NULL,
    state             INTEGER NOT NULL,  -- this and the next two: the case after the event
    urgency           INTEGER NOT NULL,
    due_at_us         INTEGER,
    occurred_at_us    INTEGER NOT NULL,
    previous_position INTEGER,
    sha256            BLOB    NOT NULL,
    request_id        BLOB,              -- this and the next two: the idempotency record of a caller's command
    caller            TEXT,
    content           BLOB,
    bytes             BLOB    NOT NULL   -- what was hashed
) STRICT;

-- Not unique: two callers may use the same id. The caller is compared on the row.
CREATE INDEX events_request ON events (request_id) WHERE request_id IS NOT NULL;

CREATE TRIGGER events_are_never_changed BEFORE UPDATE ON events
BEGIN SELECT RAISE(ABORT, 'events are never changed'); END;
CREATE TRIGGER events_are_never_removed BEFORE DELETE ON events
BEGIN SELECT RAISE(ABORT, 'events are never removed'); END;

CREATE TABLE cases (
    opened_at                      INTEGER PRIMARY KEY,
    id                             BLOB    NOT NULL UNIQUE,
    version                        INTEGER NOT NULL,
    state                          INTEGER NOT NULL,
    urgency                        INTEGER NOT NULL,
    first_due_us                   INTEGER NOT NULL,  -- 9223372036854775807: no clock
    due_at_us                      INTEGER,           -- null: no clock runs
    member_id                      TEXT    NOT NULL,
    referral_number                TEXT    NOT NULL,
    treatment_authorization_number TEXT    NOT NULL,
    created_at_us                  INTEGER NOT NULL,
    updated_at_us                  INTEGER NOT NULL,
    head                           BLOB    NOT NULL,
    command_head                   BLOB    NOT NULL,
    last_position                  INTEGER NOT NULL,
    snapshot                       BLOB    NOT NULL
) STRICT;

-- The worklist's order within a state, in two lanes: cases with a clock that runs, and those without. What is due is
-- then found among the running ones alone, however many finished cases there are, and one index serves both.
CREATE INDEX cases_worklist ON cases (state, (due_at_us IS NULL), first_due_us);
CREATE INDEX cases_member ON cases (member_id);
CREATE INDEX cases_referral ON cases (referral_number) WHERE referral_number <> '';
CREATE INDEX cases_treatment_authorization ON cases (treatment_authorization_number)
    WHERE treatment_authorization_number <> '';

CREATE TABLE notices (
    notice_id BLOB    NOT NULL UNIQUE,
    opened_at INTEGER NOT NULL,
    reference TEXT    NOT NULL,  -- JSON
    bytes     BLOB    NOT NULL
) STRICT;

CREATE TRIGGER notices_are_never_changed BEFORE UPDATE ON notices
BEGIN SELECT RAISE(ABORT, 'letters are never changed'); END;
CREATE TRIGGER notices_are_never_removed BEFORE DELETE ON notices
BEGIN SELECT RAISE(ABORT, 'letters are never removed'); END;

CREATE TABLE log_head (
    one            INTEGER PRIMARY KEY CHECK (one = 1),
    position       INTEGER NOT NULL,
    digest         BLOB    NOT NULL,
    occurred_at_us INTEGER NOT NULL
) STRICT;
INSERT INTO log_head VALUES (1, 0, zeroblob(32), 0);
