//! What is asked for most: one case by its id, and one request by its id. Each batch of either is one statement.
//!
//! A case that was read before is kept with the digest of its last event. The next read hands the digest over, and the
//! database sends the case's file again only where the digest has changed: every read asks the database, and few are
//! sent what they have.

use std::collections::HashMap;
use std::sync::Arc;

use deadpool_postgres::Object;
use quick_cache::sync::Cache;
use uuid::Uuid;

use super::database::{Database, rows};
use super::gather::Gathering;
use super::query;
use super::rows::Columns;
use crate::{Replay, ReplayKey, StoreError};
use second_opinion_rules::case::Case;

/// As many cases as are kept: some kilobytes each.
const CASES_MAX: usize = 4_096;

/// Where one asks for a case.
pub(super) type Cases = Gathering<Uuid, Option<Arc<Case>>>;
/// Where one asks what a request id was used for.
pub(super) type Replays = Gathering<ReplayKey, Option<Replay>>;

pub(super) fn cases(database: Arc<Database>) -> Cases {
    let kept: Arc<Cache<Uuid, Arc<Case>>> = Arc::new(Cache::new(CASES_MAX));
    Gathering::start(move |ids: Vec<Uuid>| {
        let (database, kept) = (Arc::clone(&database), Arc::clone(&kept));
        async move {
            database
                .read(|client| Box::pin(async move { read_cases(client, &kept, &ids).await }))
                .await
        }
    })
}

/// Cases by their ids, without the file of those whose last event has the digest given.
pub(super) const CASES_SQL: &str = "SELECT asked.at, c.id, c.version, c.created_at_us, c.updated_at_us, c.head, c.command_head,
        c.last_position, CASE WHEN c.head IS DISTINCT FROM asked.head THEN c.snapshot END AS snapshot
    FROM unnest($1::uuid[], $2::bytea[]) WITH ORDINALITY AS asked (id, head, at) JOIN cases c ON c.id = asked.id";

async fn read_cases(
    client: &Object,
    kept: &Cache<Uuid, Arc<Case>>,
    ids: &[Uuid],
) -> Result<Vec<Result<Option<Arc<Case>>, StoreError>>, StoreError> {
    // Held until the answer is there, so that what the database leaves out is at hand.
    let held: Vec<Option<Arc<Case>>> = ids.iter().map(|id| kept.get(id)).collect();
    let heads: Vec<Option<&[u8]>> = held
        .iter()
        .map(|case| case.as_ref().map(|case| &case.head.0[..]))
        .collect();
    let mut answers: Vec<_> = ids.iter().map(|_| Ok(None)).collect();
    for row in &rows(client, CASES_SQL, &[&ids, &heads]).await? {
        let at: i64 = Columns::of(Uuid::nil(), row).get("at")?;
        // Counted from 1.
        let Some(at) = usize::try_from(at).ok().and_then(|at| at.checked_sub(1)) else {
            continue;
        };
        let answer = match &held[at] {
            Some(case) if is_left_out(row) => Ok(Some(Arc::clone(case))),
            Some(_) | None => query::case_in(client, row).await.map(|case| {
                let case = Arc::new(case);
                kept.insert(case.id, Arc::clone(&case));
                Some(case)
            }),
        };
        if let Err(error @ (StoreError::Unavailable(_) | StoreError::Schema(_))) = answer {
            return Err(error);
        }
        answers[at] = answer;
    }
    Ok(answers)
}

/// Whether the database has sent no file, because the case is as it was.
fn is_left_out(row: &tokio_postgres::Row) -> bool {
    matches!(row.try_get::<_, Option<&[u8]>>("snapshot"), Ok(None))
}

pub(super) fn replays(database: Arc<Database>) -> Replays {
    Gathering::start(move |keys: Vec<ReplayKey>| {
        let database = Arc::clone(&database);
        async move {
            let (ids, callers): (Vec<Uuid>, Vec<String>) = keys
                .iter()
                .map(|key| (key.request_id, key.caller.clone()))
                .unzip();
            let found = database
                .read(|client| {
                    Box::pin(async move {
                        replays_in(&rows(client, REPLAYS_SQL, &[&ids, &callers]).await?)
                    })
                })
                .await?;
            Ok(keys.iter().map(|key| Ok(found.get(key).copied())).collect())
        }
    })
}

/// What request ids were used for, of several callers.
pub(super) const REPLAYS_SQL: &str = "SELECT e.request_id, e.caller, e.content, e.determination_id, e.version
    FROM unnest($1::uuid[], $2::text[]) AS asked (request_id, caller)
    JOIN events e ON e.request_id = asked.request_id AND e.caller = asked.caller AND e.request_id IS NOT NULL";

pub(super) fn replays_in(
    rows: &[tokio_postgres::Row],
) -> Result<HashMap<ReplayKey, Replay>, StoreError> {
    let replay = |row| {
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
    };
    rows.iter().map(replay).collect()
}
