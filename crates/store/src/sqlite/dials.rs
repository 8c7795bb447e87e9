//! How are the dials turned with each commit, and read?

use chrono::{DateTime, Utc};
use rusqlite::{Connection, TransactionBehavior, params};
use uuid::Uuid;

use super::query;
use super::rows::{Columns, unavailable};
use crate::StoreError;
use crate::dials::{Counted, Dials, Figure, TimeLeft, Turned};

/// As many cases as are counted at a time.
const BATCH: i64 = 1_000;

/// Moves the counts by what a group of commits turned.
pub(super) fn turn(transaction: &Connection, turned: &Turned) -> rusqlite::Result<()> {
    const SQL: &str = "INSERT INTO dials (dial, key, count) VALUES (?1, ?2, ?3)
        ON CONFLICT (dial, key) DO UPDATE SET count = count + excluded.count";
    const NONE_LEFT: &str = "DELETE FROM dials WHERE dial = ?1 AND key = ?2 AND count = 0";
    let mut add = transaction.prepare_cached(SQL)?;
    let mut remove = transaction.prepare_cached(NONE_LEFT)?;
    for (dial, key, by) in turned.moved() {
        add.execute(params![dial, key, by])?;
        if by < 0 {
            remove.execute(params![dial, key])?;
        }
    }
    Ok(())
}

pub(super) fn read(connection: &Connection, as_of: DateTime<Utc>) -> Result<Dials, StoreError> {
    const SQL: &str = "SELECT dial,
            CASE WHEN key <= ?1 THEN 0 WHEN key < ?2 THEN 1 WHEN key < ?3 THEN 2 WHEN key < ?4 THEN 3 ELSE 4 END
                AS time_left,
            min(key) AS key, sum(count) AS count
        FROM dials WHERE dial BETWEEN 1 AND 3 GROUP BY dial, time_left
        UNION ALL SELECT dial, 0, min(key), sum(count) FROM dials WHERE dial = 4 GROUP BY dial
        UNION ALL SELECT dial, 0, key, count FROM dials WHERE dial > 4";
    let [overdue, four_hours, day, three_days] = TimeLeft::bounds_us(as_of);
    let given = params![overdue, four_hours, day, three_days];
    let figures = query::all(connection, SQL, given, |row| {
        let columns = Columns::of(Uuid::nil(), row);
        Ok(Figure {
            dial: columns.get("dial")?,
            time_left: columns.get("time_left")?,
            key: columns.get("key")?,
            count: columns.get("count")?,
        })
    })?;
    Ok(Dials::of(figures))
}

/// Counts every case once: those of a file from before there were dials. All of it in one transaction, so that it is
/// begun anew where it was broken off.
pub(super) fn count(connection: &mut Connection) -> Result<(), StoreError> {
    const SQL: &str = "SELECT opened_at, id, version, created_at_us, updated_at_us, head, command_head, last_position,
            snapshot
        FROM cases WHERE opened_at > ?1 ORDER BY opened_at LIMIT ?2";
    let failed = |error: rusqlite::Error| unavailable(&error);
    let transaction = connection
        .transaction_with_behavior(TransactionBehavior::Immediate)
        .map_err(failed)?;
    let counted = "SELECT count(*) FROM dials WHERE dial = 0";
    if transaction
        .query_row(counted, [], |row| row.get::<_, i64>(0))
        .map_err(failed)?
        > 0
    {
        return Ok(());
    }
    let mut counts = Turned::default();
    let mut after = 0_i64;
    loop {
        let cases = query::all(&transaction, SQL, params![after, BATCH], |row| {
            let opened_at: i64 = Columns::of(Uuid::nil(), row).get("opened_at")?;
            Ok((opened_at, query::case_in(&transaction, row)?))
        })?;
        let Some((last, _)) = cases.last() else { break };
        after = *last;
        for (_, case) in &cases {
            counts.add(&Counted::default().turned_into(&case.current));
        }
    }
    turn(&transaction, &counts).map_err(failed)?;
    transaction
        .execute("INSERT INTO dials VALUES (0, 0, 1)", [])
        .map_err(failed)?;
    transaction.commit().map_err(failed)
}
