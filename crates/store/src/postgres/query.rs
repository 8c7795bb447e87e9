//! What does the database hold? Reads by key, and the log in order.

use deadpool_postgres::GenericClient;
use tokio_postgres::Row;
use uuid::Uuid;

use super::database::rows;
use super::rows::Columns;
use crate::codes::{form_code, limit_column, position_column};
use crate::{
    Head, LogEntry, Record, Replay, ReplayKey, StoreError, StoredNotice, StoredRendering,
    decode_state, fold,
};
use second_opinion_letters::Rendition;
use second_opinion_rules::case::Case;

pub(super) const CASE_SQL: &str =
    "SELECT id, version, created_at_us, updated_at_us, head, command_head, last_position, snapshot
    FROM cases WHERE id = $1";

pub(super) async fn case(
    client: &impl GenericClient,
    id: Uuid,
) -> Result<Option<Case>, StoreError> {
    match rows(client, CASE_SQL, &[&id]).await?.first() {
        Some(row) => case_in(client, row).await.map(Some),
        None => Ok(None),
    }
}

pub(super) const REPLAY_SQL: &str =
    "SELECT request_id, caller, content, determination_id, version FROM events
    WHERE request_id = $1 AND caller = $2";

pub(super) async fn replay(
    client: &impl GenericClient,
    key: &ReplayKey,
) -> Result<Option<Replay>, StoreError> {
    let found = rows(client, REPLAY_SQL, &[&key.request_id, &key.caller]).await?;
    let replay = found.first().map(replay_in).transpose()?;
    Ok(replay.map(|(_, replay)| replay))
}

/// The idempotency record in a row.
pub(super) fn replay_in(row: &Row) -> Result<(ReplayKey, Replay), StoreError> {
    let columns = Columns::with_id_in(row, "determination_id")?;
    let key = ReplayKey {
        caller: columns.get("caller")?,
        request_id: columns.get("request_id")?,
    };
    let replay = Replay {
        content: columns.digest("content")?,
        determination_id: columns.determination_id(),
        version: columns.version("version")?,
    };
    Ok((key, replay))
}

/// The case in a row that has every column read here.
pub(super) async fn case_in(client: &impl GenericClient, row: &Row) -> Result<Case, StoreError> {
    let columns = Columns::with_id_in(row, "id")?;
    let id = columns.determination_id();
    let current = match decode_state(columns.get("snapshot")?) {
        Some(current) => current,
        // Another version wrote the snapshot. The events are the record.
        None => {
            fold(
                id,
                &walk(client, id, columns.position("last_position")?).await?,
            )?
            .current
        }
    };
    Ok(Case {
        id,
        version: columns.version("version")?,
        head: columns.digest("head")?,
        command_head: columns.digest("command_head")?,
        created_at: columns.instant("created_at_us")?,
        updated_at: columns.instant("updated_at_us")?,
        current,
    })
}

pub(super) async fn history(
    client: &impl GenericClient,
    id: Uuid,
) -> Result<Vec<Record>, StoreError> {
    const SQL: &str = "SELECT last_position FROM cases WHERE id = $1";
    match rows(client, SQL, &[&id]).await?.first() {
        None => Ok(Vec::new()),
        Some(row) => {
            let last = Columns::of(id, row).position("last_position")?;
            walk(client, id, last).await
        }
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
        if columns.get::<Option<i64>>("position")?.is_none() {
            let at: i64 = columns.get("at")?;
            let missing = format!("its event at position {at} is missing");
            return Err(StoreError::damaged(id, missing));
        }
        records.push(record(row)?);
        before = columns.get::<Option<i64>>("previous_position")?;
    }
    if before.is_some() {
        let position = records.last().map_or(0, |record| record.position);
        let unnamed = format!("its event at position {position} does not name the one before it");
        return Err(StoreError::damaged(id, unnamed));
    }
    records.reverse();
    Ok(records)
}

pub(super) const LOG_SQL: &str =
    "SELECT e.position, e.determination_id, e.version, e.kind, e.state, e.urgency, e.due_at_us,
            e.occurred_at_us, coalesce(c.referral_number, '') AS referral_number,
            coalesce(c.treatment_authorization_number, '') AS treatment_authorization_number
        FROM events e LEFT JOIN cases c ON c.opened_at = e.opened_at
        WHERE e.position > $1 ORDER BY e.position LIMIT $2";

pub(super) async fn log_after(
    client: &impl GenericClient,
    position: u64,
    limit: usize,
) -> Result<Vec<LogEntry>, StoreError> {
    let (after, limit) = (position_column(position), limit_column(limit));
    let page = rows(client, LOG_SQL, &[&after, &limit]).await?;
    page.iter().map(entry).collect()
}

fn entry(row: &Row) -> Result<LogEntry, StoreError> {
    let columns = Columns::with_id_in(row, "determination_id")?;
    Ok(LogEntry {
        position: columns.position("position")?,
        determination_id: columns.determination_id(),
        version: columns.version("version")?,
        kind: columns.kind("kind")?,
        state: columns.state("state")?,
        urgency: columns.urgency("urgency")?,
        due_at: columns.instant_if_any("due_at_us")?,
        occurred_at: columns.instant("occurred_at_us")?,
        referral_number: columns.get("referral_number")?,
        treatment_authorization_number: columns.get("treatment_authorization_number")?,
    })
}

pub(super) async fn records_after(
    client: &impl GenericClient,
    position: u64,
    limit: usize,
) -> Result<Vec<Record>, StoreError> {
    const SQL: &str = "SELECT position, determination_id, version, sha256, bytes
        FROM events WHERE position > $1 ORDER BY position LIMIT $2";
    let (after, limit) = (position_column(position), limit_column(limit));
    let page = rows(client, SQL, &[&after, &limit]).await?;
    page.iter().map(record).collect()
}

fn record(row: &Row) -> Result<Record, StoreError> {
    let columns = Columns::with_id_in(row, "determination_id")?;
    Ok(Record {
        position: columns.position("position")?,
        determination_id: columns.determination_id(),
        version: columns.version("version")?,
        bytes: columns.get("bytes")?,
        sha256: columns.digest("sha256")?,
    })
}

pub(super) async fn head(client: &impl GenericClient) -> Result<Head, StoreError> {
    const SQL: &str = "SELECT position, digest, occurred_at_us FROM log_head";
    head_in(&rows(client, SQL, &[]).await?)
}

pub(super) fn head_in(rows: &[Row]) -> Result<Head, StoreError> {
    let Some(row) = rows.first() else {
        // Nothing else takes the head away.
        return Err(StoreError::Unavailable(
            "a copy into it was begun and is not finished: run the same `second-opinion copy` again"
                .to_owned(),
        ));
    };
    let columns = Columns::of(Uuid::nil(), row);
    Ok(Head {
        position: columns.position("position")?,
        digest: columns.digest("digest")?,
        occurred_at: columns.instant("occurred_at_us")?,
    })
}

pub(super) async fn notice(
    client: &impl GenericClient,
    id: Uuid,
) -> Result<Option<StoredNotice>, StoreError> {
    const SQL: &str = "SELECT c.id, n.reference, n.bytes
        FROM notices n JOIN cases c ON c.opened_at = n.opened_at WHERE n.notice_id = $1";
    let found = rows(client, SQL, &[&id]).await?;
    let Some(row) = found.first() else {
        return Ok(None);
    };
    let columns = Columns::with_id_in(row, "id")?;
    let reference = serde_json::from_str(columns.get("reference")?)
        .map_err(|_| columns.damaged("reference"))?;
    Ok(Some(StoredNotice {
        determination_id: columns.determination_id(),
        reference,
        bytes: columns.get("bytes")?,
    }))
}

pub(super) const RENDERING_SQL: &str = "SELECT sha256, bytes FROM renderings
    WHERE notice_id = $1 AND form = $2 AND language = $3 AND large_print = $4";

pub(super) async fn rendering(
    client: &impl GenericClient,
    notice_id: Uuid,
    rendition: &Rendition,
) -> Result<Option<StoredRendering>, StoreError> {
    let form = form_code(rendition.form);
    let (language, large_print) = (&rendition.language, &rendition.large_print);
    let found = rows(
        client,
        RENDERING_SQL,
        &[&notice_id, &form, language, large_print],
    )
    .await?;
    rendering_in(&found, notice_id, rendition)
}

pub(super) fn rendering_in(
    rows: &[Row],
    notice_id: Uuid,
    rendition: &Rendition,
) -> Result<Option<StoredRendering>, StoreError> {
    let Some(row) = rows.first() else {
        return Ok(None);
    };
    let columns = Columns::of(Uuid::nil(), row);
    Ok(Some(StoredRendering {
        notice_id,
        rendition: rendition.clone(),
        sha256: columns.digest("sha256")?,
        bytes: columns.get("bytes")?,
    }))
}
