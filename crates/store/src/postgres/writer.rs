//! The writer: one task a process, which commits what is queued as one group.

use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use deadpool_postgres::Object;
use tokio::sync::{mpsc, watch};
use tokio::task::JoinHandle;

use super::pool::Pool;
use super::transaction::{Failed, Written, try_group};
use crate::group_commit::{self, GROUP_MAX, Outcome, PendingCommit, Queue, lock};
use crate::{Commit, StoreError, StoreMetrics};

/// Maximum attempts at a transaction that the server rolled back for another's sake.
const ATTEMPTS_MAX: u32 = 5;
/// Timeout of a group, waiting for a standby included. After it the connection is closed, and the callers learn by their
/// request ids whether the group was committed.
const GROUP_TIMEOUT: Duration = Duration::from_secs(15);

/// The callers' side of the writer.
pub(super) struct Writer {
    queue: Queue<PendingCommit>,
    task: Mutex<Option<JoinHandle<()>>>,
}

/// The task's side.
struct GroupWriter {
    pool: Arc<Pool>,
    /// The channel on which other processes learn of a commit.
    channel: String,
    /// Learns of a commit before its caller does.
    head: watch::Sender<u64>,
    metrics: StoreMetrics,
}

impl Writer {
    /// Starts the task.
    pub(super) fn start(
        pool: Arc<Pool>,
        channel: String,
        head: watch::Sender<u64>,
        metrics: StoreMetrics,
    ) -> Self {
        let (queue, jobs) = Queue::new();
        let writer = GroupWriter {
            pool,
            channel,
            head,
            metrics,
        };
        Self {
            queue,
            task: Mutex::new(Some(tokio::spawn(writer.run(jobs)))),
        }
    }

    /// Commits, and returns once it is durable.
    pub(super) async fn commit(&self, commit: Commit) -> Outcome {
        let commit = Box::new(commit);
        self.queue
            .call(|reply| PendingCommit { commit, reply })
            .await?
    }

    /// Takes no more commits, and waits until those in the queue are made.
    pub(super) async fn close(&self) {
        self.queue.close();
        let task = lock(&self.task).take();
        if let Some(task) = task {
            // A task that panicked has answered its callers: their replies were dropped.
            let _ = task.await;
        }
    }
}

impl GroupWriter {
    async fn run(self, mut jobs: mpsc::Receiver<PendingCommit>) {
        let mut queued: Vec<PendingCommit> = Vec::with_capacity(GROUP_MAX);
        while jobs.recv_many(&mut queued, GROUP_MAX).await > 0 {
            let (commits, replies) = group_commit::take_group(&mut queued);
            if commits.is_empty() {
                continue;
            }
            let begun = Instant::now();
            let written = self.write(&commits).await;
            if let Ok(written) = &written {
                self.metrics.observe_group(commits.len(), begun.elapsed());
                super::listen::publish(&self.head, written.position);
            }
            group_commit::reply(written.map(|written| written.outcomes), replies);
        }
        self.pool.close();
    }

    /// Writes a group in one transaction: all of it, or none. Where that is not known the error is `Unavailable`.
    async fn write(&self, commits: &[Commit]) -> Result<Written, StoreError> {
        let mut attempts = 1;
        loop {
            let connection = self.pool.connection().await?;
            let outcome = try_group(&connection, &self.channel, commits);
            let failed = match tokio::time::timeout(GROUP_TIMEOUT, outcome).await {
                Ok(Ok(written)) => return Ok(written),
                Ok(Err(failed)) => failed,
                Err(_) => Failed::Otherwise(StoreError::Unavailable(
                    "the commit did not end in time".to_owned(),
                )),
            };
            // Closed, so that the server rolls back what is open on it.
            drop(Object::take(connection));
            let error = match failed {
                Failed::Otherwise(error) => return Err(error),
                Failed::Transient(error) | Failed::NotBegun(error) => error,
            };
            let code = error.code().map_or("none", |code| code.code());
            if attempts == ATTEMPTS_MAX {
                tracing::error!(transaction = "commit", code, attempts, "given up");
                return Err(error.into());
            }
            tracing::warn!(transaction = "commit", code, attempts, "tried again");
            attempts += 1;
        }
    }
}
