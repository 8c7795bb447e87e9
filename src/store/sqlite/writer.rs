//! Who writes? One thread, which commits whatever waits as one group.
//!
//! A sync of the disk costs the same for one commit as for hundreds, so those that arrive during one share the next.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;

use chrono::{DateTime, Utc};
use rusqlite::{Connection, TransactionBehavior};
use tokio::sync::{mpsc, oneshot, watch};
use uuid::Uuid;

use super::cache::Cases;
use super::checkpoint::Checkpoints;
use super::lock::WriteLock;
use super::query;
use super::reader::{Readers, closed};
use super::rows::unavailable;
use super::write::{self, Outcome};
use crate::store::{Commit, CommitError, Committed, Head, StoreError, StoredRendering};

/// As many commits as go into one group: it bounds how long the first of them waits for the last.
const GROUP_MAX: usize = 512;
/// As many commits as wait; further callers wait before they hand theirs over.
const WAITING_MAX: usize = 4 * GROUP_MAX;

/// The file, as the thread has it.
pub(super) struct WrittenFile {
    pub connection: Connection,
    pub checkpoints: Checkpoints,
    pub lock: WriteLock,
}

/// Who is told of what was committed, before its callers are.
pub(super) struct Told {
    pub head: watch::Sender<u64>,
    pub cases: Arc<Cases>,
}

/// What waits to be written, and who waits for it.
enum Job {
    Commit(Box<Commit>, oneshot::Sender<Outcome>),
    Rendering(StoredRendering, oneshot::Sender<Kept>),
}

/// What became of a rendering.
type Kept = Result<StoredRendering, StoreError>;

impl Job {
    /// When what is committed occurred; a rendering has no instant, and goes first.
    fn occurred_at(&self) -> Option<DateTime<Utc>> {
        match self {
            Self::Commit(commit, _) => Some(commit.event.header.occurred_at),
            Self::Rendering(..) => None,
        }
    }

    /// The case that is changed.
    fn case(&self) -> Option<Uuid> {
        match self {
            Self::Commit(commit, _) => Some(commit.event.header.determination_id),
            Self::Rendering(..) => None,
        }
    }

    fn is_given_up(&self) -> bool {
        match self {
            Self::Commit(_, answer) => answer.is_closed(),
            Self::Rendering(_, answer) => answer.is_closed(),
        }
    }
}

/// The way to the thread that writes.
pub(super) struct Writer {
    /// `None`: closed.
    jobs: Mutex<Option<mpsc::Sender<Job>>>,
    thread: Mutex<Option<JoinHandle<()>>>,
}

impl Writer {
    /// Starts the thread. The lock lives as long as the connection that it protects, and the readers' connections are
    /// closed before it: the last one to go removes the write-ahead log, which only one that writes can.
    pub(super) fn start(
        file: WrittenFile,
        readers: Arc<Readers>,
        told: Told,
    ) -> Result<Self, StoreError> {
        let (sender, jobs) = mpsc::channel(WAITING_MAX);
        let thread = std::thread::Builder::new()
            .name("store-writer".to_owned())
            .spawn(move || {
                let WrittenFile {
                    mut connection,
                    mut checkpoints,
                    lock: _lock,
                } = file;
                run(&mut connection, &mut checkpoints, jobs, &told);
                readers.close();
                drop(checkpoints);
                // Where this fails, the next start carries the write-ahead log over.
                let _ = connection.close();
            })
            .map_err(|error| StoreError::Unavailable(error.to_string()))?;
        Ok(Self {
            jobs: Mutex::new(Some(sender)),
            thread: Mutex::new(Some(thread)),
        })
    }

    /// Commits, and returns once it is durable.
    pub(super) async fn commit(&self, commit: Commit) -> Result<Committed, CommitError> {
        let (answer, outcome) = oneshot::channel();
        self.hand_over(Job::Commit(Box::new(commit), answer))
            .await?;
        outcome.await.map_err(|_| stopped())?
    }

    /// Keeps a rendering where there is none yet, and returns the one that is kept once it is durable.
    pub(super) async fn store_rendering(&self, rendering: StoredRendering) -> Kept {
        let (answer, kept) = oneshot::channel();
        self.hand_over(Job::Rendering(rendering, answer)).await?;
        kept.await.map_err(|_| stopped())?
    }

    async fn hand_over(&self, job: Job) -> Result<(), StoreError> {
        let sender = held(&self.jobs).clone().ok_or_else(closed)?;
        sender.send(job).await.map_err(|_| stopped())
    }

    /// Whether a commit could be made.
    pub(super) fn is_running(&self) -> Result<(), StoreError> {
        match held(&self.jobs).as_ref() {
            None => Err(closed()),
            Some(jobs) if jobs.is_closed() => Err(stopped()),
            Some(_) => Ok(()),
        }
    }

    /// Takes no more commits, and waits until those that wait are made and the file is closed.
    pub(super) fn close(&self) {
        drop(held(&self.jobs).take());
        let thread = held(&self.thread).take();
        if let Some(thread) = thread {
            // A thread that panicked has told its callers already: their answers were dropped.
            let _ = thread.join();
        }
    }
}

impl Drop for Writer {
    /// A store that is dropped has let go of its file.
    fn drop(&mut self) {
        self.close();
    }
}

fn held<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    // What these hold is replaced as a whole, so it is sound whatever a thread that held it did.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

fn stopped() -> StoreError {
    StoreError::Unavailable("the thread that writes has stopped".to_owned())
}

fn run(
    connection: &mut Connection,
    checkpoints: &mut Checkpoints,
    mut jobs: mpsc::Receiver<Job>,
    told: &Told,
) {
    let mut waiting: Vec<Job> = Vec::with_capacity(GROUP_MAX);
    while jobs.blocking_recv_many(&mut waiting, GROUP_MAX) > 0 {
        // In the order of their instants, few events have to be sealed anew so that the log's time runs forward. Those
        // that wait at once have no other order to keep.
        waiting.sort_by_key(Job::occurred_at);
        // Whoever gave up before the group began is not written for.
        let jobs: Vec<Job> = waiting.drain(..).filter(|job| !job.is_given_up()).collect();
        let changed: Vec<Uuid> = jobs.iter().filter_map(Job::case).collect();
        let (work, asking): (Vec<Work>, Vec<Waiting>) = jobs.into_iter().map(apart).unzip();
        let bytes = work.iter().map(Work::bytes).sum();
        let group = write_group(connection, work);
        // Of a group that failed too: what became of it is not known.
        told.cases.forget(changed);
        answer(group, asking, &told.head);
        checkpoints.wrote(connection, bytes);
    }
}

enum Work {
    Commit(Box<Commit>),
    Rendering(StoredRendering),
}

impl Work {
    /// What it has the file grow by, without the indexes.
    fn bytes(&self) -> usize {
        match self {
            Self::Commit(commit) => {
                let letters = commit.letters.iter().map(|letter| letter.bytes.len());
                commit.event.bytes.len() + commit.snapshot.len() + letters.sum::<usize>()
            }
            Self::Rendering(rendering) => rendering.bytes.len(),
        }
    }
}

enum Done {
    Commit(Outcome),
    Rendering(StoredRendering),
}

enum Waiting {
    Commit(oneshot::Sender<Outcome>),
    Rendering(oneshot::Sender<Kept>),
}

fn apart(job: Job) -> (Work, Waiting) {
    match job {
        Job::Commit(commit, answer) => (Work::Commit(commit), Waiting::Commit(answer)),
        Job::Rendering(rendering, answer) => {
            (Work::Rendering(rendering), Waiting::Rendering(answer))
        }
    }
}

/// Answers everyone of a group, which is durable by now or was not made.
fn answer(
    group: Result<(Vec<Done>, Head), StoreError>,
    waiting: Vec<Waiting>,
    head: &watch::Sender<u64>,
) {
    match group {
        Ok((done, moved)) => {
            head.send_if_modified(|position| {
                std::mem::replace(position, moved.position) != moved.position
            });
            // A caller that has gone since finds its answer by its request id.
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
                        let _ = answer.send(write::refused(&error));
                    }
                    Waiting::Rendering(answer) => {
                        let _ = answer.send(Err(write::broken_off(&error)));
                    }
                }
            }
        }
    }
}

/// Writes a group in one transaction: all of it, or none.
fn write_group(
    connection: &mut Connection,
    group: Vec<Work>,
) -> Result<(Vec<Done>, Head), StoreError> {
    // Dropped without a commit it rolls back.
    let transaction = connection
        .transaction_with_behavior(TransactionBehavior::Immediate)
        .map_err(|error| unavailable(&error))?;
    // Read anew each time: after a group that failed nothing remembered could be trusted.
    let mut head = query::head(&transaction)?;
    let before = head.position;
    let done = group
        .into_iter()
        .map(|work| match work {
            Work::Commit(commit) => {
                write::write(&transaction, &mut head, *commit).map(Done::Commit)
            }
            Work::Rendering(rendering) => {
                write::write_rendering(&transaction, rendering).map(Done::Rendering)
            }
        })
        .collect::<Result<Vec<_>, _>>()?;
    if head.position != before {
        write::move_head(&transaction, &head)?;
    }
    transaction.commit().map_err(|error| unavailable(&error))?;
    Ok((done, head))
}
