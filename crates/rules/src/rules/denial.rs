//! The facts that must support a denial, and the duty to refer that it must not leave undone (VI.F, with VI.A to VI.C).
//!
//! Nothing here denies: a licensed reviewer does. These functions state whether the facts on the case support a reason.

use serde::{Deserialize, Serialize};

use super::clause::Clause;
use super::facts::{Answer, Availability, Facts, MediCalStatus, Reason, Role};
use super::finding::{Finding, Note, Outcome};
use super::qualification::{Qualification, qualification};

/// A reason for a denial.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum DenialReasonCode {
    /// A qualified network provider is available (VI.C).
    QualifiedNetworkProviderAvailable,
    /// Medi-Cal has not certified the provider (VI.A, VI.C).
    ProviderNotMediCalCertified,
    /// The provider is not qualified (VI.B, VI.C).
    ProviderNotQualified,
    /// The reason given does not support the request (VI.A).
    ReasonNotSupported,
    /// Information that the requesting party holds was asked for and not received (VI.B).
    InsufficientInformation,
    /// The member was not eligible; the rule is outside this policy.
    MemberNotEligible,
}

impl DenialReasonCode {
    /// Every code.
    pub const ALL: [Self; 6] = [
        Self::QualifiedNetworkProviderAvailable,
        Self::ProviderNotMediCalCertified,
        Self::ProviderNotQualified,
        Self::ReasonNotSupported,
        Self::InsufficientInformation,
        Self::MemberNotEligible,
    ];

    /// The clauses that the reason rests on; none where its authority is outside the policy.
    #[must_use]
    pub const fn clauses(self) -> &'static [Clause] {
        match self {
            Self::QualifiedNetworkProviderAvailable => &[Clause::Network],
            Self::ProviderNotMediCalCertified => &[Clause::Access, Clause::Network],
            Self::ProviderNotQualified => &[Clause::Qualification, Clause::Network],
            Self::ReasonNotSupported => &[Clause::Access],
            Self::InsufficientInformation => &[Clause::Qualification],
            Self::MemberNotEligible => &[],
        }
    }

    /// Whether the reason is a clinical judgment and needs its rationale.
    #[must_use]
    pub const fn needs_clinical_rationale(self) -> bool {
        match self {
            Self::QualifiedNetworkProviderAvailable
            | Self::ProviderNotQualified
            | Self::ReasonNotSupported
            | Self::InsufficientInformation => true,
            Self::ProviderNotMediCalCertified | Self::MemberNotEligible => false,
        }
    }

    /// Whether the reason needs evidence in words: the request for information and its date, or the check of eligibility.
    #[must_use]
    pub const fn needs_evidence(self) -> bool {
        match self {
            Self::InsufficientInformation | Self::MemberNotEligible => true,
            Self::QualifiedNetworkProviderAvailable
            | Self::ProviderNotMediCalCertified
            | Self::ProviderNotQualified
            | Self::ReasonNotSupported => false,
        }
    }

    /// Whether the reason needs an authority outside this policy.
    #[must_use]
    pub const fn needs_authority(self) -> bool {
        match self {
            Self::MemberNotEligible => true,
            Self::QualifiedNetworkProviderAvailable
            | Self::ProviderNotMediCalCertified
            | Self::ProviderNotQualified
            | Self::ReasonNotSupported
            | Self::InsufficientInformation => false,
        }
    }
}

/// The known facts of the provider that a denial refers the member to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ReferralFacts {
    /// Whether it is one of the network alternatives on the case.
    pub is_alternative: bool,
    /// Whether it is the requested provider.
    pub is_requested: bool,
    /// Whether Medi-Cal has certified it.
    pub medi_cal: MediCalStatus,
    /// Whether it is qualified (VI.B).
    pub qualification: Qualification,
}

/// The facts that a denial is checked against.
#[derive(Clone, Debug)]
pub struct DenialFacts<'a> {
    /// The facts on the case.
    pub facts: &'a Facts,
    /// The reasons given for the request.
    pub reasons: &'a [Reason],
    /// The referral that goes with the denial.
    pub referral: Option<ReferralFacts>,
}

/// The clauses that do not support a denial for one reason, each with the fact that does not fit; empty: the facts
/// support it.
#[must_use]
pub fn unsupported_reasons(
    code: DenialReasonCode,
    given: &DenialFacts<'_>,
) -> Vec<(Clause, &'static str)> {
    let facts = given.facts;
    let mut against = Vec::new();
    match code {
        DenialReasonCode::QualifiedNetworkProviderAvailable => match facts.availability {
            Availability::Available => against.extend(alternative_missing(given)),
            Availability::NotAvailable => {
                against.push((Clause::Network, "no qualified network professional is available, by the facts on the case"));
            }
            Availability::Unknown => against.push((
                Clause::Network,
                "it is not known whether a qualified network professional is available, or none is named on the case",
            )),
        },
        DenialReasonCode::ProviderNotMediCalCertified => {
            match facts.medi_cal {
                MediCalStatus::NotCertified | MediCalStatus::SuspendedOrExcluded => {}
                MediCalStatus::Certified => {
                    against.push((Clause::Access, "the requested provider is certified by Medi-Cal, by the facts on the case"));
                }
                MediCalStatus::Unknown => against.push((
                    Clause::Access,
                    "it is not known whether Medi-Cal has certified the requested provider",
                )),
            }
            against.extend(referral_undone(given));
        }
        DenialReasonCode::ProviderNotQualified => {
            match qualification(facts).0 {
                Qualification::NotQualified => {}
                Qualification::Qualified => against.push((
                    Clause::Qualification,
                    "the requested provider is qualified, by the facts on the case",
                )),
                Qualification::Unknown => against.push((
                    Clause::Qualification,
                    "the provider's role, scope of practice or expertise is not known",
                )),
                Qualification::NotApplicable => {
                    against.push((Clause::Qualification, "no provider was requested"));
                }
            }
            against.extend(referral_undone(given));
        }
        DenialReasonCode::ReasonNotSupported => {
            if given.reasons.iter().any(|reason| *reason != Reason::Other) {
                against.push((
                    Clause::Access,
                    "one of the five reasons of VI.A was given; each of them is a ground for a second opinion",
                ));
            }
        }
        DenialReasonCode::InsufficientInformation => {
            let unknown = facts.role == Role::Unknown
                || facts.within_scope == Answer::Unknown
                || facts.relevant_expertise == Answer::Unknown;
            if facts.provider.is_none() {
                against.push((
                    Clause::Qualification,
                    "no provider was requested, so there is no information about one that the requesting party could have given",
                ));
            } else if !unknown {
                against.push((
                    Clause::Qualification,
                    "the provider's role, scope of practice and expertise are all known; a fact that the plan itself can look up is no ground",
                ));
            }
        }
        DenialReasonCode::MemberNotEligible => {}
    }
    against
}

const REFERS_TO_DENIED_PROVIDER: (Clause, &str) = (
    Clause::Network,
    "the denial refers the member to the same provider that it denies",
);

/// The duty to refer of VI.C, where a denial of the requested provider leaves it undone.
fn referral_undone(given: &DenialFacts<'_>) -> Option<(Clause, &'static str)> {
    match given.facts.availability {
        Availability::Unknown => Some((
            Clause::Network,
            "it is not known whether a qualified network professional is available, so it is not known where to refer the member",
        )),
        Availability::Available => alternative_missing(given),
        Availability::NotAvailable => match given.referral {
            None => Some((
                Clause::Network,
                "no network professional is available and the denial refers the member to no one; a Medi-Cal certified and qualified provider must be named",
            )),
            Some(referral) if referral.is_requested => Some(REFERS_TO_DENIED_PROVIDER),
            Some(referral)
                if referral.medi_cal != MediCalStatus::Certified
                    || referral.qualification != Qualification::Qualified =>
            {
                Some((
                    Clause::Network,
                    "the provider that the denial refers the member to is not known to be Medi-Cal certified and qualified",
                ))
            }
            Some(_) => None,
        },
    }
}

fn alternative_missing(given: &DenialFacts<'_>) -> Option<(Clause, &'static str)> {
    match given.referral {
        None => Some((
            Clause::Network,
            "the denial does not name the network professional that the member can see instead",
        )),
        Some(referral) if referral.is_requested => Some(REFERS_TO_DENIED_PROVIDER),
        Some(referral) if !referral.is_alternative => Some((
            Clause::Network,
            "the provider that the denial refers the member to is not one of the network alternatives on the case",
        )),
        Some(_) => None,
    }
}

/// The finding of VI.F, which every denial adds to its case.
#[must_use]
pub const fn denial_finding() -> Finding {
    Finding::new(
        Clause::DenialInWriting,
        Outcome::Satisfied,
        Note::DeniedInWriting,
    )
}
