//! Who reads? Connections of their own, which the writer never waits for.
//!
//! A write-ahead log shows a reader the last commit as a whole: never half a group.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use rusqlite::Connection;
use tokio::sync::Semaphore;

use super::schema;
use crate::StoreError;
use crate::group_commit::closed;

/// As many connections as are kept while no one reads.
const IDLE_MAX: usize = 8;
/// As many scans as run at once: each holds a thread and a connection.
const SCANS_MAX: usize = 8;

/// The connections that read.
pub(super) struct Readers {
    path: PathBuf,
    /// `None`: closed.
    idle: Mutex<Option<Vec<Connection>>>,
    scans: Semaphore,
}

impl Readers {
    /// Opens the first connection, which shows that the file can be read.
    pub(super) fn open(path: &Path) -> Result<Self, StoreError> {
        let first = schema::connect_reader(path)?;
        Ok(Self {
            path: path.to_owned(),
            idle: Mutex::new(Some(vec![first])),
            scans: Semaphore::new(SCANS_MAX),
        })
    }

    /// Reads a few rows by their keys, on the caller's thread: it takes tens of microseconds, less than handing the
    /// read to another thread and being woken again would.
    pub(super) fn point<T>(
        &self,
        read: impl FnOnce(&Connection) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        let connection = self.take()?;
        let result = read(&connection);
        // One that failed is not used again.
        if result.is_ok() {
            self.give_back(connection);
        }
        result
    }

    /// Reads many rows, on a thread that may wait for the disk.
    pub(super) async fn scan<T: Send + 'static>(
        self: &Arc<Self>,
        read: impl FnOnce(&Connection) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        let _turn = self.scans.acquire().await.map_err(|_| closed())?;
        let readers = Arc::clone(self);
        tokio::task::spawn_blocking(move || readers.point(read))
            .await
            .map_err(|_| StoreError::Unavailable("the read was broken off".to_owned()))?
    }

    /// Reads fail from now on. Those under way finish.
    pub(super) fn close(&self) {
        let idle = self.idle().take();
        drop(idle);
        self.scans.close();
    }

    /// Refuses where reads fail by now.
    pub(super) fn must_be_open(&self) -> Result<(), StoreError> {
        self.idle().as_ref().map(|_| ()).ok_or_else(closed)
    }

    fn take(&self) -> Result<Connection, StoreError> {
        let idle = self.idle().as_mut().ok_or_else(closed)?.pop();
        match idle {
            Some(connection) => Ok(connection),
            None => schema::connect_reader(&self.path),
        }
    }

    fn give_back(&self, connection: Connection) {
        if let Some(idle) = self.idle().as_mut()
            && idle.len() < IDLE_MAX
        {
            idle.push(connection);
        }
    }

    fn idle(&self) -> std::sync::MutexGuard<'_, Option<Vec<Connection>>> {
        // A list of connections is whole whatever a thread that held it did.
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
