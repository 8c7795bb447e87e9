//! Verification of a log, its cases and their letters.
//!
//! The log is read once in order, and of each case only its version and last digest are kept. Then each case is folded from
//! its own history and compared. A server may go on committing: events behind the head that was read first are left to the
//! next run.

mod cases;
mod log;

use std::collections::HashMap;

use thiserror::Error;
use uuid::Uuid;

use super::{Head, Record, Store, StoreError};
use second_opinion_rules::case::Digest;

/// Maximum findings in a report; all are counted.
const FINDINGS_MAX: usize = 100;

/// The result of a verification.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogReport {
    /// The number of events that were read.
    pub events: u64,
    /// The number of cases that were folded.
    pub cases: u64,
    /// The number of letters that were checked.
    pub notices: u64,
    /// The log's head against which the events were verified. Its digest, kept elsewhere, shows later whether the log
    /// before it was replaced as a whole.
    pub head: Head,
    /// The first hundred findings.
    pub findings: Vec<Finding>,
    /// The number of all findings.
    pub found: u64,
}

impl LogReport {
    /// Whether there is no finding.
    #[must_use]
    pub const fn is_clean(&self) -> bool {
        self.found == 0
    }
}

/// A problem, and its place.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("{}{}{}: {problem}",
    determination_id.map_or_else(|| "the log".to_owned(), |id| format!("determination {id}")),
    version.map(|version| format!(" version {version}")).unwrap_or_default(),
    position.map(|position| format!(" at position {position}")).unwrap_or_default())]
pub struct Finding {
    /// The case; `None`: it is not known, or the problem is the log's.
    pub determination_id: Option<Uuid>,
    /// The version of the case's event; `None`: the problem is no single event's.
    pub version: Option<u32>,
    /// The position in the log; `None`: the problem is no single event's.
    pub position: Option<u64>,
    /// The problem.
    pub problem: Problem,
}

/// A problem. Names no data of a person.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum Problem {
    /// Positions are missing.
    #[error("{0} events before it are missing")]
    Gap(u64),
    /// The log ends before its head.
    #[error("the log ends here, and its head is at {0}")]
    Tail(u64),
    /// An event was changed or cannot be read.
    #[error("{0}")]
    Event(String),
    /// The event's bytes are about another event than the row says.
    #[error("the row and the event in it disagree about {0}")]
    Row(&'static str),
    /// The event's version is not the next of its case.
    #[error("version {0} is expected here")]
    Version(u32),
    /// The event does not name the one before it.
    #[error("the event does not name the digest of the one before it in its case")]
    Chain,
    /// The log's time runs backwards.
    #[error("the event occurred before the one before it in the log")]
    Time,
    /// The rolling digest over all events is not the head's.
    #[error("the digest over all events is {0}, which is not the head's")]
    Digest(Digest),
    /// The events are there and the case is not.
    #[error("its events are in the log and the case is not stored")]
    CaseMissing,
    /// The case is there and its events are not.
    #[error("the case is stored and its events are not in the log")]
    EventsMissing,
    /// The stored case is not what its events fold to.
    #[error("the stored case differs from what its events fold to in its {0}")]
    Fold(&'static str),
    /// The case or its history cannot be read.
    #[error("{0}")]
    Unreadable(String),
    /// A letter is missing.
    #[error("the letter {0} is not stored")]
    NoticeMissing(Uuid),
    /// A letter was changed.
    #[error("the stored letter {0} is not the one that the case names")]
    Notice(Uuid),
}

/// Verifies a store's log, its cases and their letters.
///
/// # Errors
/// When the store cannot be read at all. A record that is damaged is a finding.
pub async fn verify_log(store: &dyn Store) -> Result<LogReport, StoreError> {
    verify_up_to(store, store.head().await?).await
}

/// Verifies them against a head that is stored elsewhere.
pub(super) async fn verify_up_to(store: &dyn Store, head: Head) -> Result<LogReport, StoreError> {
    let mut verification = Verification {
        store,
        chains: HashMap::new(),
        report: LogReport {
            events: 0,
            cases: 0,
            notices: 0,
            head,
            findings: Vec::new(),
            found: 0,
        },
    };
    verification.events().await?;
    verification.cases().await?;
    Ok(verification.report)
}

/// A case's chain of events, as far as the log was read.
#[derive(Default)]
struct Chain {
    version: u32,
    last: Digest,
    /// Its events have findings already; folding them would repeat those.
    damaged: bool,
    folded: bool,
}

/// A verification under way.
struct Verification<'a> {
    store: &'a dyn Store,
    chains: HashMap<Uuid, Chain>,
    report: LogReport,
}

impl Verification<'_> {
    fn find(
        &mut self,
        determination_id: Option<Uuid>,
        version: Option<u32>,
        position: Option<u64>,
        problem: Problem,
    ) {
        self.report.found += 1;
        if self.report.findings.len() < FINDINGS_MAX {
            self.report.findings.push(Finding {
                determination_id,
                version,
                position,
                problem,
            });
        }
    }

    fn find_event(&mut self, record: &Record, problem: Problem) {
        let (id, version) = (record.determination_id, record.version);
        self.find(Some(id), Some(version), Some(record.position), problem);
    }

    fn find_case(&mut self, id: Uuid, version: Option<u32>, problem: Problem) {
        self.find(Some(id), version, None, problem);
    }

    /// A damaged record is a finding; a store that cannot be reached ends the verification.
    fn readable<T>(
        &mut self,
        version: Option<u32>,
        read: Result<T, StoreError>,
    ) -> Result<Option<T>, StoreError> {
        match read {
            Ok(read) => Ok(Some(read)),
            Err(StoreError::Damaged {
                determination_id,
                reason,
            }) => {
                self.find_case(determination_id, version, Problem::Unreadable(reason));
                Ok(None)
            }
            Err(error @ (StoreError::Unavailable(_) | StoreError::Schema(_))) => Err(error),
        }
    }
}
