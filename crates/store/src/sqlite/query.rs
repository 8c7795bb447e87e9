//! Reads by key, and the log in order.

use chrono::{DateTime, Utc};
use rusqlite::{CachedStatement, Connection, OptionalExtension, Row, Statement, params};
use uuid::Uuid;

use crate::codes::{form_code, instant_column, limit_column, position_column};
use crate::columns::{self, Columns};
use crate::open_cases::{OPEN_CASES_SQL, OpenCases, bounds_us};
use crate::queries::{self, Snapshot};
use crate::sequence::CaseHead;
use crate::{
    Head, LogEntry, Record, Replay, ReplayKey, StoreError, StoredNotice, StoredRendering, fold,
};
use second_opinion_letters::Rendition;
use second_opinion_rules::case::Case;

impl columns::Row for Row<'_> {
    fn small(&self, column: &str) -> Option<i16> {
        self.get(column).ok()
    }
    fn integer(&self, column: &str) -> Option<i32> {
        self.get(column).ok()
    }
    fn big(&self, column: &str) -> Option<i64> {
        self.get(column).ok()
    }
    fn big_or_null(&self, column: &str) -> Option<Option<i64>> {
        self.get(column).ok()
    }
    fn text(&self, column: &str) -> Option<&str> {
        self.get_ref(column).ok()?.as_str().ok()
    }
    fn bytes(&self, column: &str) -> Option<&[u8]> {
        self.get_ref(column).ok()?.as_blob().ok()
    }
    fn id(&self, column: &str) -> Option<Uuid> {
        self.get(column).ok().map(Uuid::from_bytes)
    }
}

/// The error of a statement by `SQLite`'s code alone: its longer text could name what a row holds.
pub(super) fn unavailable(error: &rusqlite::Error) -> StoreError {
    StoreError::Unavailable(match error {
        rusqlite::Error::SqliteFailure(failure, _) => failure.to_string(),
        _ => "a statement and its rows do not fit together".to_owned(),
    })
}

pub(super) fn case(connection: &Connection, id: Uuid) -> Result<Option<Case>, StoreError> {
    one(
        connection,
        queries::CASE_SQL,
        params![id.as_bytes()],
        |row| case_in(connection, row),
    )
}

/// The case in a row of [`queries::case_columns`].
pub(super) fn case_in(connection: &Connection, row: &dyn columns::Row) -> Result<Case, StoreError> {
    let file = match queries::snapshot(row)? {
        Snapshot::Known(file) => *file,
        Snapshot::Unknown { id, last_position } => {
            fold(id, &walk(connection, id, last_position)?)?.file
        }
    };
    queries::case(row, file)
}

pub(super) fn history(connection: &Connection, id: Uuid) -> Result<Vec<Record>, StoreError> {
    let last = one(
        connection,
        queries::LAST_POSITION_SQL,
        params![id.as_bytes()],
        |row| Columns::of(id, row).position("last_position"),
    )?;
    match last {
        None => Ok(Vec::new()),
        Some(last) => walk(connection, id, last),
    }
}

/// A case's events up to one of them, found backwards from it. What is committed never changes, so no snapshot of the
/// database is needed.
fn walk(connection: &Connection, id: Uuid, last: u64) -> Result<Vec<Record>, StoreError> {
    const SQL: &str = "SELECT position, determination_id, version, sha256, bytes, previous_position
        FROM events WHERE position = $1";
    let mut records = Vec::new();
    let mut next = Some(last);
    while let Some(position) = next {
        let step = one(connection, SQL, params![position_column(position)], |row| {
            let previous = Columns::of(id, row).big_or_null("previous_position")?;
            Ok((queries::record(row)?, previous))
        })?;
        let Some((record, previous)) = step else {
            let missing = format!("its event at position {position} is missing");
            return Err(StoreError::damaged(id, missing));
        };
        records.push(record);
        // Backwards alone, so that no damage makes the walk go round.
        next = previous.map(|previous| u64::try_from(previous).unwrap_or(u64::MAX));
        if next.is_some_and(|previous| previous >= position) {
            let unnamed =
                format!("its event at position {position} does not name the one before it");
            return Err(StoreError::damaged(id, unnamed));
        }
    }
    records.reverse();
    Ok(records)
}

pub(super) fn replay(
    connection: &Connection,
    key: &ReplayKey,
) -> Result<Option<Replay>, StoreError> {
    let mut statement = prepare(connection, queries::REPLAY_SQL)?;
    replay_by(&mut statement, key)
}

/// As [`replay`], by a prepared [`queries::REPLAY_SQL`].
pub(super) fn replay_by(
    statement: &mut Statement<'_>,
    key: &ReplayKey,
) -> Result<Option<Replay>, StoreError> {
    let given = params![key.request_id.as_bytes(), key.caller];
    let found = first(statement, given, queries::replay)?;
    Ok(found.map(|(_, replay)| replay))
}

pub(super) fn log_after(
    connection: &Connection,
    position: u64,
    limit: usize,
) -> Result<Vec<LogEntry>, StoreError> {
    let page = params![position_column(position), limit_column(limit)];
    all(connection, queries::LOG_SQL, page, queries::log_entry)
}

pub(super) fn records_after(
    connection: &Connection,
    position: u64,
    limit: usize,
) -> Result<Vec<Record>, StoreError> {
    let page = params![position_column(position), limit_column(limit)];
    all(connection, queries::RECORDS_SQL, page, queries::record)
}

pub(super) fn head(connection: &Connection) -> Result<Head, StoreError> {
    one(connection, queries::HEAD_SQL, params![], queries::head)?
        .ok_or_else(|| StoreError::damaged(Uuid::nil(), "the log has no head"))
}

pub(super) fn notice(
    connection: &Connection,
    id: Uuid,
) -> Result<Option<StoredNotice>, StoreError> {
    one(
        connection,
        queries::NOTICE_SQL,
        params![id.as_bytes()],
        queries::notice,
    )
}

pub(super) fn rendering(
    connection: &Connection,
    notice_id: Uuid,
    rendition: &Rendition,
) -> Result<Option<StoredRendering>, StoreError> {
    let key = params![
        notice_id.as_bytes(),
        form_code(rendition.form),
        rendition.language,
        rendition.large_print
    ];
    one(connection, queries::RENDERING_SQL, key, |row| {
        queries::rendering(row, notice_id, rendition)
    })
}

/// The ids of the cases that are owed an event which no caller makes, longest due first.
pub(super) fn to_sweep(
    connection: &Connection,
    as_of: DateTime<Utc>,
    limit: usize,
) -> Result<Vec<Uuid>, StoreError> {
    let given = params![instant_column(as_of), limit_column(limit)];
    all(connection, queries::SWEEP_SQL, given, |row| {
        Columns::of_no_case(row).id("id")
    })
}

pub(super) fn open_cases(
    connection: &Connection,
    as_of: DateTime<Utc>,
) -> Result<OpenCases, StoreError> {
    let [overdue, four_hours, day, three_days] = bounds_us(as_of);
    let given = params![overdue, four_hours, day, three_days];
    let counted = all(connection, OPEN_CASES_SQL, given, queries::open_cases)?;
    Ok(OpenCases::of(counted))
}

pub(super) fn case_head(connection: &Connection, id: Uuid) -> Result<Option<CaseHead>, StoreError> {
    const SQL: &str = "SELECT id, opened_at, version, head, last_position FROM cases WHERE id = $1";
    let found = one(connection, SQL, params![id.as_bytes()], queries::case_head)?;
    Ok(found.map(|(_, head)| head))
}

pub(super) fn prepare<'c>(
    connection: &'c Connection,
    sql: &str,
) -> Result<CachedStatement<'c>, StoreError> {
    connection
        .prepare_cached(sql)
        .map_err(|error| unavailable(&error))
}

fn one<T>(
    connection: &Connection,
    sql: &str,
    given: &[&dyn rusqlite::ToSql],
    read: impl Fn(&dyn columns::Row) -> Result<T, StoreError>,
) -> Result<Option<T>, StoreError> {
    let mut statement = prepare(connection, sql)?;
    first(&mut statement, given, read)
}

/// The first row of a prepared statement.
fn first<T>(
    statement: &mut Statement<'_>,
    given: &[&dyn rusqlite::ToSql],
    read: impl Fn(&dyn columns::Row) -> Result<T, StoreError>,
) -> Result<Option<T>, StoreError> {
    statement
        .query_row(given, |row| Ok(read(row)))
        .optional()
        .map_err(|error| unavailable(&error))?
        .transpose()
}

/// Every row of a statement, in its order.
pub(super) fn all<T>(
    connection: &Connection,
    sql: &str,
    given: &[&dyn rusqlite::ToSql],
    read: impl Fn(&dyn columns::Row) -> Result<T, StoreError>,
) -> Result<Vec<T>, StoreError> {
    let mut statement = prepare(connection, sql)?;
    let mut rows = statement
        .query(given)
        .map_err(|error| unavailable(&error))?;
    let mut found = Vec::new();
    while let Some(row) = rows.next().map_err(|error| unavailable(&error))? {
        found.push(read(row)?);
    }
    Ok(found)
}
