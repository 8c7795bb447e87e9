//! A schema of its own for each test, in the PostgreSQL that `SECOND_OPINION_TEST_POSTGRES` names; `scripts/postgres`
//! starts one.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use second_opinion::store::Store;
use second_opinion::store::postgres::{self, PostgresStore};
use second_opinion::store::sqlite::SqliteStore;
use tokio_postgres::{Client, NoTls};

/// The variable that names the server, by a superuser's URL.
const SERVER: &str = "SECOND_OPINION_TEST_POSTGRES";
/// The variable that says on which store the service is tested: `sqlite` (the default) or `postgres`.
const STORE: &str = "SECOND_OPINION_TEST_STORE";

/// A schema, which is dropped with it.
pub struct Schema {
    pub name: String,
    server: String,
}

impl Schema {
    /// A schema with nothing in it.
    pub async fn empty() -> Self {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let count = COUNT.fetch_add(1, Ordering::SeqCst);
        let server = std::env::var(SERVER).unwrap_or_default();
        assert!(
            !server.is_empty(),
            "{SERVER} names no server; scripts/postgres starts one"
        );
        let schema = Self {
            name: format!("test_{}_{count}", std::process::id()),
            server,
        };
        // One of a test that was killed may be there yet.
        let name = &schema.name;
        let made = format!("DROP SCHEMA IF EXISTS {name} CASCADE; CREATE SCHEMA {name}");
        schema.execute(&made).await;
        schema
    }

    /// A schema for a store.
    pub async fn migrated() -> Self {
        let schema = Self::empty().await;
        postgres::migrate(&schema.url()).await.expect("migrated");
        schema
    }

    /// The URL of a store in it.
    pub fn url(&self) -> String {
        let separator = if self.server.contains('?') { '&' } else { '?' };
        let name = &self.name;
        let server = &self.server;
        format!("{server}{separator}application_name={name}&options=-csearch_path%3D{name}")
    }

    pub async fn store(&self) -> PostgresStore {
        PostgresStore::open(&self.url()).await.expect("a store")
    }

    /// A store that reads alone.
    pub async fn reader(&self) -> PostgresStore {
        let store = PostgresStore::open_read_only(&self.url()).await;
        store.expect("a reader")
    }

    /// A connection of the test's own.
    pub async fn client(&self) -> Client {
        connect(&self.url()).await
    }

    /// Runs statements as one who may do anything.
    pub async fn execute(&self, sql: &str) {
        let done = self.client().await.batch_execute(sql).await;
        done.unwrap_or_else(|error| panic!("{sql}: {error:?}"));
    }
}

impl Drop for Schema {
    fn drop(&mut self) {
        let drop = format!(
            "SET lock_timeout = '10s'; DROP SCHEMA IF EXISTS {} CASCADE",
            self.name
        );
        let url = self.server.clone();
        // On a thread of its own: the test's runtime may be stopping.
        let dropped = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .build()
                .expect("a runtime");
            runtime.block_on(async {
                // A server that a test has ended has no schema left to drop.
                if let Ok((client, connection)) = tokio_postgres::connect(&url, NoTls).await {
                    let carried = tokio::spawn(connection);
                    let _ = client.batch_execute(&drop).await;
                    carried.abort();
                }
            });
        });
        let _ = dropped.join();
    }
}

async fn connect(url: &str) -> Client {
    let (client, connection) = tokio_postgres::connect(url, NoTls)
        .await
        .unwrap_or_else(|error| panic!("a connection to the test's PostgreSQL: {error:?}"));
    tokio::spawn(connection);
    client
}

/// Where the service under test keeps what it is told. A schema outlives its store.
pub struct TestStore {
    pub store: Arc<dyn Store>,
    pub schema: Option<Schema>,
}

impl TestStore {
    /// A fresh store of the kind that the service is to be tested on; in a file in the folder, or in a schema.
    pub async fn fresh(folder: &Path) -> Self {
        match std::env::var(STORE).as_deref() {
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
            Ok(other) => panic!("{STORE}: expected `sqlite` or `postgres`, got `{other}`"),
        }
    }
}
