//! A separate PostgreSQL schema for each test, on the server that `SECOND_OPINION_TEST_POSTGRES` names. `scripts/postgres`
//! starts such a server.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use second_opinion::store::Store;
use second_opinion::store::postgres::{self, PostgresStore};
use second_opinion::store::sqlite::SqliteStore;
use tokio_postgres::{Client, NoTls};

/// The environment variable with a superuser's URL of the server.
const SERVER_VARIABLE: &str = "SECOND_OPINION_TEST_POSTGRES";
/// The environment variable with the store for tests of the service: `sqlite` (the default) or `postgres`.
const STORE_VARIABLE: &str = "SECOND_OPINION_TEST_STORE";

/// A schema, removed from the database on drop.
pub struct Schema {
    pub name: String,
    server: String,
}

impl Schema {
    /// Creates an empty schema.
    pub async fn empty() -> Self {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let count = COUNT.fetch_add(1, Ordering::SeqCst);
        let server = std::env::var(SERVER_VARIABLE).unwrap_or_default();
        assert!(
            !server.is_empty(),
            "{SERVER_VARIABLE} is not set; scripts/postgres starts a server"
        );
        let schema = Self {
            name: format!("test_{}_{count}", std::process::id()),
            server,
        };
        // A schema of a killed test may still exist.
        let name = &schema.name;
        let sql = format!("DROP SCHEMA IF EXISTS {name} CASCADE; CREATE SCHEMA {name}");
        schema.execute(&sql).await;
        schema
    }

    /// Creates a schema with the store's tables.
    pub async fn migrated() -> Self {
        let schema = Self::empty().await;
        postgres::migrate(&schema.url())
            .await
            .expect("a migrated schema");
        schema
    }

    /// The URL of a store in this schema.
    pub fn url(&self) -> String {
        let separator = if self.server.contains('?') { '&' } else { '?' };
        let name = &self.name;
        let server = &self.server;
        format!("{server}{separator}application_name={name}&options=-csearch_path%3D{name}")
    }

    pub async fn store(&self) -> PostgresStore {
        PostgresStore::open(&self.url()).await.expect("a store")
    }

    /// Opens a read-only store.
    pub async fn reader(&self) -> PostgresStore {
        let store = PostgresStore::open_read_only(&self.url()).await;
        store.expect("a reader")
    }

    /// Opens a connection for the test.
    pub async fn client(&self) -> Client {
        connect(&self.url()).await
    }

    /// Runs statements as a superuser.
    pub async fn execute(&self, sql: &str) {
        let result = self.client().await.batch_execute(sql).await;
        result.unwrap_or_else(|error| panic!("{sql}: {error:?}"));
    }
}

impl Drop for Schema {
    fn drop(&mut self) {
        let drop = format!(
            "SET lock_timeout = '10s'; DROP SCHEMA IF EXISTS {} CASCADE",
            self.name
        );
        let url = self.server.clone();
        // On a separate thread, because the test's runtime may be shutting down.
        let thread = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .build()
                .expect("a runtime");
            runtime.block_on(async {
                // If the test has stopped the server, there is no schema to drop.
                if let Ok((client, connection)) = tokio_postgres::connect(&url, NoTls).await {
                    let connection = tokio::spawn(connection);
                    let _ = client.batch_execute(&drop).await;
                    connection.abort();
                }
            });
        });
        let _ = thread.join();
    }
}

async fn connect(url: &str) -> Client {
    let (client, connection) = tokio_postgres::connect(url, NoTls)
        .await
        .unwrap_or_else(|error| panic!("cannot connect to the test's PostgreSQL: {error:?}"));
    tokio::spawn(connection);
    client
}

/// The store of the service under test, with its schema, which must be dropped after the store.
pub struct TestStore {
    pub store: Arc<dyn Store>,
    pub schema: Option<Schema>,
}

impl TestStore {
    /// Opens a new store of the configured kind, as a file in the folder or in a new schema.
    pub async fn fresh(folder: &Path) -> Self {
        match std::env::var(STORE_VARIABLE).as_deref() {
            Err(_) | Ok("" | "sqlite") => Self {
                store: Arc::new(SqliteStore::open(&folder.join("test.db")).expect("a store")),
                schema: None,
            },
            Ok("postgres") => {
                let schema = Schema::migrated().await;
                Self {
                    store: Arc::new(schema.store().await),
                    schema: Some(schema),
                }
            }
            Ok(other) => panic!("{STORE_VARIABLE}: expected `sqlite` or `postgres`, got `{other}`"),
        }
    }
}
