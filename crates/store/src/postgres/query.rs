//! Reads by key, and the log in order: one prepared query each.

use chrono::{DateTime, Utc};
use deadpool_postgres::GenericClient;
use tokio_postgres::Row;
use tokio_postgres::types::{FromSql, ToSql};
use uuid::Uuid;

use super::error::unavailable;
use crate::codes::{form_code, instant_column, limit_column, position_column};
use crate::columns::{self, Columns};
use crate::open_cases::{OPEN_CASES_SQL, OpenCases, bounds_us};
use crate::queries::{self, Snapshot};
use crate::{
    Head, LogEntry, Record, Replay, ReplayKey, StoreError, StoredNotice, StoredRendering, fold,
};
use second_opinion_letters::Rendition;
use second_opinion_rules::case::Case;

type Parameters<'a> = &'a [&'a (dyn ToSql + Sync)];

impl columns::Row for Row {
    fn small(&self, column: &str) -> Option<i16> {
        value(self, column)
    }
    fn integer(&self, column: &str) -> Option<i32> {
        value(self, column)
    }
    fn big(&self, column: &str) -> Option<i64> {
        value(self, column)
    }
    fn big_or_null(&self, column: &str) -> Option<Option<i64>> {
        value(self, column)
    }
    fn text(&self, column: &str) -> Option<&str> {
        value(self, column)
    }
    fn bytes(&self, column: &str) -> Option<&[u8]> {
        value(self, column)
    }
    fn id(&self, column: &str) -> Option<Uuid> {
        value(self, column)
    }
}

fn value<'r, T: FromSql<'r>>(row: &'r Row, column: &str) -> Option<T> {
    row.try_get(column).ok()
}

/// The rows of a query.
pub(super) async fn rows(
    client: &impl GenericClient,
    sql: &str,
    given: Parameters<'_>,
) -> Result<Vec<Row>, StoreError> {
    let statement = client.prepare_cached(sql).await;
    let statement = statement.map_err(|error| unavailable(&error))?;
    let rows = client.query(&statement, given).await;
    rows.map_err(|error| unavailable(&error))
}

/// The rows of a query, read.
async fn all<T>(
    client: &impl GenericClient,
    sql: &str,
    given: Parameters<'_>,
    read: impl Fn(&dyn columns::Row) -> Result<T, StoreError>,
) -> Result<Vec<T>, StoreError> {
    let found = rows(client, sql, given).await?;
    found.iter().map(|row| read(row)).collect()
}

/// The first row of a query, read.
async fn one<T>(
    client: &impl GenericClient,
    sql: &str,
    given: Parameters<'_>,
    read: impl Fn(&dyn columns::Row) -> Result<T, StoreError>,
) -> Result<Option<T>, StoreError> {
    let found = rows(client, sql, given).await?;
    found.first().map(|row| read(row)).transpose()
}

pub(super) async fn case(
    client: &impl GenericClient,
    id: Uuid,
) -> Result<Option<Case>, StoreError> {
    match rows(client, queries::CASE_SQL, &[&id]).await?.first() {
        Some(row) => case_in(client, row).await.map(Some),
        None => Ok(None),
    }
}

/// The case in a row of [`queries::case_columns`].
pub(super) async fn case_in(client: &impl GenericClient, row: &Row) -> Result<Case, StoreError> {
    let file = match queries::snapshot(row)? {
        Snapshot::Known(file) => *file,
        Snapshot::Unknown { id, last_position } => {
            fold(id, &walk(client, id, last_position).await?)?.file
        }
    };
    queries::case(row, file)
}

pub(super) async fn history(
    client: &impl GenericClient,
    id: Uuid,
) -> Result<Vec<Record>, StoreError> {
    let last = one(client, queries::LAST_POSITION_SQL, &[&id], |row| {
        Columns::of(id, row).position("last_position")
    })
    .await?;
    match last {
        None => Ok(Vec::new()),
        Some(last) => walk(client, id, last).await,
    }
}

/// Backwards alone, so that no damage makes the walk go round. A step to an event that is not there is a row too.
pub(super) const WALK_SQL: &str = "WITH RECURSIVE walk AS (
            SELECT last.at, e.position, e.determination_id, e.version, e.sha256, e.bytes, e.previous_position
            FROM (SELECT $1::bigint AS at) last LEFT JOIN events e ON e.position = last.at
            UNION ALL
            SELECT w.previous_position, e.position, e.determination_id, e.version, e.sha256, e.bytes,
                e.previous_position
            FROM walk w LEFT JOIN events e ON e.position = w.previous_position
            WHERE w.previous_position < w.position)
        SELECT * FROM walk";

/// A case's events up to one of them, found backwards from it. What is committed never changes, so no snapshot of the
/// database is needed.
async fn walk(client: &impl GenericClient, id: Uuid, last: u64) -> Result<Vec<Record>, StoreError> {
    let found = rows(client, WALK_SQL, &[&position_column(last)]).await?;
    let mut records = Vec::with_capacity(found.len());
    let mut before = None;
    for row in &found {
        let columns = Columns::of(id, row);
        if columns.big_or_null("position")?.is_none() {
            let missing = format!("its event at position {} is missing", columns.big("at")?);
            return Err(StoreError::damaged(id, missing));
        }
        records.push(queries::record(row)?);
        before = columns.big_or_null("previous_position")?;
    }
    if before.is_some() {
        let position = records.last().map_or(0, |record| record.position);
        let unnamed = format!("its event at position {position} does not name the one before it");
        return Err(StoreError::damaged(id, unnamed));
    }
    records.reverse();
    Ok(records)
}

pub(super) async fn replay(
    client: &impl GenericClient,
    key: &ReplayKey,
) -> Result<Option<Replay>, StoreError> {
    let given: Parameters<'_> = &[&key.request_id, &key.caller];
    let found = one(client, queries::REPLAY_SQL, given, queries::replay).await?;
    Ok(found.map(|(_, replay)| replay))
}

pub(super) async fn log_after(
    client: &impl GenericClient,
    position: u64,
    limit: usize,
) -> Result<Vec<LogEntry>, StoreError> {
    let given: Parameters<'_> = &[&position_column(position), &limit_column(limit)];
    all(client, queries::LOG_SQL, given, queries::log_entry).await
}

pub(super) async fn records_after(
    client: &impl GenericClient,
    position: u64,
    limit: usize,
) -> Result<Vec<Record>, StoreError> {
    let given: Parameters<'_> = &[&position_column(position), &limit_column(limit)];
    all(client, queries::RECORDS_SQL, given, queries::record).await
}

pub(super) async fn head(client: &impl GenericClient) -> Result<Head, StoreError> {
    head_in(&rows(client, queries::HEAD_SQL, &[]).await?)
}

pub(super) fn head_in(rows: &[Row]) -> Result<Head, StoreError> {
    // Nothing else takes the head away.
    let row = rows.first().ok_or_else(|| {
        StoreError::Unavailable(
            "a copy into it was begun and is not finished: run the same `second-opinion copy` again"
                .to_owned(),
        )
    })?;
    queries::head(row)
}

pub(super) async fn notice(
    client: &impl GenericClient,
    id: Uuid,
) -> Result<Option<StoredNotice>, StoreError> {
    one(client, queries::NOTICE_SQL, &[&id], queries::notice).await
}

pub(super) async fn rendering(
    client: &impl GenericClient,
    notice_id: Uuid,
    rendition: &Rendition,
) -> Result<Option<StoredRendering>, StoreError> {
    let (form, language) = (form_code(rendition.form), &rendition.language);
    let given: Parameters<'_> = &[&notice_id, &form, language, &rendition.large_print];
    one(client, queries::RENDERING_SQL, given, |row| {
        queries::rendering(row, notice_id, rendition)
    })
    .await
}

/// Stores a rendering where there is none yet, and gives the one that is stored.
pub(super) async fn store_rendering(
    client: &impl GenericClient,
    new: StoredRendering,
) -> Result<StoredRendering, StoreError> {
    const SQL: &str =
        "INSERT INTO renderings (notice_id, form, language, large_print, sha256, bytes)
        VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT DO NOTHING";
    let (form, sha256) = (form_code(new.rendition.form), &new.sha256.0[..]);
    let given: Parameters<'_> = &[
        &new.notice_id,
        &form,
        &new.rendition.language,
        &new.rendition.large_print,
        &sha256,
        &new.bytes,
    ];
    let statement = client.prepare_cached(SQL).await;
    let statement = statement.map_err(|error| unavailable(&error))?;
    let inserted = client.execute(&statement, given).await;
    if inserted.map_err(|error| unavailable(&error))? > 0 {
        return Ok(new);
    }
    // INVARIANT: renderings are never removed.
    let first = rendering(client, new.notice_id, &new.rendition).await?;
    first.ok_or_else(|| StoreError::Unavailable("a rendering has vanished".to_owned()))
}

/// The ids of the cases that are owed an event which no caller makes, longest due first.
pub(super) async fn to_sweep(
    client: &impl GenericClient,
    as_of: DateTime<Utc>,
    limit: usize,
) -> Result<Vec<Uuid>, StoreError> {
    let given: Parameters<'_> = &[&instant_column(as_of), &limit_column(limit)];
    all(client, queries::SWEEP_SQL, given, |row| {
        Columns::of_no_case(row).id("id")
    })
    .await
}

pub(super) async fn open_cases(
    client: &impl GenericClient,
    as_of: DateTime<Utc>,
) -> Result<OpenCases, StoreError> {
    let [overdue, four_hours, day, three_days] = bounds_us(as_of);
    let given: Parameters<'_> = &[&overdue, &four_hours, &day, &three_days];
    let counted = all(client, OPEN_CASES_SQL, given, queries::open_cases).await?;
    Ok(OpenCases::of(counted))
}
