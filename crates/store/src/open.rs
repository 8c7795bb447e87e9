//! Opens the store that a URL names: for serving, for reading, or for a migration.

use std::sync::Arc;

use super::postgres::{self, PostgresStore};
use super::sqlite::{self, SqliteStore};
use super::{Store, StoreError};
use crate::StoreUrl;

/// Opens a store for serving. The embedded one is migrated here; a shared one must have been migrated before, because other
/// processes may be serving from it.
///
/// # Errors
/// As [`SqliteStore::open`] and [`PostgresStore::open`].
pub async fn open(url: &StoreUrl) -> Result<Arc<dyn Store>, StoreError> {
    Ok(match url {
        StoreUrl::Sqlite(path) => Arc::new(SqliteStore::open(path)?),
        StoreUrl::Postgres(url) => Arc::new(PostgresStore::open(url.expose()).await?),
    })
}

/// Opens a store for reading, also while servers write to it.
///
/// # Errors
/// As [`SqliteStore::open_read_only`] and [`PostgresStore::open_read_only`].
pub async fn open_read_only(url: &StoreUrl) -> Result<Arc<dyn Store>, StoreError> {
    Ok(match url {
        StoreUrl::Sqlite(path) => Arc::new(SqliteStore::open_read_only(path)?),
        StoreUrl::Postgres(url) => Arc::new(PostgresStore::open_read_only(url.expose()).await?),
    })
}

/// Brings a store to this version's schema, and gives the versions that were applied; none where it had them all.
///
/// # Errors
/// As [`sqlite::migrate`] and [`postgres::migrate`].
pub async fn migrate(url: &StoreUrl) -> Result<Vec<u32>, StoreError> {
    match url {
        StoreUrl::Sqlite(path) => sqlite::migrate(path),
        StoreUrl::Postgres(url) => postgres::migrate(url.expose()).await,
    }
}
