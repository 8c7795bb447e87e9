//! How is a file made that only its owner reads, and whose name outlives a power loss?

use std::fs::{DirBuilder, File, OpenOptions};
use std::io;
use std::path::Path;

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
    let folder = folder_of(database);
    let mut builder = DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(folder)?;
    if !database.try_exists()? {
        open_private(database)?.sync_all()?;
        sync_folder(database)?;
    }
    Ok(())
}

/// Puts the names in a file's folder on disk: a file that was synced can still lose its name.
pub(super) fn sync_folder(file: &Path) -> io::Result<()> {
    #[cfg(unix)]
    File::open(folder_of(file))?.sync_all()?;
    #[cfg(not(unix))]
    let _ = file;
    Ok(())
}

fn folder_of(file: &Path) -> &Path {
    match file.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    }
}

pub(super) fn unavailable(error: &io::Error) -> StoreError {
    StoreError::Unavailable(error.to_string())
}
