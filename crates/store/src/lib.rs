//! What must a store do? One port; each store is one folder, which alone holds its SQL.
//!
//! A commit is one atomic transaction: the event, the case's state after it, its letters and the idempotency
//! record, under the version that was expected. It is acknowledged only once it is durable.

mod codes;
mod copy;
mod dials;
mod fold;
pub mod folder;
mod group;
mod meters;
mod open;
mod place;
pub mod postgres;
mod secret;
mod snapshot;
pub mod sqlite;
mod url;
mod verify;

use std::sync::Arc;

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use thiserror::Error;
use tokio::sync::watch;
use uuid::Uuid;

use second_opinion_letters::Rendition;
use second_opinion_rules::case::{
    Case, Cin, Digest, EventKind, NoticeReference, SealedEvent, State, first_due,
};
use second_opinion_rules::rules::Urgency;

pub use copy::{Copied, CopyError, Counts, Progress, copy};
pub use dials::{CLOCKS, Counted, Dial, Dials, TimeLeft, Turn, URGENCIES};
pub use fold::{fold, unseal};
pub use meters::{Connections, Meters};
pub use open::{migrate, open, open_read_only};
pub use secret::{Secret, redact_url};
pub use snapshot::{decode_state, encode_state};
pub use url::StoreUrl;
pub use verify::{Finding, LogReport, Problem, verify_log};

/// A store of cases and their events.
#[async_trait]
pub trait Store: Send + Sync + 'static {
    /// A case as it stands; `None`: there is none with this id. Shared, because a store may keep what is read often.
    async fn case(&self, id: Uuid) -> Result<Option<Arc<Case>>, StoreError>;

    /// A case's events in order, as stored; empty: there is none with this id.
    async fn history(&self, id: Uuid) -> Result<Vec<Record>, StoreError>;

    /// What a caller's request id was used for; `None`: nothing.
    async fn replay(&self, key: &ReplayKey) -> Result<Option<Replay>, StoreError>;

    /// A page of cases, in the worklist's order.
    async fn list(&self, query: &Worklist) -> Result<Page, StoreError>;

    /// The ids of up to `limit` cases whose [`CaseColumns::sweep_at`] has come, longest due first.
    async fn to_sweep(&self, as_of: DateTime<Utc>, limit: usize) -> Result<Vec<Uuid>, StoreError>;

    /// How the deadlines stand over all cases as of an instant: the same on every replica, and after a restart.
    async fn dials(&self, as_of: DateTime<Utc>) -> Result<Dials, StoreError>;

    /// Commits a change, all of it or none, and returns once it is durable.
    async fn commit(&self, commit: Commit) -> Result<Committed, CommitError>;

    /// Up to `limit` entries of the log after a position, in order: none skipped, none twice.
    async fn log_after(&self, position: u64, limit: usize) -> Result<Vec<LogEntry>, StoreError>;

    /// Up to `limit` events after a position as stored, for proving the log.
    async fn records_after(&self, position: u64, limit: usize) -> Result<Vec<Record>, StoreError>;

    /// The log's head.
    async fn head(&self) -> Result<Head, StoreError>;

    /// A letter; `None`: there is none with this id.
    async fn notice(&self, id: Uuid) -> Result<Option<StoredNotice>, StoreError>;

    /// The first rendering of a letter; `None`: there is none yet in this form, language and size.
    async fn rendering(
        &self,
        notice_id: Uuid,
        rendition: &Rendition,
    ) -> Result<Option<StoredRendering>, StoreError>;

    /// Keeps a rendering where there is none yet in its form, language and size, and returns the one that is kept, once
    /// it is durable: the first one wins.
    async fn store_rendering(
        &self,
        rendering: StoredRendering,
    ) -> Result<StoredRendering, StoreError>;

    /// The head's position, whenever it moves. A wake-up, not a promise: what it says is read again from the store.
    fn head_changes(&self) -> watch::Receiver<u64>;

    /// What it counts of its own work.
    fn meters(&self) -> Meters;

    /// The connections of its pool; none where it has no pool.
    fn connections(&self) -> Connections {
        Connections::default()
    }

    /// Whether the store can be reached.
    async fn ping(&self) -> Result<(), StoreError>;

    /// Finishes what was begun and closes. What comes after fails with [`StoreError::Unavailable`].
    async fn close(&self);
}

/// A store that did not do what was asked.
#[derive(Debug, Error)]
pub enum StoreError {
    /// It cannot be reached, or refused for a reason of its own. The text names no data.
    #[error("the store cannot be used: {0}")]
    Unavailable(String),
    /// What it holds cannot be read.
    #[error("what the store holds for determination {determination_id} cannot be read: {reason}")]
    Damaged {
        /// The case.
        determination_id: Uuid,
        /// What is wrong; names no data.
        reason: String,
    },
    /// Its schema is not one that this version knows.
    #[error("the store's schema is not one that this version knows: {0}")]
    Schema(String),
}

/// A commit that was not made.
#[derive(Debug, Error)]
pub enum CommitError {
    /// The case is not at the version expected.
    #[error("the case is at another version")]
    VersionConflict,
    /// The request id was used before: by whoever committed first.
    #[error("the request id was used before")]
    Replayed(Replay),
    /// The store did not do it.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// One change, ready to be written: everything that can be computed beforehand is.
pub struct Commit {
    /// The case's version before the change; 0: the case is new.
    pub expected_version: u32,
    /// The event. A store moves its instant forward where the log is already past it.
    pub event: SealedEvent,
    /// The event's kind.
    pub kind: EventKind,
    /// The columns that a case is found by, after the change.
    pub columns: CaseColumns,
    /// The case's file after the change, encoded by [`encode_state`].
    pub snapshot: Vec<u8>,
    /// How it moves the counts of deadlines ([`Counted`]).
    pub turns: Vec<Turn>,
    /// The letters made with it.
    pub letters: Vec<StoredNotice>,
    /// The idempotency record; `None`: the change is not a caller's, and moves neither the etag nor the instant of the
    /// last change.
    pub replay: Option<(ReplayKey, Digest)>,
}

/// What a case is found and sorted by.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CaseColumns {
    /// Where it stands.
    pub state: State,
    /// Whether it is urgent.
    pub urgency: Urgency,
    /// The earliest due instant of its clocks, stopped ones included; `None`: it has none.
    pub first_due: Option<DateTime<Utc>>,
    /// The earliest due instant of the clocks that run.
    pub due_at: Option<DateTime<Utc>>,
    /// From when on the case is owed an event that no caller makes; `None`: none is ahead.
    pub sweep_at: Option<DateTime<Utc>>,
    /// The member.
    pub member_id: Cin,
    /// The RAF number; empty: none. Never changes.
    pub referral_number: String,
    /// The TAR number; empty: none. Never changes.
    pub treatment_authorization_number: String,
}

impl CaseColumns {
    /// The columns of a case, where the shares of a clock's time that are told are `rungs`, in percent.
    #[must_use]
    pub fn of(case: &Case, rungs: &[u8]) -> Self {
        let file = &case.current;
        Self {
            state: file.state,
            urgency: file.assessment.urgency,
            first_due: first_due(&file.clocks),
            due_at: file.due_at(),
            sweep_at: case.next_sweep(rungs),
            member_id: file.request.member.member_id.clone(),
            referral_number: file.request.referral_number.clone(),
            treatment_authorization_number: file.request.treatment_authorization_number.clone(),
        }
    }
}

/// A commit that was made.
#[derive(Debug)]
pub struct Committed {
    /// The event as it stands in the log.
    pub event: SealedEvent,
    /// Its position: 1, 2, 3 … in commit order, without gaps.
    pub position: u64,
}

/// Whose request id, over all calls.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct ReplayKey {
    /// The caller: issuer and subject, or the name in a certificate.
    pub caller: String,
    /// The request id.
    pub request_id: Uuid,
}

/// What a request id was used for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Replay {
    /// The digest of the call and its message.
    pub content: Digest,
    /// The case that it changed.
    pub determination_id: Uuid,
    /// The version that it made.
    pub version: u32,
}

/// An event as stored.
#[derive(Clone, PartialEq, Eq)]
pub struct Record {
    /// Its position in the log.
    pub position: u64,
    /// The case.
    pub determination_id: Uuid,
    /// 1, 2, 3 … within the case.
    pub version: u32,
    /// The bytes that were hashed.
    pub bytes: Vec<u8>,
    /// Their digest.
    pub sha256: Digest,
}

/// An entry of the log, without what the event holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogEntry {
    /// Its position.
    pub position: u64,
    /// The case.
    pub determination_id: Uuid,
    /// 1, 2, 3 … within the case.
    pub version: u32,
    /// What happened.
    pub kind: EventKind,
    /// Where the case stood after it.
    pub state: State,
    /// Whether it was urgent after it.
    pub urgency: Urgency,
    /// The earliest due instant of the clocks that ran after it.
    pub due_at: Option<DateTime<Utc>>,
    /// When.
    pub occurred_at: DateTime<Utc>,
    /// The RAF number; empty: none.
    pub referral_number: String,
    /// The TAR number; empty: none.
    pub treatment_authorization_number: String,
}

/// The log's head.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Head {
    /// The last position; 0: the log is empty.
    pub position: u64,
    /// The rolling digest over all events.
    pub digest: Digest,
    /// When the last event occurred; the epoch where there is none.
    pub occurred_at: DateTime<Utc>,
}

/// A letter as stored.
#[derive(Clone, PartialEq, Eq)]
pub struct StoredNotice {
    /// The case.
    pub determination_id: Uuid,
    /// What the case says of it.
    pub reference: NoticeReference,
    /// The letter.
    pub bytes: Vec<u8>,
}

/// A rendering of a letter as stored.
#[derive(Clone, PartialEq, Eq)]
pub struct StoredRendering {
    /// The letter.
    pub notice_id: Uuid,
    /// Its form, language and size.
    pub rendition: Rendition,
    /// The SHA-256 of the bytes.
    pub sha256: Digest,
    /// What is given out.
    pub bytes: Vec<u8>,
}

/// `Debug` that names what identifies a row and leaves its bytes out: they hold a person's data.
macro_rules! shown_by {
    ($($name:ident: $($field:ident),+;)+) => {$(
        impl std::fmt::Debug for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.debug_struct(stringify!($name))
                    $(.field(stringify!($field), &self.$field))+
                    .finish_non_exhaustive()
            }
        }
    )+};
}

shown_by! {
    Commit: expected_version, kind, event, letters;
    Record: position, determination_id, version, sha256;
    StoredNotice: determination_id, reference;
    StoredRendering: notice_id, rendition, sha256;
}

/// Which cases, and from where on.
#[derive(Clone, Debug, Default)]
pub struct Worklist {
    /// In one of these states; empty: any.
    pub states: Vec<State>,
    /// With a running clock due strictly before.
    pub due_before: Option<DateTime<Utc>>,
    /// Of this member.
    pub member_id: Option<Cin>,
    /// With this RAF number.
    pub referral_number: Option<String>,
    /// With this TAR number.
    pub treatment_authorization_number: Option<String>,
    /// After this place in the order.
    pub after: Option<Place>,
    /// As many at the most.
    pub limit: usize,
}

/// A place in the worklist's order: earliest due instant first, those without a clock last, oldest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place {
    /// The earliest due instant in microseconds since the epoch; `i64::MAX`: no clock.
    pub first_due_us: i64,
    /// The position of the case's first event.
    pub opened_at: u64,
}

/// A page of a worklist.
#[derive(Clone, Debug)]
pub struct Page {
    /// The cases, in order.
    pub cases: Vec<Case>,
    /// Where the next page begins; `None`: this was the last.
    pub next: Option<Place>,
}

impl StoreError {
    /// What a case holds cannot be read.
    #[must_use]
    pub fn damaged(determination_id: Uuid, reason: impl std::fmt::Display) -> Self {
        Self::Damaged {
            determination_id,
            reason: reason.to_string(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn debug_shows_no_bytes() {
        let record = Record {
            position: 1,
            determination_id: Uuid::nil(),
            version: 1,
            bytes: b"canary".to_vec(),
            sha256: Digest::ZERO,
        };
        let shown = format!("{record:?}");
        assert!(
            shown.contains("position: 1") && !shown.contains("99, 97, 110"),
            "{shown}"
        );
    }
}
