//! What is written for one commit, and when is it refused?

use rusqlite::ffi::SQLITE_CONSTRAINT_UNIQUE;
use rusqlite::{CachedStatement, Connection, params};
use uuid::Uuid;

use super::query;
use super::query::unavailable;
use crate::codes::{
    first_due_column, form_code, kind_code, position_column, state_code, urgency_code,
};
use crate::group_commit::Outcome;
use crate::queries;
use crate::sequence::SequencedEvent;
use crate::{Commit, CommitError, Head, ReplayKey, StoreError, StoredNotice, StoredRendering};
use second_opinion_rules::case::SealedEvent;

const INSERT_EVENT_SQL: &str =
    "INSERT INTO events (position, opened_at, determination_id, version, kind, state, urgency,
    due_at_us, occurred_at_us, previous_position, sha256, request_id, caller, content, bytes)
    VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15)";

const INSERT_CASE_SQL: &str =
    "INSERT INTO cases (opened_at, id, version, state, urgency, first_due_us, due_at_us,
    member_id, referral_number, treatment_authorization_number, created_at_us, updated_at_us, head,
    command_head, last_position, snapshot, sweep_at_us, determination_due_us, member_notification_due_us,
    provider_notification_due_us, undecided_since_us)
    VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?11, ?12, ?12, ?1, ?13, ?14, ?15, ?16, ?17, ?18)";

/// What nearly every commit of a group executes, made ready once for all of them.
pub(super) struct Statements<'t> {
    transaction: &'t Connection,
    replays: CachedStatement<'t>,
    insert_event: CachedStatement<'t>,
    insert_case: CachedStatement<'t>,
}

impl<'t> Statements<'t> {
    pub(super) fn of(transaction: &'t Connection) -> Result<Self, StoreError> {
        Ok(Self {
            transaction,
            replays: query::prepare(transaction, queries::REPLAY_SQL)?,
            insert_event: query::prepare(transaction, INSERT_EVENT_SQL)?,
            insert_case: query::prepare(transaction, INSERT_CASE_SQL)?,
        })
    }
}

/// Writes one commit behind the log's head, and moves the head.
///
/// What an earlier commit of the group wrote is seen: all of them are in one transaction.
pub(super) fn write(
    statements: &mut Statements<'_>,
    head: &mut Head,
    commit: Commit,
) -> Result<Outcome, StoreError> {
    let transaction = statements.transaction;
    let id = commit.event.header.determination_id;
    // Before the version: whoever repeats a request gets its first answer, however far the case has moved on.
    if let Some((key, _)) = &commit.replay
        && let Some(replay) = query::replay_by(&mut statements.replays, key)?
    {
        return Ok(Err(CommitError::Replayed(replay)));
    }
    // A new case is not looked for: that its id is taken shows when it is written.
    let case_head = match commit.expected_version {
        0 => None,
        _ => query::case_head(transaction, id)?,
    };
    let (expected, event) = (commit.expected_version, commit.event);
    let sequenced = match SequencedEvent::new(head, case_head.as_ref(), expected, event) {
        Ok(sequenced) => sequenced,
        Err(refused) => return Ok(Err(refused)),
    };
    let row = Row {
        position: sequenced.position,
        opened_at: sequenced.opened_at,
        previous: sequenced.previous,
        event: &sequenced.event,
        columns: &commit.columns,
        snapshot: &commit.snapshot,
    };
    let written = match case_head {
        None => row.insert_case(&mut statements.insert_case),
        Some(_) => row.update_case(transaction, commit.replay.is_some()),
    };
    match written {
        Err(error) if is_taken(&error) => return Ok(Err(CommitError::VersionConflict)),
        written => written
            .and_then(|()| {
                let statement = &mut statements.insert_event;
                row.insert_event(statement, commit.kind, commit.replay.as_ref())
            })
            .map_err(|error| unavailable(&error))?,
    }
    for letter in &commit.letters {
        insert_letter(transaction, row.opened_at, letter)?;
    }
    *head = sequenced.head_after(head);
    Ok(Ok(sequenced.into_committed()))
}

/// Whether a row was not written because there is one with its key.
fn is_taken(error: &rusqlite::Error) -> bool {
    error
        .sqlite_error()
        .is_some_and(|error| error.extended_code == SQLITE_CONSTRAINT_UNIQUE)
}

/// Moves the stored head of the log.
pub(super) fn move_head(transaction: &Connection, head: &Head) -> Result<(), StoreError> {
    const SQL: &str = "UPDATE log_head SET position = ?1, digest = ?2, occurred_at_us = ?3";
    let given = params![
        position_column(head.position),
        head.digest.0,
        head.occurred_at.timestamp_micros()
    ];
    execute(transaction, SQL, given).map_err(|error| unavailable(&error))
}

/// One event and the case after it, as they are written.
struct Row<'a> {
    position: u64,
    opened_at: u64,
    previous: Option<u64>,
    event: &'a SealedEvent,
    columns: &'a crate::CaseColumns,
    snapshot: &'a [u8],
}

impl Row<'_> {
    fn id(&self) -> &[u8; 16] {
        self.event.header.determination_id.as_bytes()
    }

    fn insert_event(
        &self,
        statement: &mut CachedStatement<'_>,
        kind: second_opinion_rules::case::EventKind,
        replay: Option<&(ReplayKey, second_opinion_rules::case::Digest)>,
    ) -> rusqlite::Result<()> {
        let header = &self.event.header;
        let given = params![
            position_column(self.position),
            position_column(self.opened_at),
            self.id(),
            header.version,
            kind_code(kind),
            state_code(self.columns.state),
            urgency_code(self.columns.urgency),
            self.columns.due_at.map(|due| due.timestamp_micros()),
            header.occurred_at.timestamp_micros(),
            self.previous.map(position_column),
            self.event.sha256.0,
            replay.map(|(key, _)| key.request_id.as_bytes()),
            replay.map(|(key, _)| &key.caller),
            replay.map(|(_, content)| content.0),
            self.event.bytes,
        ];
        statement.execute(given).map(drop)
    }

    fn insert_case(&self, statement: &mut CachedStatement<'_>) -> rusqlite::Result<()> {
        let open = self.columns.open.in_us();
        let given = params![
            position_column(self.opened_at),
            self.id(),
            self.event.header.version,
            state_code(self.columns.state),
            urgency_code(self.columns.urgency),
            first_due_column(self.columns.first_due),
            self.columns.due_at.map(|due| due.timestamp_micros()),
            self.columns.member_id.as_str(),
            self.columns.referral_number,
            self.columns.treatment_authorization_number,
            self.event.header.occurred_at.timestamp_micros(),
            self.event.sha256.0,
            self.snapshot,
            self.columns.sweep_at.map(|at| at.timestamp_micros()),
            open[0],
            open[1],
            open[2],
            open[3],
        ];
        statement.execute(given).map(drop)
    }

    /// Leaves alone what never changes, so that no index on it is written. What no caller did moves neither the etag
    /// nor the instant of the last change.
    fn update_case(&self, transaction: &Connection, by_caller: bool) -> rusqlite::Result<()> {
        const SQL: &str = "UPDATE cases SET version = ?2, state = ?3, urgency = ?4, first_due_us = ?5, due_at_us = ?6,
            updated_at_us = iif(?7, ?8, updated_at_us), head = ?9, command_head = iif(?7, ?9, command_head),
            last_position = ?10, snapshot = ?11, sweep_at_us = ?12, determination_due_us = ?13,
            member_notification_due_us = ?14, provider_notification_due_us = ?15, undecided_since_us = ?16
            WHERE opened_at = ?1";
        let open = self.columns.open.in_us();
        let given = params![
            position_column(self.opened_at),
            self.event.header.version,
            state_code(self.columns.state),
            urgency_code(self.columns.urgency),
            first_due_column(self.columns.first_due),
            self.columns.due_at.map(|due| due.timestamp_micros()),
            by_caller,
            self.event.header.occurred_at.timestamp_micros(),
            self.event.sha256.0,
            position_column(self.position),
            self.snapshot,
            self.columns.sweep_at.map(|at| at.timestamp_micros()),
            open[0],
            open[1],
            open[2],
            open[3],
        ];
        execute(transaction, SQL, given)
    }
}

fn insert_letter(
    transaction: &Connection,
    opened_at: u64,
    letter: &StoredNotice,
) -> Result<(), StoreError> {
    const SQL: &str =
        "INSERT INTO notices (notice_id, opened_at, reference, bytes) VALUES (?1, ?2, ?3, ?4)";
    let reference = serde_json::to_string(&letter.reference).map_err(|_| {
        StoreError::damaged(letter.determination_id, "a letter's reference is not JSON")
    })?;
    let notice_id: Uuid = letter.reference.notice_id;
    let given = params![
        notice_id.as_bytes(),
        position_column(opened_at),
        reference,
        letter.bytes
    ];
    execute(transaction, SQL, given).map_err(|error| unavailable(&error))
}

/// Keeps a rendering where there is none yet, and gives the one that is kept.
pub(super) fn write_rendering(
    transaction: &Connection,
    rendering: StoredRendering,
) -> Result<StoredRendering, StoreError> {
    const SQL: &str =
        "INSERT INTO renderings (notice_id, form, language, large_print, sha256, bytes)
        VALUES (?1, ?2, ?3, ?4, ?5, ?6)";
    let held = query::rendering(transaction, rendering.notice_id, &rendering.rendition)?;
    if let Some(first) = held {
        return Ok(first);
    }
    let given = params![
        rendering.notice_id.as_bytes(),
        form_code(rendering.rendition.form),
        rendering.rendition.language,
        rendering.rendition.large_print,
        rendering.sha256.0,
        rendering.bytes,
    ];
    execute(transaction, SQL, given).map_err(|error| unavailable(&error))?;
    Ok(rendering)
}

fn execute(
    transaction: &Connection,
    sql: &str,
    given: &[&dyn rusqlite::ToSql],
) -> rusqlite::Result<()> {
    transaction.prepare_cached(sql)?.execute(given).map(drop)
}
