//! How is a file made that only its owner reads, and whose name outlives a power loss? And how is what an earlier process
//! wrote put on disk?

use std::fs::{File, OpenOptions};
use std::io::{self, Read as _, Seek as _, SeekFrom, Write as _};
use std::path::{Path, PathBuf};

use crate::StoreError;
use crate::folder;

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
    folder::make_private(folder::parent(database))?;
    if !database.try_exists()? {
        open_private(database)?.sync_all()?;
        sync_folder(database)?;
    }
    Ok(())
}

/// As many bytes of the write-ahead log as are held at once.
const PART_BYTES: usize = 1 << 20;

/// Puts the write-ahead log that an earlier process left on disk, before anything that it holds is told to anyone.
///
/// A process that was killed may have written a commit and not synced it, and the system shows it all the same. Where a
/// sync has failed the system takes what it shows for synced, and only what is written again goes to the disk.
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

/// The file whose name is the database's with an ending.
pub(super) fn beside(database: &Path, ending: &str) -> PathBuf {
    let mut name = database.as_os_str().to_owned();
    name.push(ending);
    PathBuf::from(name)
}

/// Puts the names in a file's folder on disk: a file that was synced can still lose its name.
pub(super) fn sync_folder(file: &Path) -> io::Result<()> {
    folder::sync(folder::parent(file))
}

impl From<io::Error> for StoreError {
    fn from(error: io::Error) -> Self {
        Self::Unavailable(error.to_string())
    }
}
