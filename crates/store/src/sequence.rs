//! May a commit be made, and how does it then stand in the log? Decided in one way for every store.

use crate::{CommitError, Committed, Head, StoreError};
use second_opinion_rules::case::{Digest, SealedEvent};

/// What a case's row says of where it stands in the log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct CaseHead {
    /// The position of the case's first event.
    pub opened_at: u64,
    pub version: u32,
    /// The digest of the last event.
    pub head: Digest,
    pub last_position: u64,
}

/// An event in its place.
pub(super) struct SequencedEvent {
    pub event: SealedEvent,
    pub position: u64,
    pub opened_at: u64,
    /// The position of the event before it in the case.
    pub previous: Option<u64>,
}

impl SequencedEvent {
    /// Puts an event behind the log's head, on the case as it stands. Whether the request was made before is
    /// asked first by whoever writes: a repetition gets its first answer however far the case has moved on.
    pub fn new(
        head: &Head,
        case_head: Option<&CaseHead>,
        expected_version: u32,
        event: SealedEvent,
    ) -> Result<Self, CommitError> {
        if !follows(case_head, expected_version, &event) {
            return Err(CommitError::VersionConflict);
        }
        let id = event.header.determination_id;
        let event = event
            .not_before(head.occurred_at)
            .map_err(|_| StoreError::damaged(id, "the event cannot be written as JSON"))?;
        let position = head.position + 1;
        Ok(Self {
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

    /// Where the case stands after it.
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

/// Whether a commit follows on what is stored: the version it expects, and in the event itself the digest before it.
fn follows(case_head: Option<&CaseHead>, expected_version: u32, event: &SealedEvent) -> bool {
    let header = &event.header;
    let (version, head) = case_head.map_or((0, Digest::ZERO), |case| (case.version, case.head));
    version == expected_version && header.version == version + 1 && header.previous == head
}
