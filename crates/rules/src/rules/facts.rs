//! The facts that rules are applied to.
//!
//! Closed enums, each with its `Unknown`: a fact that was not given is unknown, never false. The default of every enum
//! is the value of a fact that was not stated.

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
    /// At least one can, and is named.
    Available,
    /// None can.
    NotAvailable,
    /// Not known; also where one is stated to be available and none is named.
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

/// The provider's kind of practice (VI.B).
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

/// The answer to a yes-or-no question that may be open.
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

/// The decision of primary care on the request (VI.E).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum PrimaryCareDecision {
    /// Granted.
    Granted,
    /// Not granted.
    NotGranted,
    /// Not asked, or not known.
    #[default]
    Unknown,
}

/// A reason for a second opinion (VI.A.1 to VI.A.5, and the open list).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Reason {
    /// VI.A.1: is the recommended treatment reasonable or necessary.
    ReasonablenessOrNecessity,
    /// VI.A.2: a serious condition.
    SeriousCondition,
    /// VI.A.3: the diagnosis is in doubt.
    DiagnosisInDoubt,
    /// VI.A.4: the treatment does not help.
    TreatmentNotImproving,
    /// VI.A.5: serious doubts remain.
    SeriousDoubts,
    /// Another reason: the list is open.
    Other,
}

/// A threat of a serious condition (VI.A.2).
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

/// The claims of urgency. Any one claim makes the request urgent.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct UrgencyClaims {
    /// III.A.1: the member's psychological state.
    pub psychological: bool,
    /// III.A.2: a practitioner's opinion.
    pub practitioner: bool,
    /// 42 CFR 438.210(d)(2): life, health or maximum function.
    pub functional: bool,
}

/// The known facts of the requested provider and of the network.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Facts {
    /// The network status of the provider requested; `None`: no provider was named.
    pub provider: Option<NetworkStatus>,
    /// Whether a qualified network professional is available.
    pub availability: Availability,
    /// Whether Medi-Cal has certified the provider.
    pub medi_cal: MediCalStatus,
    /// The provider's role.
    pub role: Role,
    /// Whether the opinion is within the provider's scope of practice.
    pub within_scope: Answer,
    /// Whether the provider's training and expertise relate to the condition.
    pub relevant_expertise: Answer,
}

/// The signed authorization of the representatives among the requesters.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum RepresentativeAuthorization {
    /// There is no representative.
    #[default]
    NotNeeded,
    /// Every representative's authorization is on file.
    OnFile,
    /// At least one authorization is not on file.
    Missing,
}

/// The input of an evaluation: a request without names and clinical text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Inquiry {
    /// The instant at which the plan received it.
    pub received_at: DateTime<Utc>,
    /// The provider and the network.
    pub facts: Facts,
    /// The claims of urgency.
    pub claims: UrgencyClaims,
    /// The receipt of a later request to expedite, from which an urgent request's hours count; `None`: they count from
    /// `received_at`.
    pub urgent_since: Option<DateTime<Utc>>,
    /// The decision of primary care.
    pub primary_care: PrimaryCareDecision,
    /// The reasons given; may be empty.
    pub reasons: Vec<Reason>,
    /// Whether at least one threat was named for a serious condition.
    pub threat_named: bool,
    /// The signed authorization of the representatives.
    pub authorization: RepresentativeAuthorization,
    /// Whether the requested provider is the professional that gave the first opinion.
    pub requests_initiating_professional: bool,
}

impl Inquiry {
    /// An inquiry with its receipt alone; every other fact is unknown.
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
            requests_initiating_professional: false,
        }
    }
}
