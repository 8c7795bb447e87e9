//! The way from a decision to a durable row: a proposal is staged behind the case's last event, then committed with the case
//! after it and its letters, or not at all.

use chrono::{DateTime, NaiveDate, Utc};
use thiserror::Error;
use uuid::Uuid;

use crate::case::{Actor, Case, Digest, Event, EventBody, NoticeReference, SealedEvent, Submitted};
use crate::error::CallError;
use crate::notice::SealedLetter;
use crate::store::{
    CaseColumns, Commit, CommitError, ReplayKey, Store, StoredNotice, encode_state,
};
use crate::telemetry::metrics::{DeadlineChanges, DeadlinesBefore};

/// A change that the rules allow: the event, and the letters made with it.
pub(crate) struct Proposal<E = EventBody> {
    pub event: E,
    pub letters: Vec<SealedLetter>,
}

impl<E> Proposal<E> {
    /// An event that names its letters, made by `event` from their references.
    pub fn with_letters(
        letters: Vec<SealedLetter>,
        event: impl FnOnce(Vec<NoticeReference>) -> E,
    ) -> Self {
        let references = letters.iter().map(|letter| letter.reference.clone());
        Self {
            event: event(references.collect()),
            letters,
        }
    }

    /// An event that no letter goes with.
    pub fn without_letters(event: E) -> Self {
        Self {
            event,
            letters: Vec::new(),
        }
    }
}

/// A defect of this program: an event that cannot be staged. No caller can cause one.
#[derive(Debug, Error)]
pub(crate) enum StageError {
    #[error("an event cannot be sealed")]
    Seal,
    #[error("an event does not follow from its case")]
    OutOfPlace,
    #[error("a case cannot be encoded")]
    Snapshot,
}

impl From<StageError> for CallError {
    fn from(error: StageError) -> Self {
        Self::Defect(error.to_string())
    }
}

/// An event behind the last one of its case, ready to be committed, and the case after it.
///
/// The case is boxed: futures that hold it are moved about, and it is over a kilobyte.
pub(crate) struct StagedCommit {
    /// The case as it will be.
    pub case: Box<Case>,
    /// The changes of the deadline counters.
    pub deadlines: DeadlineChanges,
    commit: Commit,
}

impl StagedCommit {
    /// Stages the first event of a new case. `thresholds` are those of reminders, in percent of a clock's time.
    pub fn open(
        actor: Actor,
        id: Uuid,
        proposal: Proposal<Submitted>,
        now: DateTime<Utc>,
        thresholds: &[u8],
    ) -> Result<Self, StageError> {
        let Proposal { event, letters } = proposal;
        let edition = event.edition;
        let event = Event {
            version: 1,
            occurred_at: now,
            actor,
            body: event.into(),
        };
        Self::stage(id, edition, None, event, letters, thresholds)
    }

    /// Stages the next event of a case.
    pub fn append(
        actor: Actor,
        case: Case,
        proposal: Proposal<impl Into<EventBody>>,
        now: DateTime<Utc>,
        thresholds: &[u8],
    ) -> Result<Self, StageError> {
        let event = Event {
            version: case.version + 1,
            occurred_at: now,
            actor,
            body: proposal.event.into(),
        };
        let (id, edition) = (case.id, case.current.edition);
        Self::stage(id, edition, Some(case), event, proposal.letters, thresholds)
    }

    fn stage(
        id: Uuid,
        edition: NaiveDate,
        before: Option<Case>,
        event: Event,
        letters: Vec<SealedLetter>,
        thresholds: &[u8],
    ) -> Result<Self, StageError> {
        let previous = before.as_ref().map_or(Digest::ZERO, |case| case.head);
        let sealed =
            SealedEvent::seal(id, &event, edition, previous).map_err(|_| StageError::Seal)?;
        let kind = event.body.kind();
        let deadlines = before
            .as_ref()
            .map_or_else(DeadlinesBefore::default, |case| {
                DeadlinesBefore::of(&case.current)
            });
        let case = match before {
            Some(case) => case.after(&event, sealed.sha256),
            None => Case::opened(id, event, sealed.sha256),
        };
        let case = Box::new(case.ok_or(StageError::OutOfPlace)?);
        let letters = letters
            .into_iter()
            .map(|letter| StoredNotice {
                determination_id: id,
                reference: letter.reference,
                bytes: letter.bytes,
            })
            .collect();
        let commit = Commit {
            expected_version: case.version - 1,
            kind,
            columns: CaseColumns::of(&case, thresholds),
            snapshot: encode_state(&case.current).map_err(|_| StageError::Snapshot)?,
            event: sealed,
            letters,
            replay: None,
        };
        Ok(Self {
            deadlines: deadlines.changes(&case.current),
            case,
            commit,
        })
    }

    /// Commits the event if the case is still at the version that it was staged on, and returns the case after it.
    /// `replay` is the idempotency record of a caller's command.
    pub fn commit(
        self,
        store: &dyn Store,
        replay: Option<(ReplayKey, Digest)>,
    ) -> impl Future<Output = Result<Box<Case>, CommitError>> + Send {
        let Self {
            mut case, commit, ..
        } = self;
        let is_from_caller = commit.kind.is_from_caller();
        // Outside the async block, so that the returned future does not hold the commit.
        let committing = store.commit(Commit { replay, ..commit });
        async move {
            let committed = committing.await?;
            // The store may have moved the event's instant forward, and its digest with it.
            let (at, sha256) = (committed.event.header.occurred_at, committed.event.sha256);
            case.head = sha256;
            if is_from_caller {
                case.command_head = sha256;
                case.updated_at = at;
            }
            if case.version == 1 {
                case.created_at = at;
            }
            Ok(case)
        }
    }
}
