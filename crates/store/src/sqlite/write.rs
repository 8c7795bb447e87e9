//! The rows of a commit, and when it is refused.

use std::sync::LazyLock;

use rusqlite::Connection;
use rusqlite::ffi::SQLITE_CONSTRAINT_UNIQUE;

use super::query::{execute, first};
use crate::codes::{instant_column, position_column};
use crate::group_commit::Outcome;
use crate::queries::{CASE_HEAD_SQL, RENDERING_SQL, REPLAY_SQL, rendering_key};
use crate::rows;
use crate::sequence::SequencedEvent;
use crate::tables::{
    CASES, CHANGED_CASES, EVENTS, NOTICES, RENDERINGS, Table, case_row, changed_case_assignments,
    changed_case_row, event_row, notice_row, rendering_row,
};
use crate::{Commit, CommitError, Head, StoreError, StoredRendering};

static INSERT_EVENT_SQL: LazyLock<String> = LazyLock::new(|| insert_sql(&EVENTS));
static INSERT_CASE_SQL: LazyLock<String> = LazyLock::new(|| insert_sql(&CASES));
static INSERT_NOTICE_SQL: LazyLock<String> = LazyLock::new(|| insert_sql(&NOTICES));
static INSERT_RENDERING_SQL: LazyLock<String> =
    LazyLock::new(|| insert_sql(&RENDERINGS) + " ON CONFLICT DO NOTHING");
static UPDATE_CASE_SQL: LazyLock<String> = LazyLock::new(|| {
    let assignments = changed_case_assignments(|at, _| format!("?{}", at + 1));
    let key = CHANGED_CASES.key;
    format!("UPDATE cases SET {assignments} WHERE {key} = ?1")
});

fn insert_sql(table: &Table) -> String {
    let (name, columns) = (table.name, table.column_names());
    let values: Vec<String> = (1..=table.columns.len())
        .map(|at| format!("?{at}"))
        .collect();
    format!(
        "INSERT INTO {name} ({columns}) VALUES ({})",
        values.join(", ")
    )
}

/// Writes one commit behind the log's head, and moves the head. It sees those before it in its group: all of them are in
/// one transaction.
pub(super) fn write(
    transaction: &Connection,
    head: &mut Head,
    commit: &Commit,
) -> Result<Outcome, StoreError> {
    // Before the version: a repeated request gets its first reply, however far the case has moved on.
    if let Some((key, _)) = &commit.replay {
        let given = [key.request_id.into(), key.caller.as_str().into()];
        if let Some((_, replay)) = first(transaction, REPLAY_SQL, &given, rows::replay)? {
            return Ok(Err(CommitError::Replayed(replay)));
        }
    }
    // A new case is not looked for: that its id is taken shows when it is written.
    let case_head = if commit.expected_version == 0 {
        None
    } else {
        let id = [commit.case_id().into()];
        let found = first(transaction, CASE_HEAD_SQL, &id, rows::case_head)?;
        found.map(|(_, head)| head)
    };
    let event = match SequencedEvent::new(head, case_head.as_ref(), commit) {
        Ok(event) => event,
        Err(refused) => return Ok(Err(refused)),
    };
    let by_caller = commit.replay.is_some().then_some(&event);
    let written = match case_head {
        None => execute(
            transaction,
            &INSERT_CASE_SQL,
            &case_row(&event, &event, &event),
        ),
        Some(_) => execute(
            transaction,
            &UPDATE_CASE_SQL,
            &changed_case_row(&event, by_caller),
        ),
    };
    match written {
        Err(error) if is_taken(&error) => return Ok(Err(CommitError::VersionConflict)),
        written => {
            written.and_then(|_| execute(transaction, &INSERT_EVENT_SQL, &event_row(&event)))?
        }
    };
    for letter in &commit.letters {
        let row = notice_row(event.opened_at, letter)?;
        execute(transaction, &INSERT_NOTICE_SQL, &row)?;
    }
    *head = event.head_after(head);
    Ok(Ok(event.into_committed()))
}

/// Whether a row was not written because there is one with its key.
fn is_taken(error: &rusqlite::Error) -> bool {
    error
        .sqlite_error()
        .is_some_and(|error| error.extended_code == SQLITE_CONSTRAINT_UNIQUE)
}

/// Moves the stored head of the log.
pub(super) fn move_head(transaction: &Connection, head: &Head) -> Result<(), StoreError> {
    const SQL: &str = "UPDATE log_head SET position = $1, digest = $2, occurred_at_us = $3";
    let given = [
        position_column(head.position).into(),
        head.digest.0[..].into(),
        instant_column(head.occurred_at).into(),
    ];
    execute(transaction, SQL, &given)?;
    Ok(())
}

/// Stores a rendering where there is none yet, and gives the one that is stored.
pub(super) fn write_rendering(
    transaction: &Connection,
    rendering: StoredRendering,
) -> Result<StoredRendering, StoreError> {
    let inserted = execute(
        transaction,
        &INSERT_RENDERING_SQL,
        &rendering_row(&rendering),
    );
    if inserted? > 0 {
        return Ok(rendering);
    }
    let (id, rendition) = (rendering.notice_id, &rendering.rendition);
    let key = rendering_key(id, rendition);
    let found = first(transaction, RENDERING_SQL, &key, |row| {
        rows::rendering(row, id, rendition)
    })?;
    // INVARIANT: a rendering that was not inserted is there.
    Ok(found.unwrap_or(rendering))
}
