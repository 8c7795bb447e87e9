//! The state machine of a case, with its commands and events. Pure: no clock, no store, no wire.
//!
//! Each command has a function of its own ([`submit`], [`verify`], [`expedite`], [`withdraw`], [`approve`], [`deny`],
//! [`notify`]): it takes the case, the command and a [`Context`], and returns the event or a [`Refusal`]. A case is the
//! state that its events fold to ([`Case::fold`]). Two kinds of event come from no caller but from time alone
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
mod state;
mod submit;
mod sweep;
mod verify;
mod withdraw;

use chrono::{DateTime, Utc};

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
pub use state::{Case, CaseState, EVENTS_MAX, FoldError, State};
pub use submit::submit;
pub use sweep::{ClockEvent, Reminders};
pub use verify::{MemberCorrection, MemberDetails, Verify, verify};
pub use withdraw::{Withdraw, withdraw};

pub use crate::rules::{
    Clock, NetworkStatus, Stop, StopReason, Timeliness, first_due, running_due,
};

use crate::rules::Policy;

/// The context of a command: the instant, and the policy as the plan applies it.
#[derive(Clone, Copy, Debug)]
pub struct Context<'a> {
    /// The instant, UTC to the microsecond.
    pub now: DateTime<Utc>,
    /// The policy.
    pub policy: &'a Policy,
}
