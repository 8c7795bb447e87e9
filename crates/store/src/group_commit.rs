//! Group commit: the queue in front of a store's writer, and the replies to a group. The same in every store.
//!
//! A sync of the disk costs the same for one commit as for hundreds, so commits that arrive during one share the next.

use std::sync::{Mutex, MutexGuard, PoisonError};

use tokio::sync::{mpsc, oneshot};

use super::{Commit, CommitError, Committed, StoreError};

/// Maximum commits in a group: it bounds how long the first of them waits for the last.
pub(super) const GROUP_MAX: usize = 512;
/// Maximum jobs in the queue; further callers wait before they send theirs.
const QUEUE_MAX: usize = 4 * GROUP_MAX;

/// The outcome of one commit. An error of the whole group is not in it.
pub(super) type Outcome = Result<Committed, CommitError>;

/// A commit in the queue, and where its outcome goes.
pub(super) struct PendingCommit {
    pub commit: Box<Commit>,
    pub reply: oneshot::Sender<Outcome>,
}

/// The sending side of a writer's queue.
pub(super) struct Queue<J> {
    /// `None`: closed.
    jobs: Mutex<Option<mpsc::Sender<J>>>,
}

impl<J> Queue<J> {
    pub fn new() -> (Self, mpsc::Receiver<J>) {
        let (sender, receiver) = mpsc::channel(QUEUE_MAX);
        let jobs = Mutex::new(Some(sender));
        (Self { jobs }, receiver)
    }

    /// Queues the job that `job` makes of a reply's sender, and waits for the reply.
    pub async fn call<T>(
        &self,
        job: impl FnOnce(oneshot::Sender<T>) -> J,
    ) -> Result<T, StoreError> {
        let sender = lock(&self.jobs).clone().ok_or_else(closed)?;
        let (reply, outcome) = oneshot::channel();
        sender.send(job(reply)).await.map_err(|_| stopped())?;
        outcome.await.map_err(|_| stopped())
    }

    /// Takes no more jobs. Those in the queue are still carried out.
    pub fn close(&self) {
        drop(lock(&self.jobs).take());
    }

    /// Refuses where the queue is closed, or its writer has stopped.
    pub fn check_open(&self) -> Result<(), StoreError> {
        match lock(&self.jobs).as_ref() {
            None => Err(closed()),
            Some(jobs) if jobs.is_closed() => Err(stopped()),
            Some(_) => Ok(()),
        }
    }
}

/// Locks what is replaced as a whole: it is sound whatever a thread that held it did.
pub(super) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

pub(super) fn closed() -> StoreError {
    StoreError::Unavailable("it is closed".to_owned())
}

pub(super) fn stopped() -> StoreError {
    StoreError::Unavailable("its writer has stopped".to_owned())
}

/// A group in the order in which it is written, with the senders of its replies.
///
/// In the order of their instants, so that the log's time moves none of them forward. Without commits that no caller
/// waits for: a commit that was not begun is not made.
pub(super) fn take_group(queued: &mut Vec<PendingCommit>) -> (Vec<Commit>, Replies) {
    queued.retain(|pending| !pending.reply.is_closed());
    queued.sort_by_key(|pending| pending.commit.event.header.occurred_at);
    let parts = queued.drain(..);
    parts
        .map(|pending| (*pending.commit, pending.reply))
        .unzip()
}

/// The senders of a group's replies, in its order.
pub(super) type Replies = Vec<oneshot::Sender<Outcome>>;

/// Answers the callers of a group, which is durable by now or was not made. One that is gone finds its outcome by its
/// request id.
pub(super) fn reply(group: Result<Vec<Outcome>, StoreError>, replies: Replies) {
    match group {
        Ok(outcomes) => {
            // INVARIANT: one outcome a reply, in the same order; a reply without one is dropped, and its caller gets an error.
            for (reply, outcome) in replies.into_iter().zip(outcomes) {
                let _ = reply.send(outcome);
            }
        }
        Err(error) => {
            for reply in replies {
                let _ = reply.send(Err(group_failed(&error).into()));
            }
        }
    }
}

/// The error for every member of a group that failed. One that names a case is that case's alone.
pub(super) fn group_failed(error: &StoreError) -> StoreError {
    StoreError::Unavailable(match error {
        StoreError::Unavailable(reason) => reason.clone(),
        StoreError::Damaged { .. } | StoreError::Schema(_) => {
            "its commit group failed for another commit's sake".to_owned()
        }
    })
}
