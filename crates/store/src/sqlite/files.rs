//! The files: private to their owner, with names that survive a power loss; and the write-ahead log of an earlier process.

use std::fs::{File, OpenOptions};
use std::io::{self, Read as _, Seek as _, SeekFrom, Write as _};
use std::path::{Path, PathBuf};

use crate::StoreError;
use crate::folder;

/// Opens a file, and creates it with mode 0600 where it is missing.
pub(super) fn open_private(path: &Path) -> io::Result<File> {
    private().create(true).truncate(false).open(path)
}

/// Creates a file that must not exist, with mode 0600.
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
    folder::make_private(folder::parent(database))?;
    if !database.try_exists()? {
        open_private(database)?.sync_all()?;
        sync_folder(database)?;
    }
    Ok(())
}

/// The number of bytes of the write-ahead log that are held at once.
const PART_BYTES: usize = 1 << 20;

/// Writes and syncs the write-ahead log that an earlier process left, before anything in it is read.
///
/// A killed process may have written a commit without syncing it, and the page cache shows it all the same. After a failed
/// sync the system counts those pages as clean: only what is written again goes to the disk.
pub(super) fn sync_log(database: &Path) -> io::Result<()> {
    let mut log = match private().open(log_of(database)) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        opened => opened?,
    };
    let mut part = vec![0; PART_BYTES];
    let mut at = 0;
    loop {
        log.seek(SeekFrom::Start(at))?;
        let read = log.read(&mut part)?;
        if read == 0 {
            return log.sync_all();
        }
        log.seek(SeekFrom::Start(at))?;
        log.write_all(&part[..read])?;
        at += read as u64;
    }
}

/// The write-ahead log.
pub(super) fn log_of(database: &Path) -> PathBuf {
    beside(database, "-wal")
}

/// The file beside the database with a suffix.
pub(super) fn beside(database: &Path, ending: &str) -> PathBuf {
    let mut name = database.as_os_str().to_owned();
    name.push(ending);
    PathBuf::from(name)
}

/// Syncs the entries of a file's folder: a file that was synced can still lose its name.
pub(super) fn sync_folder(file: &Path) -> io::Result<()> {
    folder::sync(folder::parent(file))
}

impl From<io::Error> for StoreError {
    fn from(error: io::Error) -> Self {
        Self::Unavailable(error.to_string())
    }
}
