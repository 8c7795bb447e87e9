//! The right to write to the file: one process has it, while it holds the lock beside the file.

use std::fs::{File, TryLockError};
use std::path::Path;

use super::files;
use crate::StoreError;

/// The right to write. Released when it is dropped, and by the system when the process ends in any way.
pub(super) struct WriteLock {
    _file: File,
}

impl WriteLock {
    /// Takes the lock.
    pub(super) fn take(database: &Path) -> Result<Self, StoreError> {
        let path = files::beside(database, ".lock");
        let file = files::open_private(&path)?;
        match file.try_lock() {
            Ok(()) => Ok(Self { _file: file }),
            Err(TryLockError::WouldBlock) => Err(StoreError::Unavailable(format!(
                "another process is serving from this file: it holds {}, and only one can write",
                path.display()
            ))),
            Err(TryLockError::Error(error)) => Err(error.into()),
        }
    }
}
