//! The tables: their columns by name and type, which both databases have, and the values of new rows.

use tokio_postgres::types::Type;

use super::codes::{
    first_due_column, form_code, instant_column, kind_code, position_column, state_code,
    urgency_code,
};
use super::sequence::SequencedEvent;
use super::value::Value;
use super::{CaseColumns, StoreError, StoredNotice, StoredRendering};

/// A table, or the part of one that a statement writes.
pub struct Table {
    /// Its name, which is also that of the column of `copying` that says how far its copy has come.
    pub name: &'static str,
    /// The key by which a copy orders its rows. A letter or a rendering is never removed, so that `SQLite`'s row ids are
    /// in the order in which they came.
    pub key: &'static str,
    /// Its columns, in the order of the values of its rows.
    pub columns: &'static [(&'static str, Type)],
}

/// A new row: a value a column.
pub type NewRow<'a> = Vec<Value<'a>>;

impl Table {
    /// The names of its columns, for a statement.
    #[must_use]
    pub fn column_names(&self) -> String {
        let names: Vec<&str> = self.columns.iter().map(|(name, _)| *name).collect();
        names.join(", ")
    }
}

/// The cases.
pub(super) static CASES: Table = Table {
    name: "cases",
    key: "opened_at",
    columns: &[
        ("opened_at", Type::INT8),
        ("first_due_us", Type::INT8),
        ("due_at_us", Type::INT8),
        ("sweep_at_us", Type::INT8),
        ("determination_due_us", Type::INT8),
        ("member_notification_due_us", Type::INT8),
        ("provider_notification_due_us", Type::INT8),
        ("undecided_since_us", Type::INT8),
        ("created_at_us", Type::INT8),
        ("updated_at_us", Type::INT8),
        ("last_position", Type::INT8),
        ("version", Type::INT4),
        ("state", Type::INT2),
        ("urgency", Type::INT2),
        ("id", Type::UUID),
        ("member_id", Type::TEXT),
        ("referral_number", Type::TEXT),
        ("treatment_authorization_number", Type::TEXT),
        ("head", Type::BYTEA),
        ("command_head", Type::BYTEA),
        ("snapshot", Type::BYTEA),
    ],
};

/// The letters.
pub(super) static NOTICES: Table = Table {
    name: "notices",
    key: "rowid",
    columns: &[
        ("notice_id", Type::UUID),
        ("opened_at", Type::INT8),
        ("reference", Type::TEXT),
        ("bytes", Type::BYTEA),
    ],
};

/// The renderings of letters.
pub(super) static RENDERINGS: Table = Table {
    name: "renderings",
    key: "rowid",
    columns: &[
        ("notice_id", Type::UUID),
        ("form", Type::INT2),
        ("language", Type::TEXT),
        ("large_print", Type::BOOL),
        ("sha256", Type::BYTEA),
        ("bytes", Type::BYTEA),
    ],
};

/// The log.
pub(super) static EVENTS: Table = Table {
    name: "events",
    key: "position",
    columns: &[
        ("position", Type::INT8),
        ("opened_at", Type::INT8),
        ("occurred_at_us", Type::INT8),
        ("previous_position", Type::INT8),
        ("due_at_us", Type::INT8),
        ("state", Type::INT2),
        ("urgency", Type::INT2),
        ("kind", Type::INT2),
        ("version", Type::INT4),
        ("determination_id", Type::UUID),
        ("sha256", Type::BYTEA),
        ("request_id", Type::UUID),
        ("caller", Type::TEXT),
        ("content", Type::BYTEA),
        ("bytes", Type::BYTEA),
    ],
};

/// The columns of a case's row that a later event changes, after the key. The others never change, so that no index on them
/// is written.
pub(super) static CHANGED_CASES: Table = Table {
    name: "cases",
    key: "opened_at",
    columns: &[
        ("opened_at", Type::INT8),
        ("first_due_us", Type::INT8),
        ("due_at_us", Type::INT8),
        ("sweep_at_us", Type::INT8),
        ("determination_due_us", Type::INT8),
        ("member_notification_due_us", Type::INT8),
        ("provider_notification_due_us", Type::INT8),
        ("undecided_since_us", Type::INT8),
        ("updated_at_us", Type::INT8),
        ("last_position", Type::INT8),
        ("version", Type::INT4),
        ("state", Type::INT2),
        ("urgency", Type::INT2),
        ("head", Type::BYTEA),
        ("command_head", Type::BYTEA),
        ("snapshot", Type::BYTEA),
    ],
};

/// The assignments of an update of [`CHANGED_CASES`], from the expression for each column's new value. An event that no
/// caller made moves neither the instant of the last change nor the etag: their new values are null.
pub(super) fn changed_case_assignments(new: impl Fn(usize, &str) -> String) -> String {
    let changed = CHANGED_CASES.columns.iter().enumerate().skip(1);
    let assignments = changed.map(|(at, (name, _))| match *name {
        "updated_at_us" | "command_head" => {
            format!("{name} = coalesce({}, cases.{name})", new(at, name))
        }
        _ => format!("{name} = {}", new(at, name)),
    });
    assignments.collect::<Vec<_>>().join(", ")
}

/// A version in the form in which databases keep it: a case takes a thousand events at most.
fn version_column(version: u32) -> i32 {
    i32::try_from(version).unwrap_or(i32::MAX)
}

fn occurred_at(event: &SequencedEvent<'_>) -> i64 {
    instant_column(event.event.header.occurred_at)
}

/// The row of an event.
pub(super) fn event_row<'a>(event: &'a SequencedEvent<'_>) -> NewRow<'a> {
    let (header, columns) = (&event.event.header, &event.commit.columns);
    let (key, content) = event
        .commit
        .replay
        .as_ref()
        .map(|(key, content)| (key, content))
        .unzip();
    vec![
        position_column(event.position).into(),
        position_column(event.opened_at).into(),
        occurred_at(event).into(),
        event.previous.map(position_column).into(),
        columns.due_at.map(instant_column).into(),
        state_code(columns.state).into(),
        urgency_code(columns.urgency).into(),
        kind_code(event.commit.kind).into(),
        version_column(header.version).into(),
        header.determination_id.into(),
        event.event.sha256.0[..].into(),
        key.map(|key| key.request_id).into(),
        key.map(|key| key.caller.as_str()).into(),
        content.map(|content| &content.0[..]).into(),
        event.event.bytes[..].into(),
    ]
}

/// The due instants of a case, in the order of the tables.
fn due_values(columns: &CaseColumns) -> [Value<'static>; 7] {
    let [determination, member, provider, undecided] = columns.open.in_us();
    [
        first_due_column(columns.first_due).into(),
        columns.due_at.map(instant_column).into(),
        columns.sweep_at.map(instant_column).into(),
        determination.into(),
        member.into(),
        provider.into(),
        undecided.into(),
    ]
}

/// The row of a new case: its first event, its last one, and the last that a caller made.
pub(super) fn case_row<'a>(
    first: &'a SequencedEvent<'_>,
    last: &'a SequencedEvent<'_>,
    by_caller: &'a SequencedEvent<'_>,
) -> NewRow<'a> {
    let columns = &last.commit.columns;
    let mut row = vec![position_column(last.opened_at).into()];
    row.extend(due_values(columns));
    row.extend([
        occurred_at(first).into(),
        occurred_at(by_caller).into(),
        position_column(last.position).into(),
        version_column(last.event.header.version).into(),
        state_code(columns.state).into(),
        urgency_code(columns.urgency).into(),
        last.event.header.determination_id.into(),
        columns.member_id.as_str().into(),
        columns.referral_number.as_str().into(),
        columns.treatment_authorization_number.as_str().into(),
        last.event.sha256.0[..].into(),
        by_caller.event.sha256.0[..].into(),
        last.commit.snapshot[..].into(),
    ]);
    row
}

/// The row of a changed case, as [`CHANGED_CASES`] has it.
pub(super) fn changed_case_row<'a>(
    last: &'a SequencedEvent<'_>,
    by_caller: Option<&'a SequencedEvent<'_>>,
) -> NewRow<'a> {
    let columns = &last.commit.columns;
    let mut row = vec![position_column(last.opened_at).into()];
    row.extend(due_values(columns));
    row.extend([
        by_caller.map(occurred_at).into(),
        position_column(last.position).into(),
        version_column(last.event.header.version).into(),
        state_code(columns.state).into(),
        urgency_code(columns.urgency).into(),
        last.event.sha256.0[..].into(),
        by_caller.map(|event| &event.event.sha256.0[..]).into(),
        last.commit.snapshot[..].into(),
    ]);
    row
}

/// The row of a letter of a case.
pub(super) fn notice_row(opened_at: u64, letter: &StoredNotice) -> Result<NewRow<'_>, StoreError> {
    let reference = serde_json::to_string(&letter.reference).map_err(|_| {
        StoreError::damaged(letter.determination_id, "a letter's reference is not JSON")
    })?;
    Ok(vec![
        letter.reference.notice_id.into(),
        position_column(opened_at).into(),
        reference.into(),
        letter.bytes[..].into(),
    ])
}

/// The row of a rendering.
pub(super) fn rendering_row(rendering: &StoredRendering) -> NewRow<'_> {
    vec![
        rendering.notice_id.into(),
        form_code(rendering.rendition.form).into(),
        rendering.rendition.language.as_str().into(),
        rendering.rendition.large_print.into(),
        rendering.sha256.0[..].into(),
        rendering.bytes[..].into(),
    ]
}
