//! The target of a copy: an empty database, which no server can use until the copy is whole.
//!
//! An unfinished copy shows in the rows themselves: `copying` has one and `log_head` none. A store without a head serves no
//! one, not even a server that ran on the empty store before.

use std::pin::pin;

use tokio_postgres::binary_copy::BinaryCopyInWriter;
use tokio_postgres::error::SqlState;

use tokio_postgres::types::Type;
use tokio_postgres::{Client, Error, Row, Transaction};

use super::PostgresStore;
use super::address::Address;
use super::error::unreachable;
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
    /// It is begun, now or before: the source's keys up to which rows are there, in the order of [`TABLES`].
    Begun([i64; TABLES.len()]),
    /// It is a store already, whose log stands there.
    NotEmpty(u64),
    /// It holds a part of another log, which stood there.
    OtherSource(u64),
}

/// A database that is copied into. No one can migrate it or copy into it meanwhile.
pub struct Target {
    client: Client,
    address: Address,
}

impl Target {
    /// Connects. The schema has to be this version's already.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`] when the database cannot be reached, or another copy into it is under way;
    /// [`StoreError::Schema`] when its schema is not exactly this version's.
    pub async fn open(url: &str) -> Result<Self, StoreError> {
        let address = Address::parse(url).map_err(StoreError::Unavailable)?;
        let connector = Connector::new(&address, Purpose::Copying)?;
        let (client, _carried) = connector
            .session(|_| {})
            .await
            .map_err(|error| StoreError::Unavailable(unreachable(&error)))?;
        client
            .batch_execute(LOCK_SQL)
            .await
            .map_err(|error| is_busy(&error).unwrap_or_else(|| error.into()))?;
        schema::check_current(&client).await?;
        Ok(Self { client, address })
    }

    /// Begins a copy of a log, or finds that one was begun.
    ///
    /// # Errors
    /// When the target cannot be read or written.
    pub async fn begin(&mut self, source: &Head) -> Result<Beginning, StoreError> {
        let begun = self.query(COPYING_SQL).await?;
        if let Some(row) = begun.first() {
            return unfinished(row, source);
        }
        let at = self.start(source).await;
        Ok(match at? {
            0 => Beginning::Begun([0; TABLES.len()]),
            at => Beginning::NotEmpty(at.unsigned_abs()),
        })
    }

    /// Where the log is empty, takes its head away and writes down whose log comes; gives where it stands.
    async fn start(&mut self, source: &Head) -> Result<i64, Error> {
        const BEGUN_SQL: &str = "INSERT INTO copying (one, position, digest) VALUES (1, $1, $2)";
        let transaction = self.client.transaction().await?;
        // A server that commits holds the head: one of us comes too late.
        let head = transaction
            .query_one("SELECT position FROM log_head FOR UPDATE", &[])
            .await?;
        let at: i64 = head.try_get(0)?;
        if at == 0 {
            let (position, digest) = (position_column(source.position), &source.digest.0[..]);
            transaction
                .execute(BEGUN_SQL, &[&position, &digest])
                .await?;
            transaction.execute("DELETE FROM log_head", &[]).await?;
            transaction.commit().await?;
        }
        Ok(at)
    }

    /// Writes a batch, and the key up to which its table is copied.
    ///
    /// # Errors
    /// When it was not written, or it is not known whether it was.
    pub async fn write(&mut self, batch: &Batch) -> Result<(), StoreError> {
        let write = async {
            let transaction = self.client.transaction().await?;
            write_rows(&transaction, batch).await?;
            let mark = format!("UPDATE copying SET {} = $1", batch.table.name);
            transaction.execute(&mark, &[&batch.last_key]).await?;
            transaction.commit().await
        };
        Ok(write.await?)
    }

    /// The rows that are there.
    ///
    /// # Errors
    /// When they cannot be read.
    pub async fn counts(&self) -> Result<Counts, StoreError> {
        let found = self.query(COUNTS_SQL).await?;
        let count = |column| match found.first() {
            Some(row) => Columns::of_no_case(row).position(column),
            None => Ok(0),
        };
        Ok(Counts {
            events: count("events")?,
            cases: count("cases")?,
            letters: count("letters")?,
            renderings: count("renderings")?,
        })
    }

    /// The number of renderings that do not have the digest stored beside them, which no event names.
    ///
    /// # Errors
    /// When they cannot be read.
    pub async fn damaged_renderings(&self) -> Result<u64, StoreError> {
        const SQL: &str =
            "SELECT count(*) AS damaged FROM renderings WHERE sha256(bytes) <> sha256";
        let found = self.query(SQL).await?;
        found
            .first()
            .map_or(Ok(0), |row| Columns::of_no_case(row).position("damaged"))
    }

    /// Has the database look at what the tables hold now.
    ///
    /// # Errors
    /// When it does not.
    pub async fn analyze(&self) -> Result<(), StoreError> {
        let analyzed = self
            .client
            .batch_execute("ANALYZE events, cases, notices, renderings");
        Ok(analyzed.await?)
    }

    /// A store for reading what is there, though it has no head yet.
    ///
    /// # Errors
    /// When no connection can be made.
    pub fn reader(&self) -> Result<PostgresStore, StoreError> {
        PostgresStore::open_unfinished(&self.address)
    }

    /// Gives the log its head, and with it the store to whoever serves from it.
    ///
    /// # Errors
    /// When it was not done, or it is not known whether it was.
    pub async fn finish(&mut self, head: &Head) -> Result<(), StoreError> {
        const HEAD_SQL: &str = "INSERT INTO log_head VALUES (1, $1, $2, $3)";
        let finish = async {
            let (position, digest) = (position_column(head.position), &head.digest.0[..]);
            let occurred_at = instant_column(head.occurred_at);
            let transaction = self.client.transaction().await?;
            transaction
                .execute(HEAD_SQL, &[&position, &digest, &occurred_at])
                .await?;
            transaction.execute("DELETE FROM copying", &[]).await?;
            transaction.commit().await
        };
        Ok(finish.await?)
    }

    async fn query(&self, sql: &str) -> Result<Vec<Row>, StoreError> {
        let found = self.client.query(sql, &[]).await;
        Ok(found?)
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

fn is_busy(error: &Error) -> Option<StoreError> {
    (error.code() == Some(&SqlState::LOCK_NOT_AVAILABLE)).then(|| {
        StoreError::Unavailable("another copy into it, or a migration, is under way".to_owned())
    })
}
