//! A model of the store, written apart from the real ones. Each call yields between any two of its steps.

mod database;
mod tables;

use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

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

use self::database::Transaction;
pub use self::database::{Database, DatabaseFault, REPLICAS, SharedDatabase, lock};
use self::tables::Tables;
use crate::scheduler::yield_once;

/// Yields between sending `COMMIT` and its completion.
const COMMIT_STEPS: usize = 3;

/// A failure that happens once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Failure {
    /// A read does not reach the database.
    Read,
    /// A commit does not reach the database.
    CommitNotSent,
    /// A commit fails at its sync and is rolled back.
    Sync,
    /// A commit succeeds, and its answer is lost.
    AnswerLost,
    /// A commit is delivered twice, and the second answer is returned.
    DeliveredTwice,
}

impl Failure {
    pub const ALL: [Self; 5] = [
        Self::Read,
        Self::CommitNotSent,
        Self::Sync,
        Self::AnswerLost,
        Self::DeliveredTwice,
    ];

    /// The name under which it is counted.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Read => "failed reads",
            Self::CommitNotSent => "commits not sent",
            Self::Sync => "failed syncs",
            Self::AnswerLost => "lost commit answers",
            Self::DeliveredTwice => "commits delivered twice",
        }
    }
}

/// One replica's connection to the database. A crash loses everything that it holds.
pub struct ModelStore {
    database: SharedDatabase,
    head: watch::Sender<u64>,
    pending_failures: Mutex<Vec<Failure>>,
    /// The number of failures that happened, in the order of [`Failure::ALL`].
    pub failures: [AtomicU32; 5],
}

impl ModelStore {
    pub fn new(database: &SharedDatabase) -> Self {
        let (head, _) = watch::channel(lock(database).tables.head.position);
        Self {
            database: Arc::clone(database),
            head,
            pending_failures: Mutex::default(),
            failures: Default::default(),
        }
    }

    /// Makes a failure happen at the next call that can fail in this way.
    pub fn fail_next(&self, failure: Failure) {
        self.pending_failures().push(failure);
    }

    pub fn clear_failures(&self) {
        self.pending_failures().clear();
    }

    /// Receives a notification of the head, which may be late, repeated or older than the last one.
    pub fn receive_head(&self, position: u64) {
        self.head.send_replace(position);
    }

    fn pending_failures(&self) -> MutexGuard<'_, Vec<Failure>> {
        let pending = self.pending_failures.lock();
        pending.unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes a pending failure of this kind, and returns whether there was one.
    fn take_failure(&self, failure: Failure) -> bool {
        let mut pending = self.pending_failures();
        let found = pending.iter().position(|one| *one == failure);
        if let Some(found) = found {
            pending.remove(found);
            self.failures[failure as usize].fetch_add(1, Ordering::Relaxed);
            lock(&self.database).failures += u32::from(failure != Failure::DeliveredTwice);
        }
        found.is_some()
    }

    fn fail_if_pending(&self, failure: Failure) -> Result<(), StoreError> {
        if self.take_failure(failure) {
            Err(StoreError::Unavailable(format!("injected: {failure:?}")))
        } else {
            Ok(())
        }
    }

    /// Reads as of one instant between the query's arrival and the answer's.
    async fn read<T>(&self, read: impl FnOnce(&Tables) -> T) -> Result<T, StoreError> {
        yield_once().await;
        self.fail_if_pending(Failure::Read)?;
        let answer = read(&lock(&self.database).tables);
        yield_once().await;
        Ok(answer)
    }

    async fn transact(&self, commit: &Commit) -> Result<Committed, CommitError> {
        let early_position = lock(&self.database).take_early_position();
        yield_once().await;
        let mut transaction = loop {
            match Transaction::begin(&self.database) {
                Some(transaction) => break transaction,
                None => yield_once().await,
            }
        };
        yield_once().await;
        let committed = transaction.write(commit, early_position)?;
        yield_once().await;
        self.fail_if_pending(Failure::Sync)?;
        transaction.send();
        for _ in 0..COMMIT_STEPS {
            yield_once().await;
        }
        transaction.commit();
        Ok(committed)
    }
}

#[async_trait]
impl Store for ModelStore {
    async fn case(&self, id: Uuid) -> Result<Option<Arc<Case>>, StoreError> {
        self.read(|tables| {
            let row = tables.cases.get(&id);
            row.map(|row| Arc::new(row.case.clone()))
        })
        .await
    }

    async fn history(&self, id: Uuid) -> Result<Vec<Record>, StoreError> {
        self.read(|tables| tables.history(id)).await
    }

    async fn replay(&self, key: &ReplayKey) -> Result<Option<Replay>, StoreError> {
        self.read(|tables| tables.replay(key)).await
    }

    async fn list(&self, query: &Worklist) -> Result<Page, StoreError> {
        self.read(|tables| tables.list(query)).await
    }

    async fn to_sweep(&self, as_of: DateTime<Utc>, limit: usize) -> Result<Vec<Uuid>, StoreError> {
        self.read(|tables| tables.to_sweep(as_of, limit)).await
    }

    /// Not modeled: the store suite checks the counts of the real stores.
    async fn open_cases(&self, _as_of: DateTime<Utc>) -> Result<OpenCases, StoreError> {
        Ok(OpenCases::default())
    }

    async fn commit(&self, commit: Commit) -> Result<Committed, CommitError> {
        yield_once().await;
        self.fail_if_pending(Failure::CommitNotSent)?;
        let mut outcome = self.transact(&commit).await;
        if outcome.is_ok() && self.take_failure(Failure::DeliveredTwice) {
            outcome = self.transact(&commit).await;
        }
        yield_once().await;
        if outcome.is_ok() {
            self.fail_if_pending(Failure::AnswerLost)?;
        }
        outcome
    }

    async fn log_after(&self, position: u64, limit: usize) -> Result<Vec<LogEntry>, StoreError> {
        self.read(|tables| {
            let entries = tables.log_after(position, limit);
            entries.map(|row| row.entry.clone()).collect()
        })
        .await
    }

    async fn records_after(&self, position: u64, limit: usize) -> Result<Vec<Record>, StoreError> {
        self.read(|tables| {
            let entries = tables.log_after(position, limit);
            entries.map(|row| row.record.clone()).collect()
        })
        .await
    }

    async fn head(&self) -> Result<Head, StoreError> {
        self.read(|tables| tables.head).await
    }

    async fn notice(&self, id: Uuid) -> Result<Option<StoredNotice>, StoreError> {
        self.read(|tables| {
            let letter = tables.notices.get(&id);
            letter.map(|letter| StoredNotice::clone(letter))
        })
        .await
    }

    /// Not modeled: the simulation renders no letter.
    async fn rendering(
        &self,
        _notice_id: Uuid,
        _rendition: &Rendition,
    ) -> Result<Option<StoredRendering>, StoreError> {
        Ok(None)
    }

    async fn store_rendering(
        &self,
        rendering: StoredRendering,
    ) -> Result<StoredRendering, StoreError> {
        Ok(rendering)
    }

    fn head_changes(&self) -> watch::Receiver<u64> {
        self.head.subscribe()
    }

    fn metrics(&self) -> StoreMetrics {
        StoreMetrics::default()
    }

    async fn ping(&self) -> Result<(), StoreError> {
        self.read(|_| ()).await
    }

    async fn close(&self) {}
}
