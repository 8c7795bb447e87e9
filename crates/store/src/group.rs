//! What waits to be written, who waits for it, and how is everyone of a group answered? The same in every store.
//!
//! A sync of the disk costs the same for one commit as for hundreds, so those that arrive during one share the next.

use std::time::Duration;

use chrono::{DateTime, Utc};
use tokio::sync::{mpsc, oneshot};
use uuid::Uuid;

use super::{Commit, CommitError, Committed, StoreError, StoredRendering};

/// As many commits as go into one group: it bounds how long the first of them waits for the last.
pub(super) const GROUP_MAX: usize = 512;
/// After a group of as many the next one waits for company.
const MANY: usize = 16;
/// As long as it waits. A group writes the last page of every table and index whatever its size, and small groups in
/// quick succession write the same pages over and over: callers that are many gain a tenth by the wait. One that calls
/// alone never waits.
const COMPANY_WAIT: Duration = Duration::from_millis(1);
/// As many commits as wait; further callers wait before they hand theirs over.
pub(super) const WAITING_MAX: usize = 4 * GROUP_MAX;

/// What became of one commit. An error of the group as a whole stands outside it.
pub(super) type Outcome = Result<Committed, CommitError>;
/// What became of a rendering.
pub(super) type Kept = Result<StoredRendering, StoreError>;

/// How long a group waits for company, after one of as many.
pub(super) fn company_wait(last: usize) -> Option<Duration> {
    (last >= MANY).then_some(COMPANY_WAIT)
}

/// Adds what has come meanwhile, as far as a group takes it.
pub(super) fn take_what_waits(jobs: &mut mpsc::Receiver<Job>, waiting: &mut Vec<Job>) {
    while waiting.len() < GROUP_MAX
        && let Ok(job) = jobs.try_recv()
    {
        waiting.push(job);
    }
}

/// What waits to be written, and who waits for it.
pub(super) enum Job {
    Commit(Box<Commit>, oneshot::Sender<Outcome>),
    Rendering(StoredRendering, oneshot::Sender<Kept>),
}

pub(super) enum Work {
    Commit(Box<Commit>),
    Rendering(StoredRendering),
}

pub(super) enum Done {
    Commit(Outcome),
    Rendering(StoredRendering),
}

impl Done {
    /// Whether it is a change that was written.
    pub fn is_made(&self) -> bool {
        matches!(self, Self::Commit(Ok(_)))
    }
}

pub(super) enum Waiting {
    Commit(oneshot::Sender<Outcome>),
    Rendering(oneshot::Sender<Kept>),
}

impl Job {
    /// When what is committed occurred; a rendering has no instant, and goes first.
    fn occurred_at(&self) -> Option<DateTime<Utc>> {
        match self {
            Self::Commit(commit, _) => Some(commit.event.header.occurred_at),
            Self::Rendering(..) => None,
        }
    }

    fn is_given_up(&self) -> bool {
        match self {
            Self::Commit(_, answer) => answer.is_closed(),
            Self::Rendering(_, answer) => answer.is_closed(),
        }
    }

    fn apart(self) -> (Work, Waiting) {
        match self {
            Self::Commit(commit, answer) => (Work::Commit(commit), Waiting::Commit(answer)),
            Self::Rendering(rendering, answer) => {
                (Work::Rendering(rendering), Waiting::Rendering(answer))
            }
        }
    }
}

impl Work {
    /// The case that is changed.
    pub fn case(&self) -> Option<Uuid> {
        match self {
            Self::Commit(commit) => Some(commit.event.header.determination_id),
            Self::Rendering(_) => None,
        }
    }

    /// What it has the store grow by, without the indexes.
    pub fn bytes(&self) -> usize {
        match self {
            Self::Commit(commit) => {
                let letters = commit.letters.iter().map(|letter| letter.bytes.len());
                commit.event.bytes.len() + commit.snapshot.len() + letters.sum::<usize>()
            }
            Self::Rendering(rendering) => rendering.bytes.len(),
        }
    }
}

/// A group of what waits: in the order of their instants, so that few events have to be sealed anew for the log's time
/// to run forward; those that wait at once have no other order to keep. Whoever gave up before the group began is not
/// written for.
pub(super) fn begin(waiting: &mut Vec<Job>) -> (Vec<Work>, Vec<Waiting>) {
    waiting.sort_by_key(Job::occurred_at);
    waiting
        .drain(..)
        .filter(|job| !job.is_given_up())
        .map(Job::apart)
        .unzip()
}

/// Answers everyone of a group, which is durable by now or was not made. A caller that has gone since finds its answer
/// by its request id.
pub(super) fn answer(group: Result<Vec<Done>, StoreError>, waiting: Vec<Waiting>) {
    match group {
        Ok(done) => {
            for pair in waiting.into_iter().zip(done) {
                match pair {
                    (Waiting::Commit(answer), Done::Commit(outcome)) => {
                        let _ = answer.send(outcome);
                    }
                    (Waiting::Rendering(answer), Done::Rendering(kept)) => {
                        let _ = answer.send(Ok(kept));
                    }
                    // INVARIANT: what is done stands in the order of what waits; else the answer is dropped.
                    (Waiting::Commit(_), Done::Rendering(_))
                    | (Waiting::Rendering(_), Done::Commit(_)) => {}
                }
            }
        }
        Err(error) => {
            for waiting in waiting {
                match waiting {
                    Waiting::Commit(answer) => {
                        let _ = answer.send(Err(broken_off(&error).into()));
                    }
                    Waiting::Rendering(answer) => {
                        let _ = answer.send(Err(broken_off(&error)));
                    }
                }
            }
        }
    }
}

/// What everyone of a group is told that failed, whatever it had found for each.
fn broken_off(error: &StoreError) -> StoreError {
    StoreError::Unavailable(match error {
        StoreError::Unavailable(reason) => reason.clone(),
        StoreError::Damaged { .. } | StoreError::Schema(_) => {
            "it was broken off with its group".to_owned()
        }
    })
}
