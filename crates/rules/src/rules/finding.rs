//! The outcome of a clause in a case.
//!
//! A finding is a clause, an outcome and a typed note. Its words are made from the note when they are shown, so that no
//! finding can quote a member's data.

use serde::{Deserialize, Serialize};

use super::clause::Clause;
use super::edition::{ClockKind, CountedFrom, LIMITS, Urgency};

/// The outcome of a clause.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Outcome {
    /// The clause is satisfied.
    Satisfied,
    /// The facts are known, and the clause is not satisfied.
    NotSatisfied,
    /// A fact that decides the clause is not known.
    Unknown,
    /// The clause applies and is stated; there is nothing to satisfy.
    Noted,
}

/// The statement of a finding.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
#[allow(missing_docs, reason = "`Finding::message` has the words of each")]
pub enum Note {
    NoPermissionNeeded,
    AuthorizationNeeded,
    AuthorizationNeededCertified,
    AuthorizationNeededNotCertified,
    AuthorizationNeededSuspended,
    AuthorizationNeededCertificationUnknown,
    AuthorizationNeededStandingUnknown,
    NoReasonStated,
    OtherReasonStated,
    #[serde(rename = "REPRESENTATIVE_PAPERS_MISSING")]
    RepresentativeAuthorizationMissing,
    SameProfessional,
    ReasonStated,
    ThreatNotNamed,
    Qualified,
    NotQualified,
    QualificationUnknown,
    NetworkHasSomeone,
    NetworkHasNoOne,
    NetworkUnknown,
    NetworkAlternatives,
    UrgentTimeframe,
    RoutineTimeframe,
    PsychologicalJeopardy,
    PractitionerOpinion,
    FunctionalJeopardy,
    PrimaryCareNotGranted,
    DeniedInWriting,
    EarlierEdition,
}

/// One clause as applied to a case.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Finding {
    /// The clause.
    pub clause: Clause,
    /// Its outcome.
    pub outcome: Outcome,
    /// Its statement.
    pub note: Note,
}

impl Finding {
    pub(super) const fn new(clause: Clause, outcome: Outcome, note: Note) -> Self {
        Self {
            clause,
            outcome,
            note,
        }
    }

    /// The finding in words, which never quote the request.
    #[must_use]
    pub fn message(&self) -> String {
        match self.note {
            Note::NoPermissionNeeded => {
                "the request was reviewed: a network provider can give this opinion, and that needs no permission from the plan"
            }
            Note::AuthorizationNeeded => {
                "the request was reviewed: prior authorization is needed before an opinion outside the network"
            }
            Note::AuthorizationNeededCertified => {
                "the request was reviewed: prior authorization is needed; the requested provider is outside the network and certified by Medi-Cal"
            }
            Note::AuthorizationNeededNotCertified => {
                "the request was reviewed: prior authorization is needed; the requested provider is not certified by Medi-Cal and cannot be approved"
            }
            Note::AuthorizationNeededSuspended => {
                "the request was reviewed: prior authorization is needed; the requested provider is suspended or excluded by Medi-Cal and cannot be approved"
            }
            Note::AuthorizationNeededCertificationUnknown => {
                "the request was reviewed: prior authorization is needed; it is not known whether Medi-Cal has certified the requested provider"
            }
            Note::AuthorizationNeededStandingUnknown => {
                "the request was reviewed: it is not known whether the requested provider is in the network, so it is held as needing prior authorization until that is known"
            }
            Note::NoReasonStated => "no reason was stated; the request is accepted all the same and its time runs",
            Note::OtherReasonStated => {
                "a reason outside the five of VI.A was stated; the list is open, and a reviewer decides on it"
            }
            Note::RepresentativeAuthorizationMissing => {
                "a representative's authorization is not on file; nothing is disclosed to that representative until it is, and the time runs all the same"
            }
            Note::SameProfessional => {
                "the requested provider is the professional whose opinion is in question; that would not be a second opinion"
            }
            Note::ReasonStated => "this reason was stated",
            Note::ThreatNotNamed => {
                "a serious condition was stated without the threat that it poses; the request is accepted all the same and its time runs"
            }
            Note::Qualified => "the provider's role, scope of practice and expertise fit the condition",
            Note::NotQualified => "the provider's role, scope of practice or expertise does not fit the condition",
            Note::QualificationUnknown => {
                "the provider's role, scope of practice or expertise is not known yet"
            }
            Note::NetworkHasSomeone => {
                "a qualified network professional is available, so the plan may limit the choice to the network"
            }
            Note::NetworkHasNoOne => {
                "no qualified network professional is available, so the member is to be referred to a Medi-Cal certified provider outside the network"
            }
            Note::NetworkUnknown => "it is not known whether a qualified network professional is available",
            Note::NetworkAlternatives => "the member is referred to the qualified network professionals named",
            Note::UrgentTimeframe => return timeframe(Urgency::Urgent),
            Note::RoutineTimeframe => return timeframe(Urgency::Routine),
            Note::PsychologicalJeopardy => {
                "it was stated that waiting could seriously endanger the member or others because of the member's psychological state; the request is urgent"
            }
            Note::PractitionerOpinion => {
                "a practitioner's opinion was stated that the member's health would suffer by waiting; the request is urgent"
            }
            Note::FunctionalJeopardy => {
                "it was stated that waiting could seriously endanger life, health or maximum function; the request is urgent"
            }
            Note::PrimaryCareNotGranted => {
                "primary care did not grant the request; the member may file a grievance with the Grievance Coordinator"
            }
            Note::DeniedInWriting => {
                "the denial was issued together with its written notice: the reasons, the right to appeal or file a grievance, and how to do each"
            }
            Note::EarlierEdition => {
                "the request was received before the edition held came into force; no earlier text is held, so it is decided under this one"
            }
        }
        .to_owned()
    }
}

fn timeframe(urgency: Urgency) -> String {
    let limit = LIMITS.iter().find(|limit| {
        limit.source.is_policy()
            && limit.urgency == Some(urgency)
            && limit.counted_from == CountedFrom::Receipt
    });
    let amount = limit
        .map(|limit| limit.amount.to_string())
        .unwrap_or_default();
    match limit.map(|limit| limit.clock) {
        Some(ClockKind::Determination) => {
            format!(
                "urgent, and prior authorization is needed: the determination is due within {amount} of receipt"
            )
        }
        Some(ClockKind::MemberNotification | ClockKind::ProviderNotification) | None => {
            format!(
                "not urgent, and prior authorization is needed: the member is to be notified within {amount} of receipt"
            )
        }
    }
}
