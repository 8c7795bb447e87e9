//! Does the log hold together, and is every case what its events fold to?
//!
//! The log is read once in order; of each case only its version and last digest are kept meanwhile. Then each case is
//! folded from its own history and compared. A server may go on committing: what comes after the head that was read
//! first is left to the next run.

mod cases;
mod log;

use std::collections::HashMap;

use thiserror::Error;
use uuid::Uuid;

use super::{Head, Record, Store, StoreError};
use second_opinion_rules::case::Digest;

/// As many findings as a report lists; all are counted.
const FINDINGS_MAX: usize = 100;

/// What proving the log came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogReport {
    /// As many events as were read.
    pub events: u64,
    /// As many cases as were folded.
    pub cases: u64,
    /// As many letters as were checked.
    pub notices: u64,
    /// The log's head that the events were proved against. Whoever keeps its digest elsewhere can tell later whether
    /// the log before it was replaced as a whole.
    pub head: Head,
    /// What is wrong, the first hundred of it.
    pub findings: Vec<Finding>,
    /// As many findings as there were.
    pub found: u64,
}

impl LogReport {
    /// Whether nothing is wrong.
    #[must_use]
    pub const fn is_clean(&self) -> bool {
        self.found == 0
    }
}

/// Something that is wrong, and where.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("{}{}{}: {problem}",
    determination_id.map_or_else(|| "the log".to_owned(), |id| format!("determination {id}")),
    version.map(|version| format!(" version {version}")).unwrap_or_default(),
    position.map(|position| format!(" at position {position}")).unwrap_or_default())]
pub struct Finding {
    /// The case; `None`: it cannot be told.
    pub determination_id: Option<Uuid>,
    /// The version of the case's event; `None`: it concerns no single event.
    pub version: Option<u32>,
    /// The position in the log; `None`: it concerns no single event.
    pub position: Option<u64>,
    /// What is wrong.
    pub problem: Problem,
}

/// What can be wrong. Names no data of a person.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum Problem {
    /// Positions are missing.
    #[error("as many as {0} events before it are missing")]
    Gap(u64),
    /// The log ends before its head.
    #[error("the log ends here, and its head stands at {0}")]
    Tail(u64),
    /// An event was changed or cannot be read.
    #[error("{0}")]
    Event(String),
    /// The event's bytes are about another event than the row says.
    #[error("the row and the event in it disagree about {0}")]
    Row(&'static str),
    /// The event's version is not the next of its case.
    #[error("version {0} should stand here")]
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

/// Proves a store's log, its cases and their letters.
///
/// # Errors
/// When the store cannot be read at all. What it holds and should not is a finding.
pub async fn verify_log(store: &dyn Store) -> Result<LogReport, StoreError> {
    verify_up_to(store, store.head().await?).await
}

/// Proves them against a head that is kept elsewhere.
pub(super) async fn verify_up_to(store: &dyn Store, head: Head) -> Result<LogReport, StoreError> {
    let mut proof = Proof::new(store, head);
    proof.events().await?;
    proof.cases().await?;
    Ok(proof.report)
}

/// What is kept of a case while the log is read.
struct Chain {
    version: u32,
    last: Digest,
    /// Its events were found wanting already; folding them would say so again.
    wrong: bool,
    folded: bool,
}

struct Proof<'a> {
    store: &'a dyn Store,
    chains: HashMap<Uuid, Chain>,
    report: LogReport,
}

impl<'a> Proof<'a> {
    fn new(store: &'a dyn Store, head: Head) -> Self {
        Self {
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
        }
    }

    fn find(&mut self, finding: Finding) {
        self.report.found += 1;
        if self.report.findings.len() < FINDINGS_MAX {
            self.report.findings.push(finding);
        }
    }

    fn find_event(&mut self, record: &Record, problem: Problem) {
        self.find(Finding {
            determination_id: Some(record.determination_id),
            version: Some(record.version),
            position: Some(record.position),
            problem,
        });
    }

    fn find_case(&mut self, id: Uuid, version: Option<u32>, problem: Problem) {
        self.find(Finding {
            determination_id: Some(id),
            version,
            position: None,
            problem,
        });
    }

    fn find_log(&mut self, position: u64, problem: Problem) {
        self.find(Finding {
            determination_id: None,
            version: None,
            position: Some(position),
            problem,
        });
    }

    /// Damage is a finding; a store that cannot be reached ends the proof.
    fn unreadable(
        &mut self,
        id: Uuid,
        version: Option<u32>,
        error: StoreError,
    ) -> Result<(), StoreError> {
        match error {
            StoreError::Damaged { reason, .. } => {
                self.find_case(id, version, Problem::Unreadable(reason));
                Ok(())
            }
            StoreError::Unavailable(_) | StoreError::Schema(_) => Err(error),
        }
    }
}
