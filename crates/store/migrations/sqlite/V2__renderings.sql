-- The first rendering of each letter in each form, language and size, which is given out ever after.
--
--   form 1 TEXT  2 HTML  3 PDF

CREATE TABLE renderings (
    notice_id   BLOB    NOT NULL REFERENCES notices (notice_id),
    form        INTEGER NOT NULL,
    language    TEXT    NOT NULL,
    large_print INTEGER NOT NULL,
    sha256      BLOB    NOT NULL,
    bytes       BLOB    NOT NULL,
    UNIQUE (notice_id, form, language, large_print)
) STRICT;

CREATE TRIGGER renderings_are_never_changed BEFORE UPDATE ON renderings
BEGIN SELECT RAISE(ABORT, 'renderings are never changed'); END;
CREATE TRIGGER renderings_are_never_removed BEFORE DELETE ON renderings
BEGIN SELECT RAISE(ABORT, 'renderings are never removed'); END;
