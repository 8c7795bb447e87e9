//! How is a store reached behind the service's back: to be filled, counted, and asked what there is to ask for?

use std::path::Path;
use std::sync::Mutex;

use rusqlite::Connection;
use second_opinion::store::postgres;
use tokio_postgres::{Client, NoTls};
use uuid::Uuid;

use crate::fill::{COUNTS_SQL, Dialect, HEAD_SQL, POSTGRES, SEEDS_SQL, SQLITE};

/// The indexes that hold no rule, by name and with what makes them again: they are made once the rows are there.
const INDEXES_OF_SQLITE: &str =
    "SELECT name, sql FROM sqlite_master WHERE type = 'index' AND sql IS NOT NULL";
const INDEXES_OF_POSTGRES: &str = "SELECT i.indexrelid::regclass::text, pg_get_indexdef(i.indexrelid)
    FROM pg_index i JOIN pg_class c ON c.oid = i.indrelid WHERE c.relnamespace = current_schema()::regnamespace
    AND NOT EXISTS (SELECT FROM pg_constraint WHERE conindid = i.indexrelid)";

/// A store.
pub enum Stored {
    Sqlite(Mutex<Connection>),
    Postgres(Client),
}

impl Stored {
    /// One that is there.
    pub async fn at(url: &str) -> Self {
        if let Some(path) = url.strip_prefix("sqlite://") {
            return Self::Sqlite(Mutex::new(Connection::open(path).expect("the file")));
        }
        let (client, connection) = tokio_postgres::connect(url, NoTls)
            .await
            .expect("a connection");
        tokio::spawn(connection);
        Self::Postgres(client)
    }

    /// One with nothing in it: no file yet, or a schema of the name that the URL's search path has.
    pub async fn empty(url: &str) -> Self {
        if let Some(path) = url.strip_prefix("sqlite://") {
            assert!(!Path::new(path).exists(), "{path} is there already");
            // The service makes it, and this opens what it has made: an empty file would not have its page size.
            drop(
                second_opinion::store::sqlite::SqliteStore::open(Path::new(path)).expect("a store"),
            );
            return Self::at(url).await;
        }
        let stored = Self::at(url).await;
        let name = stored
            .texts("SELECT current_setting('search_path'), ''")
            .await;
        let made = format!("CREATE SCHEMA {}", name[0].0);
        stored.execute(&made).await;
        postgres::migrate(url).await.expect("migrated");
        stored
    }

    pub fn kind(&self) -> &'static str {
        match self {
            Self::Sqlite(_) => "SQLite",
            Self::Postgres(_) => "PostgreSQL",
        }
    }

    pub fn dialect(&self) -> &'static Dialect {
        match self {
            Self::Sqlite(_) => &SQLITE,
            Self::Postgres(_) => &POSTGRES,
        }
    }

    pub async fn execute(&self, sql: &str) {
        match self {
            Self::Sqlite(file) => {
                let done = file.lock().expect("a lock").execute_batch(sql);
                done.unwrap_or_else(|error| panic!("{sql}: {error}"));
            }
            Self::Postgres(client) => {
                let done = client.batch_execute(sql).await;
                done.unwrap_or_else(|error| panic!("{sql}: {error:?}"));
            }
        }
    }

    /// Pairs of numbers.
    pub async fn numbers(&self, sql: &str) -> Vec<(i64, i64)> {
        match self {
            Self::Sqlite(file) => {
                let file = file.lock().expect("a lock");
                let mut statement = file.prepare(sql).expect("a statement");
                let rows = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?)));
                rows.expect("rows").map(|row| row.expect("a row")).collect()
            }
            Self::Postgres(client) => {
                let rows = client.query(sql, &[]).await.expect("rows");
                rows.iter().map(|row| (row.get(0), row.get(1))).collect()
            }
        }
    }

    /// Pairs of texts.
    async fn texts(&self, sql: &str) -> Vec<(String, String)> {
        match self {
            Self::Sqlite(file) => {
                let file = file.lock().expect("a lock");
                let mut statement = file.prepare(sql).expect("a statement");
                let rows = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?)));
                rows.expect("rows").map(|row| row.expect("a row")).collect()
            }
            Self::Postgres(client) => {
                let rows = client.query(sql, &[]).await.expect("rows");
                rows.iter().map(|row| (row.get(0), row.get(1))).collect()
            }
        }
    }

    /// Ids of cases.
    pub async fn ids(&self, sql: &str) -> Vec<Uuid> {
        match self {
            Self::Sqlite(file) => {
                let file = file.lock().expect("a lock");
                let mut statement = file.prepare(sql).expect("a statement");
                let rows = statement.query_map([], |row| row.get(0).map(Uuid::from_bytes));
                rows.expect("rows").map(|row| row.expect("a row")).collect()
            }
            Self::Postgres(client) => {
                let rows = client.query(sql, &[]).await.expect("rows");
                rows.iter().map(|row| row.get(0)).collect()
            }
        }
    }

    pub async fn cases(&self) -> i64 {
        self.numbers("SELECT count(*), count(*) FROM cases").await[0].0
    }

    /// How often cases, events or letters were read from end to end, and how often by an index; `None`: this database does
    /// not count it.
    pub async fn scans(&self) -> Option<(i64, i64)> {
        match self {
            Self::Sqlite(_) => None,
            Self::Postgres(_) => {
                // A session tells what it counted within a second or so.
                tokio::time::sleep(std::time::Duration::from_secs(3)).await;
                let sql = "SELECT sum(seq_scan)::bigint, sum(idx_scan)::bigint FROM pg_stat_user_tables
                    WHERE schemaname = current_schema() AND relname IN ('cases', 'events', 'notices')";
                Some(self.numbers(sql).await[0])
            }
        }
    }

    /// Gets ready for a great many rows; gives how many events and letters there are.
    pub async fn begin_filling(&self) -> (i64, i64) {
        let (settings, indexes) = match self {
            Self::Sqlite(_) => (
                "PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF; PRAGMA cache_size = -1000000;
                 PRAGMA locking_mode = EXCLUSIVE;",
                INDEXES_OF_SQLITE,
            ),
            Self::Postgres(_) => (
                "SET synchronous_commit = off; SET maintenance_work_mem = '1GB'; SET jit = off;",
                INDEXES_OF_POSTGRES,
            ),
        };
        self.execute(settings).await;
        self.execute(SEEDS_SQL).await;
        let indexes = self.texts(indexes).await;
        self.execute("CREATE TEMPORARY TABLE indexes (name text, made_by text)")
            .await;
        for (name, made_by) in indexes {
            let made_by = made_by.replace('\'', "''");
            let kept = format!("INSERT INTO indexes VALUES ('{name}', '{made_by}')");
            self.execute(&format!("{kept}; DROP INDEX {name}")).await;
        }
        self.numbers(COUNTS_SQL).await[0]
    }

    /// Makes the indexes, and leaves everything as the service would find it.
    pub async fn end_filling(&self) {
        self.execute(HEAD_SQL).await;
        for (name, made_by) in self.texts("SELECT name, made_by FROM indexes").await {
            eprintln!("index {name}");
            self.execute(&made_by).await;
        }
        match self {
            // No ANALYZE: the service makes none.
            Self::Sqlite(_) => {
                self.execute("PRAGMA synchronous = FULL; PRAGMA locking_mode = NORMAL; PRAGMA journal_mode = WAL")
                    .await;
            }
            // As the server's own workers do it in time.
            Self::Postgres(_) => {
                for sql in [
                    "VACUUM ANALYZE events",
                    "VACUUM ANALYZE cases",
                    "VACUUM ANALYZE notices",
                    "CHECKPOINT",
                ] {
                    self.execute(sql).await;
                }
            }
        }
    }
}
