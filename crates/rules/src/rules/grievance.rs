//! What may the member do when primary care did not grant the request (VI.E)?

use super::clause::Clause;
use super::facts::PrimaryCareDecision;
use super::finding::{Finding, Note, Outcome};

/// The finding of VI.E, where primary care did not grant the request. It is no denial by the plan.
#[must_use]
pub fn grievance_finding(decision: PrimaryCareDecision) -> Option<Finding> {
    match decision {
        PrimaryCareDecision::NotGranted => Some(Finding::new(
            Clause::PrimaryCareNotGranted,
            Outcome::Noted,
            Note::PrimaryCareNotGranted,
        )),
        PrimaryCareDecision::Granted | PrimaryCareDecision::Unknown => None,
    }
}
