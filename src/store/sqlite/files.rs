//! How is a file made that only its owner reads, and whose name outlives a power loss?

use std::fs::{File, OpenOptions};
use std::io;
use std::path::Path;

use crate::folder;
use crate::store::StoreError;

/// Opens a file, makes it where it is missing, and keeps others out of what it makes.
pub(super) fn open_private(path: &Path) -> io::Result<File> {
    private().create(true).truncate(false).open(path)
}

/// Makes a file that must not be there yet.
pub(super) fn create_private(path: &Path) -> io::Result<File> {
    private().create_new(true).open(path)
}

fn private() -> OpenOptions {
    let mut options = OpenOptions::new();
    options.read(true).write(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options
}

/// The database's folder and file, made where they are missing, the file's name on disk.
pub(super) fn prepare(database: &Path) -> io::Result<()> {
    folder::make_private(folder::around(database))?;
    if !database.try_exists()? {
        open_private(database)?.sync_all()?;
        sync_folder(database)?;
    }
    Ok(())
}

/// Puts the names in a file's folder on disk: a file that was synced can still lose its name.
pub(super) fn sync_folder(file: &Path) -> io::Result<()> {
    folder::sync(folder::around(file))
}

pub(super) fn unavailable(error: &io::Error) -> StoreError {
    StoreError::Unavailable(error.to_string())
}
