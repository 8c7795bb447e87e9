//! The source of a copy: everything in the file, read as of one moment, while no server uses it.

use std::path::Path;

use rusqlite::Connection;
use rusqlite::types::Value;

use super::lock::WriteLock;
use super::query::{self, unavailable};
use super::schema;
use crate::copy::{Batch, Counts, Table};
use crate::{Head, StoreError};

/// The size of a batch, without its last row: a copy takes no more memory for letters than for events.
const BATCH_BYTES_MAX: usize = 8 << 20;

/// A file that is copied from. No server can use it meanwhile.
pub struct Source {
    connection: Connection,
    _lock: WriteLock,
}

impl Source {
    /// Opens the file, which stays as it is.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`] when a server uses it, or it cannot be read; [`StoreError::Schema`] when its schema is not
    /// this version's.
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

    /// The rows that there are to copy. The log has no gaps, so its head counts the events.
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

    /// Up to `rows_max` rows of a table after a key; `None`: there are no more.
    ///
    /// # Errors
    /// When they cannot be read.
    pub fn batch(
        &self,
        table: &'static Table,
        after: i64,
        rows_max: usize,
    ) -> Result<Option<Batch>, StoreError> {
        self.read(table, after, rows_max)
            .map_err(|error| unavailable(&error))
    }

    fn read(
        &self,
        table: &'static Table,
        after: i64,
        rows_max: usize,
    ) -> rusqlite::Result<Option<Batch>> {
        let Table { name, key, columns } = table;
        let names = table.column_names();
        let sql = format!("SELECT {key}, {names} FROM {name} WHERE {key} > ?1 ORDER BY {key}");
        let mut statement = self.connection.prepare_cached(&sql)?;
        let mut found = statement.query([after])?;
        let (mut rows, mut bytes, mut last_key) = (Vec::new(), 0, after);
        while rows.len() < rows_max
            && bytes < BATCH_BYTES_MAX
            && let Some(row) = found.next()?
        {
            last_key = row.get(0)?;
            let values = (1..=columns.len()).map(|at| row.get(at));
            let values = values.collect::<rusqlite::Result<Vec<Value>>>()?;
            bytes += values.iter().map(bytes_of).sum::<usize>();
            rows.push(values);
        }
        Ok((!rows.is_empty()).then_some(Batch {
            table,
            rows,
            last_key,
        }))
    }
}

fn bytes_of(value: &Value) -> usize {
    match value {
        Value::Text(text) => text.len(),
        Value::Blob(bytes) => bytes.len(),
        Value::Null | Value::Integer(_) | Value::Real(_) => size_of::<i64>(),
    }
}
