//! Schema versions: which a store has, and whether this version knows them.

use refinery::{Migration, Report};

use super::StoreError;

/// A migration that a store has: its version, name and checksum.
pub(super) type Applied = (i64, String, String);

/// Refuses a schema that is newer than this version's, or that diverges from it. One that is older passes.
pub(super) fn check(applied: &[Applied], known: &[Migration]) -> Result<(), StoreError> {
    let newest = known.iter().map(Migration::version).max().unwrap_or(0);
    for (version, name, checksum) in applied {
        match known
            .iter()
            .find(|one| i64::from(one.version()) == *version)
        {
            None => {
                return Err(StoreError::Schema(format!(
                    "it has version {version}, and the newest known is {newest}"
                )));
            }
            Some(known) if known.name() != name || known.checksum().to_string() != *checksum => {
                return Err(StoreError::Schema(format!(
                    "its version {version} is not the version {version} that is known"
                )));
            }
            Some(_) => {}
        }
    }
    Ok(())
}

/// Refuses a schema that is not exactly this version's.
pub(super) fn check_current(applied: &[Applied], known: &[Migration]) -> Result<(), StoreError> {
    check(applied, known)?;
    let (applied, known) = (applied.len(), known.len());
    if applied < known {
        return Err(StoreError::Schema(format!(
            "it has {applied} of the {known} known versions: run `second-opinion migrate` first"
        )));
    }
    Ok(())
}

/// The error for tables that are not of this program.
pub(super) fn foreign() -> StoreError {
    StoreError::Schema("it holds tables of another program".to_owned())
}

/// The versions that a run of migrations applied.
pub(super) fn versions(report: &Report) -> Result<Vec<u32>, StoreError> {
    let applied = report.applied_migrations().iter();
    applied
        .map(|migration| {
            let version = migration.version();
            u32::try_from(version)
                .map_err(|_| StoreError::Schema(format!("version {version} is out of range")))
        })
        .collect()
}
