//! How are cases and their log kept in one file, with no other service? `SQLite`, one writer, many readers.

mod backup;
mod cache;
mod checkpoint;
mod files;
mod lock;
mod query;
mod reader;
mod schema;
mod source;
mod worklist;
mod write;
mod writer;

use std::path::Path;
use std::sync::Arc;

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use tokio::sync::watch;
use uuid::Uuid;

use self::cache::Cases;
use self::checkpoint::Checkpoints;
use self::lock::WriteLock;
use self::reader::Readers;
use self::writer::{Observers, Writer, WrittenFile};
use super::{
    Commit, CommitError, Committed, Head, LogEntry, OpenCases, Page, Record, Replay, ReplayKey,
    Store, StoreError, StoreMetrics, StoredNotice, StoredRendering, Worklist,
};
use second_opinion_letters::Rendition;
use second_opinion_rules::case::Case;

pub use backup::backup;
pub(super) use source::Source;

/// The embedded store.
pub struct SqliteStore {
    readers: Arc<Readers>,
    /// `None`: opened for reading only, beside a process that may write.
    cases: Option<Arc<Cases>>,
    /// `None`: opened for reading only.
    writer: Option<Arc<Writer>>,
    head: watch::Receiver<u64>,
    metrics: StoreMetrics,
}

impl SqliteStore {
    /// Opens the file for serving, makes it and its folder where they are missing, and migrates it.
    ///
    /// Blocks while it works. Files it makes can be read by their owner alone. Who commits is answered by the runtime in
    /// which this was called, or without one by the thread that writes.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`] when another process serves from the file or it cannot be used;
    /// [`StoreError::Schema`] when its schema is newer than this version's or diverges from it.
    pub fn open(path: &Path) -> Result<Self, StoreError> {
        files::prepare(path).map_err(|error| files::unavailable(&error))?;
        let lock = WriteLock::take(path)?;
        files::settle_log(path).map_err(|error| files::unavailable(&error))?;
        let mut connection = schema::connect_writer(path)?;
        schema::migrate(&mut connection)?;
        let position = query::head(&connection)?.position;
        let (sender, head) = watch::channel(position);
        let readers = Arc::new(Readers::open(path)?);
        let cases = Arc::new(Cases::new());
        let observers = Observers {
            head: sender,
            cases: Arc::clone(&cases),
        };
        let file = WrittenFile {
            lock,
            connection,
            checkpoints: Checkpoints::start(path)?,
        };
        let metrics = StoreMetrics::default();
        let writer = Writer::start(file, Arc::clone(&readers), observers, metrics.clone())?;
        Ok(Self {
            readers,
            cases: Some(cases),
            writer: Some(Arc::new(writer)),
            head,
            metrics,
        })
    }

    /// Opens the file for reading while a server may be writing to it. Commits fail, and the head's changes are not
    /// told.
    ///
    /// # Errors
    /// As [`SqliteStore::open`]; also when the file is missing or has not been migrated.
    pub fn open_read_only(path: &Path) -> Result<Self, StoreError> {
        let connection = schema::connect_reader(path)?;
        schema::check_current(&connection)?;
        let (_, head) = watch::channel(query::head(&connection)?.position);
        Ok(Self {
            readers: Arc::new(Readers::open(path)?),
            cases: None,
            writer: None,
            head,
            metrics: StoreMetrics::default(),
        })
    }
}

/// Brings the file to this version's schema and says which versions were applied; none where it had them all.
///
/// # Errors
/// As [`SqliteStore::open`].
pub fn migrate(path: &Path) -> Result<Vec<u32>, StoreError> {
    files::prepare(path).map_err(|error| files::unavailable(&error))?;
    let _lock = WriteLock::take(path)?;
    files::settle_log(path).map_err(|error| files::unavailable(&error))?;
    schema::migrate(&mut schema::connect_writer(path)?)
}

#[async_trait]
impl Store for SqliteStore {
    async fn case(&self, id: Uuid) -> Result<Option<Arc<Case>>, StoreError> {
        let read = || self.readers.point(|file| query::case(file, id));
        let Some(cases) = &self.cases else {
            return Ok(read()?.map(Arc::new));
        };
        self.readers.must_be_open()?;
        if let Some(case) = cases.get(&id) {
            return Ok(Some(case));
        }
        let begun = cases.generation();
        let case = read()?.map(Arc::new);
        if let Some(case) = &case {
            cases.keep(begun, Arc::clone(case));
        }
        Ok(case)
    }

    async fn history(&self, id: Uuid) -> Result<Vec<Record>, StoreError> {
        self.readers.point(|file| query::history(file, id))
    }

    async fn replay(&self, key: &ReplayKey) -> Result<Option<Replay>, StoreError> {
        self.readers.point(|file| query::replay(file, key))
    }

    async fn list(&self, query: &Worklist) -> Result<Page, StoreError> {
        let query = query.clone();
        self.readers
            .scan(move |file| worklist::list(file, &query))
            .await
    }

    async fn to_sweep(&self, as_of: DateTime<Utc>, limit: usize) -> Result<Vec<Uuid>, StoreError> {
        self.readers
            .scan(move |file| query::to_sweep(file, as_of, limit))
            .await
    }

    async fn open_cases(&self, as_of: DateTime<Utc>) -> Result<OpenCases, StoreError> {
        self.readers
            .scan(move |file| query::open_cases(file, as_of))
            .await
    }

    async fn commit(&self, commit: Commit) -> Result<Committed, CommitError> {
        match &self.writer {
            Some(writer) => writer.commit(commit).await,
            None => Err(read_only().into()),
        }
    }

    async fn log_after(&self, position: u64, limit: usize) -> Result<Vec<LogEntry>, StoreError> {
        self.readers
            .scan(move |file| query::log_after(file, position, limit))
            .await
    }

    async fn records_after(&self, position: u64, limit: usize) -> Result<Vec<Record>, StoreError> {
        self.readers
            .scan(move |file| query::records_after(file, position, limit))
            .await
    }

    async fn head(&self) -> Result<Head, StoreError> {
        self.readers.point(query::head)
    }

    async fn notice(&self, id: Uuid) -> Result<Option<StoredNotice>, StoreError> {
        self.readers.point(|file| query::notice(file, id))
    }

    async fn rendering(
        &self,
        notice_id: Uuid,
        rendition: &Rendition,
    ) -> Result<Option<StoredRendering>, StoreError> {
        self.readers
            .point(|file| query::rendering(file, notice_id, rendition))
    }

    async fn store_rendering(
        &self,
        rendering: StoredRendering,
    ) -> Result<StoredRendering, StoreError> {
        match &self.writer {
            Some(writer) => writer.store_rendering(rendering).await,
            None => Err(read_only()),
        }
    }

    fn head_changes(&self) -> watch::Receiver<u64> {
        self.head.clone()
    }

    fn metrics(&self) -> StoreMetrics {
        self.metrics.clone()
    }

    async fn ping(&self) -> Result<(), StoreError> {
        if let Some(writer) = &self.writer {
            writer.check()?;
        }
        self.readers.point(query::head).map(drop)
    }

    async fn close(&self) {
        if let Some(writer) = self.writer.clone() {
            // It waits for the disk. Where the runtime is stopping already, dropping the store waits instead.
            let _ = tokio::task::spawn_blocking(move || writer.close()).await;
        }
        self.readers.close();
    }
}

fn read_only() -> StoreError {
    StoreError::Unavailable("it was opened for reading only".to_owned())
}
