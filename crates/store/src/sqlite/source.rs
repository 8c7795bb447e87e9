//! The source of a copy: everything in the file, read as of one moment, while no server uses it.

use std::path::Path;

use rusqlite::{Connection, Row};
use tokio_postgres::types::Type;
use uuid::Uuid;

use super::lock::WriteLock;
use super::query;
use super::schema;
use crate::copy::{Batch, Counts};
use crate::tables::{NewRow, Table};
use crate::value::Value;
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
        connection.execute_batch("BEGIN")?;
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
        let counts = self.connection.query_row(SQL, [], |row| {
            let count = |at| row.get(at).map(i64::unsigned_abs);
            Ok(Counts {
                events,
                cases: count(0)?,
                letters: count(1)?,
                renderings: count(2)?,
            })
        });
        Ok(counts?)
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
        Ok(self.read(table, after, rows_max)?)
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
            let values = columns.iter().enumerate();
            let values = values.map(|(at, (_, kind))| value(row, at + 1, kind));
            let values = values.collect::<rusqlite::Result<NewRow<'static>>>()?;
            bytes += values.iter().map(Value::bytes_len).sum::<usize>();
            rows.push(values);
        }
        Ok((!rows.is_empty()).then_some(Batch {
            table,
            rows,
            last_key,
        }))
    }
}

/// A value of a row, of its column's type.
fn value(row: &Row<'_>, at: usize, kind: &Type) -> rusqlite::Result<Value<'static>> {
    Ok(match *kind {
        Type::INT2 => row.get::<_, Option<i16>>(at)?.into(),
        Type::INT4 => row.get::<_, Option<i32>>(at)?.into(),
        Type::BOOL => row.get::<_, Option<bool>>(at)?.into(),
        Type::UUID => row
            .get::<_, Option<[u8; 16]>>(at)?
            .map(Uuid::from_bytes)
            .into(),
        Type::TEXT => row.get::<_, Option<String>>(at)?.into(),
        Type::BYTEA => row.get::<_, Option<Vec<u8>>>(at)?.into(),
        _ => row.get::<_, Option<i64>>(at)?.into(),
    })
}
