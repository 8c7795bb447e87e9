//! Queries, and the reads of the port by them, the same on every database: `$1` is the first parameter in each.

use std::borrow::Cow;
use std::future::Future;

use chrono::{DateTime, Utc};
use uuid::Uuid;

use super::codes::{form_code, instant_column, limit_column, position_column};
use super::columns::{Columns, Row};
use super::open_cases::{OPEN_CASES_SQL, OpenCases, bounds_us};
use super::rows::{self, StoredCase, WalkStep, walked};
use super::value::Value;
use super::{Head, LogEntry, Record, Replay, ReplayKey, StoreError, StoredNotice, StoredRendering};
use second_opinion_letters::Rendition;
use second_opinion_rules::case::Case;

/// A database that is read.
pub trait Reader: Send + Sync + 'static {
    /// The rows of a query, read.
    fn rows<T: Send + 'static>(
        &self,
        size: Size,
        sql: Cow<'static, str>,
        given: Vec<Value<'static>>,
        read: impl Fn(&dyn Row) -> Result<T, StoreError> + Send + 'static,
    ) -> impl Future<Output = Result<Vec<T>, StoreError>> + Send;

    /// The places of a worklist by state: the query of its scans. See [`super::worklist`].
    fn scans_sql(scans: &[(i16, i16)]) -> String;

    /// A log without a head.
    fn headless() -> StoreError;
}

/// The size of a query's result.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Size {
    /// A few rows, found by their keys.
    Few,
    /// A page of rows.
    Page,
}

/// The columns of a [`rows::stored_case`], for a `SELECT`.
macro_rules! case_columns {
    () => {
        "id, version, created_at_us, updated_at_us, head, command_head, last_position, snapshot"
    };
}
pub(super) use case_columns;

pub(super) const CASE_SQL: &str = concat!("SELECT ", case_columns!(), " FROM cases WHERE id = $1");
const LAST_POSITION_SQL: &str = "SELECT last_position FROM cases WHERE id = $1";
pub(super) const REPLAY_SQL: &str =
    "SELECT request_id, caller, content, determination_id, version FROM events
    WHERE request_id = $1 AND caller = $2";
pub(super) const LOG_SQL: &str =
    "SELECT e.position, e.determination_id, e.version, e.kind, e.state, e.urgency, e.due_at_us,
        e.occurred_at_us, coalesce(c.referral_number, '') AS referral_number,
        coalesce(c.treatment_authorization_number, '') AS treatment_authorization_number
    FROM events e LEFT JOIN cases c ON c.opened_at = e.opened_at
    WHERE e.position > $1 ORDER BY e.position LIMIT $2";
const RECORDS_SQL: &str = "SELECT position, determination_id, version, sha256, bytes
    FROM events WHERE position > $1 ORDER BY position LIMIT $2";
pub(super) const HEAD_SQL: &str = "SELECT position, digest, occurred_at_us FROM log_head";
const NOTICE_SQL: &str = "SELECT c.id, n.reference, n.bytes
    FROM notices n JOIN cases c ON c.opened_at = n.opened_at WHERE n.notice_id = $1";
pub(super) const RENDERING_SQL: &str = "SELECT sha256, bytes FROM renderings
    WHERE notice_id = $1 AND form = $2 AND language = $3 AND large_print = $4";
/// The condition of the partial index is repeated, or the index would not be used.
pub(super) const SWEEP_SQL: &str =
    "SELECT id FROM cases WHERE sweep_at_us IS NOT NULL AND sweep_at_us <= $1
    ORDER BY sweep_at_us, opened_at LIMIT $2";

/// A case's events from its last one backwards. Backwards alone, so that no damage makes the walk go round. A step to an
/// event that is missing is a row too.
pub(super) const WALK_SQL: &str = "WITH RECURSIVE walk AS (
        SELECT last.at, e.position, e.determination_id, e.version, e.sha256, e.bytes, e.previous_position
        FROM (SELECT CAST($1 AS bigint) AS at) AS last LEFT JOIN events e ON e.position = last.at
        UNION ALL
        SELECT w.previous_position, e.position, e.determination_id, e.version, e.sha256, e.bytes, e.previous_position
        FROM walk w LEFT JOIN events e ON e.position = w.previous_position
        WHERE w.previous_position < w.position)
    SELECT * FROM walk";
pub(super) const CASE_HEAD_SQL: &str =
    "SELECT id, opened_at, version, head, last_position FROM cases WHERE id = $1";

async fn few<T: Send + 'static>(
    database: &impl Reader,
    sql: &'static str,
    given: Vec<Value<'static>>,
    read: impl Fn(&dyn Row) -> Result<T, StoreError> + Send + 'static,
) -> Result<Vec<T>, StoreError> {
    database.rows(Size::Few, sql.into(), given, read).await
}

async fn first<T: Send + 'static>(
    database: &impl Reader,
    sql: &'static str,
    given: Vec<Value<'static>>,
    read: impl Fn(&dyn Row) -> Result<T, StoreError> + Send + 'static,
) -> Result<Option<T>, StoreError> {
    let found = few(database, sql, given, read).await?;
    Ok(found.into_iter().next())
}

async fn page<T: Send + 'static>(
    database: &impl Reader,
    sql: &'static str,
    given: Vec<Value<'static>>,
    read: impl Fn(&dyn Row) -> Result<T, StoreError> + Send + 'static,
) -> Result<Vec<T>, StoreError> {
    database.rows(Size::Page, sql.into(), given, read).await
}

/// The steps of a case's walk. What is committed never changes, so no snapshot of the database is needed.
async fn walk(database: &impl Reader, last_position: u64) -> Result<Vec<WalkStep>, StoreError> {
    let last = position_column(last_position);
    few(database, WALK_SQL, vec![last.into()], rows::walk_step).await
}

/// The case of a row, folded where its file is not known.
pub(super) async fn complete(database: &impl Reader, case: StoredCase) -> Result<Case, StoreError> {
    let steps = match case.unfolded() {
        Some(last) => walk(database, last).await?,
        None => Vec::new(),
    };
    case.complete(steps)
}

pub(super) async fn case(database: &impl Reader, id: Uuid) -> Result<Option<Case>, StoreError> {
    match first(database, CASE_SQL, vec![id.into()], rows::stored_case).await? {
        Some(case) => complete(database, case).await.map(Some),
        None => Ok(None),
    }
}

pub(super) async fn history(database: &impl Reader, id: Uuid) -> Result<Vec<Record>, StoreError> {
    let last = first(database, LAST_POSITION_SQL, vec![id.into()], move |row| {
        Columns::of(id, row).position("last_position")
    });
    match last.await? {
        Some(last) => walked(id, walk(database, last).await?),
        None => Ok(Vec::new()),
    }
}

pub(super) async fn replay(
    database: &impl Reader,
    key: &ReplayKey,
) -> Result<Option<Replay>, StoreError> {
    let given = vec![key.request_id.into(), key.caller.clone().into()];
    let found = first(database, REPLAY_SQL, given, rows::replay).await?;
    Ok(found.map(|(_, replay)| replay))
}

pub(super) async fn log_after(
    database: &impl Reader,
    position: u64,
    limit: usize,
) -> Result<Vec<LogEntry>, StoreError> {
    let given = vec![position_column(position).into(), limit_column(limit).into()];
    page(database, LOG_SQL, given, rows::log_entry).await
}

pub(super) async fn records_after(
    database: &impl Reader,
    position: u64,
    limit: usize,
) -> Result<Vec<Record>, StoreError> {
    let given = vec![position_column(position).into(), limit_column(limit).into()];
    page(database, RECORDS_SQL, given, rows::record).await
}

pub(super) async fn head<R: Reader>(database: &R) -> Result<Head, StoreError> {
    let found = first(database, HEAD_SQL, Vec::new(), rows::head).await?;
    found.ok_or_else(R::headless)
}

pub(super) async fn notice(
    database: &impl Reader,
    id: Uuid,
) -> Result<Option<StoredNotice>, StoreError> {
    first(database, NOTICE_SQL, vec![id.into()], rows::notice).await
}

pub(super) fn rendering_key(notice_id: Uuid, rendition: &Rendition) -> Vec<Value<'static>> {
    vec![
        notice_id.into(),
        form_code(rendition.form).into(),
        rendition.language.clone().into(),
        rendition.large_print.into(),
    ]
}

pub(super) async fn rendering(
    database: &impl Reader,
    notice_id: Uuid,
    rendition: &Rendition,
) -> Result<Option<StoredRendering>, StoreError> {
    let (key, rendition) = (rendering_key(notice_id, rendition), rendition.clone());
    first(database, RENDERING_SQL, key, move |row| {
        rows::rendering(row, notice_id, &rendition)
    })
    .await
}

/// The ids of the cases that are owed an event which no caller makes, longest due first.
pub(super) async fn to_sweep(
    database: &impl Reader,
    as_of: DateTime<Utc>,
    limit: usize,
) -> Result<Vec<Uuid>, StoreError> {
    let given = vec![instant_column(as_of).into(), limit_column(limit).into()];
    page(database, SWEEP_SQL, given, |row| {
        Columns::of_no_case(row).id("id")
    })
    .await
}

pub(super) async fn open_cases(
    database: &impl Reader,
    as_of: DateTime<Utc>,
) -> Result<OpenCases, StoreError> {
    let given = bounds_us(as_of).map(Value::from).into();
    let counted = page(database, OPEN_CASES_SQL, given, rows::open_cases).await?;
    Ok(OpenCases::of(counted))
}
