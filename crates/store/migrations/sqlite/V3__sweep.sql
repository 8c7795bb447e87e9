-- What the service tells by itself: that a clock's time runs out. Two further kinds of event:
--   kind    8 due soon  9 overdue

-- From when on the case is owed its next event of these kinds; null: none is ahead.
ALTER TABLE cases ADD COLUMN sweep_at_us INTEGER;
-- Which one a case from before is owed, and when, is computed once it is looked at: at once, where a clock runs.
UPDATE cases SET sweep_at_us = 0 WHERE due_at_us IS NOT NULL;
CREATE INDEX cases_sweep ON cases (sweep_at_us) WHERE sweep_at_us IS NOT NULL;
