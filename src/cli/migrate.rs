//! `migrate`: brings the store's schema up to this version.

use super::{Failure, print};
use crate::config::{Config, StoreUrl};
use crate::store::sqlite;

pub(super) fn run(config: &Config) -> Result<(), Failure> {
    let path = embedded(config)?;
    let applied = sqlite::migrate(path)?;
    if applied.is_empty() {
        eprintln!(
            "second-opinion: `{}` has this version's schema already",
            path.display()
        );
    }
    for version in applied {
        print(&version.to_string())?;
    }
    Ok(())
}

/// The embedded store's file.
pub(super) fn embedded(config: &Config) -> Result<&std::path::Path, Failure> {
    match &config.store {
        StoreUrl::Sqlite(path) => Ok(path),
        StoreUrl::Postgres(_) => Err(Failure::Config(
            "store: this version has no PostgreSQL store".to_owned(),
        )),
    }
}
