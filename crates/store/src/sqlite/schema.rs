//! The file's schema, and the connections to it.

use std::path::Path;
use std::time::Duration;

use rusqlite::{Connection, OpenFlags, TransactionBehavior};

use super::files;
use super::query;
use crate::StoreError;
use crate::codes::position_column;
use crate::open_cases::{FILL_BATCH_CASES, FILL_SQL, UNFILLED_SQL, fill_values};
use crate::queries::WALK_SQL;
use crate::rows::{keyed_case, walk_step};
use crate::schema::{self, Applied};

mod embedded {
    refinery::embed_migrations!("migrations/sqlite");
}

/// The wait of a statement for a lock of another process, such as a backup that finishes.
const BUSY_TIMEOUT: Duration = Duration::from_secs(5);
/// The prepared statements that a connection caches; more than this crate has.
const STATEMENTS_CACHED: usize = 64;

/// The size of a page, which never changes once the file exists. An event of usual size takes more than half of a page of
/// 4 KiB, which wastes the rest: at 8 KiB a file is a quarter smaller and a commit costs the writer a sixth less.
const PAGE_BYTES: u32 = 8_192;
/// The size to which the write-ahead log's file is truncated after it has grown, such as during a backup.
const WAL_BYTES_KEPT: u64 = 64 << 20;

/// Opens the one connection that writes.
///
/// FULL syncs the write-ahead log at each commit; NORMAL would lose acknowledged commits. `SQLite` runs no checkpoint by
/// itself: it would not report a failed one (`checkpoint.rs`).
pub(super) fn connect_writer(path: &Path) -> Result<Connection, StoreError> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = connect(path, flags)?;
    // SQLite opens for reading what it cannot open for writing.
    if connection.is_readonly(rusqlite::MAIN_DB)? {
        return Err(StoreError::Unavailable(format!(
            "{} can be read and not written",
            path.display()
        )));
    }
    // Before the write-ahead log: it makes the first page.
    connection.pragma_update(None, "page_size", PAGE_BYTES)?;
    let mode: String = connection.query_row("PRAGMA journal_mode = WAL", [], |row| row.get(0))?;
    if mode != "wal" {
        return Err(StoreError::Unavailable(
            "the file system does not support a write-ahead log".to_owned(),
        ));
    }
    connection.execute_batch(&format!(
        "PRAGMA synchronous = FULL;
             PRAGMA wal_autocheckpoint = 0;
             PRAGMA journal_size_limit = {WAL_BYTES_KEPT};
             PRAGMA cache_size = -4096;"
    ))?;
    // The first read creates the log where there is none. Where that failed SQLite may report nothing and go on without a log:
    // a power cut could then undo commits.
    applied(&connection)?;
    if !files::log_of(path).try_exists()? {
        return Err(StoreError::Unavailable(
            "its write-ahead log could not be created: disk I/O error".to_owned(),
        ));
    }
    // SQLite syncs the log's name with the first commit, and commits even where that fails.
    files::sync_folder(path)?;
    Ok(connection)
}

/// Opens the connection that runs checkpoints beside the writer.
pub(super) fn connect_checkpointer(path: &Path) -> Result<Connection, StoreError> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = connect(path, flags)?;
    connection.execute_batch("PRAGMA synchronous = FULL; PRAGMA cache_size = -64;")?;
    Ok(connection)
}

/// Opens a connection that reads and cannot write.
///
/// Its cache is small: `SQLite` empties it at every commit of another connection, and the system's cache is below it. The
/// file is not mapped into memory, because a disk error would then end the process.
pub(super) fn connect_reader(path: &Path) -> Result<Connection, StoreError> {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = connect(path, flags)?;
    connection.execute_batch("PRAGMA query_only = ON; PRAGMA cache_size = -512;")?;
    Ok(connection)
}

fn connect(path: &Path, flags: OpenFlags) -> Result<Connection, StoreError> {
    let connect = || -> rusqlite::Result<Connection> {
        let connection = Connection::open_with_flags(path, flags)?;
        connection.busy_timeout(BUSY_TIMEOUT)?;
        connection.set_prepared_statement_cache_capacity(STATEMENTS_CACHED);
        connection.execute_batch("PRAGMA temp_store = MEMORY;")?;
        Ok(connection)
    };
    Ok(connect()?)
}

/// Brings the schema to this version's, and gives the versions that it applied.
pub(super) fn migrate(connection: &mut Connection) -> Result<Vec<u32>, StoreError> {
    // One transaction: a migration that was applied and not written down would be applied again.
    let runner = embedded::migrations::runner().set_grouped(true);
    schema::check(&applied(connection)?, runner.get_migrations())?;
    let report = runner
        .run(connection)
        .map_err(|error| StoreError::Schema(error.to_string()))?;
    fill_open_cases(connection)?;
    schema::versions(&report)
}

/// Fills the columns by which open cases are counted, in rows from before there were such columns.
fn fill_open_cases(connection: &mut Connection) -> Result<(), StoreError> {
    let mut after = 0;
    loop {
        let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        let unfilled = [after.into(), FILL_BATCH_CASES.into()];
        let cases = query::all(&transaction, UNFILLED_SQL, &unfilled, keyed_case)?;
        if cases.is_empty() {
            return Ok(());
        }
        for (opened_at, case) in cases {
            let steps = match case.unfolded() {
                Some(last) => {
                    let last = position_column(last).into();
                    query::all(&transaction, WALK_SQL, &[last], walk_step)?
                }
                None => Vec::new(),
            };
            let file = case.complete(steps)?.current;
            let filled = fill_values(opened_at, &file);
            query::execute(&transaction, FILL_SQL, &filled)?;
            after = opened_at;
        }
        transaction.commit()?;
    }
}

/// Refuses a schema that is not exactly this version's.
pub(super) fn check_current(connection: &Connection) -> Result<(), StoreError> {
    let runner = embedded::migrations::runner();
    schema::check_current(&applied(connection)?, runner.get_migrations())
}

/// The migrations that were applied, in order.
fn applied(connection: &Connection) -> Result<Vec<Applied>, StoreError> {
    const TABLES_SQL: &str = "SELECT count(*), count(*) FILTER (WHERE name = 'refinery_schema_history') FROM sqlite_schema";
    const HISTORY_SQL: &str =
        "SELECT version, name, checksum FROM refinery_schema_history ORDER BY version";
    let tables = connection.query_row(TABLES_SQL, [], |row| Ok((row.get(0)?, row.get(1)?)));
    match tables? {
        (0_i64, _) => Ok(Vec::new()),
        (_, 0_i64) => Err(schema::foreign()),
        _ => {
            let mut history = connection.prepare(HISTORY_SQL)?;
            let rows = history.query_map([], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)));
            Ok(rows.and_then(Iterator::collect)?)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `SQLite`'s number for FULL: the log is synced at each commit.
    const FULL: i64 = 2;

    #[test]
    fn every_commit_is_synced() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("synced.db");
        super::super::files::prepare(&path).unwrap();
        for connect in [connect_writer, connect_checkpointer] {
            let connection = connect(&path).unwrap();
            let held = connection.query_row("PRAGMA synchronous", [], |row| row.get(0));
            assert_eq!(held, Ok(FULL));
        }
    }
}
