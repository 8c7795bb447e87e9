//! Section III.A: the urgency of a request. Any one claim makes it urgent at once.

use super::clause::Clause;
use super::edition::Urgency;
use super::facts::UrgencyClaims;
use super::finding::{Finding, Note, Outcome};

/// The urgency, with one finding for each claim.
#[must_use]
pub fn urgency(claims: UrgencyClaims) -> (Urgency, Vec<Finding>) {
    let findings: Vec<Finding> = [
        (
            claims.psychological,
            Clause::UrgentPsychologicalState,
            Note::PsychologicalJeopardy,
        ),
        (
            claims.practitioner,
            Clause::UrgentPractitionerOpinion,
            Note::PractitionerOpinion,
        ),
        (
            claims.functional,
            Clause::FederalExpeditedTimeframe,
            Note::FunctionalJeopardy,
        ),
    ]
    .into_iter()
    .filter(|(claimed, ..)| *claimed)
    .map(|(_, clause, note)| Finding::new(clause, Outcome::Satisfied, note))
    .collect();
    let urgency = if findings.is_empty() {
        Urgency::Routine
    } else {
        Urgency::Urgent
    };
    (urgency, findings)
}
