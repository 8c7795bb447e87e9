//! Who writes? One thread, which commits whatever waits as one group.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use rusqlite::{Connection, TransactionBehavior};
use tokio::runtime::Handle;
use tokio::sync::{mpsc, oneshot, watch};
use uuid::Uuid;

use super::cache::Cases;
use super::checkpoint::Checkpoints;
use super::lock::WriteLock;
use super::query;
use super::reader::{Readers, closed};
use super::rows::unavailable;
use super::write;
use crate::group::{self, Done, GROUP_MAX, Job, Kept, WAITING_MAX, Work};
use crate::{Commit, CommitError, Committed, Head, Meters, StoreError, StoredRendering};

/// The file, as the thread has it.
pub(super) struct WrittenFile {
    pub lock: WriteLock,
    pub connection: Connection,
    pub checkpoints: Checkpoints,
}

/// Who is told of what was committed, before its callers are.
pub(super) struct Told {
    pub head: watch::Sender<u64>,
    pub cases: Arc<Cases>,
}

/// The way to the thread that writes.
pub(super) struct Writer {
    /// `None`: closed.
    jobs: Mutex<Option<mpsc::Sender<Job>>>,
    thread: Mutex<Option<JoinHandle<()>>>,
    failed: Failed,
}

/// Why the last group was not written; `None`: it was.
type Failed = Arc<Mutex<Option<String>>>;

/// How often a disk that did not take a group is tried.
const TRY_EVERY: Duration = Duration::from_secs(1);
/// How often someone is looked for meanwhile who has something to write.
const LOOK_EVERY: Duration = Duration::from_millis(20);

impl Writer {
    /// Starts the thread. The lock lives as long as the connection that it protects, and the readers' connections are
    /// closed before it: the last one to go removes the write-ahead log, which only one that writes can.
    pub(super) fn start(
        file: WrittenFile,
        readers: Arc<Readers>,
        told: Told,
        meters: Meters,
    ) -> Result<Self, StoreError> {
        let (sender, jobs) = mpsc::channel(WAITING_MAX);
        let failed = Failed::default();
        let fails = Arc::clone(&failed);
        let callers = Handle::try_current().ok();
        let thread = std::thread::Builder::new()
            .name("store-writer".to_owned())
            .spawn(move || {
                // The lock first: what is bound last goes first, on a panic too.
                let WrittenFile {
                    lock: _lock,
                    mut connection,
                    mut checkpoints,
                } = file;
                run(
                    &mut connection,
                    &mut checkpoints,
                    jobs,
                    callers.as_ref(),
                    (&told, &meters, &fails),
                );
                readers.close();
                checkpoints.end(&connection);
                // Where this fails, the next start carries the write-ahead log over.
                let _ = connection.close();
            })
            .map_err(|error| StoreError::Unavailable(error.to_string()))?;
        Ok(Self {
            jobs: Mutex::new(Some(sender)),
            thread: Mutex::new(Some(thread)),
            failed,
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

    /// Whether a commit could be made: the thread runs, and the disk took what was written last.
    pub(super) fn takes_commits(&self) -> Result<(), StoreError> {
        match held(&self.jobs).as_ref() {
            None => return Err(closed()),
            Some(jobs) if jobs.is_closed() => return Err(stopped()),
            Some(_) => {}
        }
        match held(&self.failed).as_ref() {
            None => Ok(()),
            Some(why) => Err(StoreError::Unavailable(why.clone())),
        }
    }

    /// Takes no more commits, and waits until those that wait are made and the file is closed. Their callers are answered by
    /// the runtime, in a moment.
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
    callers: Option<&Handle>,
    (told, meters, failed): (&Told, &Meters, &Failed),
) {
    let mut waiting: Vec<Job> = Vec::with_capacity(GROUP_MAX);
    let mut last = 0;
    loop {
        if held(failed).is_some() {
            await_either(connection, &mut jobs, &mut waiting, failed);
        }
        if waiting.is_empty() && jobs.blocking_recv_many(&mut waiting, GROUP_MAX) == 0 {
            break;
        }
        if let Some(wait) = group::company_wait(last) {
            std::thread::sleep(wait);
            group::take_what_waits(&mut jobs, &mut waiting);
        }
        last = waiting.len();
        let (work, asking) = group::begin(&mut waiting);
        let changed: Vec<Uuid> = work.iter().filter_map(Work::case).collect();
        let bytes = work.iter().map(Work::bytes).sum();
        let (size, begun) = (work.len(), Instant::now());
        let written = write_group(connection, work);
        if written.is_ok() && size > 0 {
            meters.committed(size, begun.elapsed());
        }
        match &written {
            Err(StoreError::Unavailable(why)) => *held(failed) = Some(why.clone()),
            Ok((done, _)) if done.iter().any(Done::is_made) => *held(failed) = None,
            // Of the disk these say nothing: a case that cannot be read, and a group of which nothing was written.
            Err(StoreError::Damaged { .. } | StoreError::Schema(_)) | Ok(_) => {}
        }
        // Of a group that failed too: what became of it is not known.
        told.cases.forget(changed);
        if let Ok((_, head)) = &written {
            told.head.send_if_modified(|position| {
                std::mem::replace(position, head.position) != head.position
            });
        }
        let answers = written.map(|(done, _)| done);
        match callers {
            // Woken from within, they cost one message to the runtime, and their answers go out together.
            Some(callers) if size > 1 => {
                callers.spawn(async move { group::answer(answers, asking) });
            }
            _ => group::answer(answers, asking),
        }
        checkpoints.wrote(connection, bytes);
    }
}

/// Waits until someone has something to write, or the disk takes a commit again that changes nothing: it may be mended and
/// no one call, because health says that no one should.
fn await_either(
    connection: &mut Connection,
    jobs: &mut mpsc::Receiver<Job>,
    waiting: &mut Vec<Job>,
    failed: &Failed,
) {
    let mut tried = Instant::now();
    while waiting.is_empty() && !jobs.is_closed() {
        std::thread::sleep(LOOK_EVERY);
        group::take_what_waits(jobs, waiting);
        if waiting.is_empty() && tried.elapsed() >= TRY_EVERY {
            if try_disk(connection).is_ok() {
                *held(failed) = None;
                return;
            }
            tried = Instant::now();
        }
    }
}

/// Writes the log's head as it is.
fn try_disk(connection: &mut Connection) -> Result<(), StoreError> {
    let transaction = connection
        .transaction_with_behavior(TransactionBehavior::Immediate)
        .map_err(|error| unavailable(&error))?;
    let head = query::head(&transaction)?;
    write::move_head(&transaction, &head)?;
    transaction.commit().map_err(|error| unavailable(&error))
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
    let mut statements = write::Statements::of(&transaction)?;
    let done = group
        .into_iter()
        .map(|work| match work {
            Work::Commit(commit) => {
                write::write(&mut statements, &mut head, *commit).map(Done::Commit)
            }
            Work::Rendering(rendering) => {
                write::write_rendering(&transaction, rendering).map(Done::Rendering)
            }
        })
        .collect::<Result<Vec<_>, _>>()?;
    drop(statements);
    if head.position != before {
        write::move_head(&transaction, &head)?;
    }
    transaction.commit().map_err(|error| unavailable(&error))?;
    Ok((done, head))
}
