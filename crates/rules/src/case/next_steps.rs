//! The next steps of the member or a representative, each with its contact and deadline.

use chrono::{DateTime, NaiveDate, Utc};

use super::decision::{Decision, NoticeKind, Referral};
use super::identifiers::Npi;
use super::provider::{NetworkAlternative, Provider};
use super::{CaseState, State};
use crate::rules::{
    APPEAL_WINDOW, Calendar, Clause, PrimaryCareDecision, Recommendation, RelatedPolicy,
};

/// One next step.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NextStep {
    /// Its kind.
    pub kind: NextStepKind,
    /// The clause that gives it.
    pub clause: Clause,
    /// The plan's policy that applies; `None`: this one.
    pub related_policy: Option<RelatedPolicy>,
    /// The instruction.
    pub instruction: Instruction,
    /// The first instant that is too late; `None`: at any time.
    pub deadline: Option<DateTime<Utc>>,
    /// The contact for it.
    pub contact: Contact,
}

/// The kind of a next step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NextStepKind {
    /// See a network provider.
    SeeNetworkProvider,
    /// See the provider that was approved.
    SeeApprovedProvider,
    /// Refer the member outside the network (RAF).
    ReferOutOfNetwork,
    /// Request authorization of the treatment that was recommended (TAR).
    RequestTreatmentAuthorization,
    /// File a grievance.
    FileGrievance,
    /// File an appeal.
    FileAppeal,
}

/// A typed instruction; [`NextStep::message`] has its words.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Instruction {
    /// See the requested network provider.
    SeeRequestedProvider,
    /// See one of the network alternatives.
    SeeAlternative,
    /// Name a Medi-Cal certified provider outside the network.
    FindCertifiedProvider,
    /// Appeal the untimely decision, until this local day.
    AppealUntimelyDecision(NaiveDate),
    /// File a grievance about the untimely decision.
    GrievanceOnUntimelyDecision,
    /// See the approved provider between these local days.
    SeeApprovedProvider(NaiveDate, NaiveDate),
    /// Request the authorization that treatment outside the network needs.
    RequestTreatmentAuthorization,
    /// Appeal the denial, until this local day.
    AppealDenial(NaiveDate),
    /// File a grievance about the denial.
    GrievanceOnDenial,
    /// See the network professional that the denial refers to.
    SeeReferral,
    /// See the provider outside the network that the denial refers to.
    SeeReferralOutOfNetwork,
    /// File a grievance because primary care did not grant the request.
    GrievanceOnPrimaryCare,
}

/// The contact for a next step.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Contact {
    /// The plan's department that takes appeals.
    Appeals,
    /// The plan's Grievance Coordinator.
    GrievanceCoordinator,
    /// The plan's member services.
    MemberServices,
    /// A provider.
    Provider {
        /// Its name, or its NPI where no name is held.
        name: String,
        /// Its phone number; empty: not held.
        phone: String,
        /// Its address.
        address_lines: Vec<String>,
    },
}

impl Contact {
    fn provider(npi: Option<&Npi>, name: &str, phone: &str, address_lines: &[String]) -> Self {
        let name = match npi {
            Some(npi) if name.is_empty() => format!("NPI {}", npi.as_str()),
            Some(_) | None => name.to_owned(),
        };
        Self::Provider {
            name,
            phone: phone.to_owned(),
            address_lines: address_lines.to_vec(),
        }
    }
}

impl From<&Provider> for Contact {
    fn from(it: &Provider) -> Self {
        Self::provider(it.npi.as_ref(), &it.name, &it.phone, &it.address_lines)
    }
}

impl From<&NetworkAlternative> for Contact {
    fn from(it: &NetworkAlternative) -> Self {
        Self::provider(it.npi.as_ref(), &it.name, &it.phone, &it.address_lines)
    }
}

impl NextStepKind {
    const fn related_policy(self) -> Option<RelatedPolicy> {
        match self {
            Self::SeeNetworkProvider | Self::SeeApprovedProvider => None,
            Self::ReferOutOfNetwork => Some(RelatedPolicy::Mcup3124),
            Self::RequestTreatmentAuthorization => Some(RelatedPolicy::Mcup3041),
            Self::FileGrievance => Some(RelatedPolicy::Cga024),
            Self::FileAppeal => Some(RelatedPolicy::Mcup3037),
        }
    }

    fn step(self, clause: Clause, instruction: Instruction, contact: Contact) -> NextStep {
        NextStep {
            kind: self,
            clause,
            related_policy: self.related_policy(),
            instruction,
            deadline: None,
            contact,
        }
    }
}

/// The last local day of the appeal window that opens on a local day, and the instant that ends it. The day on which the
/// window opens is day 0.
#[must_use]
pub fn appeal_deadline(opens: NaiveDate, calendar: &Calendar) -> (NaiveDate, DateTime<Utc>) {
    let last_day = APPEAL_WINDOW.last_calendar_day(opens);
    (last_day, calendar.end_of(last_day))
}

fn appeal(
    clause: Clause,
    opens: NaiveDate,
    calendar: &Calendar,
    instruction: fn(NaiveDate) -> Instruction,
) -> NextStep {
    let (last_day, deadline) = appeal_deadline(opens, calendar);
    NextStep {
        deadline: Some(deadline),
        ..NextStepKind::FileAppeal.step(clause, instruction(last_day), Contact::Appeals)
    }
}

/// The next steps of a case at an instant, in the order of the policy digest's table.
#[must_use]
pub fn next_steps(current: &CaseState, as_of: DateTime<Utc>, calendar: &Calendar) -> Vec<NextStep> {
    let mut steps = match (current.state, &current.decision) {
        (State::NoAuthorizationRequired, _) => see_network(current),
        (State::PendingReview, _) => pending(current, as_of, calendar),
        (State::Approved, Some(Decision::Approved(approval))) => vec![
            NextStepKind::SeeApprovedProvider.step(
                Clause::Access,
                Instruction::SeeApprovedProvider(approval.valid_from, approval.valid_through),
                Contact::from(&approval.provider),
            ),
            NextStepKind::RequestTreatmentAuthorization.step(
                Clause::Network,
                Instruction::RequestTreatmentAuthorization,
                Contact::MemberServices,
            ),
        ],
        (State::Denied, Some(Decision::Denied(denial))) => {
            let notice_date = current
                .notices
                .iter()
                .find(|notice| notice.kind == NoticeKind::Denial)
                .map_or(denial.decided_at, |notice| notice.issued_at);
            let mut steps = vec![
                appeal(
                    Clause::DenialInWriting,
                    calendar.day_of(notice_date),
                    calendar,
                    Instruction::AppealDenial,
                ),
                NextStepKind::FileGrievance.step(
                    Clause::DenialInWriting,
                    Instruction::GrievanceOnDenial,
                    Contact::GrievanceCoordinator,
                ),
            ];
            steps.extend(denial.referral.as_ref().map(referral_step));
            steps
        }
        (State::Approved | State::Denied | State::Withdrawn, _) => Vec::new(),
    };
    if current.request.primary_care_decision == PrimaryCareDecision::NotGranted
        && current.state != State::Withdrawn
    {
        steps.push(NextStepKind::FileGrievance.step(
            Clause::PrimaryCareNotGranted,
            Instruction::GrievanceOnPrimaryCare,
            Contact::GrievanceCoordinator,
        ));
    }
    steps
}

fn see_network(current: &CaseState) -> Vec<NextStep> {
    let kind = NextStepKind::SeeNetworkProvider;
    match (
        current.assessment.recommendation,
        &current.request.requested_provider,
    ) {
        (Recommendation::ReferInNetwork, _) | (_, None) => current
            .request
            .alternatives()
            .iter()
            .filter(|alternative| alternative.is_named())
            .map(|alternative| {
                kind.step(
                    Clause::Access,
                    Instruction::SeeAlternative,
                    Contact::from(alternative),
                )
            })
            .collect(),
        (
            Recommendation::NoneNeeded
            | Recommendation::GatherInformation
            | Recommendation::SelectCertifiedProvider
            | Recommendation::Approve,
            Some(provider),
        ) => vec![kind.step(
            Clause::Access,
            Instruction::SeeRequestedProvider,
            Contact::from(provider),
        )],
    }
}

fn pending(current: &CaseState, as_of: DateTime<Utc>, calendar: &Calendar) -> Vec<NextStep> {
    let mut steps = Vec::new();
    if current.assessment.recommendation == Recommendation::SelectCertifiedProvider {
        steps.push(NextStepKind::ReferOutOfNetwork.step(
            Clause::Network,
            Instruction::FindCertifiedProvider,
            Contact::MemberServices,
        ));
    }
    if let Some(due) = current.due_at().filter(|due| *due <= as_of) {
        steps.push(appeal(
            Clause::FederalUntimelyDecision,
            calendar.day_of(due),
            calendar,
            Instruction::AppealUntimelyDecision,
        ));
        steps.push(NextStepKind::FileGrievance.step(
            Clause::FederalUntimelyDecision,
            Instruction::GrievanceOnUntimelyDecision,
            Contact::GrievanceCoordinator,
        ));
    }
    steps
}

fn referral_step(referral: &Referral) -> NextStep {
    let contact = Contact::from(&referral.provider);
    if referral.in_network {
        NextStepKind::SeeNetworkProvider.step(Clause::Network, Instruction::SeeReferral, contact)
    } else {
        NextStepKind::ReferOutOfNetwork.step(
            Clause::Network,
            Instruction::SeeReferralOutOfNetwork,
            contact,
        )
    }
}

impl NextStep {
    /// The instruction in words, which never quote the member's data. Dates are the plan's local days.
    #[must_use]
    pub fn message(&self) -> String {
        let day = |day: NaiveDate| day.format("%B %-d, %Y").to_string();
        match self.instruction {
            Instruction::SeeRequestedProvider => {
                "See the requested network provider. No permission from the plan is needed, and the opinion is free.".to_owned()
            }
            Instruction::SeeAlternative => {
                "See this network provider, or any other. No permission from the plan is needed, and the opinion is free.".to_owned()
            }
            Instruction::FindCertifiedProvider => {
                "Name a provider outside the network that is certified by Medi-Cal and qualified for the condition; the plan refers the member there (RAF).".to_owned()
            }
            Instruction::AppealUntimelyDecision(last) => format!(
                "The decision was not made in time, which can be appealed. File the appeal by {}. The review continues meanwhile.",
                day(last)
            ),
            Instruction::GrievanceOnUntimelyDecision => {
                "The decision was not made in time. A grievance can be filed about that at any time.".to_owned()
            }
            Instruction::SeeApprovedProvider(from, through) => format!(
                "See the approved provider between {} and {}. The opinion is free.",
                day(from),
                day(through)
            ),
            Instruction::RequestTreatmentAuthorization => {
                "Treatment outside the network that this opinion recommends needs its own authorization (TAR). Ask for it before treatment begins.".to_owned()
            }
            Instruction::AppealDenial(last) => {
                format!("Appeal the denial by {}, by phone, by mail or in person.", day(last))
            }
            Instruction::GrievanceOnDenial => {
                "File a grievance with the Grievance Coordinator at any time, by phone, by mail or in person.".to_owned()
            }
            Instruction::SeeReferral => {
                "See this network professional instead. No permission from the plan is needed, and the opinion is free.".to_owned()
            }
            Instruction::SeeReferralOutOfNetwork => {
                "The plan refers the member to this provider outside the network (RAF). Ask member services to arrange it; the opinion is free.".to_owned()
            }
            Instruction::GrievanceOnPrimaryCare => {
                "Primary care did not grant the request. File a grievance with the Grievance Coordinator at any time, or ask the plan directly.".to_owned()
            }
        }
    }
}
