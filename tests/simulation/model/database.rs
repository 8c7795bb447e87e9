//! The model database: transactions, durability, and notifications of the log's head.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use proptest::prelude::RngExt as _;
use proptest::test_runner::TestRng;
use second_opinion::store::{Commit, CommitError, Committed};

use super::tables::Tables;
use crate::random::rng;

/// Replicas that share the database.
pub const REPLICAS: usize = 2;

/// A fault in every transaction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DatabaseFault {
    /// Readers see an event before it is durable.
    PublishedBeforeCommit,
    /// Positions are issued before the commit, and not in commit order.
    PositionsBySequence,
    /// Commits are acknowledged before they are synced.
    LateSync,
    /// A commit does not check the case's version.
    VersionUnchecked,
}

/// With [`DatabaseFault::LateSync`], one commit in this many is synced.
const LATE_SYNC_ONE_IN: u32 = 8;

/// The database that the replicas share. It survives their crashes.
pub struct Database {
    /// What reads see.
    pub tables: Tables,
    /// What remains after a loss of power: the same, but with [`DatabaseFault::LateSync`].
    synced: Tables,
    /// Whether a transaction holds the head of the log.
    is_locked: bool,
    fault: Option<DatabaseFault>,
    /// The last position issued with [`DatabaseFault::PositionsBySequence`].
    sequence: u64,
    /// Notifications of the head that each replica has not received. They arrive in any order, and some are lost.
    pub notifications: [Vec<u64>; REPLICAS],
    pub rng: TestRng,
    /// The number of failures. A call that reports a failure must follow one.
    pub failures: u32,
    /// The number of commits that were refused because the case had another version.
    pub conflicts: usize,
    /// The number of commits that were made after their caller was canceled.
    pub orphans: usize,
}

pub type SharedDatabase = Arc<Mutex<Database>>;

pub fn lock(database: &SharedDatabase) -> MutexGuard<'_, Database> {
    // A panic ends the run, so nothing is read from a poisoned database.
    database.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Database {
    pub fn new(fault: Option<DatabaseFault>) -> Self {
        Self {
            tables: Tables::new(),
            synced: Tables::new(),
            is_locked: false,
            fault,
            sequence: 0,
            notifications: [const { Vec::new() }; REPLICAS],
            rng: rng(0),
            failures: 0,
            conflicts: 0,
            orphans: 0,
        }
    }

    /// Drops everything that is not synced.
    pub fn lose_power(&mut self) {
        self.tables = self.synced.clone();
    }

    /// Issues a position before the commit, which only [`DatabaseFault::PositionsBySequence`] does.
    pub fn take_early_position(&mut self) -> Option<u64> {
        (self.fault == Some(DatabaseFault::PositionsBySequence)).then(|| {
            self.sequence += 1;
            self.sequence
        })
    }

    fn sync(&mut self) {
        let is_late = self.fault == Some(DatabaseFault::LateSync);
        if !is_late || self.rng.random_ratio(1, LATE_SYNC_ONE_IN) {
            self.synced = self.tables.clone();
        }
    }

    fn notify(&mut self) {
        let position = self.tables.head.position;
        for notifications in &mut self.notifications {
            notifications.push(position);
        }
    }
}

/// A transaction, which holds the log's head until it is committed or rolled back.
pub struct Transaction {
    database: SharedDatabase,
    /// The tables with its changes.
    after: Option<Tables>,
    /// The tables without them, with [`DatabaseFault::PublishedBeforeCommit`].
    before: Option<Tables>,
    /// Whether `COMMIT` was sent. If its caller is canceled then, it is committed or not.
    is_sent: bool,
}

impl Transaction {
    /// Begins a transaction, unless another one holds the head.
    pub fn begin(database: &SharedDatabase) -> Option<Self> {
        let mut locked = lock(database);
        let is_free = !std::mem::replace(&mut locked.is_locked, true);
        is_free.then(|| Self {
            database: Arc::clone(database),
            after: None,
            before: None,
            is_sent: false,
        })
    }

    /// Writes a commit where no reader sees it yet.
    pub fn write(
        &mut self,
        commit: &Commit,
        early_position: Option<u64>,
    ) -> Result<Committed, CommitError> {
        let mut database = lock(&self.database);
        let mut after = database.tables.clone();
        match after.check(commit) {
            Ok(()) => {}
            Err(CommitError::VersionConflict)
                if database.fault == Some(DatabaseFault::VersionUnchecked) => {}
            Err(error) => {
                let is_conflict = matches!(error, CommitError::VersionConflict);
                database.conflicts += usize::from(is_conflict);
                return Err(error);
            }
        }
        let position = early_position.unwrap_or(after.head.position + 1);
        let committed = after.write(commit, position)?;
        if database.fault == Some(DatabaseFault::PublishedBeforeCommit) {
            self.before = Some(std::mem::replace(&mut database.tables, after.clone()));
            database.notify();
        }
        self.after = Some(after);
        Ok(committed)
    }

    pub fn send(&mut self) {
        self.is_sent = true;
    }

    pub fn commit(mut self) {
        self.complete();
    }

    /// Makes its changes durable and visible, and notifies the replicas.
    fn complete(&mut self) {
        if let Some(after) = self.after.take() {
            let mut database = lock(&self.database);
            database.tables = after;
            database.sync();
            database.notify();
        }
        self.before = None;
    }
}

impl Drop for Transaction {
    fn drop(&mut self) {
        let is_canceled = self.is_sent && self.after.is_some();
        if is_canceled && lock(&self.database).rng.random_ratio(1, 2) {
            self.complete();
            lock(&self.database).orphans += 1;
        }
        let mut database = lock(&self.database);
        if let Some(before) = self.before.take() {
            database.tables = before;
        }
        database.is_locked = false;
    }
}
