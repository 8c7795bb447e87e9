//! What is a case, and what may happen to it next? Pure: no clock, no store, no wire.
//!
//! A command is judged by a function of its own ([`submit`], [`verify`], [`expedite`], [`withdraw`], [`approve`],
//! [`deny`], [`notify`]): the case, the command and a [`Context`] in, an event or a [`Refusal`] out. A case is what
//! its events fold to ([`Case::fold`]). Two kinds of event are no caller's: that time runs out is told by itself
//! ([`Case::sweep`]).

mod approve;
mod chain;
mod decision;
mod deny;
mod event;
mod expedite;
mod identifiers;
mod next_steps;
mod notify;
mod provider;
mod refusal;
mod second_opinion;
mod submit;
mod sweep;
mod verify;
mod withdraw;

use chrono::{DateTime, NaiveDate, Utc};
use serde::{Deserialize, Serialize};
use thiserror::Error;
use uuid::Uuid;

pub use approve::{Approve, approve};
pub use chain::{Digest, EVENT_SCHEMA, Header, SealedEvent, UnsealError};
pub use decision::{
    Approval, Channel, Decision, Denial, DenialReason, License, LicenseType, LicensedReviewer,
    MemberAgreement, NoticeKind, NoticeReference, Notification, Recipient, Referral, Reviewer,
    Translation, Withdrawal,
};
pub use deny::{Deny, ProposedDenial, deny};
pub use event::{
    Actor, ActorKind, Approved, Denied, DueSoon, Event, EventBody, EventKind, Expedited, Notified,
    Overdue, Person, Submitted, Verified, Withdrawn,
};
pub use expedite::{Expedite, expedite};
pub use identifiers::{Cin, IcdCode, LanguageTag, Npi, Private, ProcedureCode, Taxonomy, is_phone};
pub use next_steps::{Contact, Instruction, NextStep, NextStepKind, appeal_deadline, next_steps};
pub use notify::{Notify, notify};
pub use provider::{NetworkAlternative, NetworkAvailability, Provider, Verification, same_name};
pub use refusal::{FieldViolation, Refusal, Violation};
pub use second_opinion::{
    AlternativeFormat, AuthorityBasis, ClinicalContext, HealthProfessional, Member,
    PractitionerOpinion, Representative, RequestReason, Requester, SecondOpinion, UrgencyClaim,
};
pub use submit::submit;
pub use sweep::{ClockEvent, Reminders};
pub use verify::{MemberCorrection, MemberDetails, Verify, verify};
pub use withdraw::{Withdraw, withdraw};

use crate::rules::{Assessment, Policy, denial_finding};
pub use crate::rules::{
    Clock, NetworkStatus, Stop, StopReason, Timeliness, first_due, running_due,
};

/// Maximum number of events of a case.
pub const EVENTS_MAX: u32 = 1_000;

/// Where a case stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum State {
    /// A network provider can give the opinion.
    NoAuthorizationRequired,
    /// A reviewer is to decide.
    PendingReview,
    /// Approved.
    Approved,
    /// Denied.
    Denied,
    /// Withdrawn.
    Withdrawn,
}

impl State {
    /// The state as callers know it.
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

/// What a command is judged in: the instant, and the policy as the plan applies it.
#[derive(Clone, Copy, Debug)]
pub struct Context<'a> {
    /// The instant, UTC to the microsecond.
    pub now: DateTime<Utc>,
    /// The policy.
    pub policy: &'a Policy,
}

/// What a case holds: everything but where it stands in the log.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CaseState {
    /// The request with the facts as they are now known.
    pub request: SecondOpinion,
    /// The edition that it is decided under.
    pub edition: NaiveDate,
    /// Where it stands.
    pub state: State,
    /// What the rules make of it.
    pub assessment: Assessment,
    /// When an expedited request's hours began, where that was not its receipt.
    pub urgent_since: Option<DateTime<Utc>>,
    /// Its clocks.
    pub clocks: Vec<Clock>,
    /// What ended the review.
    pub decision: Option<Decision>,
    /// Who was told.
    pub notifications: Vec<Notification>,
    /// Its letters, oldest first.
    pub notices: Vec<NoticeReference>,
    /// The reminders recorded for its clocks, one entry for each kind of clock.
    #[serde(rename = "told")]
    pub reminders: Vec<Reminders>,
}

/// A case: what it holds, and where it stands in the log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Case {
    /// Its id.
    pub id: Uuid,
    /// How many events it has.
    pub version: u32,
    /// The digest of its last event: the next one names it.
    pub head: Digest,
    /// The digest of the last event that a caller's command made: the etag comes from it.
    pub command_head: Digest,
    /// When it came in.
    pub created_at: DateTime<Utc>,
    /// When a caller's command last changed it.
    pub updated_at: DateTime<Utc>,
    /// What it holds.
    pub current: CaseState,
}

/// Events that do not fold to a case.
#[derive(Clone, Copy, Debug, Error, PartialEq, Eq)]
pub enum FoldError {
    /// The first event does not submit a request, or a later one does.
    #[error("event {0} does not follow from the events before it")]
    OutOfPlace(u32),
    /// A version is missing or comes twice.
    #[error("event {found} stands where event {expected} should")]
    Version {
        /// What should stand there.
        expected: u32,
        /// What does.
        found: u32,
    },
    /// There is no event.
    #[error("no event")]
    Empty,
}

impl CaseState {
    /// What the first event makes.
    #[must_use]
    pub fn opened(submitted: Submitted) -> Self {
        let state = match submitted.assessment.pathway {
            crate::rules::Pathway::NetworkAccess => State::NoAuthorizationRequired,
            crate::rules::Pathway::PriorAuthorization => State::PendingReview,
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
            crate::rules::Pathway::NetworkAccess => State::NoAuthorizationRequired,
            crate::rules::Pathway::PriorAuthorization => State::PendingReview,
        };
        self.assessment.clone_from(assessment);
        self.clocks = clocks.to_vec();
    }

    /// What a later event makes of the state. `false`: the event cannot follow.
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

    /// The earliest due instant of the clocks that run.
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
    /// The etag: opaque to callers, another one after each of their commands.
    #[must_use]
    pub fn etag(&self) -> String {
        let mut etag = self.command_head.to_string();
        etag.truncate(16);
        etag
    }

    /// The case after one more event, sealed as `sha256`. `None`: the event cannot follow.
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

    /// The case that a first event opens. `None`: it submits no request.
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

    /// The case that its events fold to, each with its digest, in order.
    ///
    /// # Errors
    /// When a version is missing, comes twice, or an event cannot follow the one before it.
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

    /// Refuses a command that the case's state does not allow, or that comes after the last event a case takes.
    fn allow(&self, command: &str, states: &[State]) -> Result<(), Refusal> {
        if !states.contains(&self.current.state) {
            let state = self.current.state;
            return Err(Refusal::State {
                state,
                message: format!("{command} is not allowed in state {}", state.name()),
            });
        }
        self.has_room()
    }

    fn has_room(&self) -> Result<(), Refusal> {
        if self.version >= EVENTS_MAX {
            Err(Refusal::Full(EVENTS_MAX))
        } else {
            Ok(())
        }
    }
}
