//! Section VI.A: the requester, the reasons, and the pathway of a request.

use serde::{Deserialize, Serialize};

use super::clause::Clause;
use super::facts::{
    Availability, Facts, Inquiry, MediCalStatus, NetworkStatus, Reason, RepresentativeAuthorization,
};
use super::finding::{Finding, Note, Outcome};
use super::qualification::Qualification;

/// The pathway of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Pathway {
    /// A network provider gives the opinion; the plan may require no permission.
    NetworkAccess,
    /// Prior authorization is needed.
    PriorAuthorization,
}

/// The pathway; the first row that fits decides.
#[must_use]
pub fn pathway(facts: &Facts, qualification: Qualification) -> Pathway {
    use Availability::{Available, NotAvailable};
    use NetworkStatus::{InNetwork, OutOfNetwork};
    use Pathway::{NetworkAccess, PriorAuthorization};
    match (facts.provider, qualification) {
        (Some(InNetwork), Qualification::Qualified) => NetworkAccess,
        (Some(InNetwork), Qualification::NotQualified) => match facts.availability {
            Available => NetworkAccess,
            NotAvailable | Availability::Unknown => PriorAuthorization,
        },
        (Some(InNetwork), Qualification::Unknown | Qualification::NotApplicable) => {
            match facts.availability {
                NotAvailable => PriorAuthorization,
                Available | Availability::Unknown => NetworkAccess,
            }
        }
        (None, _) if facts.availability == Available => NetworkAccess,
        (None | Some(OutOfNetwork | NetworkStatus::Unknown), _) => PriorAuthorization,
    }
}

/// The findings of VI.A: the pathway first, then the reasons, then missing information.
#[must_use]
pub fn access_findings(inquiry: &Inquiry, pathway: Pathway) -> Vec<Finding> {
    let mut findings = vec![pathway_finding(inquiry.facts, pathway)];
    for reason in distinct(&inquiry.reasons) {
        findings.push(reason_finding(reason, inquiry.threat_named));
    }
    if inquiry.reasons.is_empty() {
        findings.push(Finding::new(
            Clause::Access,
            Outcome::Unknown,
            Note::NoReasonStated,
        ));
    }
    match inquiry.authorization {
        RepresentativeAuthorization::Missing => {
            findings.push(Finding::new(
                Clause::Access,
                Outcome::Unknown,
                Note::RepresentativeAuthorizationMissing,
            ));
        }
        RepresentativeAuthorization::NotNeeded | RepresentativeAuthorization::OnFile => {}
    }
    if inquiry.requests_initiating_professional {
        findings.push(Finding::new(
            Clause::Access,
            Outcome::Noted,
            Note::SameProfessional,
        ));
    }
    findings
}

fn pathway_finding(facts: Facts, pathway: Pathway) -> Finding {
    let (outcome, note) = match (pathway, facts.provider) {
        (Pathway::NetworkAccess, _) => (Outcome::Satisfied, Note::NoPermissionNeeded),
        (Pathway::PriorAuthorization, None | Some(NetworkStatus::InNetwork)) => {
            (Outcome::Noted, Note::AuthorizationNeeded)
        }
        (Pathway::PriorAuthorization, Some(NetworkStatus::Unknown)) => {
            (Outcome::Unknown, Note::AuthorizationNeededStandingUnknown)
        }
        (Pathway::PriorAuthorization, Some(NetworkStatus::OutOfNetwork)) => match facts.medi_cal {
            MediCalStatus::Certified => (Outcome::Satisfied, Note::AuthorizationNeededCertified),
            MediCalStatus::NotCertified => {
                (Outcome::NotSatisfied, Note::AuthorizationNeededNotCertified)
            }
            MediCalStatus::SuspendedOrExcluded => {
                (Outcome::NotSatisfied, Note::AuthorizationNeededSuspended)
            }
            MediCalStatus::Unknown => (
                Outcome::Unknown,
                Note::AuthorizationNeededCertificationUnknown,
            ),
        },
    };
    Finding::new(Clause::Access, outcome, note)
}

fn reason_finding(reason: Reason, threat_named: bool) -> Finding {
    let stated = |clause| Finding::new(clause, Outcome::Satisfied, Note::ReasonStated);
    match reason {
        Reason::ReasonablenessOrNecessity => stated(Clause::ReasonReasonableness),
        Reason::SeriousCondition if threat_named => stated(Clause::ReasonSeriousCondition),
        Reason::SeriousCondition => Finding::new(
            Clause::ReasonSeriousCondition,
            Outcome::Unknown,
            Note::ThreatNotNamed,
        ),
        Reason::DiagnosisInDoubt => stated(Clause::ReasonDiagnosisInDoubt),
        Reason::TreatmentNotImproving => stated(Clause::ReasonNotImproving),
        Reason::SeriousDoubts => stated(Clause::ReasonSeriousDoubts),
        Reason::Other => Finding::new(Clause::Access, Outcome::Noted, Note::OtherReasonStated),
    }
}

/// The reasons in order, each once.
fn distinct(reasons: &[Reason]) -> Vec<Reason> {
    let mut distinct = reasons.to_vec();
    distinct.sort_unstable();
    distinct.dedup();
    distinct
}
