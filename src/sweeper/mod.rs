//! Commits the events that time alone causes: reminders that a clock is due soon, and that a clock ran out.
//!
//! No timer is held in memory: the store finds the cases with an event due, whichever replica wrote them. Each event is
//! committed once, over replicas and restarts, under the version of the case that it was computed from, and the case keeps
//! what was recorded. The sweeper decides nothing, and its events move no etag.

mod case;

use std::collections::{HashMap, HashSet};
use std::panic::AssertUnwindSafe;
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use futures::{FutureExt as _, StreamExt as _};
use tokio::sync::watch;
use uuid::Uuid;

use self::case::{Outcome, SweepError};
use crate::case::EventKind;
use crate::store::StoreError;

pub use self::case::CaseSweeper;

/// Time between rounds that find no event due. Reminders and overdue events are precise to about this.
pub const INTERVAL: Duration = Duration::from_secs(1);
/// Longest time between rounds while the store fails: each failure doubles it.
const RETRY_DELAY_MAX: Duration = Duration::from_secs(30);
/// Number of cases that the store is asked for at a time.
const BATCH_CASES: usize = 256;
/// Number of cases swept at the same time: their commits share a sync of the disk, and callers' commits wait for no more
/// than these.
const CONCURRENT_CASES: usize = 64;
/// Longest time that a case is deferred after no event could be committed to it.
const DEFERRAL_MAX: TimeDelta = TimeDelta::minutes(10);

/// Sweeps all cases until the server drains.
pub struct Sweeper {
    sweeper: CaseSweeper,
    /// Cases that the store finds though no event can be committed to them, with the instant until which each is skipped.
    ///
    /// A commit stores the instant of the next event, so there are none of these except after a change of the configured
    /// thresholds, after the migration of an older store, and where a letter cannot be made or a case cannot be read. It
    /// is a cache: a sweeper that starts anew finds these cases and defers them again.
    deferred: HashMap<Uuid, DateTime<Utc>>,
}

/// The counts of a round.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// Cases examined.
    pub examined: usize,
    /// `DUE_SOON` events committed.
    pub due_soon: usize,
    /// `OVERDUE` events committed.
    pub overdue: usize,
    /// Letters made with them.
    pub letters: usize,
    /// Cases that another commit changed first.
    pub conflicts: usize,
    /// Cases deferred.
    pub deferred: usize,
}

impl Sweeper {
    /// A sweeper with no case deferred.
    #[must_use]
    pub fn new(sweeper: CaseSweeper) -> Self {
        Self {
            sweeper,
            deferred: HashMap::new(),
        }
    }

    /// Sweeps at an interval until the server drains. A round in progress is then canceled: each of its commits is made or
    /// not, and the next round of any replica finds the events that are left.
    pub async fn run(mut self, interval: Duration, mut draining: watch::Receiver<bool>) {
        tokio::select! {
            // An error means that the sender is gone, and the server with it.
            _ = draining.wait_for(|draining| *draining) => {}
            () = self.run_rounds(interval) => {}
        }
    }

    async fn run_rounds(&mut self, interval: Duration) {
        let mut delay = interval;
        loop {
            match self.round().await {
                Ok(_) => delay = interval,
                Err(error) => {
                    delay = (delay * 2).min(RETRY_DELAY_MAX.max(interval));
                    tracing::warn!(%error, retry_s = delay.as_secs_f32(), "sweep failed: the store cannot be used");
                }
            }
            tokio::time::sleep(delay).await;
        }
    }

    /// Commits every event that is due by now, batch by batch.
    ///
    /// # Errors
    /// When the store cannot be used. Events committed before that stay.
    pub async fn round(&mut self) -> Result<Tally, StoreError> {
        let mut round = Tally::default();
        loop {
            let batch = self.batch().await?;
            round.add(batch);
            // Where every case had a conflict, another replica sweeps.
            if batch.due_soon + batch.overdue + batch.deferred == 0 {
                return Ok(round);
            }
            if batch.due_soon + batch.overdue > 0 {
                tracing::info!(
                    due_soon = batch.due_soon,
                    overdue = batch.overdue,
                    letters = batch.letters,
                    conflicts = batch.conflicts,
                    "reminders and overdue events committed"
                );
            }
        }
    }

    /// Commits one event to each of the cases that have had one due for longest.
    async fn batch(&mut self) -> Result<Tally, StoreError> {
        let now = self.sweeper.clock.now();
        // The second condition holds for a clock that was set back.
        self.deferred
            .retain(|_, until| now < *until && *until - now <= DEFERRAL_MAX);
        // The store may return deferred cases first, which must not keep the others out.
        let limit = self.deferred.len() + BATCH_CASES.max(self.deferred.len());
        let mut due = self.sweeper.store.to_sweep(now, limit).await?;
        if due.len() < limit {
            // A deferred case that is not found was changed since, and its commit stored the instant of its next event.
            let found: HashSet<&Uuid> = due.iter().collect();
            self.deferred.retain(|id, _| found.contains(id));
        }
        due.retain(|id| !self.deferred.contains_key(id));

        let mut tally = Tally {
            examined: due.len(),
            ..Tally::default()
        };
        let mut deferred = Vec::new();
        {
            let sweeper = &self.sweeper;
            let mut outcomes = futures::stream::iter(due)
                .map(|id| async move {
                    let outcome = AssertUnwindSafe(sweeper.sweep(id)).catch_unwind().await;
                    (id, outcome.unwrap_or(Err(SweepError::Panicked)))
                })
                .buffer_unordered(CONCURRENT_CASES);
            while let Some((id, outcome)) = outcomes.next().await {
                match outcome {
                    Ok(Outcome::Committed(kind, letters)) => tally.count(kind, letters),
                    Ok(Outcome::Conflict) => tally.conflicts += 1,
                    Ok(Outcome::NotDue(next)) => {
                        let until_max = now + DEFERRAL_MAX;
                        deferred.push((id, next.unwrap_or(until_max).min(until_max)));
                    }
                    Err(SweepError::Store(
                        error @ (StoreError::Unavailable(_) | StoreError::Schema(_)),
                    )) => return Err(error),
                    // An error of one case does not stop the others.
                    Err(error) => {
                        tracing::error!(determination_id = %id, %error, "case cannot be swept");
                        deferred.push((id, now + DEFERRAL_MAX));
                    }
                }
            }
        }
        tally.deferred = deferred.len();
        self.deferred.extend(deferred);
        Ok(tally)
    }
}

impl Tally {
    fn count(&mut self, kind: EventKind, letters: usize) {
        if kind == EventKind::Overdue {
            self.overdue += 1;
        } else {
            self.due_soon += 1;
        }
        self.letters += letters;
    }

    fn add(&mut self, other: Self) {
        self.examined += other.examined;
        self.due_soon += other.due_soon;
        self.overdue += other.overdue;
        self.letters += other.letters;
        self.conflicts += other.conflicts;
        self.deferred += other.deferred;
    }
}
