//! Direct database connections that bypass the service, to fill, count and sample a store.

use std::path::Path;
use std::sync::Mutex;

use rusqlite::Connection;
use second_opinion::store::postgres;
use tokio_postgres::{Client, NoTls};
use uuid::Uuid;

use crate::fill::{COUNTS_SQL, Dialect, HEAD_SQL, POSTGRES, SEEDS_SQL, SQLITE};

/// Names and definitions of the indexes that back no constraint: they are dropped, and built again after the rows.
const SQLITE_INDEXES_SQL: &str =
    "SELECT name, sql FROM sqlite_master WHERE type = 'index' AND sql IS NOT NULL";
const POSTGRES_INDEXES_SQL: &str = "SELECT i.indexrelid::regclass::text, pg_get_indexdef(i.indexrelid)
    FROM pg_index i JOIN pg_class c ON c.oid = i.indrelid WHERE c.relnamespace = current_schema()::regnamespace
    AND NOT EXISTS (SELECT FROM pg_constraint WHERE conindid = i.indexrelid)";

/// A connection to a store's database.
pub enum StoreConnection {
    Sqlite(Mutex<Connection>),
    Postgres(Client),
}

impl StoreConnection {
    /// Connects to an existing store.
    pub async fn open(url: &str) -> Self {
        if let Some(path) = url.strip_prefix("sqlite://") {
            return Self::Sqlite(Mutex::new(Connection::open(path).expect("the file")));
        }
        let (client, connection) = tokio_postgres::connect(url, NoTls)
            .await
            .expect("a connection");
        tokio::spawn(connection);
        Self::Postgres(client)
    }

    /// Creates an empty store: a new file, or a new schema that the URL's search path names.
    pub async fn create(url: &str) -> Self {
        if let Some(path) = url.strip_prefix("sqlite://") {
            assert!(!Path::new(path).exists(), "{path} already exists");
            // The store creates the file, because one created here would not have its page size.
            drop(
                second_opinion::store::sqlite::SqliteStore::open(Path::new(path)).expect("a store"),
            );
            return Self::open(url).await;
        }
        let store = Self::open(url).await;
        let name = store
            .texts("SELECT current_setting('search_path'), ''")
            .await;
        store.execute(&format!("CREATE SCHEMA {}", name[0].0)).await;
        postgres::migrate(url).await.expect("a migrated schema");
        store
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
                let result = file.lock().expect("a lock").execute_batch(sql);
                result.unwrap_or_else(|error| panic!("{sql}: {error}"));
            }
            Self::Postgres(client) => {
                let result = client.batch_execute(sql).await;
                result.unwrap_or_else(|error| panic!("{sql}: {error:?}"));
            }
        }
    }

    /// Queries rows of two numbers.
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

    /// Queries rows of two texts.
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

    /// Queries rows of one id.
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

    /// Sequential scans and index scans of cases, events and letters; `None` if the database does not count them.
    pub async fn scans(&self) -> Option<(i64, i64)> {
        match self {
            Self::Sqlite(_) => None,
            Self::Postgres(_) => {
                // A session publishes its statistics about once a second.
                tokio::time::sleep(std::time::Duration::from_secs(3)).await;
                let sql = "SELECT sum(seq_scan)::bigint, sum(idx_scan)::bigint FROM pg_stat_user_tables
                    WHERE schemaname = current_schema() AND relname IN ('cases', 'events', 'notices')";
                Some(self.numbers(sql).await[0])
            }
        }
    }

    /// Prepares for bulk inserts: drops the indexes, copies the seeds, and returns the numbers of seed events and letters.
    pub async fn begin_filling(&self) -> (i64, i64) {
        let (settings, indexes) = match self {
            Self::Sqlite(_) => (
                "PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF; PRAGMA cache_size = -1000000;
                 PRAGMA locking_mode = EXCLUSIVE;",
                SQLITE_INDEXES_SQL,
            ),
            Self::Postgres(_) => (
                "SET synchronous_commit = off; SET maintenance_work_mem = '1GB'; SET jit = off;",
                POSTGRES_INDEXES_SQL,
            ),
        };
        self.execute(settings).await;
        self.execute(SEEDS_SQL).await;
        let indexes = self.texts(indexes).await;
        self.execute("CREATE TEMPORARY TABLE indexes (name text, definition text)")
            .await;
        for (name, definition) in indexes {
            let definition = definition.replace('\'', "''");
            let insert = format!("INSERT INTO indexes VALUES ('{name}', '{definition}')");
            self.execute(&format!("{insert}; DROP INDEX {name}")).await;
        }
        self.numbers(COUNTS_SQL).await[0]
    }

    /// Builds the indexes and restores the settings that the service expects.
    pub async fn end_filling(&self) {
        self.execute(HEAD_SQL).await;
        for (name, definition) in self.texts("SELECT name, definition FROM indexes").await {
            eprintln!("index {name}");
            self.execute(&definition).await;
        }
        match self {
            // No ANALYZE: the service runs none.
            Self::Sqlite(_) => {
                self.execute("PRAGMA synchronous = FULL; PRAGMA locking_mode = NORMAL; PRAGMA journal_mode = WAL")
                    .await;
            }
            // As autovacuum does in time.
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
