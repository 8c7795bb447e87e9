//! `migrate`: brings the store to this version's schema.

use super::failure::Failure;
use super::process::{print, runtime};
use crate::config::Config;
use crate::store;

pub(super) fn run(config: &Config) -> Result<(), Failure> {
    let applied = runtime()?.block_on(store::migrate(&config.store))?;
    if applied.is_empty() {
        eprintln!(
            "second-opinion: `{}` has this version's schema already",
            config.store
        );
    }
    for version in applied {
        print(&version.to_string())?;
    }
    Ok(())
}
