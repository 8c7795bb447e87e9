//! Who writes? One task a process, which commits whatever waits as one group, in one transaction and two round trips.
//!
//! The first locks the log's one head row and reads what the group is about: whatever was committed before, by any
//! process, is then seen, and no one commits in between. The second writes what was decided and commits. So positions
//! are without gaps and in the order of commits, over every process on the database.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use deadpool_postgres::Object;
use futures::future::join_all;
use tokio::sync::{mpsc, oneshot, watch};
use tokio::task::JoinHandle;
use tokio_postgres::Error;
use tokio_postgres::types::ToSql;
use uuid::Uuid;

use super::database::Database;
use super::decide::{Before, Row};
use super::error::{closed, is_transient, unavailable};
use super::query::{head_in, rendering_in, replay_in};
use super::rows::Columns;
use super::write::{Letters, Statements};
use crate::group::{self, Done, GROUP_MAX, Job, Kept, WAITING_MAX, Work};
use crate::place::{Placed, Standing};
use crate::{Commit, CommitError, Committed, Meters, StoreError, StoredRendering};

/// As often as a transaction is tried that the server undid for another's sake.
const TRIES_MAX: u32 = 5;
/// How long a group may take, waiting for a standby included. After it the connection is hung up, and whether the group
/// was committed its callers learn by their request ids.
const GROUP_TIMEOUT: Duration = Duration::from_secs(15);

/// The way to the task that writes.
pub(super) struct Writer {
    /// `None`: closed.
    jobs: Mutex<Option<mpsc::Sender<Job>>>,
    task: Mutex<Option<JoinHandle<()>>>,
}

impl Writer {
    /// Starts the task. Who waits for the head is told of each group before its callers are.
    pub(super) fn start(
        database: Arc<Database>,
        channel: String,
        head: watch::Sender<u64>,
        meters: Meters,
    ) -> Self {
        let (sender, jobs) = mpsc::channel(WAITING_MAX);
        Self {
            jobs: Mutex::new(Some(sender)),
            task: Mutex::new(Some(tokio::spawn(run(
                database,
                channel,
                jobs,
                (head, meters),
            )))),
        }
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

    /// Takes no more commits, and waits until those that wait are made.
    pub(super) async fn close(&self) {
        drop(held(&self.jobs).take());
        let task = held(&self.task).take();
        if let Some(task) = task {
            // A task that panicked has told its callers already: their answers were dropped.
            let _ = task.await;
        }
    }
}

fn held<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

fn stopped() -> StoreError {
    StoreError::Unavailable("the task that writes has stopped".to_owned())
}

async fn run(
    database: Arc<Database>,
    channel: String,
    mut jobs: mpsc::Receiver<Job>,
    (head, meters): (watch::Sender<u64>, Meters),
) {
    let mut waiting: Vec<Job> = Vec::with_capacity(GROUP_MAX);
    let mut last = 0;
    while jobs.recv_many(&mut waiting, GROUP_MAX).await > 0 {
        if let Some(wait) = group::company_wait(last) {
            tokio::time::sleep(wait).await;
            group::take_what_waits(&mut jobs, &mut waiting);
        }
        last = waiting.len();
        let (work, asking) = group::begin(&mut waiting);
        if work.is_empty() {
            continue;
        }
        let begun = Instant::now();
        let written = write_group(&database, &channel, &work).await;
        if written.is_ok() {
            meters.committed(work.len(), begun.elapsed());
        }
        if let Ok(written) = &written {
            super::listen::tell(&head, written.position);
        }
        group::answer(written.map(|written| written.done), asking);
    }
    database.close();
}

/// A group that was committed.
struct Written {
    done: Vec<Done>,
    /// The position of the log's head after it.
    position: u64,
}

/// Why a group was not committed, as far as is known.
enum Failed {
    /// The server undid it for another's sake.
    Transient(Error),
    /// It was not begun: the connection was lost while no one used it.
    NotBegun(Error),
    Otherwise(StoreError),
}

/// Writes a group in one transaction: all of it, or none. Where that is not known it is unavailable.
async fn write_group(
    database: &Database,
    channel: &str,
    work: &[Work],
) -> Result<Written, StoreError> {
    let mut tries = 1;
    loop {
        let connection = database.connection().await?;
        let outcome = try_group(&connection, channel, work);
        let failed = match tokio::time::timeout(GROUP_TIMEOUT, outcome).await {
            Ok(Ok(written)) => return Ok(written),
            Ok(Err(failed)) => failed,
            Err(_) => Failed::Otherwise(StoreError::Unavailable(
                "the commit did not end in time".to_owned(),
            )),
        };
        // Hung up: whatever is open on it is undone.
        drop(Object::take(connection));
        let error = match failed {
            Failed::Otherwise(error) => return Err(error),
            Failed::Transient(error) | Failed::NotBegun(error) => error,
        };
        let code = error.code().map_or("none", |code| code.code());
        if tries == TRIES_MAX {
            tracing::error!(transaction = "commit", code, tries, "given up");
            return Err(unavailable(&error));
        }
        tracing::warn!(transaction = "commit", code, tries, "tried again");
        tries += 1;
    }
}

/// Writes a group behind the log's head.
async fn try_group(client: &Object, channel: &str, work: &[Work]) -> Result<Written, Failed> {
    let statements = Statements::of(client).await.map_err(not_begun)?;
    let mut before = begin(client, work).await?;
    let found = before.head.position;
    let placed: Vec<Option<Result<Placed, CommitError>>> = work
        .iter()
        .map(|work| match work {
            Work::Commit(commit) => Some(before.place(commit)),
            Work::Rendering(_) => None,
        })
        .collect();
    let rows: Vec<Row<'_>> = work
        .iter()
        .zip(&placed)
        .filter_map(|pair| match pair {
            (Work::Commit(commit), Some(Ok(placed))) => Some(Row { commit, placed }),
            (Work::Commit(_), Some(Err(_)) | None) | (Work::Rendering(_), _) => None,
        })
        .collect();
    let letters = Letters::of(&rows).map_err(Failed::Otherwise)?;
    let renderings = work.iter().filter_map(|work| match work {
        Work::Commit(_) => None,
        Work::Rendering(rendering) => Some(rendering),
    });
    let moves = before.head.position != found;
    let write = async {
        if !moves {
            return Ok(());
        }
        let (events, cases, letters, head, notified) = tokio::join!(
            biased;
            statements.events(client, &rows),
            statements.cases(client, &rows),
            statements.letters(client, &letters),
            statements.head(client, &before.head),
            statements.notify(client, channel, &before.head),
        );
        // The first that failed says why: after it the others are refused.
        events
            .and(cases)
            .and(letters.map(drop))
            .and(head.and(notified).map(drop))
    };
    // Each is sent when it is first looked at, in this order; the server ends a transaction in which one failed.
    let (written, kept, committed) = tokio::join!(
        biased;
        write,
        join_all(renderings.map(|rendering| statements.keep(client, rendering))),
        client.batch_execute("COMMIT"),
    );
    written.map_err(failed)?;
    let mut kept = kept
        .into_iter()
        .collect::<Result<Vec<_>, _>>()
        .map_err(failed)?
        .into_iter();
    committed.map_err(failed)?;
    let done = work.iter().zip(placed).map(|pair| match pair {
        (Work::Commit(_), Some(placed)) => Ok(Done::Commit(placed.map(Placed::committed))),
        (Work::Commit(_), None) => Err(stopped()),
        (Work::Rendering(rendering), _) => {
            let rows = kept.next().unwrap_or_default();
            rendering_in(&rows, rendering.notice_id, &rendering.rendition)?
                .map(Done::Rendering)
                .ok_or_else(stopped)
        }
    });
    Ok(Written {
        done: done.collect::<Result<_, _>>().map_err(Failed::Otherwise)?,
        position: before.head.position,
    })
}

/// Several request ids with their callers, in one query.
pub(super) const REPLAYS_SQL: &str = "SELECT e.request_id, e.caller, e.content, e.determination_id, e.version
    FROM unnest($1::uuid[], $2::text[]) AS asked (request_id, caller)
    JOIN events e ON e.request_id = asked.request_id AND e.caller = asked.caller AND e.request_id IS NOT NULL";

/// Begins, locks the head, and reads what a group is about.
async fn begin(client: &Object, work: &[Work]) -> Result<Before, Failed> {
    const LOCKED_SQL: &str =
        "SELECT position, digest, occurred_at_us FROM log_head FOR NO KEY UPDATE";
    const STANDINGS_SQL: &str =
        "SELECT id, opened_at, version, head, last_position FROM cases WHERE id = ANY($1)";
    let commits = || {
        work.iter().filter_map(|work| match work {
            Work::Commit(commit) => Some(commit),
            Work::Rendering(_) => None,
        })
    };
    let ids: Vec<Uuid> = work.iter().filter_map(Work::case).collect();
    let keys = || commits().filter_map(|commit| commit.replay.as_ref().map(|(key, _)| key));
    let requests: Vec<Uuid> = keys().map(|key| key.request_id).collect();
    let callers: Vec<&str> = keys().map(|key| key.caller.as_str()).collect();
    let locked = client.prepare_cached(LOCKED_SQL).await.map_err(not_begun)?;
    let standings = client
        .prepare_cached(STANDINGS_SQL)
        .await
        .map_err(not_begun)?;
    let replays = client
        .prepare_cached(REPLAYS_SQL)
        .await
        .map_err(not_begun)?;
    let (about, asked): ([&(dyn ToSql + Sync); 1], [&(dyn ToSql + Sync); 2]) =
        ([&ids], [&requests, &callers]);
    // Each is sent when it is first looked at, in this order: what is read after the lock sees every commit before it.
    let (begun, head, standings, replays) = tokio::join!(
        biased;
        client.batch_execute("BEGIN"),
        client.query(&locked, &[]),
        client.query(&standings, &about),
        client.query(&replays, &asked),
    );
    begun.map_err(not_begun)?;
    let head = head.map_err(not_begun)?;
    let standings = standings.map_err(not_begun)?;
    let replays = replays.map_err(not_begun)?;
    let before = || -> Result<Before, StoreError> {
        Ok(Before {
            head: head_in(&head)?,
            standings: standings
                .iter()
                .map(standing)
                .collect::<Result<HashMap<_, _>, _>>()?,
            replays: replays
                .iter()
                .map(replay_in)
                .collect::<Result<HashMap<_, _>, _>>()?,
        })
    };
    before().map_err(Failed::Otherwise)
}

fn standing(row: &tokio_postgres::Row) -> Result<(Uuid, Standing), StoreError> {
    let columns = Columns::with_id_in(row, "id")?;
    let standing = Standing {
        opened_at: columns.position("opened_at")?,
        version: columns.version("version")?,
        head: columns.digest("head")?,
        last_position: columns.position("last_position")?,
    };
    Ok((columns.determination_id(), standing))
}

/// Before anything was written: a connection that turns out to be lost was lost without a trace.
fn not_begun(error: Error) -> Failed {
    if error.is_closed() {
        Failed::NotBegun(error)
    } else {
        failed(error)
    }
}

fn failed(error: Error) -> Failed {
    if is_transient(&error) {
        Failed::Transient(error)
    } else {
        Failed::Otherwise(unavailable(&error))
    }
}
