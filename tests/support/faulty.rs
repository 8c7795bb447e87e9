//! A store wrapper that injects faults: unavailable, slow or panicking.

use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use second_opinion::case::Case;
use second_opinion::notice::Rendition;
use second_opinion::store::{
    Commit, CommitError, Committed, Head, LogEntry, OpenCases, Page, Record, Replay, ReplayKey,
    Store, StoreError, StoreMetrics, StoredNotice, StoredRendering, Worklist,
};
use tokio::sync::watch;
use uuid::Uuid;

pub const NO_FAULT: u8 = 0;
pub const UNAVAILABLE: u8 = 1;
pub const SLOW: u8 = 2;
pub const PANIC: u8 = 3;
/// The next lookup of a request id finds nothing, as if it ran just before the record was written.
pub const MISSED_REPLAY: u8 = 4;

/// A store with a fault that the test sets.
pub struct FaultyStore {
    pub store: Arc<dyn Store>,
    pub fault: Arc<AtomicU8>,
}

impl FaultyStore {
    async fn inject(&self) -> Result<(), StoreError> {
        match self.fault.load(Ordering::SeqCst) {
            UNAVAILABLE => Err(StoreError::Unavailable("injected by the test".to_owned())),
            SLOW => {
                tokio::time::sleep(Duration::from_mins(1)).await;
                Ok(())
            }
            PANIC => panic!("canary-panic"),
            _ => Ok(()),
        }
    }
}

#[async_trait]
impl Store for FaultyStore {
    async fn case(&self, id: Uuid) -> Result<Option<Arc<Case>>, StoreError> {
        self.inject().await?;
        self.store.case(id).await
    }
    async fn history(&self, id: Uuid) -> Result<Vec<Record>, StoreError> {
        self.store.history(id).await
    }
    async fn replay(&self, key: &ReplayKey) -> Result<Option<Replay>, StoreError> {
        let early = self.fault.compare_exchange(
            MISSED_REPLAY,
            NO_FAULT,
            Ordering::SeqCst,
            Ordering::SeqCst,
        );
        if early.is_ok() {
            return Ok(None);
        }
        self.store.replay(key).await
    }
    async fn list(&self, query: &Worklist) -> Result<Page, StoreError> {
        self.store.list(query).await
    }
    async fn commit(&self, commit: Commit) -> Result<Committed, CommitError> {
        self.inject().await?;
        self.store.commit(commit).await
    }
    async fn to_sweep(&self, as_of: DateTime<Utc>, limit: usize) -> Result<Vec<Uuid>, StoreError> {
        self.inject().await?;
        self.store.to_sweep(as_of, limit).await
    }
    async fn open_cases(&self, as_of: DateTime<Utc>) -> Result<OpenCases, StoreError> {
        self.inject().await?;
        self.store.open_cases(as_of).await
    }
    async fn log_after(&self, position: u64, limit: usize) -> Result<Vec<LogEntry>, StoreError> {
        self.store.log_after(position, limit).await
    }
    async fn records_after(&self, position: u64, limit: usize) -> Result<Vec<Record>, StoreError> {
        self.store.records_after(position, limit).await
    }
    async fn head(&self) -> Result<Head, StoreError> {
        self.store.head().await
    }
    async fn notice(&self, id: Uuid) -> Result<Option<StoredNotice>, StoreError> {
        self.store.notice(id).await
    }
    async fn rendering(
        &self,
        notice_id: Uuid,
        rendition: &Rendition,
    ) -> Result<Option<StoredRendering>, StoreError> {
        self.store.rendering(notice_id, rendition).await
    }
    async fn store_rendering(
        &self,
        rendering: StoredRendering,
    ) -> Result<StoredRendering, StoreError> {
        self.inject().await?;
        self.store.store_rendering(rendering).await
    }
    fn head_changes(&self) -> watch::Receiver<u64> {
        self.store.head_changes()
    }
    fn metrics(&self) -> StoreMetrics {
        self.store.metrics()
    }
    async fn ping(&self) -> Result<(), StoreError> {
        self.inject().await
    }
    async fn close(&self) {
        self.store.close().await;
    }
}
