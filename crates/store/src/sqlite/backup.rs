//! A backup of the file while it is in use.

use std::fs;
use std::path::{Path, PathBuf};

use rusqlite::Connection;
use rusqlite::backup::{Backup, StepResult};

use super::{files, query, schema};
use crate::{Head, StoreError};

/// Copies the database of `from` into the new file `to`, as of one commit, and gives the head of the copy's log.
///
/// A server may be writing to `from`. The copy gets its name only once it is whole and synced.
///
/// # Errors
/// When `to` exists, either cannot be read or written, or the schema is not this version's.
pub fn backup(from: &Path, to: &Path) -> Result<Head, StoreError> {
    if to.try_exists()? {
        return Err(StoreError::Unavailable(format!(
            "{} exists, and a backup replaces no file",
            to.display()
        )));
    }
    let source = schema::connect_reader(from)?;
    schema::check_current(&source)?;
    let part = part_of(to);
    let file = files::create_private(&part)?;
    let copied = copy(&source, &part).and_then(|head| {
        file.sync_all()
            .and_then(|()| fs::rename(&part, to))
            .and_then(|()| files::sync_folder(to))?;
        Ok(head)
    });
    if copied.is_err() {
        // It may be gone or renamed already; the first error is returned.
        let _ = fs::remove_file(&part);
    }
    copied
}

fn copy(source: &Connection, part: &Path) -> Result<Head, StoreError> {
    let mut target = Connection::open(part)?;
    let step = {
        let backup = Backup::new(source, &mut target)?;
        // All pages in one step, as of one commit: a copy in several steps starts over at each commit. Commits go on, and the
        // write-ahead log grows meanwhile.
        backup.step(-1)?
    };
    match step {
        StepResult::Done => query::head(&target),
        _ => Err(StoreError::Unavailable(
            "the file was locked by another process".to_owned(),
        )),
    }
}

fn part_of(to: &Path) -> PathBuf {
    let mut name = to.as_os_str().to_owned();
    name.push(".part");
    PathBuf::from(name)
}
