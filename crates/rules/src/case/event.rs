//! The events of a case. They are the record; the state of a case is what they fold to.

use chrono::{DateTime, NaiveDate, Utc};
use serde::{Deserialize, Serialize};

use super::decision::{Approval, Denial, NoticeReference, Notification, Withdrawal};
use super::provider::{NetworkAvailability, Provider};
use super::second_opinion::{Member, SecondOpinion, UrgencyClaim};
use crate::rules::{Assessment, Clock, ClockKind};

/// The author of an event.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Actor {
    /// The caller: issuer and subject of a token, or the name in a certificate.
    pub id: String,
    /// Whether it is a person.
    pub kind: ActorKind,
}

/// Whether an actor is a person.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ActorKind {
    /// A person, with a person's token.
    Person,
    /// A service.
    Service,
}

/// The id of the service itself, the author of the events that time causes. No caller has it: it names no issuer.
const SWEEPER: &str = "second-opinion/sweeper";

/// The proof that an actor is a person, which decisions require.
#[derive(Clone, Copy, Debug)]
pub struct Person(());

impl Actor {
    /// The service itself, the author of the events that time causes.
    #[must_use]
    pub fn sweeper() -> Self {
        Self {
            id: SWEEPER.to_owned(),
            kind: ActorKind::Service,
        }
    }

    /// The proof that the actor is a person; `None`: it is a service.
    #[must_use]
    pub fn person(&self) -> Option<Person> {
        match self.kind {
            ActorKind::Person => Some(Person(())),
            ActorKind::Service => None,
        }
    }
}

/// One event of a case.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Event {
    /// 1, 2, 3 … within the case.
    pub version: u32,
    /// The instant of the commit, UTC to the microsecond; never earlier than the event before it in the log.
    #[serde(with = "crate::rules::instant")]
    pub occurred_at: DateTime<Utc>,
    /// Its author.
    pub actor: Actor,
    /// Its content.
    pub body: EventBody,
}

/// The content of an event. Each kind holds the change and the outcome of the rules, so that folding applies no rule.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EventBody {
    /// A request was submitted.
    Submitted(Box<Submitted>),
    /// Facts were verified.
    Verified(Box<Verified>),
    /// The request was made urgent, or a further claim of urgency was made.
    Expedited(Box<Expedited>),
    /// The request was withdrawn.
    Withdrawn(Box<Withdrawn>),
    /// A reviewer approved.
    Approved(Box<Approved>),
    /// A licensed reviewer denied.
    Denied(Box<Denied>),
    /// A person was notified.
    Notified(Box<Notified>),
    /// A share of a clock's time has elapsed.
    DueSoon(DueSoon),
    /// A clock has run out.
    Overdue(Box<Overdue>),
}

/// A request was submitted.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Submitted {
    /// The request.
    pub request: SecondOpinion,
    /// The edition that decides the request, pinned for its lifetime.
    pub edition: NaiveDate,
    /// The outcome of the rules.
    pub assessment: Assessment,
    /// Its clocks.
    pub clocks: Vec<Clock>,
    /// The letters made with it.
    pub notices: Vec<NoticeReference>,
}

/// Facts were verified.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Verified {
    /// The requested provider from now on; `None`: unchanged.
    pub provider: Option<Provider>,
    /// The network's availability from now on; `None`: unchanged.
    pub network_availability: Option<NetworkAvailability>,
    /// The member from now on; `None`: unchanged.
    pub member: Option<Member>,
    /// The outcome of the rules.
    pub assessment: Assessment,
    /// The clocks after it.
    pub clocks: Vec<Clock>,
    /// The letters made with it.
    pub notices: Vec<NoticeReference>,
}

/// The request was made urgent, or a further claim of urgency was made.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Expedited {
    /// The claim.
    pub claim: UrgencyClaim,
    /// The instant at which the plan received the request to expedite.
    #[serde(with = "crate::rules::instant")]
    pub received_at: DateTime<Utc>,
    /// The outcome of the rules.
    pub assessment: Assessment,
    /// The clocks after it.
    pub clocks: Vec<Clock>,
}

/// The request was withdrawn.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Withdrawn {
    /// The withdrawal.
    pub withdrawal: Withdrawal,
    /// The clocks after it.
    pub clocks: Vec<Clock>,
}

/// A reviewer approved.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Approved {
    /// The approval.
    pub approval: Approval,
    /// The clocks after it.
    pub clocks: Vec<Clock>,
    /// The letters made with it.
    pub notices: Vec<NoticeReference>,
}

/// A licensed reviewer denied. Only [`super::ProposedDenial::issued`] makes one, with its letter.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Denied {
    /// The denial.
    pub(super) denial: Denial,
    /// The clocks after it.
    pub(super) clocks: Vec<Clock>,
    /// The letter to the member, in writing (VI.F).
    pub(super) notice: NoticeReference,
    /// The other letters made with it.
    pub(super) further_notices: Vec<NoticeReference>,
}

impl Denied {
    /// The denial.
    #[must_use]
    pub fn denial(&self) -> &Denial {
        &self.denial
    }

    /// The letter to the member.
    #[must_use]
    pub fn notice(&self) -> &NoticeReference {
        &self.notice
    }
}

/// A person was notified.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Notified {
    /// The notification.
    pub notification: Notification,
    /// The clocks after it.
    pub clocks: Vec<Clock>,
}

/// A share of a clock's time has elapsed, and it still runs (VI.D).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DueSoon {
    /// The clock.
    pub clock: ClockKind,
    /// The threshold that was reached, in percent of the time from the clock's start to its due instant.
    #[serde(rename = "gone_percent")]
    pub elapsed_percent: u8,
    /// The first instant that is too late.
    #[serde(with = "crate::rules::instant")]
    pub due_at: DateTime<Utc>,
}

/// A clock has run out (VI.D, 42 CFR 438.404(c)(5)). It decides nothing: the clock runs on until a person acts.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Overdue {
    /// The clock.
    pub clock: ClockKind,
    /// The first instant that was too late.
    #[serde(with = "crate::rules::instant")]
    pub due_at: DateTime<Utc>,
    /// The letter made with it, if one was.
    pub notices: Vec<NoticeReference>,
}

/// The kind of an event.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum EventKind {
    /// [`EventBody::Submitted`]
    Submitted,
    /// [`EventBody::Verified`]
    Verified,
    /// [`EventBody::Expedited`]
    Expedited,
    /// [`EventBody::Withdrawn`]
    Withdrawn,
    /// [`EventBody::Approved`]
    Approved,
    /// [`EventBody::Denied`]
    Denied,
    /// [`EventBody::Notified`]
    Notified,
    /// [`EventBody::DueSoon`]
    DueSoon,
    /// [`EventBody::Overdue`]
    Overdue,
}

impl EventKind {
    /// Whether a caller's command makes it. The events that time causes move neither the etag nor the instant of the last
    /// change.
    #[must_use]
    pub const fn is_from_caller(self) -> bool {
        match self {
            Self::Submitted
            | Self::Verified
            | Self::Expedited
            | Self::Withdrawn
            | Self::Approved
            | Self::Denied
            | Self::Notified => true,
            Self::DueSoon | Self::Overdue => false,
        }
    }
}

macro_rules! boxed_events {
    ($($event:ident),+) => {$(
        impl From<$event> for EventBody {
            fn from(event: $event) -> Self {
                Self::$event(Box::new(event))
            }
        }
    )+};
}

boxed_events!(
    Submitted, Verified, Expedited, Withdrawn, Approved, Denied, Notified, Overdue
);

impl From<DueSoon> for EventBody {
    fn from(event: DueSoon) -> Self {
        Self::DueSoon(event)
    }
}

impl EventBody {
    /// The kind of the event.
    #[must_use]
    pub fn kind(&self) -> EventKind {
        match self {
            Self::Submitted(_) => EventKind::Submitted,
            Self::Verified(_) => EventKind::Verified,
            Self::Expedited(_) => EventKind::Expedited,
            Self::Withdrawn(_) => EventKind::Withdrawn,
            Self::Approved(_) => EventKind::Approved,
            Self::Denied(_) => EventKind::Denied,
            Self::Notified(_) => EventKind::Notified,
            Self::DueSoon(_) => EventKind::DueSoon,
            Self::Overdue(_) => EventKind::Overdue,
        }
    }
}
