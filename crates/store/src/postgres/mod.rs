//! The store that several processes share: one `PostgreSQL`.
//!
//! Every process may read and write: a lock on the one row that is the log's head orders them.

mod address;
mod error;
mod listen;
#[cfg(test)]
mod plans;
mod pool;
mod query;
mod schema;
mod session;
mod target;
mod tls;
mod transaction;
mod write;
mod writer;

use std::sync::{Arc, LazyLock};
use std::time::Duration;

use async_trait::async_trait;
use tokio::sync::watch;
use tokio::task::AbortHandle;

use self::listen::CHANNEL_SQL;
use self::pool::{Outage, Pool};
use self::query::{all, execute};
use self::session::{Connector, Purpose};
use self::writer::Writer;
use super::columns::Columns;
use super::database_store::{Database, DatabaseStore, read_only};
use super::group_commit::closed;
use super::queries::{self, HEAD_SQL, Reader as _};
use super::rows;
use super::tables::{RENDERINGS, rendering_row};
use super::{
    Commit, CommitError, Committed, Connections, StoreError, StoreMetrics, StoredRendering,
};

pub(crate) use self::address::Address;
pub use self::schema::migrate;
pub(super) use self::target::{Beginning, Target};

/// Maximum read connections of one process. Each read holds one for the length of its query.
const READERS: usize = 6;
/// Write connections of one process: one commits, a group in a transaction, and one stores renderings, since their
/// bytes would delay commits.
const COMMITTERS: usize = 1;
const RENDERING_WRITERS: usize = 1;
/// The wait for a connection of a pool. After it the database is overloaded, and the caller is to try again later.
const CONNECTION_WAIT: Duration = Duration::from_secs(2);
/// The wait for a connection to store a rendering: many letters may be requested at once, and each took long to render.
const RENDERING_WAIT: Duration = Duration::from_secs(15);

/// The store that several processes share.
pub type PostgresStore = DatabaseStore<PostgresDatabase>;

/// A database that is reached by pools of connections.
pub struct PostgresDatabase {
    reading: Pool,
    /// `None`: opened for reading only.
    writing: Option<Writing>,
}

struct Writing {
    writer: Writer,
    committing: Arc<Pool>,
    renderings: Pool,
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
        let reader = Connector::new(&address, Purpose::Reading)?;
        let reading = read_pool(reader.clone(), Arc::clone(&outage))?;
        let (position, channel) = check(&reading).await?;
        warn_of_unsafe_settings(&reading).await?;
        let (sender, head) = watch::channel(position);
        let writer = Connector::new(&address, Purpose::Writing)?;
        let committing = Pool::new(
            writer.clone(),
            COMMITTERS,
            CONNECTION_WAIT,
            Arc::clone(&outage),
        )?;
        let committing = Arc::new(committing);
        let renderings = Pool::new(writer, RENDERING_WRITERS, RENDERING_WAIT, outage)?;
        let metrics = StoreMetrics::default();
        let listening = listen::listen(reader, channel.clone(), sender.clone());
        let writing = Writing {
            listening: tokio::spawn(listening).abort_handle(),
            writer: Writer::start(Arc::clone(&committing), channel, sender, metrics.clone()),
            committing,
            renderings,
        };
        Ok(Self {
            database: PostgresDatabase {
                reading,
                writing: Some(writing),
            },
            head,
            metrics,
        })
    }

    /// Opens the database for reading, a standby too. Commits fail, and changes of the head are not noticed.
    ///
    /// # Errors
    /// As [`PostgresStore::open`].
    pub async fn open_read_only(url: &str) -> Result<Self, StoreError> {
        let address = Address::parse(url).map_err(StoreError::Unavailable)?;
        let reader = Connector::new(&address.for_reading(), Purpose::Reading)?;
        let reading = read_pool(reader, Arc::default())?;
        let (position, _) = check(&reading).await?;
        Ok(Self::reading_from(reading, position))
    }

    /// Opens for reading what a copy has brought so far: the log has no head yet.
    fn open_unfinished(address: &Address) -> Result<Self, StoreError> {
        let reader = Connector::new(address, Purpose::Reading)?;
        Ok(Self::reading_from(read_pool(reader, Arc::default())?, 0))
    }

    fn reading_from(reading: Pool, position: u64) -> Self {
        let database = PostgresDatabase {
            reading,
            writing: None,
        };
        Self::reading(database, position)
    }
}

fn read_pool(reader: Connector, outage: Arc<Outage>) -> Result<Pool, StoreError> {
    Pool::new(reader, READERS, CONNECTION_WAIT, outage)
}

/// Checks the schema; gives the head's position, and the channel on which its changes are notified.
async fn check(pool: &Pool) -> Result<(u64, String), StoreError> {
    let check = async |client: &deadpool_postgres::Object| {
        schema::check_current(client).await?;
        let channel = all(client, CHANNEL_SQL, &[], |row| {
            Columns::of_no_case(row).text("channel").map(str::to_owned)
        });
        let head = all(client, HEAD_SQL, &[], rows::head);
        let channel = channel.await?.pop().ok_or_else(closed)?;
        let head = head.await?.pop().ok_or_else(Pool::headless)?;
        Ok((head.position, channel))
    };
    check(&pool.connection().await?).await
}

/// Warns where the database itself can lose what it has acknowledged.
async fn warn_of_unsafe_settings(pool: &Pool) -> Result<(), StoreError> {
    const SQL: &str = "SELECT name FROM pg_settings WHERE name IN ('fsync', 'full_page_writes') AND setting = 'off'";
    let connection = pool.connection().await?;
    let off = all(&connection, SQL, &[], |row| {
        Columns::of_no_case(row).text("name").map(str::to_owned)
    });
    for name in off.await? {
        tracing::warn!(
            "the database runs with {name} off: a power cut can lose acknowledged commits"
        );
    }
    Ok(())
}

static INSERT_RENDERING_SQL: LazyLock<String> = LazyLock::new(|| {
    let (name, columns) = (RENDERINGS.name, RENDERINGS.column_names());
    format!("INSERT INTO {name} ({columns}) VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT DO NOTHING")
});

#[async_trait]
impl Database for PostgresDatabase {
    type Reader = Pool;

    fn reader(&self) -> &Pool {
        &self.reading
    }

    async fn commit(&self, commit: Commit) -> Result<Committed, CommitError> {
        match &self.writing {
            Some(writing) => writing.writer.commit(commit).await,
            None => Err(read_only().into()),
        }
    }

    async fn store_rendering(
        &self,
        rendering: StoredRendering,
    ) -> Result<StoredRendering, StoreError> {
        let writing = self.writing.as_ref().ok_or_else(read_only)?;
        let insert = writing.renderings.run(|client| {
            Box::pin(async move {
                let row = rendering_row(&rendering);
                let inserted = execute(client, &INSERT_RENDERING_SQL, &row).await? > 0;
                Ok((inserted, rendering))
            })
        });
        let (inserted, rendering) = insert.await?;
        if inserted {
            return Ok(rendering);
        }
        let (id, rendition) = (rendering.notice_id, &rendering.rendition);
        let first = queries::rendering(&writing.renderings, id, rendition).await?;
        // INVARIANT: a rendering that was not inserted is there.
        Ok(first.unwrap_or(rendering))
    }

    fn connections(&self) -> Connections {
        let mut connections = self.reading.connections();
        if let Some(writing) = &self.writing {
            for pool in [&*writing.committing, &writing.renderings] {
                connections.idle += pool.connections().idle;
                connections.used += pool.connections().used;
            }
        }
        connections
    }

    async fn close(&self) {
        if let Some(writing) = &self.writing {
            writing.writer.close().await;
            writing.renderings.close();
            writing.listening.abort();
        }
        self.reading.close();
    }
}
