//! How are the dials read, and counted anew?
//!
//! They are turned by the writer, in the transaction of each group.

use std::sync::Arc;

use chrono::{DateTime, Utc};
use deadpool_postgres::GenericClient;
use tokio_postgres::Error;
use uuid::Uuid;

use super::database::{Database, rows};
use super::error::unavailable;
use super::query;
use super::rows::Columns;
use super::session::Connector;
use crate::StoreError;
use crate::dials::{Counted, Dials, Figure, TimeLeft, Turned};

/// As many cases as are counted at a time.
const BATCH: i64 = 1_000;

pub(super) const TURN_SQL: &str = "INSERT INTO dials (dial, key, count)
    SELECT * FROM unnest($1::smallint[], $2::bigint[], $3::bigint[])
    ON CONFLICT (dial, key) DO UPDATE SET count = dials.count + excluded.count";

pub(super) const NONE_LEFT_SQL: &str = "DELETE FROM dials d
    USING unnest($1::smallint[], $2::bigint[]) AS n (dial, key)
    WHERE d.dial = n.dial AND d.key = n.key AND d.count = 0";

pub(super) const READ_SQL: &str = "SELECT dial,
        (CASE WHEN key <= $1 THEN 0 WHEN key < $2 THEN 1 WHEN key < $3 THEN 2 WHEN key < $4 THEN 3 ELSE 4 END)::smallint
            AS time_left,
        min(key) AS key, sum(count)::bigint AS count
    FROM dials WHERE dial BETWEEN 1 AND 3 GROUP BY dial, time_left
    UNION ALL SELECT dial, 0::smallint, min(key), sum(count)::bigint FROM dials WHERE dial = 4 GROUP BY dial
    UNION ALL SELECT dial, 0::smallint, key, count FROM dials WHERE dial > 4";

pub(super) async fn read(
    client: &impl GenericClient,
    as_of: DateTime<Utc>,
) -> Result<Dials, StoreError> {
    let [overdue, four_hours, day, three_days] = TimeLeft::bounds_us(as_of);
    let found = rows(
        client,
        READ_SQL,
        &[&overdue, &four_hours, &day, &three_days],
    )
    .await?;
    let figures = found.iter().map(|row| {
        let columns = Columns::of(Uuid::nil(), row);
        Ok(Figure {
            dial: columns.get("dial")?,
            time_left: columns.get("time_left")?,
            key: columns.get("key")?,
            count: columns.get("count")?,
        })
    });
    Ok(Dials::of(figures.collect::<Result<Vec<_>, StoreError>>()?))
}

/// Counts every case once: those of a database from before there were dials. No one commits meanwhile.
pub(super) async fn count(connector: Connector) -> Result<(), StoreError> {
    const LOCK_SQL: &str = "SELECT position FROM log_head FOR NO KEY UPDATE";
    const COUNTED_SQL: &str = "SELECT dial FROM dials WHERE dial = 0";
    const CASES_SQL: &str =
        "SELECT opened_at, id, version, created_at_us, updated_at_us, head, command_head,
            last_position, snapshot
        FROM cases WHERE opened_at > $1 ORDER BY opened_at LIMIT $2";
    let failed = |error: Error| unavailable(&error);
    let database = Database::new(connector, 1, Arc::default())?;
    let mut connection = database.connection().await?;
    // Dropped without a commit it is rolled back.
    let transaction = connection.transaction().await.map_err(failed)?;
    rows(&transaction, LOCK_SQL, &[]).await?;
    if !rows(&transaction, COUNTED_SQL, &[]).await?.is_empty() {
        return Ok(());
    }
    let mut counts = Turned::default();
    let mut after = 0_i64;
    loop {
        let cases = rows(&transaction, CASES_SQL, &[&after, &BATCH]).await?;
        let Some(last) = cases.last() else { break };
        after = Columns::of(Uuid::nil(), last).get("opened_at")?;
        for row in &cases {
            let case = query::case_in(&transaction, row).await?;
            counts.add(&Counted::default().turned_into(&case.current));
        }
    }
    let (dials, keys, by) = columns(&counts);
    transaction
        .execute(TURN_SQL, &[&dials, &keys, &by])
        .await
        .map_err(failed)?;
    let marked = "INSERT INTO dials (dial, key, count) VALUES (0, 0, 1)";
    transaction.batch_execute(marked).await.map_err(failed)?;
    transaction.commit().await.map_err(failed)
}

/// What was turned, a column each: dial, key, by how much.
pub(super) fn columns(turned: &Turned) -> (Vec<i16>, Vec<i64>, Vec<i64>) {
    let mut columns = (Vec::new(), Vec::new(), Vec::new());
    for (dial, key, by) in turned.moved() {
        columns.0.push(dial);
        columns.1.push(key);
        columns.2.push(by);
    }
    columns
}
