//! How are rows written as another store has them? By the statements that write commits.

use tokio_postgres::types::ToSql;
use tokio_postgres::{Error, Transaction};

use super::write::{EVENTS_SQL, LETTERS_SQL, NEW_CASES_SQL, Of};
use crate::copy::{CaseRow, EventRow, LetterRow, RenderingRow};

const RENDERINGS_SQL: &str =
    "INSERT INTO renderings (notice_id, form, language, large_print, sha256, bytes)
    SELECT * FROM unnest($1::uuid[], $2::smallint[], $3::text[], $4::boolean[], $5::bytea[], $6::bytea[])";

pub(super) async fn cases(to: &Transaction<'_>, rows: &[CaseRow]) -> Result<u64, Error> {
    let column = Of(rows);
    let given: [&(dyn ToSql + Sync); 21] = [
        &column.of(|row| row.opened_at),
        &column.of(|row| row.first_due_us),
        &column.of(|row| row.due_at_us),
        &column.of(|row| row.created_at_us),
        &column.of(|row| row.updated_at_us),
        &column.of(|row| row.last_position),
        &column.of(|row| row.version),
        &column.of(|row| row.state),
        &column.of(|row| row.urgency),
        &column.of(|row| row.id),
        &column.of(|row| row.member_id.as_str()),
        &column.of(|row| row.referral_number.as_str()),
        &column.of(|row| row.treatment_authorization_number.as_str()),
        &column.of(|row| &row.head[..]),
        &column.of(|row| &row.command_head[..]),
        &column.of(|row| &row.snapshot[..]),
        &column.of(|row| row.sweep_at_us),
        &column.of(|row| row.determination_due_us),
        &column.of(|row| row.member_notification_due_us),
        &column.of(|row| row.provider_notification_due_us),
        &column.of(|row| row.undecided_since_us),
    ];
    to.execute(NEW_CASES_SQL, &given).await
}

pub(super) async fn letters(to: &Transaction<'_>, rows: &[LetterRow]) -> Result<u64, Error> {
    let column = Of(rows);
    let given: [&(dyn ToSql + Sync); 4] = [
        &column.of(|row| row.notice_id),
        &column.of(|row| row.opened_at),
        &column.of(|row| row.reference.as_str()),
        &column.of(|row| &row.bytes[..]),
    ];
    to.execute(LETTERS_SQL, &given).await
}

pub(super) async fn renderings(to: &Transaction<'_>, rows: &[RenderingRow]) -> Result<u64, Error> {
    let column = Of(rows);
    let given: [&(dyn ToSql + Sync); 6] = [
        &column.of(|row| row.notice_id),
        &column.of(|row| row.form),
        &column.of(|row| row.language.as_str()),
        &column.of(|row| row.large_print),
        &column.of(|row| &row.sha256[..]),
        &column.of(|row| &row.bytes[..]),
    ];
    to.execute(RENDERINGS_SQL, &given).await
}

pub(super) async fn events(to: &Transaction<'_>, rows: &[EventRow]) -> Result<u64, Error> {
    let column = Of(rows);
    let given: [&(dyn ToSql + Sync); 15] = [
        &column.of(|row| row.position),
        &column.of(|row| row.opened_at),
        &column.of(|row| row.occurred_at_us),
        &column.of(|row| row.previous_position),
        &column.of(|row| row.due_at_us),
        &column.of(|row| row.state),
        &column.of(|row| row.urgency),
        &column.of(|row| row.kind),
        &column.of(|row| row.version),
        &column.of(|row| row.determination_id),
        &column.of(|row| &row.sha256[..]),
        &column.of(|row| row.request_id),
        &column.of(|row| row.caller.as_deref()),
        &column.of(|row| row.content.as_deref()),
        &column.of(|row| &row.bytes[..]),
    ];
    to.execute(EVENTS_SQL, &given).await
}
