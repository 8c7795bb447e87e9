//! The readers: connections of their own, which never wait for the writer.
//!
//! A write-ahead log shows a reader the last commit as a whole: never half a group.

use std::borrow::Cow;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use rusqlite::Connection;
use tokio::sync::Semaphore;

use super::query::{self, headless};
use super::schema;
use crate::StoreError;
use crate::columns::Row;
use crate::group_commit::{closed, lock};
use crate::queries::{Reader, Size};
use crate::value::Value;

/// Maximum connections that are kept while they are idle.
const IDLE_MAX: usize = 8;
/// Maximum pages that are read at once: each holds a thread and a connection.
const PAGES_MAX: usize = 8;

/// The connections that read.
#[derive(Clone)]
pub struct Readers(Arc<Shared>);

struct Shared {
    path: PathBuf,
    /// `None`: closed.
    idle: Mutex<Option<Vec<Connection>>>,
    pages: Semaphore,
}

impl Readers {
    /// Opens the first connection, which shows that the file can be read.
    pub(super) fn open(path: &Path) -> Result<Self, StoreError> {
        let first = schema::connect_reader(path)?;
        Ok(Self(Arc::new(Shared {
            path: path.to_owned(),
            idle: Mutex::new(Some(vec![first])),
            pages: Semaphore::new(PAGES_MAX),
        })))
    }

    /// Reads fail from now on. Those under way finish.
    pub(super) fn close(&self) {
        drop(lock(&self.0.idle).take());
        self.0.pages.close();
    }

    /// Refuses where the connections are closed.
    pub(super) fn check_open(&self) -> Result<(), StoreError> {
        lock(&self.0.idle).as_ref().map(drop).ok_or_else(closed)
    }

    fn read<T>(
        &self,
        read: impl FnOnce(&Connection) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        let idle = lock(&self.0.idle).as_mut().ok_or_else(closed)?.pop();
        let connection = match idle {
            Some(connection) => connection,
            None => schema::connect_reader(&self.0.path)?,
        };
        let result = read(&connection);
        // One on which a read failed is not used again.
        if result.is_ok()
            && let Some(idle) = lock(&self.0.idle).as_mut()
            && idle.len() < IDLE_MAX
        {
            idle.push(connection);
        }
        result
    }
}

impl Reader for Readers {
    /// A few rows are read on the caller's thread: that takes tens of microseconds, less than handing the read to another
    /// thread and being woken again would. A page is read on a thread that may wait for the disk.
    async fn rows<T: Send + 'static>(
        &self,
        size: Size,
        sql: Cow<'static, str>,
        given: Vec<Value<'static>>,
        read: impl Fn(&dyn Row) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<Vec<T>, StoreError> {
        if size == Size::Few {
            return self.read(|file| query::all(file, &sql, &given, read));
        }
        let _permit = self.0.pages.acquire().await.map_err(|_| closed())?;
        let readers = self.clone();
        tokio::task::spawn_blocking(move || {
            readers.read(|file| query::all(file, &sql, &given, read))
        })
        .await
        .map_err(|_| StoreError::Unavailable("the read was broken off".to_owned()))?
    }

    /// The first places of each scan: those that share the last page's instant, then those beyond it. One condition for
    /// both would begin at the instant and step over all that were shown, which without a clock is every case.
    fn scans_sql(scans: &[(i16, i16)]) -> String {
        let scan = |(state, stopped): &(i16, i16)| {
            let of_scan = format!(
                "SELECT first_due_us AS due, opened_at AS at FROM cases
                WHERE state = {state} AND (due_at_us IS NULL) = {stopped} AND ($4 IS NULL OR due_at_us < $4)"
            );
            format!(
                "SELECT * FROM ({of_scan} AND first_due_us = $1 AND opened_at > $2 ORDER BY opened_at LIMIT $5)
                UNION ALL
                SELECT * FROM ({of_scan} AND first_due_us > $1 AND first_due_us <= $3
                    ORDER BY first_due_us, opened_at LIMIT $5)"
            )
        };
        scans
            .iter()
            .map(scan)
            .collect::<Vec<_>>()
            .join(" UNION ALL ")
    }

    fn headless() -> StoreError {
        headless()
    }
}
