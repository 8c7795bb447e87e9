//! Copies the embedded store into an empty `PostgreSQL`, bit for bit.
//!
//! Rows are copied as they are, a batch in one transaction with the key that it reached, so that an interrupted copy is
//! finished by the next one. Until the last transaction the target's log has no head, and no server can use it; before that
//! transaction the target is verified against the source's head.

use std::fmt;
use std::path::Path;

use thiserror::Error;

use super::postgres::{Beginning, Target};
use super::sqlite::Source;
use super::tables::{CASES, EVENTS, NOTICES, NewRow, RENDERINGS, Table};
use super::verify::verify_up_to;
use super::{Head, StoreError};

/// The tables in the order in which they are copied: a letter before its renderings, and the events last, so that a reader
/// that sees an event sees its case too.
pub(super) static TABLES: [&Table; 4] = [&CASES, &NOTICES, &RENDERINGS, &EVENTS];

/// Rows of one table, in the order of the source's keys.
pub struct Batch {
    /// The table.
    pub table: &'static Table,
    /// The rows.
    pub rows: Vec<NewRow<'static>>,
    /// The source's key of the last of them.
    pub last_key: i64,
}

/// The rows of each table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Counts {
    /// Events.
    pub events: u64,
    /// Cases.
    pub cases: u64,
    /// Letters.
    pub letters: u64,
    /// Renderings of letters.
    pub renderings: u64,
}

impl Counts {
    /// All of them.
    #[must_use]
    pub const fn rows(self) -> u64 {
        self.events + self.cases + self.letters + self.renderings
    }
}

impl fmt::Display for Counts {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            events,
            cases,
            letters,
            renderings,
        } = self;
        write!(
            formatter,
            "{events} events, {cases} determinations, {letters} letters and {renderings} renderings"
        )
    }
}

/// The progress of a copy.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Progress {
    /// It starts, or continues an interrupted one.
    Started {
        /// The number of rows that are copied already.
        done: u64,
        /// The number of rows that there will be.
        total: u64,
    },
    /// A batch was copied.
    Copied {
        /// The number of rows that are copied.
        done: u64,
    },
    /// Every row is copied, and the copy is being verified.
    Verifying,
}

/// The result of a copy.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Copied {
    /// The rows of the target.
    pub counts: Counts,
    /// Its log's head, which is the source's.
    pub head: Head,
}

/// The error of a copy.
#[derive(Debug, Error)]
pub enum CopyError {
    /// The source cannot be read, or a server uses it.
    #[error("the source: {0}")]
    Source(StoreError),
    /// The target cannot be written.
    #[error("the target: {0}")]
    Target(StoreError),
    /// The target is a store already.
    #[error("the target is not empty: its log is at position {position}; copy into an empty store")]
    NotEmpty {
        /// Its log's last position.
        position: u64,
    },
    /// The target holds a part of another log.
    #[error(
        "the target holds an unfinished copy of another store, or of this one before it was changed, whose log was at \
         position {position}. Finish that copy, or start in an empty schema"
    )]
    OtherSource {
        /// The last position of that log.
        position: u64,
    },
    /// The rows of the target are not those of the source.
    #[error(
        "the copy does not match its source, and cannot be served: {0}. Run `verify-log` on the source"
    )]
    Mismatch(String),
}

/// Copies the embedded store in a file into an empty, migrated `PostgreSQL`, and verifies it there.
///
/// Batches have up to `batch_rows` rows. No server can use the source meanwhile.
///
/// # Errors
/// See [`CopyError`]. Rows that were copied stay, and the next copy of the same source continues behind them.
pub async fn copy(
    from: &Path,
    to: &str,
    batch_rows: usize,
    report: &mut dyn FnMut(Progress),
) -> Result<Copied, CopyError> {
    let source = Source::open(from).map_err(CopyError::Source)?;
    let head = source.head().map_err(CopyError::Source)?;
    let expected = source.counts().map_err(CopyError::Source)?;
    let mut target = Target::open(to).await.map_err(CopyError::Target)?;
    let keys = match target.begin(&head).await.map_err(CopyError::Target)? {
        Beginning::Begun(keys) => keys,
        Beginning::NotEmpty(position) => return Err(CopyError::NotEmpty { position }),
        Beginning::OtherSource(position) => return Err(CopyError::OtherSource { position }),
    };
    let copied = target.counts().await.map_err(CopyError::Target)?;
    let (mut done, total) = (copied.rows(), expected.rows());
    report(Progress::Started { done, total });
    for (table, mut key) in TABLES.into_iter().zip(keys) {
        while let Some(batch) = source
            .batch(table, key, batch_rows)
            .map_err(CopyError::Source)?
        {
            target.write(&batch).await.map_err(CopyError::Target)?;
            key = batch.last_key;
            done += batch.rows.len() as u64;
            report(Progress::Copied { done });
        }
    }
    report(Progress::Verifying);
    let mismatch = mismatch(&target, &head, expected).await;
    if let Some(mismatch) = mismatch.map_err(CopyError::Target)? {
        return Err(CopyError::Mismatch(mismatch));
    }
    target.finish(&head).await.map_err(CopyError::Target)?;
    Ok(Copied {
        counts: expected,
        head,
    })
}

/// A difference between the target and the source's log with its cases, letters and renderings.
async fn mismatch(
    target: &Target,
    head: &Head,
    expected: Counts,
) -> Result<Option<String>, StoreError> {
    // Query plans follow the statistics of the tables, which were empty.
    target.analyze().await?;
    let counts = target.counts().await?;
    if counts != expected {
        return Ok(Some(format!(
            "it has {counts}, and the source has {expected}"
        )));
    }
    let damaged = target.damaged_renderings().await?;
    if damaged > 0 {
        return Ok(Some(format!(
            "{damaged} renderings do not match their digests"
        )));
    }
    let report = verify_up_to(&target.reader()?, *head).await?;
    let first = report.findings.first();
    Ok(first.map(|first| format!("{} findings, the first: {first}", report.found)))
}
