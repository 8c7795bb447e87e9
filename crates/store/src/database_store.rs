//! The port on a database: reads by its reader, commits by its writer.

use std::sync::Arc;

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use tokio::sync::watch;
use uuid::Uuid;

use super::queries::{self, Reader};
use super::{
    Commit, CommitError, Committed, Connections, Head, LogEntry, OpenCases, Page, Record, Replay,
    ReplayKey, Store, StoreError, StoreMetrics, StoredNotice, StoredRendering, Worklist, worklist,
};
use second_opinion_letters::Rendition;
use second_opinion_rules::case::Case;

/// The parts of a database that are its own: all reads but those of [`queries`], and all writes.
#[async_trait]
pub trait Database: Send + Sync + 'static {
    /// Its reader.
    type Reader: Reader;

    fn reader(&self) -> &Self::Reader;

    /// As [`Store::case`].
    async fn case(&self, id: Uuid) -> Result<Option<Arc<Case>>, StoreError> {
        let case = queries::case(self.reader(), id).await?;
        Ok(case.map(Arc::new))
    }

    /// As [`Store::commit`].
    async fn commit(&self, commit: Commit) -> Result<Committed, CommitError>;

    /// As [`Store::store_rendering`].
    async fn store_rendering(
        &self,
        rendering: StoredRendering,
    ) -> Result<StoredRendering, StoreError>;

    /// As [`Store::connections`].
    fn connections(&self) -> Connections {
        Connections::default()
    }

    /// Refuses where commits cannot be made, as far as that is known.
    fn check(&self) -> Result<(), StoreError> {
        Ok(())
    }

    /// As [`Store::close`].
    async fn close(&self);
}

/// The error of a write to a store that was opened for reading.
pub(super) fn read_only() -> StoreError {
    StoreError::Unavailable("it was opened for reading only".to_owned())
}

/// A store on a database.
pub struct DatabaseStore<D> {
    pub(super) database: D,
    pub(super) head: watch::Receiver<u64>,
    pub(super) metrics: StoreMetrics,
}

impl<D: Database> DatabaseStore<D> {
    /// A store for reading alone, with the head at a position.
    pub(super) fn reading(database: D, position: u64) -> Self {
        let (_, head) = watch::channel(position);
        Self {
            database,
            head,
            metrics: StoreMetrics::default(),
        }
    }
}

#[async_trait]
impl<D: Database> Store for DatabaseStore<D> {
    async fn case(&self, id: Uuid) -> Result<Option<Arc<Case>>, StoreError> {
        self.database.case(id).await
    }

    async fn history(&self, id: Uuid) -> Result<Vec<Record>, StoreError> {
        queries::history(self.database.reader(), id).await
    }

    async fn replay(&self, key: &ReplayKey) -> Result<Option<Replay>, StoreError> {
        queries::replay(self.database.reader(), key).await
    }

    async fn list(&self, query: &Worklist) -> Result<Page, StoreError> {
        worklist::list(self.database.reader(), query).await
    }

    async fn to_sweep(&self, as_of: DateTime<Utc>, limit: usize) -> Result<Vec<Uuid>, StoreError> {
        queries::to_sweep(self.database.reader(), as_of, limit).await
    }

    async fn open_cases(&self, as_of: DateTime<Utc>) -> Result<OpenCases, StoreError> {
        queries::open_cases(self.database.reader(), as_of).await
    }

    async fn commit(&self, commit: Commit) -> Result<Committed, CommitError> {
        self.database.commit(commit).await
    }

    async fn log_after(&self, position: u64, limit: usize) -> Result<Vec<LogEntry>, StoreError> {
        queries::log_after(self.database.reader(), position, limit).await
    }

    async fn records_after(&self, position: u64, limit: usize) -> Result<Vec<Record>, StoreError> {
        queries::records_after(self.database.reader(), position, limit).await
    }

    async fn head(&self) -> Result<Head, StoreError> {
        queries::head(self.database.reader()).await
    }

    async fn notice(&self, id: Uuid) -> Result<Option<StoredNotice>, StoreError> {
        queries::notice(self.database.reader(), id).await
    }

    async fn rendering(
        &self,
        notice_id: Uuid,
        rendition: &Rendition,
    ) -> Result<Option<StoredRendering>, StoreError> {
        queries::rendering(self.database.reader(), notice_id, rendition).await
    }

    async fn store_rendering(
        &self,
        rendering: StoredRendering,
    ) -> Result<StoredRendering, StoreError> {
        self.database.store_rendering(rendering).await
    }

    fn head_changes(&self) -> watch::Receiver<u64> {
        self.head.clone()
    }

    fn metrics(&self) -> StoreMetrics {
        self.metrics.clone()
    }

    fn connections(&self) -> Connections {
        self.database.connections()
    }

    async fn ping(&self) -> Result<(), StoreError> {
        self.database.check()?;
        self.head().await.map(drop)
    }

    async fn close(&self) {
        self.database.close().await;
    }
}
