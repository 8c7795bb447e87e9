//! Statements and the rows that they give.

use std::borrow::Cow;

use deadpool_postgres::GenericClient;
use tokio_postgres::Row;
use tokio_postgres::types::{FromSql, ToSql};
use uuid::Uuid;

use super::pool::Pool;
use crate::StoreError;
use crate::columns;
use crate::queries::{Reader, Size};
use crate::value::Value;

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

/// Values as the driver takes them.
pub(super) fn parameters<'a>(values: &'a [Value<'a>]) -> Vec<&'a (dyn ToSql + Sync)> {
    let values = values.iter();
    values.map(|value| value as &(dyn ToSql + Sync)).collect()
}

/// The rows of a query, read.
pub(super) async fn all<T>(
    client: &impl GenericClient,
    sql: &str,
    given: &[Value<'_>],
    read: impl Fn(&dyn columns::Row) -> Result<T, StoreError>,
) -> Result<Vec<T>, StoreError> {
    let statement = client.prepare_cached(sql).await;
    let statement = statement?;
    let rows = client.query(&statement, &parameters(given)).await;
    let rows = rows?;
    rows.iter().map(|row| read(row)).collect()
}

/// Runs a statement, and gives the rows that it changed.
pub(super) async fn execute(
    client: &impl GenericClient,
    sql: &str,
    given: &[Value<'_>],
) -> Result<u64, StoreError> {
    let statement = client.prepare_cached(sql).await;
    let statement = statement?;
    let changed = client.execute(&statement, &parameters(given)).await;
    Ok(changed?)
}

impl Reader for Pool {
    async fn rows<T: Send + 'static>(
        &self,
        _: Size,
        sql: Cow<'static, str>,
        given: Vec<Value<'static>>,
        read: impl Fn(&dyn columns::Row) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<Vec<T>, StoreError> {
        self.run(|client| Box::pin(async move { all(client, &sql, &given, read).await }))
            .await
    }

    /// The first places of each scan: those that share the last page's instant, then those beyond it. One condition for
    /// both would begin at the instant and step over all that were shown, which without a clock is every case.
    fn scans_sql(scans: &[(i16, i16)]) -> String {
        let scans = scans
            .iter()
            .map(|(state, stopped)| format!("({state}::smallint, {stopped}::smallint)"));
        let scans: Vec<String> = scans.collect();
        let of_scan = "SELECT c.first_due_us AS due, c.opened_at AS at FROM cases c
            WHERE c.state = scan.state AND c.stopped = scan.stopped AND ($4::bigint IS NULL OR c.due_at_us < $4)";
        format!(
            "SELECT scanned.due, scanned.at FROM (VALUES {}) AS scan (state, stopped) CROSS JOIN LATERAL (
                ({of_scan} AND c.first_due_us = $1 AND c.opened_at > $2 ORDER BY c.opened_at LIMIT $5)
                UNION ALL
                ({of_scan} AND c.first_due_us > $1 AND c.first_due_us <= $3
                    ORDER BY c.first_due_us, c.opened_at LIMIT $5)) AS scanned",
            scans.join(", ")
        )
    }

    /// Nothing but a copy takes the head away.
    fn headless() -> StoreError {
        StoreError::Unavailable(
            "a copy into it was begun and is not finished: run the same `second-opinion copy` again"
                .to_owned(),
        )
    }
}
