//! The place of a commit in the log, and whether it may have one. Decided in the same way for every store.

use uuid::Uuid;

use crate::{Commit, CommitError, Committed, Head, StoreError};
use second_opinion_rules::case::{Digest, SealedEvent};

/// The place of a case in the log, as its row has it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct CaseHead {
    /// The position of the case's first event.
    pub opened_at: u64,
    pub version: u32,
    /// The digest of the last event.
    pub head: Digest,
    pub last_position: u64,
}

/// A commit with its event at its place in the log.
pub(super) struct SequencedEvent<'c> {
    pub commit: &'c Commit,
    /// The event, sealed anew where the log's time is ahead of it.
    pub event: SealedEvent,
    pub position: u64,
    pub opened_at: u64,
    /// The position of the event before it in the case.
    pub previous: Option<u64>,
}

impl<'c> SequencedEvent<'c> {
    /// Places a commit behind the log's head, on the case as it is. Whether the request was made before comes first: a
    /// repeated request gets its first reply, however far the case has moved on.
    pub fn new(
        head: &Head,
        case_head: Option<&CaseHead>,
        commit: &'c Commit,
    ) -> Result<Self, CommitError> {
        if !follows(case_head, commit) {
            return Err(CommitError::VersionConflict);
        }
        let event = commit.event.clone().not_before(head.occurred_at);
        let event = event.map_err(|_| {
            StoreError::damaged(commit.case_id(), "the event cannot be written as JSON")
        })?;
        let position = head.position + 1;
        Ok(Self {
            commit,
            event,
            position,
            opened_at: case_head.map_or(position, |case| case.opened_at),
            previous: case_head.map(|case| case.last_position),
        })
    }

    /// The log's head after it.
    pub fn head_after(&self, head: &Head) -> Head {
        Head {
            position: self.position,
            digest: head.digest.roll(self.position, self.event.sha256),
            occurred_at: self.event.header.occurred_at,
        }
    }

    /// The case's place after it.
    pub fn case_head_after(&self) -> CaseHead {
        CaseHead {
            opened_at: self.opened_at,
            version: self.event.header.version,
            head: self.event.sha256,
            last_position: self.position,
        }
    }

    pub fn into_committed(self) -> Committed {
        Committed {
            event: self.event,
            position: self.position,
        }
    }
}

impl Commit {
    pub(super) fn case_id(&self) -> Uuid {
        self.event.header.determination_id
    }
}

/// Whether a commit follows on what is stored: the version it expects, and in the event itself the digest before it.
fn follows(case_head: Option<&CaseHead>, commit: &Commit) -> bool {
    let header = &commit.event.header;
    let (version, head) = case_head.map_or((0, Digest::ZERO), |case| (case.version, case.head));
    version == commit.expected_version && header.version == version + 1 && header.previous == head
}
