//! The stores under test, each fresh for every test.

use std::sync::Arc;

use second_opinion::store::Store;
use second_opinion::store::postgres::PostgresStore;
use second_opinion::store::sqlite::SqliteStore;
use tempfile::TempDir;

use crate::support::postgres::Schema;

/// A fresh store with its file or schema, for one test.
pub trait Driver: Sized {
    type Store: Store;

    async fn fresh() -> Self;

    fn store(&self) -> Arc<Self::Store>;
}

/// A file in a folder of its own.
pub struct Sqlite {
    store: Arc<SqliteStore>,
    _folder: TempDir,
}

impl Driver for Sqlite {
    type Store = SqliteStore;

    async fn fresh() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let store = SqliteStore::open(&folder.path().join("cases.db")).expect("a store");
        Self {
            store: Arc::new(store),
            _folder: folder,
        }
    }

    fn store(&self) -> Arc<SqliteStore> {
        Arc::clone(&self.store)
    }
}

/// A schema of its own in a database.
pub struct Postgres {
    store: Arc<PostgresStore>,
    _schema: Schema,
}

impl Driver for Postgres {
    type Store = PostgresStore;

    async fn fresh() -> Self {
        let schema = Schema::migrated().await;
        Self {
            store: Arc::new(schema.store().await),
            _schema: schema,
        }
    }

    fn store(&self) -> Arc<PostgresStore> {
        Arc::clone(&self.store)
    }
}
