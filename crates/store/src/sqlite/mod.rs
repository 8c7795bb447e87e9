//! The embedded store: one `SQLite` file, one writer, many readers, and no other service.

mod backup;
mod cache;
mod checkpoint;
mod files;
mod lock;
mod query;
mod reader;
mod schema;
mod source;
mod write;
mod writer;

use std::path::Path;
use std::sync::Arc;

use async_trait::async_trait;
use tokio::sync::watch;
use uuid::Uuid;

use self::cache::CaseCache;
use self::checkpoint::Checkpointer;
use self::lock::WriteLock;
use self::reader::Readers;
use self::writer::{Observers, Writer, WrittenFile};
use super::database_store::{Database, DatabaseStore, read_only};
use super::queries;
use super::{Commit, CommitError, Committed, StoreError, StoreMetrics, StoredRendering};
use second_opinion_rules::case::Case;

pub use backup::backup;
pub(super) use source::Source;

/// The embedded store.
pub type SqliteStore = DatabaseStore<SqliteDatabase>;

/// A database in a file.
pub struct SqliteDatabase {
    readers: Readers,
    /// `None`: opened for reading only, beside a process that may write.
    writing: Option<Writing>,
}

struct Writing {
    writer: Arc<Writer>,
    cases: Arc<CaseCache>,
}

impl SqliteStore {
    /// Opens the file for serving, makes it and its folder where they are missing, and migrates it.
    ///
    /// Blocks while it works. Only their owner can read the files that it makes. Commits are answered by the runtime in
    /// which this was called, or without one by the writer's thread.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`] when another process serves from the file or it cannot be used;
    /// [`StoreError::Schema`] when its schema is newer than this version's or diverges from it.
    pub fn open(path: &Path) -> Result<Self, StoreError> {
        files::prepare(path)?;
        let lock = WriteLock::take(path)?;
        files::sync_log(path)?;
        let mut connection = schema::connect_writer(path)?;
        schema::migrate(&mut connection)?;
        let (sender, head) = watch::channel(query::head(&connection)?.position);
        let readers = Readers::open(path)?;
        let cases = Arc::new(CaseCache::new());
        let observers = Observers {
            head: sender,
            cases: Arc::clone(&cases),
        };
        let file = WrittenFile {
            lock,
            connection,
            checkpointer: Checkpointer::start(path)?,
        };
        let metrics = StoreMetrics::default();
        let writer = Writer::start(file, readers.clone(), observers, metrics.clone())?;
        let writing = Writing {
            writer: Arc::new(writer),
            cases,
        };
        Ok(Self {
            database: SqliteDatabase {
                readers,
                writing: Some(writing),
            },
            head,
            metrics,
        })
    }

    /// Opens the file for reading while a server may be writing to it. Commits fail, and changes of the head are not
    /// noticed.
    ///
    /// # Errors
    /// As [`SqliteStore::open`]; also when the file is missing or has not been migrated.
    pub fn open_read_only(path: &Path) -> Result<Self, StoreError> {
        let connection = schema::connect_reader(path)?;
        schema::check_current(&connection)?;
        let position = query::head(&connection)?.position;
        let database = SqliteDatabase {
            readers: Readers::open(path)?,
            writing: None,
        };
        Ok(Self::reading(database, position))
    }
}

/// Brings the file to this version's schema, and gives the versions that were applied; none where it had them all.
///
/// # Errors
/// As [`SqliteStore::open`].
pub fn migrate(path: &Path) -> Result<Vec<u32>, StoreError> {
    files::prepare(path)?;
    let _lock = WriteLock::take(path)?;
    files::sync_log(path)?;
    schema::migrate(&mut schema::connect_writer(path)?)
}

#[async_trait]
impl Database for SqliteDatabase {
    type Reader = Readers;

    fn reader(&self) -> &Readers {
        &self.readers
    }

    async fn case(&self, id: Uuid) -> Result<Option<Arc<Case>>, StoreError> {
        let Some(Writing { cases, .. }) = &self.writing else {
            let case = queries::case(&self.readers, id).await?;
            return Ok(case.map(Arc::new));
        };
        self.readers.check_open()?;
        if let Some(case) = cases.get(&id) {
            return Ok(Some(case));
        }
        let begun = cases.generation();
        let case = queries::case(&self.readers, id).await?.map(Arc::new);
        if let Some(case) = &case {
            cases.keep(begun, Arc::clone(case));
        }
        Ok(case)
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
        match &self.writing {
            Some(writing) => writing.writer.store_rendering(rendering).await,
            None => Err(read_only()),
        }
    }

    fn check(&self) -> Result<(), StoreError> {
        match &self.writing {
            Some(writing) => writing.writer.check(),
            None => Ok(()),
        }
    }

    async fn close(&self) {
        if let Some(writing) = &self.writing {
            let writer = Arc::clone(&writing.writer);
            // It waits for the disk. Where the runtime is stopping already, dropping the store waits instead.
            let _ = tokio::task::spawn_blocking(move || writer.close()).await;
        }
        self.readers.close();
    }
}
