//! How fast is `SQLite` itself, with the rows of a submission in groups of the usual size?
//!
//! A bare loop on one connection that syncs at each commit as the service does: what no service on it could be faster than.

use std::path::Path;
use std::time::{Duration, Instant};

use rusqlite::types::Value;
use rusqlite::{Connection, OpenFlags, params_from_iter};
use second_opinion::store::sqlite;

use crate::driver::Round;

/// As many submissions as are in a transaction: what the service's groups come to with 256 calls in flight.
pub const GROUP: usize = 100;

/// A row of a table, and where the keys stand in it that are counted on.
struct Row {
    sql: String,
    values: Vec<Value>,
    counted: Vec<usize>,
    ids: Vec<usize>,
}

/// A file with the service's tables and indexes, and the rows of a submission.
pub struct Raw {
    connection: Connection,
    rows: [Row; 2],
    inserted: i64,
}

impl Raw {
    /// Makes the file in a folder. The service has to have stored a submission in the other one.
    pub fn prepare(folder: &Path, stored: &Path) -> Self {
        let path = folder.join("raw.db");
        sqlite::migrate(&path).expect("migrated");
        let connection = Connection::open(&path).expect("a file");
        let mode: String = connection
            .query_row("PRAGMA journal_mode = WAL", [], |row| row.get(0))
            .expect("a write-ahead log");
        assert_eq!(mode, "wal");
        connection
            .execute_batch("PRAGMA synchronous = FULL; PRAGMA cache_size = -4096;")
            .expect("set");
        let stored = Connection::open_with_flags(stored, OpenFlags::SQLITE_OPEN_READ_ONLY)
            .expect("the service's file");
        Self {
            connection,
            rows: [
                Row::of(
                    &stored,
                    "events",
                    &["position", "opened_at"],
                    &["determination_id", "request_id"],
                ),
                Row::of(&stored, "cases", &["opened_at", "last_position"], &["id"]),
            ],
            inserted: 0,
        }
    }

    /// Inserts for as long.
    pub fn run(&mut self, time: Duration) -> Round {
        let (began, before) = (Instant::now(), self.inserted);
        while began.elapsed() < time {
            let transaction = self.connection.transaction().expect("begun");
            for _ in 0..GROUP {
                self.inserted += 1;
                for row in &mut self.rows {
                    row.insert(&transaction, self.inserted);
                }
            }
            transaction.commit().expect("committed");
        }
        Round {
            calls: usize::try_from(self.inserted - before).expect("a number"),
            took: began.elapsed(),
        }
    }
}

impl Row {
    /// The first row of a table.
    fn of(stored: &Connection, table: &str, counted: &[&str], ids: &[&str]) -> Self {
        let mut statement = stored
            .prepare(&format!("SELECT * FROM {table} LIMIT 1"))
            .expect("a table");
        let names: Vec<String> = statement.column_names().map(str::to_owned).collect();
        let values = statement
            .query_row([], |row| (0..names.len()).map(|at| row.get(at)).collect())
            .expect("a row");
        let places: Vec<String> = (1..=names.len()).map(|at| format!("?{at}")).collect();
        let at = |wanted: &[&str]| {
            let place = |name: &&str| {
                names
                    .iter()
                    .position(|known| known == name)
                    .expect("a column")
            };
            wanted.iter().map(place).collect()
        };
        Self {
            sql: format!(
                "INSERT INTO {table} ({}) VALUES ({})",
                names.join(", "),
                places.join(", ")
            ),
            counted: at(counted),
            ids: at(ids),
            values,
        }
    }

    fn insert(&mut self, connection: &Connection, number: i64) {
        for at in &self.counted {
            self.values[*at] = Value::Integer(number);
        }
        for at in &self.ids {
            let mut id = vec![0; 16];
            id[..8].copy_from_slice(&number.to_be_bytes());
            self.values[*at] = Value::Blob(id);
        }
        let mut statement = connection.prepare_cached(&self.sql).expect("a statement");
        statement
            .execute(params_from_iter(&self.values))
            .expect("a row");
    }
}
