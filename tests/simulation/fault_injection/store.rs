//! A store with a fault: a wrapper around any store.

use std::sync::Arc;

use async_trait::async_trait;
use chrono::{DateTime, NaiveDate, Utc};
use second_opinion::case::{Actor, Case, Event, EventBody, SealedEvent};
use second_opinion::notice::Rendition;
use second_opinion::store::{
    Commit, CommitError, Committed, Head, LogEntry, OpenCases, Page, Record, Replay, ReplayKey,
    Store, StoreError, StoreMetrics, StoredNotice, StoredRendering, Worklist,
};
use tokio::sync::watch;
use uuid::Uuid;

/// A fault in every commit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StoreFault {
    /// The letters that the case names are not stored.
    LettersForgotten,
    /// Request ids are not stored, so that a retry is committed again.
    RequestIdsForgotten,
    /// An event names the edition of its own day, not of the day of receipt.
    LaterEdition,
    /// The actor of a denial is the service.
    DenialByService,
}

/// A store with a fault in its commits. Reads show what was stored.
pub struct FaultyStore {
    pub store: Arc<dyn Store>,
    pub fault: StoreFault,
}

impl FaultyStore {
    fn alter(&self, mut commit: Commit) -> Commit {
        match self.fault {
            StoreFault::LettersForgotten => commit.letters.clear(),
            StoreFault::RequestIdsForgotten => {
                if let Some((key, _)) = &mut commit.replay {
                    key.request_id = Uuid::now_v7();
                }
            }
            StoreFault::LaterEdition => {
                commit.event = reseal(&commit.event, |event, edition| {
                    *edition = event.occurred_at.date_naive();
                });
            }
            StoreFault::DenialByService => {
                commit.event = reseal(&commit.event, |event, _| {
                    if matches!(event.body, EventBody::Denied(_)) {
                        event.actor = Actor::sweeper();
                    }
                });
            }
        }
        commit
    }
}

/// Seals an event again after a change to it or to its edition, at the same place of the case's chain.
fn reseal(sealed: &SealedEvent, change: impl FnOnce(&mut Event, &mut NaiveDate)) -> SealedEvent {
    let (header, mut event) =
        SealedEvent::unseal(&sealed.bytes, sealed.sha256).expect("a sealed event");
    let mut edition = header.policy_version;
    change(&mut event, &mut edition);
    SealedEvent::seal(header.determination_id, &event, edition, header.previous).expect("JSON")
}

#[async_trait]
impl Store for FaultyStore {
    async fn commit(&self, commit: Commit) -> Result<Committed, CommitError> {
        self.store.commit(self.alter(commit)).await
    }

    async fn case(&self, id: Uuid) -> Result<Option<Arc<Case>>, StoreError> {
        self.store.case(id).await
    }

    async fn history(&self, id: Uuid) -> Result<Vec<Record>, StoreError> {
        self.store.history(id).await
    }

    async fn replay(&self, key: &ReplayKey) -> Result<Option<Replay>, StoreError> {
        self.store.replay(key).await
    }

    async fn list(&self, query: &Worklist) -> Result<Page, StoreError> {
        self.store.list(query).await
    }

    async fn to_sweep(&self, as_of: DateTime<Utc>, limit: usize) -> Result<Vec<Uuid>, StoreError> {
        self.store.to_sweep(as_of, limit).await
    }

    async fn open_cases(&self, as_of: DateTime<Utc>) -> Result<OpenCases, StoreError> {
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
        self.store.store_rendering(rendering).await
    }

    fn head_changes(&self) -> watch::Receiver<u64> {
        self.store.head_changes()
    }

    fn metrics(&self) -> StoreMetrics {
        self.store.metrics()
    }

    async fn ping(&self) -> Result<(), StoreError> {
        self.store.ping().await
    }

    async fn close(&self) {
        self.store.close().await;
    }
}
