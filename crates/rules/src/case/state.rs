//! A case: the state that its events fold to, and its place in the log.

use chrono::{DateTime, NaiveDate, Utc};
use serde::{Deserialize, Serialize};
use thiserror::Error;
use uuid::Uuid;

use super::chain::Digest;
use super::decision::{Decision, NoticeReference, Notification};
use super::event::{Event, EventBody, Submitted};
use super::refusal::Refusal;
use super::second_opinion::SecondOpinion;
use super::sweep::Reminders;
use crate::rules::{Assessment, Clock, Pathway, denial_finding, running_due};

/// Maximum number of events of a case.
pub const EVENTS_MAX: u32 = 1_000;

/// The state of a case as callers know it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum State {
    /// A network provider can give the opinion.
    NoAuthorizationRequired,
    /// A reviewer has to decide.
    PendingReview,
    /// Approved.
    Approved,
    /// Denied.
    Denied,
    /// Withdrawn.
    Withdrawn,
}

impl State {
    /// The name of the state in the contract.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::NoAuthorizationRequired => "NO_AUTHORIZATION_REQUIRED",
            Self::PendingReview => "PENDING_REVIEW",
            Self::Approved => "APPROVED",
            Self::Denied => "DENIED",
            Self::Withdrawn => "WITHDRAWN",
        }
    }
}

/// The state that the events of a case fold to, without its place in the log.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CaseState {
    /// The request, with the facts that are known now.
    pub request: SecondOpinion,
    /// The edition that decides it.
    pub edition: NaiveDate,
    /// The state.
    pub state: State,
    /// The outcome of the rules.
    pub assessment: Assessment,
    /// The instant from which an expedited request's hours count; `None`: they count from its receipt.
    pub urgent_since: Option<DateTime<Utc>>,
    /// Its clocks.
    pub clocks: Vec<Clock>,
    /// The decision or withdrawal that ended the review.
    pub decision: Option<Decision>,
    /// The notifications recorded.
    pub notifications: Vec<Notification>,
    /// Its letters, oldest first.
    pub notices: Vec<NoticeReference>,
    /// The reminders recorded for its clocks, one entry for each kind of clock.
    pub reminders: Vec<Reminders>,
}

/// A case: its current state, and its place in the log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Case {
    /// Its id.
    pub id: Uuid,
    /// The number of its events.
    pub version: u32,
    /// The digest of its last event, which the next one names.
    pub head: Digest,
    /// The digest of the last event that a caller's command made; the etag is made from it.
    pub command_head: Digest,
    /// The instant of its first event.
    pub created_at: DateTime<Utc>,
    /// The instant of the last event that a caller's command made.
    pub updated_at: DateTime<Utc>,
    /// Its current state.
    pub current: CaseState,
}

/// A list of events that does not fold to a case.
#[derive(Clone, Copy, Debug, Error, PartialEq, Eq)]
pub enum FoldError {
    /// The first event does not submit a request, or a later one does.
    #[error("event {0} does not follow from the events before it")]
    OutOfPlace(u32),
    /// A version is missing or comes twice.
    #[error("event {found} is in the place of event {expected}")]
    Version {
        /// The version that follows.
        expected: u32,
        /// The version that was found.
        found: u32,
    },
    /// The list is empty.
    #[error("no event")]
    Empty,
}

impl CaseState {
    /// The state after the first event.
    #[must_use]
    pub fn opened(submitted: Submitted) -> Self {
        let state = match submitted.assessment.pathway {
            Pathway::NetworkAccess => State::NoAuthorizationRequired,
            Pathway::PriorAuthorization => State::PendingReview,
        };
        Self {
            request: submitted.request,
            edition: submitted.edition,
            state,
            assessment: submitted.assessment,
            urgent_since: None,
            clocks: submitted.clocks,
            decision: None,
            notifications: Vec::new(),
            notices: submitted.notices,
            reminders: Vec::new(),
        }
    }

    fn assess(&mut self, assessment: &Assessment, clocks: &[Clock]) {
        self.state = match assessment.pathway {
            Pathway::NetworkAccess => State::NoAuthorizationRequired,
            Pathway::PriorAuthorization => State::PendingReview,
        };
        self.assessment.clone_from(assessment);
        self.clocks = clocks.to_vec();
    }

    /// Applies a later event. `false`: the event cannot follow.
    #[must_use]
    pub fn apply(&mut self, body: &EventBody) -> bool {
        match body {
            EventBody::Submitted(_) => return false,
            EventBody::Verified(event) => {
                event.apply_to(&mut self.request);
                self.notices.extend(event.notices.iter().cloned());
                self.assess(&event.assessment, &event.clocks);
            }
            EventBody::Expedited(event) => {
                self.urgent_since = self.urgent_since_after(event.received_at);
                self.request.claim_urgency(&event.claim);
                self.assess(&event.assessment, &event.clocks);
            }
            EventBody::Withdrawn(event) => {
                self.state = State::Withdrawn;
                self.clocks.clone_from(&event.clocks);
                self.decision = Some(Decision::Withdrawn(event.withdrawal.clone()));
            }
            EventBody::Approved(event) => {
                self.state = State::Approved;
                self.clocks.clone_from(&event.clocks);
                self.decision = Some(Decision::Approved(event.approval.clone()));
                self.notices.extend(event.notices.iter().cloned());
            }
            EventBody::Denied(event) => {
                self.state = State::Denied;
                self.clocks.clone_from(&event.clocks);
                self.decision = Some(Decision::Denied(event.denial.clone()));
                self.assessment.findings.push(denial_finding());
                self.notices.push(event.notice.clone());
                self.notices.extend(event.further_notices.iter().cloned());
            }
            EventBody::Notified(event) => {
                self.clocks.clone_from(&event.clocks);
                self.notifications.push(event.notification.clone());
            }
            EventBody::DueSoon(event) => return self.record_due_soon(event),
            EventBody::Overdue(event) => return self.record_overdue(event),
        }
        true
    }

    /// The earliest due instant of the clocks that run; `None`: none runs.
    #[must_use]
    pub fn due_at(&self) -> Option<DateTime<Utc>> {
        running_due(&self.clocks)
    }

    /// Whether a clock that runs is past due at an instant.
    #[must_use]
    pub fn is_overdue(&self, as_of: DateTime<Utc>) -> bool {
        self.due_at().is_some_and(|due| due <= as_of)
    }
}

impl Case {
    /// The etag: opaque to callers, and a new one after each of their commands.
    #[must_use]
    pub fn etag(&self) -> String {
        let mut etag = self.command_head.to_string();
        etag.truncate(16);
        etag
    }

    /// The case after one more event, sealed as `sha256`; `None`: the event cannot follow.
    #[must_use]
    pub fn after(mut self, event: &Event, sha256: Digest) -> Option<Self> {
        if event.version != self.version + 1 || !self.current.apply(&event.body) {
            return None;
        }
        self.version = event.version;
        self.head = sha256;
        if event.body.kind().is_from_caller() {
            self.command_head = sha256;
            self.updated_at = event.occurred_at;
        }
        Some(self)
    }

    /// The case that a first event opens; `None`: it does not submit a request.
    #[must_use]
    pub fn opened(id: Uuid, event: Event, sha256: Digest) -> Option<Self> {
        let EventBody::Submitted(submitted) = event.body else {
            return None;
        };
        Some(Self {
            id,
            version: event.version,
            head: sha256,
            command_head: sha256,
            created_at: event.occurred_at,
            updated_at: event.occurred_at,
            current: CaseState::opened(*submitted),
        })
    }

    /// Folds the events of a case, each with its digest, in order.
    ///
    /// # Errors
    /// When a version is missing or comes twice, or an event cannot follow the one before it.
    pub fn fold<'a>(
        id: Uuid,
        events: impl IntoIterator<Item = (&'a Event, Digest)>,
    ) -> Result<Self, FoldError> {
        let mut case: Option<Self> = None;
        for (event, sha256) in events {
            let expected = case.as_ref().map_or(1, |case| case.version + 1);
            if event.version != expected {
                return Err(FoldError::Version {
                    expected,
                    found: event.version,
                });
            }
            let next = match case.take() {
                None => Self::opened(id, event.clone(), sha256),
                Some(case) => case.after(event, sha256),
            };
            case = Some(next.ok_or(FoldError::OutOfPlace(event.version))?);
        }
        case.ok_or(FoldError::Empty)
    }

    /// Rejects a command that the case's state does not allow, or that would exceed [`EVENTS_MAX`].
    pub(super) fn allow(&self, command: &str, states: &[State]) -> Result<(), Refusal> {
        if !states.contains(&self.current.state) {
            let state = self.current.state;
            return Err(Refusal::State {
                state,
                message: format!("{command} is not allowed in state {}", state.name()),
            });
        }
        self.check_capacity()
    }

    fn check_capacity(&self) -> Result<(), Refusal> {
        if self.version >= EVENTS_MAX {
            Err(Refusal::Full(EVENTS_MAX))
        } else {
            Ok(())
        }
    }
}
