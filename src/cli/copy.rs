//! `copy`: brings everything that the embedded store holds into an empty `PostgreSQL`.

use super::progress::Shown;
use super::{Failure, print, runtime};
use crate::config::{Config, Secret, StoreUrl};
use crate::store;

/// The arguments of `copy`.
#[derive(Clone, Debug, clap::Args)]
pub struct CopyArgs {
    /// The store to copy, `sqlite://PATH`; no server may be serving from it
    #[arg(long, value_name = "URL")]
    from: Secret,
    /// The store to fill, `postgres://…`, empty and migrated; left out, the one that is configured (with a password,
    /// better a variable than a flag)
    #[arg(long, value_name = "URL")]
    to: Option<Secret>,
    /// As many rows as go into one transaction
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
                "copy: --from takes the embedded store alone; a PostgreSQL is copied by tools of its own, `pg_dump` and \
                 `pg_restore`"
                    .to_owned(),
            ));
        }
        (StoreUrl::Sqlite(_), StoreUrl::Sqlite(_)) => {
            return Err(Failure::Usage(
                "copy: --to takes a `postgres://…`; from file to file it is `second-opinion backup --store URL --to FILE`"
                    .to_owned(),
            ));
        }
    };
    eprintln!("second-opinion: copying {from} to {to}");
    let mut shown = Shown::new();
    let rows = usize::try_from(args.batch_rows).unwrap_or(usize::MAX);
    let copied = runtime()?.block_on(store::copy(source, target, rows, &mut |progress| {
        shown.tell(progress);
    }));
    shown.end();
    let copied = copied?;
    eprintln!(
        "second-opinion: everything is there and proved; serve from it alone from now on. What there is, and the head's \
         digest, for keeping elsewhere:"
    );
    print(&format!("{}\n{}", copied.counts, copied.head.digest))
}

fn url(flag: &str, given: &Secret) -> Result<StoreUrl, Failure> {
    StoreUrl::parse(given.expose())
        .map_err(|expected| Failure::Usage(format!("{flag}: expected {expected}")))
}
