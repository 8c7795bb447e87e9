//! How are cases and their log kept in one `PostgreSQL`, for as many processes as there are?
//!
//! Every process may read and write: what orders them is a lock on the one row that is the log's head.

mod address;
mod database;
mod error;
mod listen;
#[cfg(test)]
mod plans;
mod query;
mod schema;
mod session;
mod target;
mod tls;
mod transaction;
mod worklist;
mod write;
mod writer;

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use tokio::sync::watch;
use tokio::task::AbortHandle;
use uuid::Uuid;

use self::database::{Database, Outage};
use self::error::unavailable;
use self::listen::CHANNEL_SQL;
use self::session::{Connector, Purpose};
use self::writer::Writer;
use super::{
    Commit, CommitError, Committed, Connections, Head, LogEntry, OpenCases, Page, Record, Replay,
    ReplayKey, Store, StoreError, StoreMetrics, StoredNotice, StoredRendering, Worklist,
};
use crate::group_commit::closed;
use second_opinion_letters::Rendition;
use second_opinion_rules::case::Case;

pub(crate) use self::address::Address;
pub use self::schema::migrate;
pub(super) use self::target::{Beginning, Target};

/// Maximum read connections of one process. Each read holds one for the length of its query.
const READERS: usize = 6;
/// Write connections of one process: one commits, a group in a transaction, and one stores renderings, whose bytes would
/// hold commits up.
const COMMITTERS: usize = 1;
const RENDERING_WRITERS: usize = 1;
/// How long a read waits for a connection of its pool. Beyond that the database is overloaded, and callers are to come back.
const CONNECTION_WAIT: Duration = Duration::from_secs(2);
/// How long a rendering waits: many letters may be asked for at once, and each has taken a while to make.
const RENDERING_WAIT: Duration = Duration::from_secs(15);

/// The store that several processes share.
pub struct PostgresStore {
    database: Database,
    /// `None`: opened for reading only.
    writing: Option<Writing>,
    head: watch::Receiver<u64>,
    metrics: StoreMetrics,
}

struct Writing {
    writer: Writer,
    database: Arc<Database>,
    renderings: Database,
    listening: AbortHandle,
}

impl Drop for Writing {
    fn drop(&mut self) {
        self.listening.abort();
    }
}

impl PostgresStore {
    /// Opens the database for serving. Its schema has to be this version's already: [`migrate`] brings it there.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`] when the database cannot be reached; [`StoreError::Schema`] when its schema is not
    /// exactly this version's.
    pub async fn open(url: &str) -> Result<Self, StoreError> {
        let address = Address::parse(url).map_err(StoreError::Unavailable)?;
        let outage = Arc::new(Outage::default());
        let reading = Connector::new(&address, Purpose::Reading)?;
        let database = Database::new(
            reading.clone(),
            READERS,
            CONNECTION_WAIT,
            Arc::clone(&outage),
        )?;
        let (position, channel) = first_look(&database).await?;
        warn_of_loss(&database).await?;
        let (sender, head) = watch::channel(position);
        let writing = Connector::new(&address, Purpose::Writing)?;
        let committing = Database::new(
            writing.clone(),
            COMMITTERS,
            CONNECTION_WAIT,
            Arc::clone(&outage),
        )?;
        let committing = Arc::new(committing);
        let metrics = StoreMetrics::default();
        let listening = listen::listen(reading, channel.clone(), sender.clone());
        let writing = Writing {
            listening: tokio::spawn(listening).abort_handle(),
            writer: Writer::start(Arc::clone(&committing), channel, sender, metrics.clone()),
            database: committing,
            renderings: Database::new(writing, RENDERING_WRITERS, RENDERING_WAIT, outage)?,
        };
        Ok(Self::with(database, Some(writing), head, metrics))
    }

    /// Opens the database for reading, a standby too. Commits fail, and the head's changes are not told.
    ///
    /// # Errors
    /// As [`PostgresStore::open`].
    pub async fn open_read_only(url: &str) -> Result<Self, StoreError> {
        let address = Address::parse(url).map_err(StoreError::Unavailable)?;
        let reading = Connector::new(&address.for_reading(), Purpose::Reading)?;
        let database = Database::new(reading, READERS, CONNECTION_WAIT, Arc::default())?;
        let (position, _) = first_look(&database).await?;
        let (_, head) = watch::channel(position);
        Ok(Self::with(database, None, head, StoreMetrics::default()))
    }

    /// Opens for reading what a copy has brought so far: the log has no head yet.
    fn open_unfinished(address: &Address) -> Result<Self, StoreError> {
        let reading = Connector::new(address, Purpose::Reading)?;
        let database = Database::new(reading, READERS, CONNECTION_WAIT, Arc::default())?;
        let (_, head) = watch::channel(0);
        Ok(Self::with(database, None, head, StoreMetrics::default()))
    }

    fn with(
        database: Database,
        writing: Option<Writing>,
        head: watch::Receiver<u64>,
        metrics: StoreMetrics,
    ) -> Self {
        Self {
            database,
            writing,
            head,
            metrics,
        }
    }
}

/// Checks the schema; gives the head's position, and the channel on which its changes are told.
async fn first_look(database: &Database) -> Result<(u64, String), StoreError> {
    database
        .run(|client| {
            Box::pin(async move {
                schema::check_current(client).await?;
                let found = query::rows(client, CHANNEL_SQL, &[]).await?;
                let channel = found.first().ok_or_else(closed)?.try_get("channel");
                let channel = channel.map_err(|error| unavailable(&error))?;
                Ok((query::head(client).await?.position, channel))
            })
        })
        .await
}

/// Says where the database itself does not keep what it has acknowledged.
async fn warn_of_loss(database: &Database) -> Result<(), StoreError> {
    const SQL: &str = "SELECT name FROM pg_settings WHERE name IN ('fsync', 'full_page_writes') AND setting = 'off'";
    let off = database
        .run(|client| Box::pin(query::rows(client, SQL, &[])))
        .await?;
    for row in off {
        let name: &str = row.try_get("name").map_err(|error| unavailable(&error))?;
        tracing::warn!(
            "the database runs with {name} off: a power cut can lose what was acknowledged"
        );
    }
    Ok(())
}

#[async_trait]
impl Store for PostgresStore {
    async fn case(&self, id: Uuid) -> Result<Option<Arc<Case>>, StoreError> {
        let case = self
            .database
            .run(|client| Box::pin(query::case(client, id)))
            .await?;
        Ok(case.map(Arc::new))
    }

    async fn history(&self, id: Uuid) -> Result<Vec<Record>, StoreError> {
        self.database
            .run(|client| Box::pin(query::history(client, id)))
            .await
    }

    async fn replay(&self, key: &ReplayKey) -> Result<Option<Replay>, StoreError> {
        let key = key.clone();
        self.database
            .run(|client| Box::pin(async move { query::replay(client, &key).await }))
            .await
    }

    async fn list(&self, query: &Worklist) -> Result<Page, StoreError> {
        let query = query.clone();
        self.database
            .run(|client| Box::pin(async move { worklist::list(client, &query).await }))
            .await
    }

    async fn to_sweep(&self, as_of: DateTime<Utc>, limit: usize) -> Result<Vec<Uuid>, StoreError> {
        self.database
            .run(|client| Box::pin(query::to_sweep(client, as_of, limit)))
            .await
    }

    async fn open_cases(&self, as_of: DateTime<Utc>) -> Result<OpenCases, StoreError> {
        self.database
            .run(|client| Box::pin(query::open_cases(client, as_of)))
            .await
    }

    async fn commit(&self, commit: Commit) -> Result<Committed, CommitError> {
        match &self.writing {
            Some(writing) => writing.writer.commit(commit).await,
            None => Err(read_only().into()),
        }
    }

    async fn log_after(&self, position: u64, limit: usize) -> Result<Vec<LogEntry>, StoreError> {
        self.database
            .run(|client| Box::pin(query::log_after(client, position, limit)))
            .await
    }

    async fn records_after(&self, position: u64, limit: usize) -> Result<Vec<Record>, StoreError> {
        self.database
            .run(|client| Box::pin(query::records_after(client, position, limit)))
            .await
    }

    async fn head(&self) -> Result<Head, StoreError> {
        self.database
            .run(|client| Box::pin(query::head(client)))
            .await
    }

    async fn notice(&self, id: Uuid) -> Result<Option<StoredNotice>, StoreError> {
        self.database
            .run(|client| Box::pin(query::notice(client, id)))
            .await
    }

    async fn rendering(
        &self,
        notice_id: Uuid,
        rendition: &Rendition,
    ) -> Result<Option<StoredRendering>, StoreError> {
        let rendition = rendition.clone();
        self.database
            .run(|client| {
                Box::pin(async move { query::rendering(client, notice_id, &rendition).await })
            })
            .await
    }

    async fn store_rendering(
        &self,
        rendering: StoredRendering,
    ) -> Result<StoredRendering, StoreError> {
        match &self.writing {
            Some(writing) => {
                let renderings = &writing.renderings;
                renderings
                    .run(|client| Box::pin(query::store_rendering(client, rendering)))
                    .await
            }
            None => Err(read_only()),
        }
    }

    fn metrics(&self) -> StoreMetrics {
        self.metrics.clone()
    }

    fn connections(&self) -> Connections {
        let mut connections = self.database.connections();
        if let Some(writing) = &self.writing {
            for pool in [&*writing.database, &writing.renderings] {
                connections.idle += pool.connections().idle;
                connections.used += pool.connections().used;
            }
        }
        connections
    }

    fn head_changes(&self) -> watch::Receiver<u64> {
        self.head.clone()
    }

    async fn ping(&self) -> Result<(), StoreError> {
        self.head().await.map(drop)
    }

    async fn close(&self) {
        if let Some(writing) = &self.writing {
            writing.writer.close().await;
            writing.renderings.close();
            writing.listening.abort();
        }
        self.database.close();
    }
}

fn read_only() -> StoreError {
    StoreError::Unavailable("it was opened for reading only".to_owned())
}
