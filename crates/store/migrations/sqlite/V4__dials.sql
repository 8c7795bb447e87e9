-- How the deadlines stand over all cases, as counts that each commit moves. What is counted, and under which key:
--   dial  0      one row, there once all cases are counted
--   dial  1..3   running clocks (1 determination  2 member notification  3 provider notification) by due instant
--   dial  4      cases that wait for a decision, by the second of their receipt
--   dial 11..13  clocks that a decision or a notification stopped: 0 in time  1 too late
--   dial 21, 22  decisions (21 routine  22 urgent) by whole hours from receipt, a begun one counted
--   dial 31, 32  the milliseconds from receipt to decision, all together, under 0
-- Nothing is lost with them: they follow from the cases.
CREATE TABLE dials (
    dial  INTEGER NOT NULL,
    key   INTEGER NOT NULL,
    count INTEGER NOT NULL,
    PRIMARY KEY (dial, key)
) STRICT, WITHOUT ROWID;
