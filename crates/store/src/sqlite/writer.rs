//! The writer: one thread, which commits the queue as one group, with at most one rendering.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use rusqlite::{Connection, Transaction, TransactionBehavior};
use tokio::runtime::Handle;
use tokio::sync::{mpsc, oneshot, watch};
use uuid::Uuid;

use super::cache::CaseCache;
use super::checkpoint::Checkpointer;
use super::lock::WriteLock;
use super::query;
use super::reader::Readers;
use super::write;
use crate::group_commit::{self, GROUP_MAX, Outcome, PendingCommit, Queue, group_failed, lock};
use crate::{Commit, CommitError, Committed, Head, StoreError, StoreMetrics, StoredRendering};

/// After a group of this size the next one is held open for the batch window.
const BATCH_WINDOW_GROUP_MIN: usize = 16;
/// The batch window. A group writes the last page of every table and index whatever its size, and small groups in quick
/// succession write the same pages over and over: many callers gain a tenth by it. One that calls alone never waits.
const BATCH_WINDOW: Duration = Duration::from_millis(1);

/// The file as the writer has it.
pub(super) struct WrittenFile {
    pub lock: WriteLock,
    pub connection: Connection,
    pub checkpointer: Checkpointer,
}

/// The parts that learn of a commit before its caller does.
pub(super) struct Observers {
    pub head: watch::Sender<u64>,
    pub cases: Arc<CaseCache>,
}

/// The outcome of storing a rendering.
type RenderingOutcome = Result<StoredRendering, StoreError>;

/// A job in the writer's queue.
enum Job {
    Commit(PendingCommit),
    Rendering(PendingRendering),
}

struct PendingRendering {
    rendering: StoredRendering,
    reply: oneshot::Sender<RenderingOutcome>,
}

/// The callers' side of the writer.
pub(super) struct Writer {
    queue: Queue<Job>,
    thread: Mutex<Option<JoinHandle<()>>>,
    failure: Failure,
}

/// Why the last write failed; `None`: it did not.
type Failure = Arc<Mutex<Option<String>>>;

/// The interval at which a failed disk is tried again.
const DISK_PROBE_EVERY: Duration = Duration::from_secs(1);
/// The interval at which the queue is polled meanwhile.
const QUEUE_LOOK_EVERY: Duration = Duration::from_millis(20);

impl Writer {
    /// Starts the thread. The lock lives as long as the connection that it protects, and the readers' connections are
    /// closed before it: the last one to go removes the write-ahead log, which only one that writes can.
    pub(super) fn start(
        file: WrittenFile,
        readers: Readers,
        observers: Observers,
        metrics: StoreMetrics,
    ) -> Result<Self, StoreError> {
        let (queue, jobs) = Queue::new();
        let failure = Failure::default();
        let mut backlog = Backlog {
            jobs,
            commits: Vec::with_capacity(GROUP_MAX),
            renderings: VecDeque::new(),
            runtime: Handle::try_current().ok(),
            observers,
            metrics,
            failure: Arc::clone(&failure),
        };
        let thread = std::thread::Builder::new()
            .name("store-writer".to_owned())
            .spawn(move || {
                // The lock first: what is bound last goes first, on a panic too.
                let WrittenFile {
                    lock: _lock,
                    mut connection,
                    mut checkpointer,
                } = file;
                backlog.run(&mut connection, &mut checkpointer);
                readers.close();
                checkpointer.end(&connection);
                // If this fails, the next start syncs and checkpoints the write-ahead log.
                let _ = connection.close();
            })
            .map_err(|error| StoreError::Unavailable(error.to_string()))?;
        Ok(Self {
            queue,
            thread: Mutex::new(Some(thread)),
            failure,
        })
    }

    /// Commits, and returns once it is durable.
    pub(super) async fn commit(&self, commit: Commit) -> Result<Committed, CommitError> {
        let commit = Box::new(commit);
        self.queue
            .call(|reply| Job::Commit(PendingCommit { commit, reply }))
            .await?
    }

    /// Stores a rendering where there is none yet, and returns the one that is stored once it is durable.
    pub(super) async fn store_rendering(&self, rendering: StoredRendering) -> RenderingOutcome {
        self.queue
            .call(|reply| Job::Rendering(PendingRendering { rendering, reply }))
            .await?
    }

    /// Refuses where a commit could not be made: the thread has ended, or the disk did not take the last write.
    pub(super) fn check(&self) -> Result<(), StoreError> {
        self.queue.check_open()?;
        match lock(&self.failure).as_ref() {
            None => Ok(()),
            Some(reason) => Err(StoreError::Unavailable(reason.clone())),
        }
    }

    /// Takes no more jobs, and waits until those in the queue are done and the file is closed. Their callers are answered
    /// by the runtime, in a moment.
    pub(super) fn close(&self) {
        self.queue.close();
        let thread = lock(&self.thread).take();
        if let Some(thread) = thread {
            // A thread that panicked has answered its callers: their replies were dropped.
            let _ = thread.join();
        }
    }
}

impl Drop for Writer {
    /// Closes the file.
    fn drop(&mut self) {
        self.close();
    }
}

/// The thread's side: the queue, and the jobs that were taken from it.
struct Backlog {
    jobs: mpsc::Receiver<Job>,
    commits: Vec<PendingCommit>,
    renderings: VecDeque<PendingRendering>,
    /// Answers the callers; `None`: the thread does.
    runtime: Option<Handle>,
    observers: Observers,
    metrics: StoreMetrics,
    failure: Failure,
}

impl Backlog {
    /// Writes until the queue is closed and empty.
    fn run(&mut self, connection: &mut Connection, checkpointer: &mut Checkpointer) {
        let mut last_group = 0;
        while self.wait(connection) {
            if last_group >= BATCH_WINDOW_GROUP_MIN {
                std::thread::sleep(BATCH_WINDOW);
                self.take_queued();
            }
            last_group = self.commits.len();
            let bytes = self.write_group(connection);
            checkpointer.wrote(connection, bytes);
        }
    }

    /// Waits for a job; false: the queue is closed and empty. After a failed write it waits for a job or the disk: the disk
    /// may recover while there are no calls, because health turns them away.
    fn wait(&mut self, connection: &mut Connection) -> bool {
        let mut probed = Instant::now();
        self.take_queued();
        while self.is_empty() && lock(&self.failure).is_some() && !self.jobs.is_closed() {
            std::thread::sleep(QUEUE_LOOK_EVERY);
            self.take_queued();
            if self.is_empty() && probed.elapsed() >= DISK_PROBE_EVERY {
                if probe_disk(connection).is_ok() {
                    *lock(&self.failure) = None;
                }
                probed = Instant::now();
            }
        }
        if self.is_empty()
            && let Some(job) = self.jobs.blocking_recv()
        {
            self.take(job);
            self.take_queued();
        }
        !self.is_empty()
    }

    fn is_empty(&self) -> bool {
        self.commits.is_empty() && self.renderings.is_empty()
    }

    fn take(&mut self, job: Job) {
        match job {
            Job::Commit(pending) => self.commits.push(pending),
            Job::Rendering(pending) => self.renderings.push_back(pending),
        }
    }

    /// Takes the jobs in the queue, up to a full group.
    fn take_queued(&mut self) {
        while self.commits.len() < GROUP_MAX
            && let Ok(job) = self.jobs.try_recv()
        {
            self.take(job);
        }
    }

    /// Writes the commits that were taken and at most one rendering, answers their callers, and gives the bytes written.
    /// Renderings are large: one a group holds no commit up for long, and shares its sync.
    fn write_group(&mut self, connection: &mut Connection) -> usize {
        let (commits, replies) = group_commit::take_group(&mut self.commits);
        let (rendering, rendering_reply) = self.next_rendering().unzip();
        if commits.is_empty() && rendering.is_none() {
            return 0;
        }
        let changed: Vec<Uuid> = commits.iter().map(Commit::case_id).collect();
        let bytes = commits.iter().map(bytes_of).sum::<usize>()
            + rendering
                .as_ref()
                .map_or(0, |rendering| rendering.bytes.len());
        let (size, begun) = (commits.len(), Instant::now());
        let written = commit_group(connection, &commits, rendering);
        if written.is_ok() && size > 0 {
            self.metrics.observe_group(size, begun.elapsed());
        }
        match &written {
            Err(StoreError::Unavailable(reason)) => *lock(&self.failure) = Some(reason.clone()),
            Ok(written) if written.outcomes.iter().any(Result::is_ok) => {
                *lock(&self.failure) = None;
            }
            // These say nothing of the disk: a case that cannot be read, and a group of which no commit was made.
            Err(StoreError::Damaged { .. } | StoreError::Schema(_)) | Ok(_) => {}
        }
        // After a failed group too: it is not known whether it was written.
        self.observers.cases.forget(changed);
        if let Ok(written) = &written {
            self.observers.head.send_if_modified(|position| {
                let after = written.head.position;
                std::mem::replace(position, after) != after
            });
        }
        let (outcomes, stored) = match written {
            Ok(written) => (Ok(written.outcomes), written.rendering),
            Err(error) => {
                let failed = group_failed(&error);
                (Err(error), Some(Err(failed)))
            }
        };
        if let (Some(reply), Some(stored)) = (rendering_reply, stored) {
            let _ = reply.send(stored);
        }
        match &self.runtime {
            // Woken from within, they cost one message to the runtime, and their replies go out together.
            Some(runtime) if size > 1 => {
                runtime.spawn(async move { group_commit::reply(outcomes, replies) });
            }
            Some(_) | None => group_commit::reply(outcomes, replies),
        }
        bytes
    }

    /// The next rendering that a caller still waits for.
    fn next_rendering(&mut self) -> Option<(StoredRendering, oneshot::Sender<RenderingOutcome>)> {
        let waiting = |pending: &PendingRendering| !pending.reply.is_closed();
        let at = self.renderings.iter().position(waiting);
        self.renderings.drain(..at.unwrap_or(self.renderings.len()));
        let next = self.renderings.pop_front()?;
        Some((next.rendering, next.reply))
    }
}

/// A group that was committed.
struct Written {
    /// In the order of the commits.
    outcomes: Vec<Outcome>,
    rendering: Option<RenderingOutcome>,
    /// The log's head after it.
    head: Head,
}

/// Begins a transaction that writes. Dropped without a commit it is rolled back.
fn begin(connection: &mut Connection) -> Result<Transaction<'_>, StoreError> {
    Ok(connection.transaction_with_behavior(TransactionBehavior::Immediate)?)
}

/// Writes the log's head as it is.
fn probe_disk(connection: &mut Connection) -> Result<(), StoreError> {
    let transaction = begin(connection)?;
    let head = query::head(&transaction)?;
    write::move_head(&transaction, &head)?;
    Ok(transaction.commit()?)
}

/// Writes a group in one transaction: all of its commits, or none. A rendering that is refused leaves them alone.
fn commit_group(
    connection: &mut Connection,
    commits: &[Commit],
    rendering: Option<StoredRendering>,
) -> Result<Written, StoreError> {
    let transaction = begin(connection)?;
    // Read anew each time: after a group that failed nothing remembered could be trusted.
    let mut head = query::head(&transaction)?;
    let before = head.position;
    let outcomes = commits
        .iter()
        .map(|commit| write::write(&transaction, &mut head, commit))
        .collect::<Result<Vec<_>, _>>()?;
    if head.position != before {
        write::move_head(&transaction, &head)?;
    }
    let rendering = rendering.map(|rendering| write::write_rendering(&transaction, rendering));
    transaction.commit()?;
    Ok(Written {
        outcomes,
        rendering,
        head,
    })
}

/// The bytes by which a commit makes the store grow, without its indexes.
fn bytes_of(commit: &Commit) -> usize {
    let letters = commit.letters.iter().map(|letter| letter.bytes.len());
    commit.event.bytes.len() + commit.snapshot.len() + letters.sum::<usize>()
}
