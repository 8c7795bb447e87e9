//! What does the file hold? Reads by key, and the log in order.

use rusqlite::{CachedStatement, Connection, OptionalExtension, Row, Statement, params};
use uuid::Uuid;

use super::rows::{Columns, unavailable};
use crate::codes::{form_code, limit_column, position_column};
use crate::place::Standing;
use crate::{
    Head, LogEntry, Record, Replay, ReplayKey, StoreError, StoredNotice, StoredRendering,
    decode_state, fold,
};
use second_opinion_letters::Rendition;
use second_opinion_rules::case::Case;

pub(super) fn case(connection: &Connection, id: Uuid) -> Result<Option<Case>, StoreError> {
    const SQL: &str = "SELECT id, version, created_at_us, updated_at_us, head, command_head, last_position, snapshot
        FROM cases WHERE id = ?1";
    one(connection, SQL, params![id.as_bytes()], |row| {
        case_in(connection, row)
    })
}

/// The case in a row that has every column read here.
pub(super) fn case_in(connection: &Connection, row: &Row<'_>) -> Result<Case, StoreError> {
    let columns = Columns::with_id_in(row, "id")?;
    let id = columns.determination_id();
    let snapshot = row
        .get_ref("snapshot")
        .ok()
        .and_then(|value| value.as_blob().ok())
        .ok_or_else(|| columns.damaged("snapshot"))?;
    let current = match decode_state(snapshot) {
        Some(current) => current,
        // Another version wrote the snapshot. The events are the record.
        None => {
            fold(
                id,
                &walk(connection, id, columns.position("last_position")?)?,
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

pub(super) fn history(connection: &Connection, id: Uuid) -> Result<Vec<Record>, StoreError> {
    const SQL: &str = "SELECT last_position FROM cases WHERE id = ?1";
    let last = one(connection, SQL, params![id.as_bytes()], |row| {
        Columns::of(id, row).position("last_position")
    })?;
    match last {
        None => Ok(Vec::new()),
        Some(last) => walk(connection, id, last),
    }
}

/// A case's events up to one of them, found backwards from it. What is committed never changes, so no snapshot of the
/// database is needed.
fn walk(connection: &Connection, id: Uuid, last: u64) -> Result<Vec<Record>, StoreError> {
    const SQL: &str = "SELECT position, determination_id, version, sha256, bytes, previous_position
        FROM events WHERE position = ?1";
    let mut records = Vec::new();
    let mut next = Some(last);
    while let Some(position) = next {
        let step = one(connection, SQL, params![position_column(position)], |row| {
            let previous = Columns::of(id, row).get::<Option<i64>>("previous_position")?;
            Ok((record(row)?, previous))
        })?;
        let Some((record, previous)) = step else {
            return Err(StoreError::damaged(
                id,
                format!("its event at position {position} is missing"),
            ));
        };
        records.push(record);
        next = match previous {
            None => None,
            // Backwards alone, so that no damage makes the walk go round.
            Some(previous) => match u64::try_from(previous) {
                Ok(previous) if previous < position => Some(previous),
                Ok(_) | Err(_) => {
                    return Err(StoreError::damaged(
                        id,
                        format!("its event at position {position} does not name the one before it"),
                    ));
                }
            },
        };
    }
    records.reverse();
    Ok(records)
}

pub(super) fn replay(
    connection: &Connection,
    key: &ReplayKey,
) -> Result<Option<Replay>, StoreError> {
    let mut statement = prepare(connection, REPLAYS_SQL)?;
    replay_by(&mut statement, key)
}

/// What [`replay_by`] is ready with.
pub(super) const REPLAYS_SQL: &str =
    "SELECT caller, content, determination_id, version FROM events WHERE request_id = ?1";

/// As [`replay`], by a statement that is ready.
pub(super) fn replay_by(
    statement: &mut Statement<'_>,
    key: &ReplayKey,
) -> Result<Option<Replay>, StoreError> {
    let read = |row: &Row<'_>| {
        let columns = Columns::with_id_in(row, "determination_id")?;
        let of_caller = columns.get::<String>("caller")? == key.caller;
        if !of_caller {
            return Ok(None);
        }
        Ok(Some(Replay {
            content: columns.digest("content")?,
            determination_id: columns.determination_id(),
            version: columns.version("version")?,
        }))
    };
    let of_all = every(statement, params![key.request_id.as_bytes()], read)?;
    Ok(of_all.into_iter().flatten().next())
}

pub(super) fn log_after(
    connection: &Connection,
    position: u64,
    limit: usize,
) -> Result<Vec<LogEntry>, StoreError> {
    const SQL: &str =
        "SELECT e.position, e.determination_id, e.version, e.kind, e.state, e.urgency, e.due_at_us,
            e.occurred_at_us, coalesce(c.referral_number, '') AS referral_number,
            coalesce(c.treatment_authorization_number, '') AS treatment_authorization_number
        FROM events e LEFT JOIN cases c ON c.opened_at = e.opened_at
        WHERE e.position > ?1 ORDER BY e.position LIMIT ?2";
    let page = params![position_column(position), limit_column(limit)];
    all(connection, SQL, page, |row| {
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
    })
}

pub(super) fn records_after(
    connection: &Connection,
    position: u64,
    limit: usize,
) -> Result<Vec<Record>, StoreError> {
    const SQL: &str = "SELECT position, determination_id, version, sha256, bytes
        FROM events WHERE position > ?1 ORDER BY position LIMIT ?2";
    let page = params![position_column(position), limit_column(limit)];
    all(connection, SQL, page, record)
}

fn record(row: &Row<'_>) -> Result<Record, StoreError> {
    let columns = Columns::with_id_in(row, "determination_id")?;
    Ok(Record {
        position: columns.position("position")?,
        determination_id: columns.determination_id(),
        version: columns.version("version")?,
        bytes: columns.get("bytes")?,
        sha256: columns.digest("sha256")?,
    })
}

pub(super) fn head(connection: &Connection) -> Result<Head, StoreError> {
    const SQL: &str = "SELECT position, digest, occurred_at_us FROM log_head";
    let head = one(connection, SQL, params![], |row| {
        let columns = Columns::of(Uuid::nil(), row);
        Ok(Head {
            position: columns.position("position")?,
            digest: columns.digest("digest")?,
            occurred_at: columns.instant("occurred_at_us")?,
        })
    })?;
    head.ok_or_else(|| StoreError::damaged(Uuid::nil(), "the log has no head"))
}

pub(super) fn notice(
    connection: &Connection,
    id: Uuid,
) -> Result<Option<StoredNotice>, StoreError> {
    const SQL: &str = "SELECT c.id, n.reference, n.bytes
        FROM notices n JOIN cases c ON c.opened_at = n.opened_at WHERE n.notice_id = ?1";
    one(connection, SQL, params![id.as_bytes()], |row| {
        let columns = Columns::with_id_in(row, "id")?;
        let reference = serde_json::from_str(&columns.get::<String>("reference")?)
            .map_err(|_| columns.damaged("reference"))?;
        Ok(StoredNotice {
            determination_id: columns.determination_id(),
            reference,
            bytes: columns.get("bytes")?,
        })
    })
}

pub(super) fn rendering(
    connection: &Connection,
    notice_id: Uuid,
    rendition: &Rendition,
) -> Result<Option<StoredRendering>, StoreError> {
    const SQL: &str = "SELECT sha256, bytes FROM renderings
        WHERE notice_id = ?1 AND form = ?2 AND language = ?3 AND large_print = ?4";
    let key = params![
        notice_id.as_bytes(),
        form_code(rendition.form),
        rendition.language,
        rendition.large_print
    ];
    one(connection, SQL, key, |row| {
        let columns = Columns::of(Uuid::nil(), row);
        Ok(StoredRendering {
            notice_id,
            rendition: rendition.clone(),
            sha256: columns.digest("sha256")?,
            bytes: columns.get("bytes")?,
        })
    })
}

pub(super) fn standing(connection: &Connection, id: Uuid) -> Result<Option<Standing>, StoreError> {
    const SQL: &str = "SELECT opened_at, version, head, last_position FROM cases WHERE id = ?1";
    one(connection, SQL, params![id.as_bytes()], |row| {
        let columns = Columns::of(id, row);
        Ok(Standing {
            opened_at: columns.position("opened_at")?,
            version: columns.version("version")?,
            head: columns.digest("head")?,
            last_position: columns.position("last_position")?,
        })
    })
}

fn one<T>(
    connection: &Connection,
    sql: &str,
    given: &[&dyn rusqlite::ToSql],
    read: impl Fn(&Row<'_>) -> Result<T, StoreError>,
) -> Result<Option<T>, StoreError> {
    prepare(connection, sql)?
        .query_row(given, |row| Ok(read(row)))
        .optional()
        .map_err(|error| unavailable(&error))?
        .transpose()
}

/// Every row that a statement gives, in its order.
pub(super) fn all<T>(
    connection: &Connection,
    sql: &str,
    given: &[&dyn rusqlite::ToSql],
    read: impl Fn(&Row<'_>) -> Result<T, StoreError>,
) -> Result<Vec<T>, StoreError> {
    let mut statement = prepare(connection, sql)?;
    every(&mut statement, given, read)
}

pub(super) fn prepare<'c>(
    connection: &'c Connection,
    sql: &str,
) -> Result<CachedStatement<'c>, StoreError> {
    connection
        .prepare_cached(sql)
        .map_err(|error| unavailable(&error))
}

/// As [`all`], by a statement that is ready.
fn every<T>(
    statement: &mut Statement<'_>,
    given: &[&dyn rusqlite::ToSql],
    read: impl Fn(&Row<'_>) -> Result<T, StoreError>,
) -> Result<Vec<T>, StoreError> {
    let mut rows = statement
        .query(given)
        .map_err(|error| unavailable(&error))?;
    let mut found = Vec::new();
    while let Some(row) = rows.next().map_err(|error| unavailable(&error))? {
        found.push(read(row)?);
    }
    Ok(found)
}
