//! What does the service say by itself? That a share of a clock's time has gone, and that a clock has run out.
//!
//! No timer is held in memory: the store is asked which cases are owed something, whoever wrote them and whenever. Each
//! thing is told once, over replicas and restarts, because it is committed under the version of the case that it was
//! computed from, and the case remembers it. It decides nothing, and no etag moves.

mod tell;

use std::collections::{HashMap, HashSet};
use std::panic::AssertUnwindSafe;
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use futures::{FutureExt as _, StreamExt as _};
use tokio::sync::watch;
use uuid::Uuid;

use self::tell::{Outcome, TellError};
use crate::case::EventKind;
use crate::store::StoreError;

pub use self::tell::Teller;

/// How often the store is asked, as long as there is nothing to tell.
pub const EVERY: Duration = Duration::from_secs(1);
/// After a store that failed it is asked more and more seldom, down to this.
const PAUSE_MAX: Duration = Duration::from_secs(30);
/// As many cases as are asked for at a time.
const BATCH: usize = 256;
/// As many cases as are told at once: commits that wait together share a sync of the disk, and callers' commits are
/// not kept waiting for more than these.
const AT_ONCE: usize = 64;
/// As long as a case is left alone that could not be told anything, at the most.
const REST: TimeDelta = TimeDelta::minutes(10);

/// Tells cases what they are owed, until the server drains.
pub struct Sweeper {
    teller: Teller,
    /// Cases that are found though nothing can be told of them yet, and from when on they are looked at again.
    ///
    /// Each commit writes down from when on a case is owed something, so there are none of these but after a change of
    /// the configured rungs, after the migration of an older file, and where a letter cannot be made or a case cannot be
    /// read. It is no record: a sweeper that starts anew finds them and sets them aside again.
    resting: HashMap<Uuid, DateTime<Utc>>,
}

/// What was told.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// Cases that were looked at.
    pub looked_at: usize,
    /// `DUE_SOON` events.
    pub due_soon: usize,
    /// `OVERDUE` events.
    pub overdue: usize,
    /// Letters made with them.
    pub letters: usize,
    /// Cases that someone else changed meanwhile.
    pub outrun: usize,
    /// Cases that were set aside.
    pub set_aside: usize,
}

impl Sweeper {
    /// A sweeper that has looked at nothing yet.
    #[must_use]
    pub fn new(teller: Teller) -> Self {
        Self {
            teller,
            resting: HashMap::new(),
        }
    }

    /// Sweeps every so often until the server drains. What is under way then is broken off: a commit is made or not, and
    /// whoever sweeps next finds what is still owed.
    pub async fn run(mut self, every: Duration, mut draining: watch::Receiver<bool>) {
        tokio::select! {
            // An error means that the sender is gone, and the server with it.
            _ = draining.wait_for(|draining| *draining) => {}
            () = self.forever(every) => {}
        }
    }

    async fn forever(&mut self, every: Duration) {
        let mut pause = every;
        loop {
            match self.round().await {
                Ok(_) => pause = every,
                Err(error) => {
                    pause = (pause * 2).min(PAUSE_MAX.max(every));
                    tracing::warn!(%error, pause_s = pause.as_secs_f32(), "the sweeper could not use the store");
                }
            }
            tokio::time::sleep(pause).await;
        }
    }

    /// Tells everything that is owed by now, batch by batch.
    ///
    /// # Errors
    /// When the store cannot be used. What was told until then stays told.
    pub async fn round(&mut self) -> Result<Tally, StoreError> {
        let mut round = Tally::default();
        loop {
            let batch = self.batch().await?;
            round.add(batch);
            // Where everyone was outrun, someone else is at it.
            if batch.due_soon + batch.overdue + batch.set_aside == 0 {
                return Ok(round);
            }
            if batch.due_soon + batch.overdue > 0 {
                tracing::info!(
                    due_soon = batch.due_soon,
                    overdue = batch.overdue,
                    letters = batch.letters,
                    outrun = batch.outrun,
                    "told that time runs out"
                );
            }
        }
    }

    /// Tells each of the cases that have been owed something for longest one thing.
    async fn batch(&mut self) -> Result<Tally, StoreError> {
        let now = self.teller.clock.now();
        // Set against a clock that was set back, too.
        self.resting
            .retain(|_, until| now < *until && *until - now <= REST);
        // Those that rest may be found first, and must not keep the others out.
        let limit = self.resting.len() + BATCH.max(self.resting.len());
        let mut owed = self.teller.store.to_sweep(now, limit).await?;
        if owed.len() < limit {
            // What rests and is not found any more was changed meanwhile: the store knows again from when on it is owed
            // something.
            let found: HashSet<&Uuid> = owed.iter().collect();
            self.resting.retain(|id, _| found.contains(id));
        }
        owed.retain(|id| !self.resting.contains_key(id));

        let mut tally = Tally {
            looked_at: owed.len(),
            ..Tally::default()
        };
        let mut set_aside = Vec::new();
        {
            let teller = &self.teller;
            let mut telling = futures::stream::iter(owed)
                .map(|id| async move {
                    let told = AssertUnwindSafe(teller.tell(id)).catch_unwind().await;
                    (id, told.unwrap_or(Err(TellError::Panicked)))
                })
                .buffer_unordered(AT_ONCE);
            while let Some((id, outcome)) = telling.next().await {
                match outcome {
                    Ok(Outcome::Told(kind, letters)) => tally.told(kind, letters),
                    Ok(Outcome::Outrun) => tally.outrun += 1,
                    Ok(Outcome::Nothing(next)) => {
                        let rest_until = now + REST;
                        set_aside.push((id, next.unwrap_or(rest_until).min(rest_until)));
                    }
                    Err(TellError::Store(
                        error @ (StoreError::Unavailable(_) | StoreError::Schema(_)),
                    )) => return Err(error),
                    // One case alone: the others are told all the same.
                    Err(error) => {
                        tracing::error!(determination_id = %id, %error, "a case cannot be told that its time runs out");
                        set_aside.push((id, now + REST));
                    }
                }
            }
        }
        tally.set_aside = set_aside.len();
        self.resting.extend(set_aside);
        Ok(tally)
    }
}

// === impl Tally ===

impl Tally {
    fn told(&mut self, kind: EventKind, letters: usize) {
        if kind == EventKind::Overdue {
            self.overdue += 1;
        } else {
            self.due_soon += 1;
        }
        self.letters += letters;
    }

    fn add(&mut self, other: Self) {
        self.looked_at += other.looked_at;
        self.due_soon += other.due_soon;
        self.overdue += other.overdue;
        self.letters += other.letters;
        self.outrun += other.outrun;
        self.set_aside += other.set_aside;
    }
}
