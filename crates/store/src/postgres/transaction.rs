//! The transaction of a commit group, in two round trips whatever its size.
//!
//! The first locks the log's one head row and reads what the group names: every commit before it, of any process, is then
//! seen, and none comes in between. The second writes what was decided from that, and commits. So positions are without
//! gaps and in the order of commits, over every process on the database.

use std::collections::HashMap;

use deadpool_postgres::Object;
use tokio_postgres::types::ToSql;
use tokio_postgres::{Error, Row};
use uuid::Uuid;

use super::error::is_transient;
use super::pool::Pool;
use super::write::{GroupRows, Statements};
use crate::group_commit::Outcome;
use crate::queries::Reader as _;
use crate::rows;
use crate::sequence::{CaseHead, SequencedEvent};
use crate::{Commit, CommitError, Head, Replay, ReplayKey, StoreError};

/// A group that was committed.
pub(super) struct Written {
    /// In the order of the commits.
    pub outcomes: Vec<Outcome>,
    /// The position of the log's head after it.
    pub position: u64,
}

/// Why a group was not committed, as far as is known.
pub(super) enum Failed {
    /// The server rolled it back for another's sake.
    Transient(Error),
    /// The connection was lost before anything was written.
    NotBegun(Error),
    Otherwise(StoreError),
}

/// The log, the cases and the request ids that a group names. A commit sees those before it in its group.
struct GroupState {
    head: Head,
    cases: HashMap<Uuid, CaseHead>,
    replays: HashMap<ReplayKey, Replay>,
}

const LOCK_HEAD_SQL: &str =
    "SELECT position, digest, occurred_at_us FROM log_head FOR NO KEY UPDATE";
const CASES_SQL: &str =
    "SELECT id, opened_at, version, head, last_position FROM cases WHERE id = ANY($1)";
pub(super) const REPLAYS_SQL: &str = "SELECT e.request_id, e.caller, e.content, e.determination_id, e.version
    FROM unnest($1::uuid[], $2::text[]) AS asked (request_id, caller)
    JOIN events e ON e.request_id = asked.request_id AND e.caller = asked.caller AND e.request_id IS NOT NULL";

/// Writes a group behind the log's head.
pub(super) async fn try_group(
    client: &Object,
    channel: &str,
    commits: &[Commit],
) -> Result<Written, Failed> {
    let statements = Statements::of(client).await.map_err(not_begun)?;
    let mut state = begin(client, commits).await?;
    let sequenced: Vec<Result<SequencedEvent<'_>, CommitError>> = commits
        .iter()
        .map(|commit| state.sequence(commit))
        .collect();
    let events: Vec<&SequencedEvent<'_>> = sequenced.iter().flatten().collect();
    let rows = GroupRows::of(&events).map_err(Failed::Otherwise)?;
    // Each is sent when it is first polled, in this order; the server ends a transaction in which one failed.
    let (written, committed) = tokio::join!(
        biased;
        async {
            if events.is_empty() {
                return Ok(());
            }
            rows.write(client, &statements, &state.head, channel).await
        },
        client.batch_execute("COMMIT"),
    );
    written.and(committed).map_err(failed)?;
    drop(rows);
    let outcomes = sequenced.into_iter();
    Ok(Written {
        outcomes: outcomes
            .map(|event| event.map(SequencedEvent::into_committed))
            .collect(),
        position: state.head.position,
    })
}

/// Begins, locks the head, and reads what a group names.
async fn begin(client: &Object, commits: &[Commit]) -> Result<GroupState, Failed> {
    let ids: Vec<Uuid> = commits.iter().map(Commit::case_id).collect();
    let keys = || {
        let replays = commits.iter().filter_map(|commit| commit.replay.as_ref());
        replays.map(|(key, _)| key)
    };
    let requests: Vec<Uuid> = keys().map(|key| key.request_id).collect();
    let callers: Vec<&str> = keys().map(|key| key.caller.as_str()).collect();
    let prepare = async |sql| client.prepare_cached(sql).await.map_err(not_begun);
    let lock_head = prepare(LOCK_HEAD_SQL).await?;
    let cases = prepare(CASES_SQL).await?;
    let replays = prepare(REPLAYS_SQL).await?;
    let (of_cases, of_replays): ([&(dyn ToSql + Sync); 1], [&(dyn ToSql + Sync); 2]) =
        ([&ids], [&requests, &callers]);
    // Each is sent when it is first polled, in this order: what is read after the lock sees every commit before it.
    let (begun, head, cases, replays) = tokio::join!(
        biased;
        client.batch_execute("BEGIN"),
        client.query(&lock_head, &[]),
        client.query(&cases, &of_cases),
        client.query(&replays, &of_replays),
    );
    begun.map_err(not_begun)?;
    let (head, cases, replays) = (
        head.map_err(not_begun)?,
        cases.map_err(not_begun)?,
        replays.map_err(not_begun)?,
    );
    GroupState::of(&head, &cases, &replays).map_err(Failed::Otherwise)
}

impl GroupState {
    fn of(head: &[Row], cases: &[Row], replays: &[Row]) -> Result<Self, StoreError> {
        let head = head.first().ok_or_else(Pool::headless)?;
        Ok(Self {
            head: rows::head(head)?,
            cases: cases
                .iter()
                .map(|row| rows::case_head(row))
                .collect::<Result<_, _>>()?,
            replays: replays
                .iter()
                .map(|row| rows::replay(row))
                .collect::<Result<_, _>>()?,
        })
    }

    /// Places a commit in the log, and moves on to the state after it.
    fn sequence<'c>(&mut self, commit: &'c Commit) -> Result<SequencedEvent<'c>, CommitError> {
        // Before the version: a repeated request gets its first reply, however far the case has moved on.
        if let Some((key, _)) = &commit.replay
            && let Some(replay) = self.replays.get(key)
        {
            return Err(CommitError::Replayed(*replay));
        }
        let id = commit.case_id();
        let event = SequencedEvent::new(&self.head, self.cases.get(&id), commit)?;
        self.head = event.head_after(&self.head);
        self.cases.insert(id, event.case_head_after());
        if let Some((key, content)) = &commit.replay {
            let replay = Replay {
                content: *content,
                determination_id: id,
                version: event.event.header.version,
            };
            self.replays.insert(key.clone(), replay);
        }
        Ok(event)
    }
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
        Failed::Otherwise(error.into())
    }
}
