//! Is the schema one that this version can use, and how is it brought there?
//!
//! Everything stands in the first schema of the connection's search path, so one database can hold several stores.

use std::sync::Arc;
use std::time::Duration;

use tokio_postgres::{Client, Error};
use uuid::Uuid;

use super::address::Address;
use super::database::{Database, rows};
use super::error::{unavailable, unreachable};
use super::query;
use super::rows::Columns;
use super::session::{Connector, Purpose};
use crate::StoreError;
use crate::open_cases::{FILL_BATCH_CASES, FILL_SQL, OpenCaseColumns, UNFILLED_SQL};

/// Keeps migrations and copies into a schema apart.
pub(super) const LOCK_SQL: &str =
    "SELECT pg_advisory_lock(hashtextextended('second-opinion ' || current_schema(), 0))";

mod embedded {
    refinery::embed_migrations!("migrations/postgres");
}

/// Brings the schema to this version's and says which versions were applied; none where it had them all.
///
/// # Errors
/// [`StoreError::Unavailable`] when the database cannot be reached, or its user may not change the schema;
/// [`StoreError::Schema`] when the schema is newer than this version's or diverges from it.
pub async fn migrate(url: &str) -> Result<Vec<u32>, StoreError> {
    let address = Address::parse(url).map_err(StoreError::Unavailable)?;
    let connector = Connector::new(&address, Purpose::Migrating)?;
    let (mut client, _carried) = connector
        .session(|_| {})
        .await
        .map_err(|error| StoreError::Unavailable(unreachable(&error)))?;
    // Two that begin at once would both find nothing applied. The lock ends with the connection.
    client
        .batch_execute(LOCK_SQL)
        .await
        .map_err(|error| unavailable(&error))?;
    check(&client).await?;
    // One transaction: a migration that was applied and not written down would be applied again.
    let report = embedded::migrations::runner()
        .set_grouped(true)
        .run_async(&mut client)
        .await
        .map_err(|error| StoreError::Schema(error.to_string()))?;
    fill_open_cases(connector).await?;
    report
        .applied_migrations()
        .iter()
        .map(|migration| version_of(i64::from(migration.version())))
        .collect()
}

/// Fills the columns by which open cases are counted, in rows from before there were such columns. Servers may be
/// committing: each batch holds the log's head, as a commit does.
async fn fill_open_cases(connector: Connector) -> Result<(), StoreError> {
    const LOCK_SQL: &str = "SELECT position FROM log_head FOR NO KEY UPDATE";
    let failed = |error: Error| unavailable(&error);
    let database = Database::new(connector, 1, Duration::ZERO, Arc::default())?;
    let mut connection = database.connection().await?;
    let mut after = 0_i64;
    loop {
        // Dropped without a commit it is rolled back.
        let transaction = connection.transaction().await.map_err(failed)?;
        rows(&transaction, LOCK_SQL, &[]).await?;
        let cases = rows(&transaction, UNFILLED_SQL, &[&after, &FILL_BATCH_CASES]).await?;
        let Some(last) = cases.last() else {
            return transaction.commit().await.map_err(failed);
        };
        after = Columns::of(Uuid::nil(), last).get("opened_at")?;
        for row in &cases {
            let opened_at: i64 = Columns::of(Uuid::nil(), row).get("opened_at")?;
            let case = query::case_in(&transaction, row).await?;
            let [determination, member, provider, undecided] =
                OpenCaseColumns::of(&case.file).in_us();
            transaction
                .execute(
                    FILL_SQL,
                    &[&determination, &member, &provider, &undecided, &opened_at],
                )
                .await
                .map_err(failed)?;
        }
        transaction.commit().await.map_err(failed)?;
    }
}

/// Refuses a schema that is not exactly this version's.
pub(super) async fn check_current(client: &Client) -> Result<(), StoreError> {
    let applied = check(client).await?;
    let known = embedded::migrations::runner().get_migrations().len();
    if applied < known {
        return Err(StoreError::Schema(format!(
            "it has {applied} of the {known} known versions: run `second-opinion migrate` first"
        )));
    }
    Ok(())
}

/// Refuses a schema that is newer than this version's, or that diverges from it. One that is older passes. Gives as
/// many versions as were applied.
async fn check(client: &Client) -> Result<usize, StoreError> {
    let applied = applied(client).await?;
    let runner = embedded::migrations::runner();
    let known = runner.get_migrations();
    let newest = known.iter().map(|one| i64::from(one.version())).max();
    for (version, name, checksum) in &applied {
        match known
            .iter()
            .find(|one| i64::from(one.version()) == *version)
        {
            None => {
                return Err(StoreError::Schema(format!(
                    "the database has version {version}, and the newest known is {}",
                    newest.unwrap_or(0)
                )));
            }
            Some(known) if known.name() != name || known.checksum().to_string() != *checksum => {
                return Err(StoreError::Schema(format!(
                    "version {version} in the database is not the version {version} that is known"
                )));
            }
            Some(_) => {}
        }
    }
    Ok(applied.len())
}

/// The versions that were applied, with their names and checksums, in order.
async fn applied(client: &Client) -> Result<Vec<(i64, String, String)>, StoreError> {
    const TABLES_SQL: &str = "SELECT current_schema() IS NOT NULL AS has_schema,
            to_regclass(quote_ident(current_schema()) || '.refinery_schema_history') IS NOT NULL AS has_history,
            to_regclass(quote_ident(current_schema()) || '.events') IS NOT NULL AS has_events";
    const HISTORY_SQL: &str = "SELECT version::bigint, coalesce(name, ''), coalesce(checksum, '')
        FROM refinery_schema_history ORDER BY version";
    let row = client
        .query_typed_one(TABLES_SQL, &[])
        .await
        .map_err(|error| unavailable(&error))?;
    let has = |column| row.try_get(column).map_err(|error| unavailable(&error));
    if !has("has_schema")? {
        return Err(StoreError::Schema(
            "no schema of the connection's search path exists".to_owned(),
        ));
    }
    if !has("has_history")? {
        return if has("has_events")? {
            Err(StoreError::Schema(
                "the database holds tables of another program".to_owned(),
            ))
        } else {
            Ok(Vec::new())
        };
    }
    let rows = client
        .query_typed(HISTORY_SQL, &[])
        .await
        .map_err(|error| unavailable(&error))?;
    rows.iter()
        .map(|row| Ok((row.try_get(0)?, row.try_get(1)?, row.try_get(2)?)))
        .collect::<Result<_, tokio_postgres::Error>>()
        .map_err(|error| unavailable(&error))
}

fn version_of(version: i64) -> Result<u32, StoreError> {
    u32::try_from(version)
        .map_err(|_| StoreError::Schema(format!("version {version} is out of range")))
}
