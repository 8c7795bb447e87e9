//! What becomes of a transaction: is it made, is it rolled back, and who hears of it?

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use second_opinion::store::{Commit, CommitError, Committed};

use super::disk::Disk;
use crate::chance::Chance;

/// What a database does wrong with each transaction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DatabaseFault {
    /// Readers see an event before it is durable.
    PublishedBeforeCommit,
    /// Positions are issued before the commit, not in commit order.
    PositionsBySequence,
    /// A commit is acknowledged before it is synced.
    LateSync,
    /// A commit does not check the version of the case.
    VersionUnchecked,
}

/// As many replicas as share the database.
pub const REPLICAS: usize = 2;

/// The database that the replicas share. It outlives them.
pub struct Database {
    /// What is read.
    pub disk: Disk,
    /// What is there after the power was lost: the same, but with [`DatabaseFault::LateSync`].
    synced: Disk,
    /// Whether a transaction holds the head of the log.
    locked: bool,
    fault: Option<DatabaseFault>,
    /// The last position of [`DatabaseFault::PositionsBySequence`].
    sequence: u64,
    /// What each replica is yet to hear of the head: in no order, and some of it never.
    pub news: [Vec<u64>; REPLICAS],
    pub chance: Chance,
    /// As often as it went wrong: a failure that is told must have had one.
    pub failures: u32,
    /// As often as a commit came too late: another one had been made on the case.
    pub conflicts: usize,
    /// As often as one was made though whoever asked for it was cut off.
    pub orphans: usize,
}

pub type Shared = Arc<Mutex<Database>>;

pub fn held(database: &Shared) -> MutexGuard<'_, Database> {
    // After a panic the run is over anyway.
    database.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Database {
    pub fn empty(fault: Option<DatabaseFault>) -> Self {
        Self {
            fault,
            disk: Disk::empty(),
            synced: Disk::empty(),
            locked: false,
            sequence: 0,
            news: [const { Vec::new() }; REPLICAS],
            chance: Chance::of(0),
            failures: 0,
            conflicts: 0,
            orphans: 0,
        }
    }

    /// The power is lost: what was not synced is gone.
    pub fn lose_power(&mut self) {
        self.disk = self.synced.clone();
    }

    /// A position that is issued before the commit, which only a faulty database does.
    pub fn early_position(&mut self) -> Option<u64> {
        (self.fault == Some(DatabaseFault::PositionsBySequence)).then(|| {
            self.sequence += 1;
            self.sequence
        })
    }

    fn sync(&mut self) {
        // Without a sync at each commit there is one now and then.
        if self.fault != Some(DatabaseFault::LateSync) || self.chance.one_in(8) {
            self.synced = self.disk.clone();
        }
    }

    fn tell(&mut self) {
        let position = self.disk.head.position;
        self.news.iter_mut().for_each(|news| news.push(position));
    }
}

/// A transaction, from when it holds the log's head until it is made or rolled back.
pub struct Transaction {
    database: Shared,
    /// What the disk is after it.
    after: Option<Disk>,
    /// What the disk was before it, with [`DatabaseFault::PublishedBeforeCommit`].
    before: Option<Disk>,
    /// Whether `COMMIT` was sent: one that is cut off then is made or not.
    sent: bool,
}

impl Transaction {
    /// A transaction, if no other one holds the head.
    pub fn begin(database: &Shared) -> Option<Self> {
        let mut at = held(database);
        let free = !std::mem::replace(&mut at.locked, true);
        free.then(|| Self {
            database: Arc::clone(database),
            after: None,
            before: None,
            sent: false,
        })
    }

    /// Writes where no one sees it yet.
    pub fn write(&mut self, commit: &Commit, given: Option<u64>) -> Result<Committed, CommitError> {
        let mut at = held(&self.database);
        let mut after = at.disk.clone();
        let position = given.unwrap_or(after.head.position + 1);
        match after.check(commit) {
            Err(CommitError::VersionConflict)
                if at.fault == Some(DatabaseFault::VersionUnchecked) => {}
            checked => {
                at.conflicts += usize::from(matches!(checked, Err(CommitError::VersionConflict)));
                checked?;
            }
        }
        let committed = after.write(commit, position)?;
        if at.fault == Some(DatabaseFault::PublishedBeforeCommit) {
            self.before = Some(std::mem::replace(&mut at.disk, after.clone()));
            at.tell();
        }
        self.after = Some(after);
        Ok(committed)
    }

    pub fn send(&mut self) {
        self.sent = true;
    }

    /// Makes it: durable first, then seen, then told.
    pub fn commit(mut self) {
        self.make();
    }

    fn make(&mut self) {
        if let Some(after) = self.after.take() {
            let mut at = held(&self.database);
            at.disk = after;
            at.sync();
            at.tell();
        }
        self.before = None;
    }
}

impl Drop for Transaction {
    fn drop(&mut self) {
        let cut_off = self.sent && self.after.is_some();
        if cut_off && held(&self.database).chance.one_in(2) {
            self.make();
            held(&self.database).orphans += 1;
        }
        let mut at = held(&self.database);
        if let Some(before) = self.before.take() {
            at.disk = before;
        }
        at.locked = false;
    }
}
