//! Inserts of a submission's rows into `SQLite` by a bare loop, in groups of the usual size.
//!
//! One connection syncs at each commit, as the service does: the upper bound for any service on `SQLite`.

use std::path::Path;
use std::time::{Duration, Instant};

use rusqlite::types::Value;
use rusqlite::{Connection, OpenFlags, params_from_iter};
use second_opinion::store::sqlite;

use crate::driver::Round;

/// Submissions per transaction: the size of the service's commit groups with 256 calls in flight.
pub const GROUP: usize = 100;

/// A row of a table, with the indexes of its columns that differ in each copy.
struct Row {
    sql: String,
    values: Vec<Value>,
    /// Integer columns.
    numbers: Vec<usize>,
    /// UUID columns.
    ids: Vec<usize>,
}

/// A file with the service's tables and indexes, and the rows of a submission.
pub struct RawInserts {
    connection: Connection,
    rows: [Row; 2],
    inserted: i64,
}

impl RawInserts {
    /// Creates the file in a folder. Requires a submission in the service's file, `source`.
    pub fn prepare(folder: &Path, source: &Path) -> Self {
        let path = folder.join("raw.db");
        sqlite::migrate(&path).expect("a migrated file");
        let connection = Connection::open(&path).expect("a file");
        let mode: String = connection
            .query_row("PRAGMA journal_mode = WAL", [], |row| row.get(0))
            .expect("a write-ahead log");
        assert_eq!(mode, "wal");
        connection
            .execute_batch("PRAGMA synchronous = FULL; PRAGMA cache_size = -4096;")
            .expect("the settings");
        let source = Connection::open_with_flags(source, OpenFlags::SQLITE_OPEN_READ_ONLY)
            .expect("the service's file");
        Self {
            connection,
            rows: [
                Row::first(
                    &source,
                    "events",
                    &["position", "opened_at"],
                    &["determination_id", "request_id"],
                ),
                Row::first(&source, "cases", &["opened_at", "last_position"], &["id"]),
            ],
            inserted: 0,
        }
    }

    /// Inserts rows for a time.
    pub fn run(&mut self, time: Duration) -> Round {
        let (began, before) = (Instant::now(), self.inserted);
        while began.elapsed() < time {
            let transaction = self.connection.transaction().expect("a transaction");
            for _ in 0..GROUP {
                self.inserted += 1;
                for row in &mut self.rows {
                    row.insert(&transaction, self.inserted);
                }
            }
            transaction.commit().expect("a commit");
        }
        Round {
            calls: usize::try_from(self.inserted - before).expect("a number"),
            elapsed: began.elapsed(),
        }
    }
}

impl Row {
    /// Reads the first row of a table.
    fn first(source: &Connection, table: &str, numbers: &[&str], ids: &[&str]) -> Self {
        let mut statement = source
            .prepare(&format!("SELECT * FROM {table} LIMIT 1"))
            .expect("a table");
        let names: Vec<String> = statement.column_names().map(str::to_owned).collect();
        let values = statement
            .query_row([], |row| {
                (0..names.len()).map(|index| row.get(index)).collect()
            })
            .expect("a row");
        let parameters: Vec<String> = (1..=names.len()).map(|nth| format!("?{nth}")).collect();
        let indexes = |columns: &[&str]| {
            let index = |column: &&str| {
                names
                    .iter()
                    .position(|name| name == column)
                    .expect("a column")
            };
            columns.iter().map(index).collect()
        };
        Self {
            sql: format!(
                "INSERT INTO {table} ({}) VALUES ({})",
                names.join(", "),
                parameters.join(", ")
            ),
            numbers: indexes(numbers),
            ids: indexes(ids),
            values,
        }
    }

    fn insert(&mut self, connection: &Connection, number: i64) {
        for index in &self.numbers {
            self.values[*index] = Value::Integer(number);
        }
        for index in &self.ids {
            let mut id = vec![0; 16];
            id[..8].copy_from_slice(&number.to_be_bytes());
            self.values[*index] = Value::Blob(id);
        }
        let mut statement = connection.prepare_cached(&self.sql).expect("a statement");
        statement
            .execute(params_from_iter(&self.values))
            .expect("a row");
    }
}
