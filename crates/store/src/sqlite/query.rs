//! Statements and the rows that they give.

use rusqlite::{CachedStatement, Connection, Row, params_from_iter};
use uuid::Uuid;

use crate::Head;
use crate::StoreError;
use crate::columns;
use crate::queries::HEAD_SQL;
use crate::rows;
use crate::value::Value;

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

/// An error as `SQLite`'s code alone: its longer text could name what a row holds.
pub(super) fn code(error: &rusqlite::Error) -> String {
    match error {
        rusqlite::Error::SqliteFailure(failure, _) => failure.to_string(),
        _ => "a statement and its rows do not fit together".to_owned(),
    }
}

impl From<rusqlite::Error> for StoreError {
    fn from(error: rusqlite::Error) -> Self {
        Self::Unavailable(code(&error))
    }
}

/// A prepared statement. `$1` would be a parameter's name here, and `?1` is the first one.
pub(super) fn prepare<'c>(
    connection: &'c Connection,
    sql: &str,
) -> rusqlite::Result<CachedStatement<'c>> {
    if sql.contains('$') {
        connection.prepare_cached(&sql.replace('$', "?"))
    } else {
        connection.prepare_cached(sql)
    }
}

/// Every row of a query, read, in its order.
pub(super) fn all<T>(
    connection: &Connection,
    sql: &str,
    given: &[Value<'_>],
    read: impl Fn(&dyn columns::Row) -> Result<T, StoreError>,
) -> Result<Vec<T>, StoreError> {
    let mut statement = prepare(connection, sql)?;
    let mut rows = statement.query(params_from_iter(given))?;
    let mut found = Vec::new();
    while let Some(row) = rows.next()? {
        found.push(read(row)?);
    }
    Ok(found)
}

/// The first row of a query, read.
pub(super) fn first<T>(
    connection: &Connection,
    sql: &str,
    given: &[Value<'_>],
    read: impl Fn(&dyn columns::Row) -> Result<T, StoreError>,
) -> Result<Option<T>, StoreError> {
    let found = all(connection, sql, given, read)?;
    Ok(found.into_iter().next())
}

/// Runs a statement, and gives the rows that it changed.
pub(super) fn execute(
    connection: &Connection,
    sql: &str,
    given: &[Value<'_>],
) -> rusqlite::Result<usize> {
    prepare(connection, sql)?.execute(params_from_iter(given))
}

/// The log's head.
pub(super) fn head(connection: &Connection) -> Result<Head, StoreError> {
    first(connection, HEAD_SQL, &[], rows::head)?.ok_or_else(headless)
}

pub(super) fn headless() -> StoreError {
    StoreError::damaged(Uuid::nil(), "the log has no head")
}
