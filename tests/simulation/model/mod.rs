//! How does a replica reach the database? Each call in steps, between any two of which something else may happen.

mod database;
mod disk;

use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use second_opinion::case::Case;
use second_opinion::notice::Rendition;
use second_opinion::store::{
    Commit, CommitError, Committed, Dials, Head, LogEntry, Meters, Page, Record, Replay, ReplayKey,
    Store, StoreError, StoredNotice, StoredRendering, Worklist,
};
use tokio::sync::watch;
use uuid::Uuid;

use self::database::Transaction;
pub use self::database::{Database, DatabaseFault, REPLICAS, Shared, held};
use self::disk::Disk;
use crate::chance::step;

/// What goes wrong, once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// A read does not reach the database.
    Read,
    /// A commit does not reach the database.
    Unsent,
    /// A commit fails at its sync, and is not made.
    Sync,
    /// A commit is made, and no one is told.
    AnswerLost,
    /// A commit arrives twice; the second answer is the one that comes back.
    Doubled,
}

/// One replica's way to the database. What it has of its own is gone when it crashes.
pub struct Replica {
    database: Shared,
    head: watch::Sender<u64>,
    ahead: Mutex<Vec<Fault>>,
    /// As often as a fault came to pass, by its place in [`Fault`].
    pub passed: [AtomicU32; 5],
}

impl Replica {
    pub fn of(database: &Shared) -> Self {
        let (head, _) = watch::channel(held(database).disk.head.position);
        Self {
            database: Arc::clone(database),
            head,
            ahead: Mutex::default(),
            passed: Default::default(),
        }
    }

    /// The fault happens at the next call that it can happen to.
    pub fn arm(&self, fault: Fault) {
        self.ahead().push(fault);
    }

    pub fn heal(&self) {
        self.ahead().clear();
    }

    /// Hears that the head has moved; late, twice, or of an older head than it knows.
    pub fn hear(&self, position: u64) {
        self.head.send_replace(position);
    }

    fn ahead(&self) -> std::sync::MutexGuard<'_, Vec<Fault>> {
        self.ahead.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn happens(&self, fault: Fault) -> bool {
        let mut ahead = self.ahead();
        let found = ahead.iter().position(|armed| *armed == fault);
        if let Some(found) = found {
            ahead.remove(found);
            self.passed[fault as usize].fetch_add(1, Ordering::Relaxed);
            held(&self.database).failures += u32::from(fault != Fault::Doubled);
        }
        found.is_some()
    }

    fn unless(&self, fault: Fault) -> Result<(), StoreError> {
        if self.happens(fault) {
            Err(StoreError::Unavailable(format!("planned: {fault:?}")))
        } else {
            Ok(())
        }
    }

    /// The question travels, is answered as of one instant, and the answer travels back.
    async fn read<T>(&self, read: impl FnOnce(&Disk) -> T) -> Result<T, StoreError> {
        step().await;
        self.unless(Fault::Read)?;
        let answer = read(&held(&self.database).disk);
        step().await;
        Ok(answer)
    }

    async fn transact(&self, commit: &Commit) -> Result<Committed, CommitError> {
        let given = held(&self.database).early_position();
        step().await;
        let mut transaction = loop {
            match Transaction::begin(&self.database) {
                Some(transaction) => break transaction,
                None => step().await,
            }
        };
        step().await;
        let committed = transaction.write(commit, given)?;
        step().await;
        self.unless(Fault::Sync)?;
        transaction.send();
        // On its way, and at the disk.
        for _ in 0..3 {
            step().await;
        }
        transaction.commit();
        Ok(committed)
    }
}

#[async_trait]
impl Store for Replica {
    async fn case(&self, id: Uuid) -> Result<Option<Arc<Case>>, StoreError> {
        self.read(|disk| disk.cases.get(&id).map(|row| Arc::new(row.case.clone())))
            .await
    }

    async fn history(&self, id: Uuid) -> Result<Vec<Record>, StoreError> {
        self.read(|disk| disk.history(id)).await
    }

    async fn replay(&self, key: &ReplayKey) -> Result<Option<Replay>, StoreError> {
        self.read(|disk| disk.replay(key)).await
    }

    async fn list(&self, query: &Worklist) -> Result<Page, StoreError> {
        self.read(|disk| disk.list(query)).await
    }

    async fn to_sweep(&self, as_of: DateTime<Utc>, limit: usize) -> Result<Vec<Uuid>, StoreError> {
        self.read(|disk| disk.to_sweep(as_of, limit)).await
    }

    /// Counts are proved against the real stores.
    async fn dials(&self, _as_of: DateTime<Utc>) -> Result<Dials, StoreError> {
        Ok(Dials::default())
    }

    async fn commit(&self, commit: Commit) -> Result<Committed, CommitError> {
        step().await;
        self.unless(Fault::Unsent)?;
        let mut outcome = self.transact(&commit).await;
        if outcome.is_ok() && self.happens(Fault::Doubled) {
            outcome = self.transact(&commit).await;
        }
        step().await;
        if outcome.is_ok() {
            self.unless(Fault::AnswerLost)?;
        }
        outcome
    }

    async fn log_after(&self, position: u64, limit: usize) -> Result<Vec<LogEntry>, StoreError> {
        self.read(|disk| {
            let entries = disk.after(position, limit);
            entries.map(|entry| entry.shown.clone()).collect()
        })
        .await
    }

    async fn records_after(&self, position: u64, limit: usize) -> Result<Vec<Record>, StoreError> {
        self.read(|disk| {
            let entries = disk.after(position, limit);
            entries.map(|entry| entry.record.clone()).collect()
        })
        .await
    }

    async fn head(&self) -> Result<Head, StoreError> {
        self.read(|disk| disk.head).await
    }

    async fn notice(&self, id: Uuid) -> Result<Option<StoredNotice>, StoreError> {
        self.read(|disk| {
            disk.notices
                .get(&id)
                .map(|letter| StoredNotice::clone(letter))
        })
        .await
    }

    /// No letter is rendered here.
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

    fn meters(&self) -> Meters {
        Meters::default()
    }

    async fn ping(&self) -> Result<(), StoreError> {
        self.read(|_| ()).await
    }

    async fn close(&self) {}
}
