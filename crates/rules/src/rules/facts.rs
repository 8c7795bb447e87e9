//! What does a rule look at, and what may each fact be?
//!
//! Closed enums, each with its `Unknown`: a fact that was not given is unknown, never false. The default of
//! every enum is what holds when nothing was said.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

/// Whether a provider is in the plan's network (VI.A).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum NetworkStatus {
    /// In the network, or contracted.
    InNetwork,
    /// Outside the network.
    OutOfNetwork,
    /// Not known.
    #[default]
    Unknown,
}

/// Whether a qualified network professional can give the opinion (VI.C).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Availability {
    /// At least one, who is named.
    Available,
    /// None.
    NotAvailable,
    /// Not known; also where one is said to be available and none is named.
    #[default]
    Unknown,
}

/// Whether Medi-Cal has certified the provider (VI.A).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum MediCalStatus {
    /// Certified.
    Certified,
    /// Looked up, and not certified.
    NotCertified,
    /// Suspended by Medi-Cal, or excluded.
    SuspendedOrExcluded,
    /// Not looked up.
    #[default]
    Unknown,
}

/// What kind of professional the provider is (VI.B).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Role {
    /// A primary care provider.
    PrimaryCare,
    /// A specialist.
    Specialist,
    /// Neither.
    Other,
    /// Not known.
    #[default]
    Unknown,
}

/// An answer to a yes-or-no question that may not have been put yet.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Answer {
    /// Yes.
    Yes,
    /// No.
    No,
    /// Not known.
    #[default]
    Unknown,
}

/// What primary care said (VI.E).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum PrimaryCareDecision {
    /// Granted.
    Granted,
    /// Did not grant.
    NotGranted,
    /// Not asked, or not known.
    #[default]
    Unknown,
}

/// Why a second opinion is wanted (VI.A.1 to VI.A.5, and the open list).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Reason {
    /// VI.A.1
    ReasonablenessOrNecessity,
    /// VI.A.2
    SeriousCondition,
    /// VI.A.3
    DiagnosisInDoubt,
    /// VI.A.4
    TreatmentNotImproving,
    /// VI.A.5
    SeriousDoubts,
    /// Another one: the list is open.
    Other,
}

/// What a serious condition threatens (VI.A.2).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Threat {
    /// Loss of life.
    Life,
    /// Loss of limb.
    Limb,
    /// Loss of a bodily function.
    BodilyFunction,
    /// Impairment.
    Impairment,
    /// A serious chronic condition.
    SeriousChronicCondition,
}

/// Which claims of urgency were made. None of them is looked at twice: one is enough.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct UrgencyClaims {
    /// III.A.1
    pub psychological: bool,
    /// III.A.2
    pub practitioner: bool,
    /// 42 CFR 438.210(d)(2)
    pub functional: bool,
}

/// What is known of the provider that would give the opinion, and of the network.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Facts {
    /// The network status of the provider requested; `None`: no provider was named.
    pub provider: Option<NetworkStatus>,
    /// Whether the network has someone qualified.
    pub availability: Availability,
    /// Whether Medi-Cal has certified the provider.
    pub medi_cal: MediCalStatus,
    /// The provider's role.
    pub role: Role,
    /// Whether the opinion lies within the provider's scope of practice.
    pub within_scope: Answer,
    /// Whether the provider's training and expertise relate to the condition.
    pub relevant_expertise: Answer,
}

/// The papers of a representative among the requesters.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum RepresentativeAuthorization {
    /// No representative asked.
    #[default]
    NotNeeded,
    /// Every representative's authorisation is on file.
    OnFile,
    /// At least one is not.
    Missing,
}

/// A request as the rules see it: no name, no clinical text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Inquiry {
    /// When the plan received it.
    pub received_at: DateTime<Utc>,
    /// The provider and the network.
    pub facts: Facts,
    /// The claims of urgency.
    pub claims: UrgencyClaims,
    /// The instant from which an urgent request's hours count, where that is not `received_at`: the receipt
    /// of a later request to expedite.
    pub urgent_since: Option<DateTime<Utc>>,
    /// What primary care said.
    pub primary_care: PrimaryCareDecision,
    /// The reasons given; none is allowed.
    pub reasons: Vec<Reason>,
    /// Whether at least one threat was named for a serious condition.
    pub threat_named: bool,
    /// The papers of a representative.
    pub authorization: RepresentativeAuthorization,
    /// Whether the provider asked for is the professional whose opinion is in question.
    pub asks_initiating_professional: bool,
}

impl Inquiry {
    /// An inquiry of which only the receipt is known.
    #[must_use]
    pub fn received(received_at: DateTime<Utc>) -> Self {
        Self {
            received_at,
            facts: Facts::default(),
            claims: UrgencyClaims::default(),
            urgent_since: None,
            primary_care: PrimaryCareDecision::default(),
            reasons: Vec::new(),
            threat_named: false,
            authorization: RepresentativeAuthorization::default(),
            asks_initiating_professional: false,
        }
    }
}
