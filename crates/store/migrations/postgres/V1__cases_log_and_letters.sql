-- The log of events, the cases that they fold to, their letters, and what was given out of those.
--
-- The same columns and the same numbers as in the embedded store, so that what one holds can be copied to the other.
-- Instants are microseconds since the epoch, digests are bytes. Enums are small numbers, which never change:
--   state   1 NO_AUTHORIZATION_REQUIRED  2 PENDING_REVIEW  3 APPROVED  4 DENIED  5 WITHDRAWN
--   urgency 1 ROUTINE  2 URGENT
--   kind    1 submitted  2 verified  3 expedited  4 withdrawn  5 approved  6 denied  7 notified  8 due soon  9 overdue
--   form    1 TEXT  2 HTML  3 PDF
--
-- Text is compared by its bytes (COLLATE "C"): an index in a language's order goes wrong when the system's idea of
-- that order changes, as it does between releases of an operating system.

-- Keyed by position, so that a commit appends to the table and to its key. A case's history is walked backwards by
-- previous_position from the case's last_position: no index on the case.
CREATE TABLE events (
    position          bigint   PRIMARY KEY,
    opened_at         bigint   NOT NULL,  -- the position of the case's first event: the case's key
    occurred_at_us    bigint   NOT NULL,
    previous_position bigint,
    due_at_us         bigint,             -- this and the next two: the case after the event
    state             smallint NOT NULL,
    urgency           smallint NOT NULL,
    kind              smallint NOT NULL,
    version           integer  NOT NULL,
    determination_id  uuid     NOT NULL,  -- kept here too, so that the log can be read without the cases
    sha256            bytea    NOT NULL,
    request_id        uuid,               -- this and the next two: the idempotency record of a caller's command
    caller            text COLLATE "C",
    content           bytea,
    bytes             bytea    NOT NULL   -- what was hashed
);

-- A request is made once: the writer looks first, and this would refuse what it overlooked.
CREATE UNIQUE INDEX events_request ON events (request_id, caller) WHERE request_id IS NOT NULL;

CREATE TABLE cases (
    opened_at                      bigint   PRIMARY KEY,
    first_due_us                   bigint   NOT NULL,  -- 9223372036854775807: no clock
    due_at_us                      bigint,             -- null: no clock runs
    sweep_at_us                    bigint,             -- null: the sweeper has nothing more to say
    created_at_us                  bigint   NOT NULL,
    updated_at_us                  bigint   NOT NULL,
    last_position                  bigint   NOT NULL,
    version                        integer  NOT NULL,
    state                          smallint NOT NULL,
    urgency                        smallint NOT NULL,
    -- 1: no clock runs. A column, because an index on the expression is not used for its opposite.
    stopped                        smallint NOT NULL
        GENERATED ALWAYS AS (CASE WHEN due_at_us IS NULL THEN 1 ELSE 0 END) STORED,
    id                             uuid     NOT NULL UNIQUE,
    member_id                      text COLLATE "C" NOT NULL,
    referral_number                text COLLATE "C" NOT NULL,
    treatment_authorization_number text COLLATE "C" NOT NULL,
    head                           bytea    NOT NULL,
    command_head                   bytea    NOT NULL,
    snapshot                       bytea    NOT NULL
) WITH (fillfactor = 75);  -- room for the next version of a row beside it: a change that moves no clock and no state
                           -- then writes no index

-- The worklist's order within a state, in two lanes: cases with a clock that runs, and those without. What is due is
-- then found among the running ones alone, however many finished cases there are, and one index serves both.
CREATE INDEX cases_worklist ON cases (state, stopped, first_due_us, opened_at);
CREATE INDEX cases_sweep ON cases (sweep_at_us, opened_at) WHERE sweep_at_us IS NOT NULL;
CREATE INDEX cases_member ON cases (member_id);
CREATE INDEX cases_referral ON cases (referral_number) WHERE referral_number <> '';
CREATE INDEX cases_treatment_authorization ON cases (treatment_authorization_number)
    WHERE treatment_authorization_number <> '';

CREATE TABLE notices (
    notice_id uuid   PRIMARY KEY,
    opened_at bigint NOT NULL,
    reference text   NOT NULL,  -- JSON
    bytes     bytea  NOT NULL
);

-- The first rendering of each letter in each form, language and size, which is given out ever after.
CREATE TABLE renderings (
    notice_id   uuid     NOT NULL REFERENCES notices (notice_id),
    form        smallint NOT NULL,
    language    text COLLATE "C" NOT NULL,
    large_print boolean  NOT NULL,
    sha256      bytea    NOT NULL,
    bytes       bytea    NOT NULL,
    PRIMARY KEY (notice_id, form, language, large_print)
);

-- One row, which every commit locks: positions are without gaps and in commit order, whoever commits.
CREATE TABLE log_head (
    one            smallint PRIMARY KEY CHECK (one = 1),
    position       bigint   NOT NULL,
    digest         bytea    NOT NULL,
    occurred_at_us bigint   NOT NULL
) WITH (fillfactor = 10);
INSERT INTO log_head VALUES (1, 0, decode(repeat('00', 32), 'hex'), 0);

CREATE FUNCTION is_the_record() RETURNS trigger LANGUAGE plpgsql AS
$$BEGIN RAISE EXCEPTION '% are never changed or removed', TG_TABLE_NAME; END$$;

CREATE TRIGGER events_are_the_record BEFORE UPDATE OR DELETE OR TRUNCATE ON events
    FOR EACH STATEMENT EXECUTE FUNCTION is_the_record();
CREATE TRIGGER notices_are_the_record BEFORE UPDATE OR DELETE OR TRUNCATE ON notices
    FOR EACH STATEMENT EXECUTE FUNCTION is_the_record();
CREATE TRIGGER renderings_are_the_record BEFORE UPDATE OR DELETE OR TRUNCATE ON renderings
    FOR EACH STATEMENT EXECUTE FUNCTION is_the_record();
