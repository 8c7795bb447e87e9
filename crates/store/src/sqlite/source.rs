//! How is everything in the file read, as of one moment, while no one serves from it?

use std::path::Path;

use rusqlite::{Connection, Row};
use uuid::Uuid;

use super::lock::WriteLock;
use super::query::unavailable;
use super::{query, schema};
use crate::copy::{Batch, CaseRow, Counts, EventRow, LetterRow, RenderingRow, Rows, Table};
use crate::{Head, StoreError};

/// As many bytes as a batch holds, and what its last row adds: a copy takes no more memory for letters than for events.
const BATCH_BYTES_MAX: usize = 8 << 20;

const CASES_SQL: &str =
    "SELECT opened_at AS key, opened_at, first_due_us, due_at_us, sweep_at_us, determination_due_us,
        member_notification_due_us, provider_notification_due_us, undecided_since_us, created_at_us, updated_at_us, last_position, version, state, urgency, id, member_id, referral_number,
        treatment_authorization_number, head, command_head, snapshot
    FROM cases WHERE opened_at > ?1 ORDER BY opened_at";
/// Letters and renderings are never removed, so their row ids are in the order in which they came.
const LETTERS_SQL: &str = "SELECT rowid AS key, notice_id, opened_at, reference, bytes
    FROM notices WHERE rowid > ?1 ORDER BY rowid";
const RENDERINGS_SQL: &str =
    "SELECT rowid AS key, notice_id, form, language, large_print, sha256, bytes
    FROM renderings WHERE rowid > ?1 ORDER BY rowid";
const EVENTS_SQL: &str =
    "SELECT position AS key, position, opened_at, occurred_at_us, previous_position, due_at_us,
        state, urgency, kind, version, determination_id, sha256, request_id, caller, content, bytes
    FROM events WHERE position > ?1 ORDER BY position";

/// A file that is copied from. No one can serve from it meanwhile.
pub struct Source {
    connection: Connection,
    _lock: WriteLock,
}

impl Source {
    /// Opens the file, which stays as it is.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`] when another process serves from it, or it cannot be read; [`StoreError::Schema`]
    /// when its schema is not this version's.
    pub fn open(path: &Path) -> Result<Self, StoreError> {
        // Before the lock, which makes a file: beside a database that is missing none is made.
        let connection = schema::connect_reader(path)?;
        let lock = WriteLock::take(path)?;
        schema::check_current(&connection)?;
        // All that follows is read as of one commit, whatever other tools do to the file.
        connection
            .execute_batch("BEGIN")
            .map_err(|error| unavailable(&error))?;
        Ok(Self {
            connection,
            _lock: lock,
        })
    }

    /// The log's head.
    ///
    /// # Errors
    /// When it cannot be read.
    pub fn head(&self) -> Result<Head, StoreError> {
        query::head(&self.connection)
    }

    /// As many rows as there are to copy. The log has no gaps, so its head counts the events.
    ///
    /// # Errors
    /// When they cannot be read.
    pub fn counts(&self) -> Result<Counts, StoreError> {
        const SQL: &str = "SELECT (SELECT count(*) FROM cases), (SELECT count(*) FROM notices),
            (SELECT count(*) FROM renderings)";
        let events = self.head()?.position;
        self.connection
            .query_row(SQL, [], |row| {
                let count = |at| row.get(at).map(i64::unsigned_abs);
                Ok(Counts {
                    events,
                    cases: count(0)?,
                    letters: count(1)?,
                    renderings: count(2)?,
                })
            })
            .map_err(|error| unavailable(&error))
    }

    /// Up to `limit` rows of a table after a key; `None`: there are no more.
    ///
    /// # Errors
    /// When they cannot be read.
    pub fn batch(
        &self,
        table: Table,
        after: i64,
        limit: usize,
    ) -> Result<Option<Batch>, StoreError> {
        let page = Page { after, limit };
        let batch = match table {
            Table::Cases => page.read(&self.connection, CASES_SQL, case, Rows::Cases),
            Table::Letters => page.read(&self.connection, LETTERS_SQL, letter, Rows::Letters),
            Table::Renderings => page.read(
                &self.connection,
                RENDERINGS_SQL,
                rendering,
                Rows::Renderings,
            ),
            Table::Events => page.read(&self.connection, EVENTS_SQL, event, Rows::Events),
        };
        batch.map_err(|error| unavailable(&error))
    }
}

struct Page {
    after: i64,
    limit: usize,
}

impl Page {
    /// Every reader gives a row and the bytes of its wide columns.
    fn read<T>(
        &self,
        connection: &Connection,
        sql: &str,
        read: impl Fn(&Row<'_>) -> rusqlite::Result<(T, usize)>,
        rows: impl Fn(Vec<T>) -> Rows,
    ) -> rusqlite::Result<Option<Batch>> {
        let mut statement = connection.prepare_cached(sql)?;
        let mut found = statement.query([self.after])?;
        let (mut held, mut bytes, mut upto) = (Vec::new(), 0, self.after);
        while held.len() < self.limit
            && bytes < BATCH_BYTES_MAX
            && let Some(row) = found.next()?
        {
            let (one, wide) = read(row)?;
            upto = row.get("key")?;
            bytes += wide;
            held.push(one);
        }
        let rows = (!held.is_empty()).then(|| rows(held));
        Ok(rows.map(|rows| Batch { rows, upto }))
    }
}

fn id(row: &Row<'_>, column: &str) -> rusqlite::Result<Uuid> {
    row.get(column).map(Uuid::from_bytes)
}

fn case(row: &Row<'_>) -> rusqlite::Result<(CaseRow, usize)> {
    let case = CaseRow {
        opened_at: row.get("opened_at")?,
        first_due_us: row.get("first_due_us")?,
        due_at_us: row.get("due_at_us")?,
        sweep_at_us: row.get("sweep_at_us")?,
        determination_due_us: row.get("determination_due_us")?,
        member_notification_due_us: row.get("member_notification_due_us")?,
        provider_notification_due_us: row.get("provider_notification_due_us")?,
        undecided_since_us: row.get("undecided_since_us")?,
        created_at_us: row.get("created_at_us")?,
        updated_at_us: row.get("updated_at_us")?,
        last_position: row.get("last_position")?,
        version: row.get("version")?,
        state: row.get("state")?,
        urgency: row.get("urgency")?,
        id: id(row, "id")?,
        member_id: row.get("member_id")?,
        referral_number: row.get("referral_number")?,
        treatment_authorization_number: row.get("treatment_authorization_number")?,
        head: row.get("head")?,
        command_head: row.get("command_head")?,
        snapshot: row.get("snapshot")?,
    };
    let bytes = case.snapshot.len();
    Ok((case, bytes))
}

fn letter(row: &Row<'_>) -> rusqlite::Result<(LetterRow, usize)> {
    let letter = LetterRow {
        notice_id: id(row, "notice_id")?,
        opened_at: row.get("opened_at")?,
        reference: row.get("reference")?,
        bytes: row.get("bytes")?,
    };
    let bytes = letter.bytes.len() + letter.reference.len();
    Ok((letter, bytes))
}

fn rendering(row: &Row<'_>) -> rusqlite::Result<(RenderingRow, usize)> {
    let rendering = RenderingRow {
        notice_id: id(row, "notice_id")?,
        form: row.get("form")?,
        language: row.get("language")?,
        large_print: row.get("large_print")?,
        sha256: row.get("sha256")?,
        bytes: row.get("bytes")?,
    };
    let bytes = rendering.bytes.len();
    Ok((rendering, bytes))
}

fn event(row: &Row<'_>) -> rusqlite::Result<(EventRow, usize)> {
    let request_id: Option<[u8; 16]> = row.get("request_id")?;
    let event = EventRow {
        position: row.get("position")?,
        opened_at: row.get("opened_at")?,
        occurred_at_us: row.get("occurred_at_us")?,
        previous_position: row.get("previous_position")?,
        due_at_us: row.get("due_at_us")?,
        state: row.get("state")?,
        urgency: row.get("urgency")?,
        kind: row.get("kind")?,
        version: row.get("version")?,
        determination_id: id(row, "determination_id")?,
        sha256: row.get("sha256")?,
        request_id: request_id.map(Uuid::from_bytes),
        caller: row.get("caller")?,
        content: row.get("content")?,
        bytes: row.get("bytes")?,
    };
    let bytes = event.bytes.len();
    Ok((event, bytes))
}
