//! The policy MPUP3078 applied to a request. Pure: no clock, no store, no wire.
//!
//! [`Policy::evaluate`] is the one place where clauses are combined. Each rule is a small function in the file of
//! its section and returns its value with the clauses that gave it.

mod access;
mod calendar;
mod clause;
mod clock;
mod denial;
mod edition;
mod facts;
mod finding;
mod grievance;
pub mod instant;
mod network;
mod qualification;
mod timeframes;
mod urgency;

use serde::{Deserialize, Serialize};

pub use access::{Pathway, pathway};
pub use calendar::{Calendar, SkippedDay, StateHoliday, state_holidays};
pub use clause::{
    CLAUSES, CarriedOutBy, Clause, ClauseEntry, DISCLOSURE, POLICY_NUMBER, POLICY_TITLE,
    REFERENCES, RelatedPolicy,
};
pub use clock::{Clock, Limit, Stop, StopReason, Timeliness, first_due, running_due};
pub use denial::{
    DenialFacts, DenialReasonCode, ReferralFacts, denial_finding, unsupported_reasons,
};
pub use edition::{
    APPEAL_ACKNOWLEDGED, APPEAL_RESOLVED, APPEAL_WINDOW, Amount, ClockKind, CountedFrom, EDITIONS,
    EXPEDITED_APPEAL_RESOLVED, Edition, FIRST_ADOPTED, LIMITS, REVISIONS, STATE_HEARING_WINDOW,
    TimeLimit, Urgency,
};
pub use facts::{
    Answer, Availability, Facts, Inquiry, MediCalStatus, NetworkStatus, PrimaryCareDecision,
    Reason, RepresentativeAuthorization, Role, Threat, UrgencyClaims,
};
pub use finding::{Finding, Note, Outcome};
pub use network::{Recommendation, recommendation};
pub use qualification::{Qualification, qualification, qualification_of};

/// The policy as a plan applies it: its calendar, and whether regulatory timeframes bind beside the policy's own.
#[derive(Clone, Debug)]
pub struct Policy {
    /// The plan's business days.
    pub calendar: Calendar,
    /// Whether regulatory timeframes are applied. A plan that switches them off says so in `GetPolicy`.
    pub law_limits: bool,
}

impl Default for Policy {
    /// The State's calendar, with the regulatory timeframes.
    fn default() -> Self {
        Self {
            calendar: Calendar::default(),
            law_limits: true,
        }
    }
}

/// The outcome of the rules for a request, without its clocks.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Assessment {
    /// Whether it needs prior authorization.
    pub pathway: Pathway,
    /// Routine or urgent.
    pub urgency: Urgency,
    /// The recommendation to the reviewer.
    pub recommendation: Recommendation,
    /// Whether the requested provider is qualified.
    pub qualification: Qualification,
    /// Every clause that was applied, with its outcome.
    pub findings: Vec<Finding>,
}

/// An assessment with the clocks that it starts; no clock starts for network access.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Evaluation {
    /// The outcome of the rules.
    pub assessment: Assessment,
    /// The clocks, in the order of [`ClockKind`].
    pub clocks: Vec<Clock>,
    /// The edition of the policy that was applied.
    pub edition: &'static Edition,
}

impl Policy {
    /// Applies the policy to a request, under the edition of its receipt.
    ///
    /// ```
    /// use second_opinion_rules::rules::{Inquiry, Pathway, Policy};
    /// let received = "2026-01-05T10:00:00-08:00".parse::<chrono::DateTime<chrono::Utc>>().unwrap();
    /// let evaluation = Policy::default().evaluate(&Inquiry::received(received));
    /// // Nothing is known of the network, so the request is held as needing authorization, and its time runs.
    /// assert_eq!(evaluation.assessment.pathway, Pathway::PriorAuthorization);
    /// assert_eq!(evaluation.clocks[0].due_at().to_rfc3339(), "2026-01-13T08:00:00+00:00");
    /// ```
    #[must_use]
    pub fn evaluate(&self, inquiry: &Inquiry) -> Evaluation {
        let facts = &inquiry.facts;
        let received = self.calendar.day_of(inquiry.received_at);
        let edition = Edition::for_receipt(received);

        let (urgency, urgency_findings) = urgency::urgency(inquiry.claims);
        let (qualification, qualification_finding) = qualification(facts);
        let pathway = pathway(facts, qualification);
        let recommendation = recommendation(facts, qualification, pathway);

        let mut findings = access::access_findings(inquiry, pathway);
        findings.extend(qualification_finding);
        findings.extend(network::network_finding(*facts, pathway, recommendation));
        findings.extend(timeframe_finding(pathway, urgency));
        findings.extend(urgency_findings);
        findings.extend(grievance::grievance_finding(inquiry.primary_care));
        if edition.is_later_than(received) {
            findings.push(Finding::new(
                Clause::Editions,
                Outcome::Noted,
                Note::EarlierEdition,
            ));
        }

        let clocks = match pathway {
            Pathway::NetworkAccess => Vec::new(),
            Pathway::PriorAuthorization => {
                self.clocks(inquiry.received_at, urgent_since(inquiry, urgency))
            }
        };
        let assessment = Assessment {
            pathway,
            urgency,
            recommendation,
            qualification,
            findings,
        };
        Evaluation {
            assessment,
            clocks,
            edition,
        }
    }
}

/// The instant from which urgent hours count; `None`: the request is routine.
fn urgent_since(inquiry: &Inquiry, urgency: Urgency) -> Option<chrono::DateTime<chrono::Utc>> {
    match urgency {
        Urgency::Routine => None,
        Urgency::Urgent => Some(inquiry.urgent_since.unwrap_or(inquiry.received_at)),
    }
}

fn timeframe_finding(pathway: Pathway, urgency: Urgency) -> Option<Finding> {
    match (pathway, urgency) {
        (Pathway::NetworkAccess, _) => None,
        (Pathway::PriorAuthorization, Urgency::Urgent) => Some(Finding::new(
            Clause::UrgentTimeframe,
            Outcome::Noted,
            Note::UrgentTimeframe,
        )),
        (Pathway::PriorAuthorization, Urgency::Routine) => Some(Finding::new(
            Clause::RoutineTimeframe,
            Outcome::Noted,
            Note::RoutineTimeframe,
        )),
    }
}
