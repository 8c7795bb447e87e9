//! How does everything that the embedded store holds come into an empty `PostgreSQL`, bit for bit?
//!
//! Rows are carried over as they stand, a batch in one transaction together with how far it came, so that a copy that
//! was cut is finished by the next one. Until the last transaction the target's log has no head, and no one can serve from
//! it; before that transaction the target is proved against the source's head.

use std::fmt;
use std::path::Path;

use thiserror::Error;

use super::postgres::{Beginning, Target};
use super::sqlite::Source;
use super::tables::{CASES, EVENTS, NOTICES, NewRow, RENDERINGS, Table};
use super::verify::verify_up_to;
use super::{Finding, Head, StoreError};

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

/// What became of a copy so far.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Progress {
    /// It begins, or goes on where it was cut.
    Begun {
        /// As many rows as are there already.
        done: u64,
        /// As many rows as there will be.
        total: u64,
    },
    /// A batch is there.
    Copied {
        /// As many rows as are there.
        done: u64,
    },
    /// Everything is there, and is being proved.
    Proving,
}

/// A copy that was made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Copied {
    /// What the target holds.
    pub counts: Counts,
    /// Its log's head, which is the source's.
    pub head: Head,
}

/// A copy that was not made, or not to its end.
#[derive(Debug, Error)]
pub enum CopyError {
    /// The source cannot be read, or is being served.
    #[error("the source: {0}")]
    Source(StoreError),
    /// The target cannot be written.
    #[error("the target: {0}")]
    Target(StoreError),
    /// The target is a store already.
    #[error(
        "the target is not empty: its log stands at {position}, and a copy goes into an empty store alone"
    )]
    NotEmpty {
        /// Its log's last position.
        position: u64,
    },
    /// The target holds a part of another log.
    #[error(
        "the target holds an unfinished copy of another store, or of this one before it was changed: its log stood at \
         {position}. Finish that copy from where it was begun, or begin anew in an empty schema"
    )]
    OtherSource {
        /// Where the log stood that is there in part.
        position: u64,
    },
    /// What came over is not what should have.
    #[error(
        "what came over does not hold together, so no one can serve from it: {0}. `verify-log` on the source says whether \
         that does"
    )]
    NotWhole(String),
}

/// Copies the embedded store in a file into an empty, migrated `PostgreSQL`, and proves it there.
///
/// Batches have up to `batch_rows` rows. The source cannot be served meanwhile.
///
/// # Errors
/// As [`CopyError`] has them. What was copied until then stays, and the next copy of the same source goes on from there.
pub async fn copy(
    from: &Path,
    to: &str,
    batch_rows: usize,
    tell: &mut dyn FnMut(Progress),
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
    let there = target.counts().await.map_err(CopyError::Target)?;
    let (mut done, total) = (there.rows(), expected.rows());
    tell(Progress::Begun { done, total });
    for (table, mut key) in TABLES.into_iter().zip(keys) {
        while let Some(batch) = source
            .batch(table, key, batch_rows)
            .map_err(CopyError::Source)?
        {
            target.write(&batch).await.map_err(CopyError::Target)?;
            key = batch.last_key;
            done += batch.rows.len() as u64;
            tell(Progress::Copied { done });
        }
    }
    tell(Progress::Proving);
    prove(&target, &head, expected).await?;
    target.finish(&head).await.map_err(CopyError::Target)?;
    Ok(Copied {
        counts: expected,
        head,
    })
}

/// Refuses a target that is not the source's log with its cases, letters and renderings.
async fn prove(target: &Target, head: &Head, expected: Counts) -> Result<(), CopyError> {
    // Plans for what proves it are made by what is known of the tables, which were empty.
    target.analyze().await.map_err(CopyError::Target)?;
    let there = target.counts().await.map_err(CopyError::Target)?;
    if there != expected {
        return Err(CopyError::NotWhole(format!(
            "there are {there}, and the source has {expected}"
        )));
    }
    let damaged = target
        .damaged_renderings()
        .await
        .map_err(CopyError::Target)?;
    if damaged > 0 {
        return Err(CopyError::NotWhole(format!(
            "{damaged} renderings do not have the digest that stands beside them"
        )));
    }
    let store = target.reader().map_err(CopyError::Target)?;
    let report = verify_up_to(&store, *head)
        .await
        .map_err(CopyError::Target)?;
    if let Some(first) = report.findings.first() {
        return Err(CopyError::NotWhole(told(report.found, first)));
    }
    Ok(())
}

fn told(found: u64, first: &Finding) -> String {
    format!("{found} findings, the first of them: {first}")
}
