//! The store port, and its two implementations: `SQLite` for one process, `PostgreSQL` for several.
//!
//! A commit is one atomic transaction: the event, the case's state after it, its letters and the idempotency record, under
//! the expected version. It is acknowledged only once it is durable.

mod codes;
mod columns;
mod copy;
mod database_store;
mod fold;
pub mod folder;
mod group_commit;
mod metrics;
mod open;
mod open_cases;
pub mod postgres;
mod queries;
mod rows;
mod schema;
mod secret;
mod sequence;
mod snapshot;
pub mod sqlite;
mod tables;
mod url;
mod value;
mod verify;
mod worklist;

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
pub use fold::{fold, unseal};
pub use metrics::{Connections, StoreMetrics};
pub use open::{migrate, open, open_read_only};
pub use open_cases::{CLOCKS, OpenCaseColumns, OpenCases, TimeLeft};
pub use secret::{Secret, redact_url};
pub use snapshot::{decode_state, encode_state};
pub use url::StoreUrl;
pub use verify::{Finding, LogReport, Problem, verify_log};

/// A store of cases and their events.
#[async_trait]
pub trait Store: Send + Sync + 'static {
    /// A case; `None`: there is none with this id. Shared, because a store may cache it.
    async fn case(&self, id: Uuid) -> Result<Option<Arc<Case>>, StoreError>;

    /// A case's events in order, as stored; empty: there is none with this id.
    async fn history(&self, id: Uuid) -> Result<Vec<Record>, StoreError>;

    /// The idempotency record of a request id; `None`: it was not used.
    async fn replay(&self, key: &ReplayKey) -> Result<Option<Replay>, StoreError>;

    /// A page of cases, in the worklist's order.
    async fn list(&self, query: &Worklist) -> Result<Page, StoreError>;

    /// The ids of up to `limit` cases with a passed [`CaseColumns::sweep_at`], longest due first.
    async fn to_sweep(&self, as_of: DateTime<Utc>, limit: usize) -> Result<Vec<Uuid>, StoreError>;

    /// Counts the open cases as of an instant: the same on every replica, and after a restart.
    async fn open_cases(&self, as_of: DateTime<Utc>) -> Result<OpenCases, StoreError>;

    /// Commits a change as a whole or not at all, and returns once it is durable.
    async fn commit(&self, commit: Commit) -> Result<Committed, CommitError>;

    /// Up to `limit` entries of the log after a position, in order: none skipped, none twice.
    async fn log_after(&self, position: u64, limit: usize) -> Result<Vec<LogEntry>, StoreError>;

    /// Up to `limit` events after a position as stored, for verifying the log.
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

    /// Stores a rendering unless there is one in its form, language and size, and returns the one that is stored, once it
    /// is durable: the first one wins.
    async fn store_rendering(
        &self,
        rendering: StoredRendering,
    ) -> Result<StoredRendering, StoreError>;

    /// The head's position, whenever it moves. A wake-up only: the receiver reads the log itself.
    fn head_changes(&self) -> watch::Receiver<u64>;

    /// The metrics of its own work.
    fn metrics(&self) -> StoreMetrics;

    /// The connections of its pool; none where it has no pool.
    fn connections(&self) -> Connections {
        Connections::default()
    }

    /// Whether the store can be reached.
    async fn ping(&self) -> Result<(), StoreError>;

    /// Finishes the commits under way and closes. Later calls fail with [`StoreError::Unavailable`].
    async fn close(&self);
}

/// The error of a store.
#[derive(Debug, Error)]
pub enum StoreError {
    /// It cannot be reached or used. The text names no data.
    #[error("the store cannot be used: {0}")]
    Unavailable(String),
    /// A record cannot be read.
    #[error("the store's record of determination {determination_id} cannot be read: {reason}")]
    Damaged {
        /// The case.
        determination_id: Uuid,
        /// The reason; names no data.
        reason: String,
    },
    /// This version does not know its schema.
    #[error("this version does not know the store's schema: {0}")]
    Schema(String),
}

/// The error of a commit.
#[derive(Debug, Error)]
pub enum CommitError {
    /// The case is not at the expected version.
    #[error("the case is at another version")]
    VersionConflict,
    /// The request id was used by an earlier commit.
    #[error("the request id was used before")]
    Replayed(Replay),
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// One change, computed as far as it can be before it is written.
pub struct Commit {
    /// The case's version before the change; 0: the case is new.
    pub expected_version: u32,
    /// The event. A store moves its instant forward where the log's last instant is later.
    pub event: SealedEvent,
    /// The event's kind.
    pub kind: EventKind,
    /// The columns of the case after the change.
    pub columns: CaseColumns,
    /// The case's file after the change, encoded by [`encode_state`].
    pub snapshot: Vec<u8>,
    /// The letters made with it.
    pub letters: Vec<StoredNotice>,
    /// The idempotency record; `None`: no caller made the change, and it moves neither the etag nor the instant of the last
    /// change.
    pub replay: Option<(ReplayKey, Digest)>,
}

/// The columns by which a case is found, sorted and counted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CaseColumns {
    /// Its state.
    pub state: State,
    /// Its urgency.
    pub urgency: Urgency,
    /// The earliest due instant of its clocks, stopped ones included; `None`: it has none.
    pub first_due: Option<DateTime<Utc>>,
    /// The earliest due instant of its running clocks.
    pub due_at: Option<DateTime<Utc>>,
    /// The instant from which the sweeper owes the case an event; `None`: none is ahead.
    pub sweep_at: Option<DateTime<Utc>>,
    /// The columns by which it is counted while it is open.
    pub open: OpenCaseColumns,
    /// The member.
    pub member_id: Cin,
    /// The RAF number; empty: none. Never changes.
    pub referral_number: String,
    /// The TAR number; empty: none. Never changes.
    pub treatment_authorization_number: String,
}

impl CaseColumns {
    /// The columns of a case, with the sweeper's reminder thresholds (`rungs`) in percent of a clock's time.
    #[must_use]
    pub fn of(case: &Case, rungs: &[u8]) -> Self {
        let file = &case.current;
        Self {
            state: file.state,
            urgency: file.assessment.urgency,
            first_due: first_due(&file.clocks),
            due_at: file.due_at(),
            sweep_at: case.next_sweep(rungs),
            open: OpenCaseColumns::of(file),
            member_id: file.request.member.member_id.clone(),
            referral_number: file.request.referral_number.clone(),
            treatment_authorization_number: file.request.treatment_authorization_number.clone(),
        }
    }
}

/// The result of a commit.
#[derive(Debug)]
pub struct Committed {
    /// The event as it is in the log.
    pub event: SealedEvent,
    /// Its position: 1, 2, 3 … in commit order, without gaps.
    pub position: u64,
}

/// A request id of a caller, over all calls.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct ReplayKey {
    /// The caller: issuer and subject, or the name in a certificate.
    pub caller: String,
    /// The request id.
    pub request_id: Uuid,
}

/// The idempotency record of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Replay {
    /// The digest of the call and its message.
    pub content: Digest,
    /// The case that the request changed.
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

/// An entry of the log, without the event's content.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogEntry {
    /// Its position.
    pub position: u64,
    /// The case.
    pub determination_id: Uuid,
    /// 1, 2, 3 … within the case.
    pub version: u32,
    /// The event's kind.
    pub kind: EventKind,
    /// The case's state after it.
    pub state: State,
    /// The case's urgency after it.
    pub urgency: Urgency,
    /// The earliest due instant of the case's running clocks after it.
    pub due_at: Option<DateTime<Utc>>,
    /// When it occurred.
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
    /// The case's reference to it.
    pub reference: NoticeReference,
    /// The letter's bytes.
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
    /// The bytes that are sent.
    pub bytes: Vec<u8>,
}

/// `Debug` with the fields that identify a row. Its bytes are left out: they hold a person's data.
macro_rules! debug_fields {
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

debug_fields! {
    Commit: expected_version, kind, event, letters;
    Record: position, determination_id, version, sha256;
    StoredNotice: determination_id, reference;
    StoredRendering: notice_id, rendition, sha256;
}

/// A worklist query: filters, and the place behind which a page begins.
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
    /// Behind this place in the order.
    pub after: Option<Place>,
    /// Maximum cases on the page.
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
    /// The place behind which the next page begins; `None`: this was the last.
    pub next: Option<Place>,
}

impl StoreError {
    /// The error of a case's record that cannot be read.
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
