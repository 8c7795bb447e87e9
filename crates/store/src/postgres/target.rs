//! The target of a copy: an empty database, which no server can use until the copy is whole.
//!
//! During a copy the table `copying` has a row and `log_head` has none. Without a head no read or commit succeeds, not even
//! of a server that ran on the empty store before.

use std::pin::pin;

use tokio_postgres::binary_copy::BinaryCopyInWriter;
use tokio_postgres::error::SqlState;
use tokio_postgres::types::{ToSql, Type};
use tokio_postgres::{Client, Error, Row, Transaction};

use super::PostgresStore;
use super::address::Address;
use super::schema::{self, LOCK_SQL};
use super::session::{Connector, Purpose};
use crate::codes::{instant_column, position_column};
use crate::columns::Columns;
use crate::copy::{Batch, Counts, TABLES};
use crate::{Head, StoreError};

const COPYING_SQL: &str =
    "SELECT position, digest, cases, notices, renderings, events FROM copying";
const COUNTS_SQL: &str =
    "SELECT (SELECT count(*) FROM events) AS events, (SELECT count(*) FROM cases) AS cases,
    (SELECT count(*) FROM notices) AS letters, (SELECT count(*) FROM renderings) AS renderings";

/// Whether a copy can go into the target.
pub enum Beginning {
    /// It is begun, now or before: the source's keys up to which rows are copied, in the order of [`TABLES`].
    Begun([i64; TABLES.len()]),
    /// The target is a store already, with its log at a position.
    NotEmpty(u64),
    /// The target holds a part of another log, with its head at a position.
    OtherSource(u64),
}

/// A database that is copied into. Nothing can migrate it or copy into it meanwhile.
pub struct Target {
    client: Client,
    address: Address,
}

impl Target {
    /// Connects. The schema has to be this version's already.
    pub async fn open(url: &str) -> Result<Self, StoreError> {
        let address = Address::parse(url).map_err(StoreError::Unavailable)?;
        let client = Connector::new(&address, Purpose::Copying)?.client().await?;
        client.batch_execute(LOCK_SQL).await.map_err(|error| {
            if error.code() == Some(&SqlState::LOCK_NOT_AVAILABLE) {
                let busy = "another copy into it, or a migration, is under way";
                return StoreError::Unavailable(busy.to_owned());
            }
            error.into()
        })?;
        schema::check_current(&client).await?;
        Ok(Self { client, address })
    }

    /// Begins a copy of a log, or finds that one was begun.
    pub async fn begin(&mut self, source: &Head) -> Result<Beginning, StoreError> {
        const BEGUN_SQL: &str = "INSERT INTO copying (one, position, digest) VALUES (1, $1, $2)";
        if let Some(row) = self.client.query_opt(COPYING_SQL, &[]).await? {
            return unfinished(&row, source);
        }
        let transaction = self.client.transaction().await?;
        // A server that commits holds the head: it or the copy comes too late.
        let head = "SELECT position FROM log_head FOR UPDATE";
        let head = transaction.query_one(head, &[]).await?;
        let position = Columns::of_no_case(&head).position("position")?;
        if position > 0 {
            return Ok(Beginning::NotEmpty(position));
        }
        let (position, digest) = (position_column(source.position), &source.digest.0[..]);
        let begun: [&(dyn ToSql + Sync); 2] = [&position, &digest];
        transaction.execute(BEGUN_SQL, &begun).await?;
        transaction.execute("DELETE FROM log_head", &[]).await?;
        transaction.commit().await?;
        Ok(Beginning::Begun([0; TABLES.len()]))
    }

    /// Writes a batch, and the key up to which its table is copied.
    pub async fn write(&mut self, batch: &Batch) -> Result<(), StoreError> {
        let transaction = self.client.transaction().await?;
        write_rows(&transaction, batch).await?;
        let mark = format!("UPDATE copying SET {} = $1", batch.table.name);
        transaction.execute(&mark, &[&batch.last_key]).await?;
        Ok(transaction.commit().await?)
    }

    /// The rows that are copied.
    pub async fn counts(&self) -> Result<Counts, StoreError> {
        let row = self.client.query_one(COUNTS_SQL, &[]).await?;
        let columns = Columns::of_no_case(&row);
        Ok(Counts {
            events: columns.position("events")?,
            cases: columns.position("cases")?,
            letters: columns.position("letters")?,
            renderings: columns.position("renderings")?,
        })
    }

    /// The number of renderings that do not match the digest stored beside them, which no event names.
    pub async fn damaged_renderings(&self) -> Result<u64, StoreError> {
        let sql = "SELECT count(*) AS damaged FROM renderings WHERE sha256(bytes) <> sha256";
        let row = self.client.query_one(sql, &[]).await?;
        Columns::of_no_case(&row).position("damaged")
    }

    /// Has the database gather the statistics of the tables.
    pub async fn analyze(&self) -> Result<(), StoreError> {
        let sql = "ANALYZE events, cases, notices, renderings";
        Ok(self.client.batch_execute(sql).await?)
    }

    /// A store for reading the copied rows, though their log has no head yet.
    pub fn reader(&self) -> Result<PostgresStore, StoreError> {
        PostgresStore::open_unfinished(&self.address)
    }

    /// Gives the log its head, and with it the store to the servers.
    pub async fn finish(&mut self, head: &Head) -> Result<(), StoreError> {
        const HEAD_SQL: &str = "INSERT INTO log_head VALUES (1, $1, $2, $3)";
        let (position, digest) = (position_column(head.position), &head.digest.0[..]);
        let occurred_at = instant_column(head.occurred_at);
        let head: [&(dyn ToSql + Sync); 3] = [&position, &digest, &occurred_at];
        let transaction = self.client.transaction().await?;
        transaction.execute(HEAD_SQL, &head).await?;
        transaction.execute("DELETE FROM copying", &[]).await?;
        Ok(transaction.commit().await?)
    }
}

fn unfinished(row: &Row, source: &Head) -> Result<Beginning, StoreError> {
    let columns = Columns::of_no_case(row);
    let (position, digest) = (columns.position("position")?, columns.digest("digest")?);
    if (position, digest) != (source.position, source.digest) {
        return Ok(Beginning::OtherSource(position));
    }
    let mut keys = [0; TABLES.len()];
    for (key, table) in keys.iter_mut().zip(TABLES) {
        *key = columns.big(table.name)?;
    }
    Ok(Beginning::Begun(keys))
}

async fn write_rows(to: &Transaction<'_>, batch: &Batch) -> Result<(), Error> {
    let (name, columns) = (batch.table.name, batch.table.column_names());
    let sql = format!("COPY {name} ({columns}) FROM STDIN BINARY");
    let types: Vec<Type> = batch
        .table
        .columns
        .iter()
        .map(|(_, kind)| kind.clone())
        .collect();
    let mut writer = pin!(BinaryCopyInWriter::new(to.copy_in(&sql).await?, &types));
    for row in &batch.rows {
        writer.as_mut().write_raw(row.iter()).await?;
    }
    writer.finish().await.map(drop)
}
