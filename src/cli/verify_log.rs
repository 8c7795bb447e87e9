//! `verify-log`: is every event as it was written, and none missing?

use super::{Failure, migrate};
use crate::config::Config;

pub(super) fn run(config: &Config) -> Result<(), Failure> {
    let _ = migrate::embedded(config)?;
    Ok(())
}
