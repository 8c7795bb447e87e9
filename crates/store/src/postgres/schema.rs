//! The schema: its migrations, and the check of its version.
//!
//! Everything is in the first schema of the connection's search path, so that one database can hold several stores.

use std::sync::Arc;
use std::time::Duration;

use tokio_postgres::Client;

use super::address::Address;
use super::pool::Pool;
use super::query::{all, execute};
use super::session::{Connector, Purpose};
use crate::StoreError;
use crate::codes::position_column;
use crate::open_cases::{FILL_BATCH_CASES, FILL_SQL, UNFILLED_SQL, fill_values};
use crate::queries::WALK_SQL;
use crate::rows::{keyed_case, walk_step};
use crate::schema::{self, Applied};

/// Keeps migrations and copies into a schema apart.
pub(super) const LOCK_SQL: &str =
    "SELECT pg_advisory_lock(hashtextextended('second-opinion ' || current_schema(), 0))";

mod embedded {
    refinery::embed_migrations!("migrations/postgres");
}

/// Brings the schema to this version's, and gives the versions that were applied; none where it had them all.
///
/// # Errors
/// [`StoreError::Unavailable`] when the database cannot be reached, or its user may not change the schema;
/// [`StoreError::Schema`] when the schema is newer than this version's or diverges from it.
pub async fn migrate(url: &str) -> Result<Vec<u32>, StoreError> {
    let address = Address::parse(url).map_err(StoreError::Unavailable)?;
    let connector = Connector::new(&address, Purpose::Migrating)?;
    let mut client = connector.client().await?;
    // Two at once would both find nothing applied. The lock ends with the connection.
    client.batch_execute(LOCK_SQL).await?;
    // One transaction: a migration that was applied and not written down would be applied again.
    let runner = embedded::migrations::runner().set_grouped(true);
    schema::check(&applied(&client).await?, runner.get_migrations())?;
    let report = runner
        .run_async(&mut client)
        .await
        .map_err(|error| StoreError::Schema(error.to_string()))?;
    fill_open_cases(connector).await?;
    schema::versions(&report)
}

/// Fills the columns by which open cases are counted, in rows from before there were such columns. Servers may be
/// committing: each batch holds the log's head, as a commit does.
async fn fill_open_cases(connector: Connector) -> Result<(), StoreError> {
    const LOCK_SQL: &str = "SELECT FROM log_head FOR NO KEY UPDATE";
    let pool = Pool::new(connector, 1, Duration::ZERO, Arc::default())?;
    let mut connection = pool.connection().await?;
    let mut after = 0;
    loop {
        // Dropped without a commit it is rolled back.
        let transaction = connection.transaction().await?;
        transaction.batch_execute(LOCK_SQL).await?;
        let unfilled = [after.into(), FILL_BATCH_CASES.into()];
        let cases = all(&transaction, UNFILLED_SQL, &unfilled, keyed_case).await?;
        if cases.is_empty() {
            return Ok(transaction.commit().await?);
        }
        for (opened_at, case) in cases {
            let steps = match case.unfolded() {
                Some(last) => {
                    let last = position_column(last).into();
                    all(&transaction, WALK_SQL, &[last], walk_step).await?
                }
                None => Vec::new(),
            };
            let file = case.complete(steps)?.current;
            execute(&transaction, FILL_SQL, &fill_values(opened_at, &file)).await?;
            after = opened_at;
        }
        transaction.commit().await?;
    }
}

/// Refuses a schema that is not exactly this version's.
pub(super) async fn check_current(client: &Client) -> Result<(), StoreError> {
    let runner = embedded::migrations::runner();
    schema::check_current(&applied(client).await?, runner.get_migrations())
}

/// The migrations that were applied, in order.
async fn applied(client: &Client) -> Result<Vec<Applied>, StoreError> {
    const TABLES_SQL: &str = "SELECT current_schema() IS NOT NULL AS has_schema,
            to_regclass(quote_ident(current_schema()) || '.refinery_schema_history') IS NOT NULL AS has_history,
            to_regclass(quote_ident(current_schema()) || '.events') IS NOT NULL AS has_events";
    const HISTORY_SQL: &str = "SELECT version::bigint, coalesce(name, ''), coalesce(checksum, '')
        FROM refinery_schema_history ORDER BY version";
    let row = client.query_typed_one(TABLES_SQL, &[]).await;
    let row = row?;
    let has = |column| row.try_get(column);
    if !has("has_schema")? {
        return Err(StoreError::Schema(
            "no schema of the connection's search path exists".to_owned(),
        ));
    }
    match (has("has_history")?, has("has_events")?) {
        (false, true) => return Err(schema::foreign()),
        (false, false) => return Ok(Vec::new()),
        (true, _) => {}
    }
    let rows = client.query_typed(HISTORY_SQL, &[]).await?;
    rows.iter()
        .map(|row| Ok((row.try_get(0)?, row.try_get(1)?, row.try_get(2)?)))
        .collect()
}
