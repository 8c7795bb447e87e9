//! Which cases are owed an event that no caller makes?

use chrono::{DateTime, Utc};
use rusqlite::{Connection, params};
use uuid::Uuid;

use super::query;
use super::rows::Columns;
use crate::StoreError;
use crate::codes::limit_column;

/// The ids of the cases whose instant has come, longest due first.
pub(super) fn to_sweep(
    connection: &Connection,
    as_of: DateTime<Utc>,
    limit: usize,
) -> Result<Vec<Uuid>, StoreError> {
    // The condition of the partial index stands in its way in, or the index would not be used.
    const SQL: &str = "SELECT id FROM cases WHERE sweep_at_us IS NOT NULL AND sweep_at_us <= ?1
        ORDER BY sweep_at_us, opened_at LIMIT ?2";
    let given = params![as_of.timestamp_micros(), limit_column(limit)];
    query::all(connection, SQL, given, |row| {
        Columns::of(Uuid::nil(), row).id("id")
    })
}
