//! `backup`: copies the embedded store to a file, also while a server uses it.

use std::path::PathBuf;

use super::failure::Failure;
use super::process::print;
use crate::config::{Config, StoreUrl};
use crate::store::sqlite;

/// The arguments of `backup`.
#[derive(Clone, Debug, clap::Args)]
pub struct BackupArgs {
    /// The file to write; an existing one is never overwritten
    #[arg(long, value_name = "FILE")]
    to: PathBuf,
}

pub(super) fn run(args: &BackupArgs, config: &Config) -> Result<(), Failure> {
    if args.to.exists() {
        return Err(Failure::Usage(format!(
            "--to: `{}` exists, and a backup overwrites nothing",
            args.to.display()
        )));
    }
    let StoreUrl::Sqlite(path) = &config.store else {
        return Err(Failure::Usage(
            "backup: copies the embedded store alone; for PostgreSQL use `pg_dump` or `pg_basebackup`"
                .to_owned(),
        ));
    };
    let head = sqlite::backup(path, &args.to)?;
    eprintln!(
        "second-opinion: {} events are in `{}`; head digest:",
        head.position,
        args.to.display()
    );
    print(&head.digest.to_string())
}
