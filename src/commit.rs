//! How does what was judged become durable? Sealed behind the event before it, and committed with the case after it and
//! its letters, or not at all.

use chrono::{DateTime, Utc};
use thiserror::Error;
use uuid::Uuid;

use crate::case::{Actor, Case, Digest, Event, EventBody, EventKind, SealedEvent};
use crate::notice::SealedLetter;
use crate::store::{
    CaseColumns, Commit, CommitError, ReplayKey, Store, StoreError, StoredNotice, encode_file,
};
use crate::telemetry::metrics::{DeadlineChanges, DeadlinesBefore};

/// What is to happen to a case: the event, and the letters made with it.
pub(crate) struct Judged {
    pub body: EventBody,
    pub letters: Vec<SealedLetter>,
}

impl Judged {
    /// A submission, facts that were learned or a clock that ran out, with the letters that go with it.
    pub fn with_letters(body: EventBody, letters: Vec<SealedLetter>) -> Self {
        let references = letters.iter().map(|made| made.reference.clone());
        Self {
            body: body.with_notices(references.collect()),
            letters,
        }
    }
}

impl From<EventBody> for Judged {
    fn from(body: EventBody) -> Self {
        Self {
            body,
            letters: Vec::new(),
        }
    }
}

/// A defect of ours: an event that its case cannot take.
#[derive(Debug, Error)]
#[error("{0}")]
pub(crate) struct Unfit(&'static str);

/// A case after an event, and what makes it so.
///
/// The case is boxed: futures that hold it are moved about, and it is over a kilobyte.
pub(crate) struct Next {
    /// The case as it will be.
    pub case: Box<Case>,
    /// What the event does to its deadlines.
    pub deadlines: DeadlineChanges,
    event: SealedEvent,
    kind: EventKind,
    letters: Vec<StoredNotice>,
}

impl Next {
    /// Puts an event behind a case's last one; without a case it opens one under the id.
    pub fn of(
        actor: Actor,
        (id, case): (Uuid, Option<Case>),
        judged: Judged,
        now: DateTime<Utc>,
    ) -> Result<Self, Unfit> {
        let (version, previous) = case
            .as_ref()
            .map_or((0, Digest::ZERO), |case| (case.version, case.head));
        let edition = match (&judged.body, &case) {
            (EventBody::Submitted(submitted), None) => submitted.edition,
            (_, Some(case)) => case.file.edition,
            (_, None) => return Err(Unfit("an event without a case that it could follow")),
        };
        let event = Event {
            version: version + 1,
            occurred_at: now,
            actor,
            body: judged.body,
        };
        let sealed = SealedEvent::seal(id, &event, edition, previous)
            .map_err(|_| Unfit("an event cannot be sealed"))?;
        let kind = event.body.kind();
        let before = case.as_ref().map_or_else(DeadlinesBefore::default, |case| {
            DeadlinesBefore::of(&case.file)
        });
        let case = match case {
            Some(case) => case.after(&event, sealed.sha256),
            None => Case::opened(id, event, sealed.sha256),
        };
        let letters = judged
            .letters
            .into_iter()
            .map(|made| StoredNotice {
                determination_id: id,
                reference: made.reference,
                bytes: made.bytes,
            })
            .collect();
        let case = case.ok_or(Unfit("an event that cannot follow"))?;
        Ok(Self {
            deadlines: before.changes(&case.file),
            case: Box::new(case),
            kind,
            event: sealed,
            letters,
        })
    }

    /// Commits it, if the case is still as it was, and gives the case as it is now. `rungs` are the shares of a clock's
    /// time that are told, in percent; `replay` is the idempotency record of a caller's command.
    pub fn commit(
        self,
        store: &dyn Store,
        rungs: &[u8],
        replay: Option<(ReplayKey, Digest)>,
    ) -> impl Future<Output = Result<Box<Case>, CommitError>> + Send {
        let Self {
            mut case,
            event,
            kind,
            letters,
            ..
        } = self;
        // Not in the future: what it held would be moved with it.
        let begun = encode_file(&case.file).map(|snapshot| {
            store.commit(Commit {
                expected_version: case.version - 1,
                kind,
                columns: CaseColumns::of(&case, rungs),
                snapshot,
                event,
                letters,
                replay,
            })
        });
        async move {
            let committed = match begun {
                Ok(begun) => begun.await?,
                Err(error) => return Err(StoreError::damaged(case.id, error).into()),
            };
            // The store may have moved the event's instant forward, and its digest with it.
            let (at, sha256) = (committed.event.header.occurred_at, committed.event.sha256);
            case.head = sha256;
            if kind.is_by_a_caller() {
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
