//! Which cases are owed an event that no caller makes?

use chrono::{DateTime, Utc};
use deadpool_postgres::GenericClient;
use uuid::Uuid;

use super::database::rows;
use super::rows::Columns;
use crate::StoreError;
use crate::codes::{instant_column, limit_column};

/// The condition of the partial index stands in its way in, or the index would not be used.
pub(super) const SWEEP_SQL: &str =
    "SELECT id FROM cases WHERE sweep_at_us IS NOT NULL AND sweep_at_us <= $1
    ORDER BY sweep_at_us, opened_at LIMIT $2";

/// The ids of the cases whose instant has come, longest due first.
pub(super) async fn to_sweep(
    client: &impl GenericClient,
    as_of: DateTime<Utc>,
    limit: usize,
) -> Result<Vec<Uuid>, StoreError> {
    let (as_of, limit) = (instant_column(as_of), limit_column(limit));
    let found = rows(client, SWEEP_SQL, &[&as_of, &limit]).await?;
    found
        .iter()
        .map(|row| Columns::of(Uuid::nil(), row).get("id"))
        .collect()
}
