//! Section VI.E: the grievance that the member can file when primary care did not grant the request.

use super::clause::Clause;
use super::facts::PrimaryCareDecision;
use super::finding::{Finding, Note, Outcome};

/// The finding of VI.E, where primary care did not grant the request. It is not a denial by the plan.
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
