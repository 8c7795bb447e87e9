//! `copy`: copies the embedded store into an empty `PostgreSQL`.

use super::failure::Failure;
use super::process::{print, runtime};
use super::progress::ProgressLine;
use crate::config::{Config, Secret, StoreUrl};
use crate::store;

/// The arguments of `copy`.
#[derive(Clone, Debug, clap::Args)]
pub struct CopyArgs {
    /// The store to copy, `sqlite://PATH`; no server may use it
    #[arg(long, value_name = "URL")]
    from: Secret,
    /// The store to fill, `postgres://…`, empty and migrated [default: the configured store]; give a URL with a password
    /// as the variable of the configuration
    #[arg(long, value_name = "URL")]
    to: Option<Secret>,
    /// Number of rows in one transaction
    #[arg(long, hide = true, default_value_t = 2_000, value_parser = clap::value_parser!(u32).range(1..=100_000))]
    batch_rows: u32,
}

pub(super) fn run(args: &CopyArgs, config: &Config) -> Result<(), Failure> {
    let from = url("--from", &args.from)?;
    let to = match &args.to {
        Some(to) => url("--to", to)?,
        None => config.store.clone(),
    };
    let (source, target) = match (&from, &to) {
        (StoreUrl::Sqlite(source), StoreUrl::Postgres(target)) => (source, target.expose()),
        (StoreUrl::Postgres(_), StoreUrl::Sqlite(_) | StoreUrl::Postgres(_)) => {
            return Err(Failure::Usage(
                "copy: --from takes the embedded store alone; copy a PostgreSQL by `pg_dump` and `pg_restore`"
                    .to_owned(),
            ));
        }
        (StoreUrl::Sqlite(_), StoreUrl::Sqlite(_)) => {
            return Err(Failure::Usage(
                "copy: --to takes a `postgres://…` URL; to copy into a file use `second-opinion backup --store URL --to FILE`"
                    .to_owned(),
            ));
        }
    };
    eprintln!("second-opinion: copying {from} to {to}");
    let mut line = ProgressLine::new();
    let rows = usize::try_from(args.batch_rows).unwrap_or(usize::MAX);
    let copied = runtime()?.block_on(store::copy(source, target, rows, &mut |progress| {
        line.update(progress);
    }));
    line.clear();
    let copied = copied?;
    eprintln!(
        "second-opinion: every row is copied and verified; serve from the new store alone from now on. The counts, and the \
         head's digest, to keep in another place:"
    );
    print(&format!("{}\n{}", copied.counts, copied.head.digest))
}

fn url(flag: &str, given: &Secret) -> Result<StoreUrl, Failure> {
    StoreUrl::parse(given.expose())
        .map_err(|expected| Failure::Usage(format!("{flag}: expected {expected}")))
}
