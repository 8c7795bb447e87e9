//! The approval of a provider by a reviewer.

use chrono::NaiveDate;

use super::decision::{Approval, MemberAgreement, Reviewer};
use super::event::{Approved, Person};
use super::provider::Provider;
use super::{Case, Context, Private, ProcedureCode, Refusal, State};
use crate::rules::{
    Clause, Clock, ClockKind, MediCalStatus, NetworkStatus, Qualification, StopReason,
};

/// The command to approve a provider.
#[derive(Clone, Debug)]
pub struct Approve {
    /// The provider to approve; `None`: the requested one.
    pub provider: Option<Provider>,
    /// The reviewer.
    pub reviewer: Reviewer,
    /// The rationale.
    pub rationale: Private,
    /// The first local day on which it is valid; `None`: today.
    pub valid_from: Option<NaiveDate>,
    /// The last local day on which it is valid.
    pub valid_through: NaiveDate,
    /// The number of the authorization; empty: one is generated.
    pub authorization_number: String,
    /// The member's consent to a provider other than the requested one.
    pub member_agreement: Option<MemberAgreement>,
    /// The CPT or HCPCS code; `None`: a consultation for a second opinion.
    pub service_code: Option<ProcedureCode>,
    /// The number of visits.
    pub units: u32,
}

/// Approves a provider; the event has no letters yet. An alternative in the network does not forbid it: the plan *may*
/// limit the choice (VI.C), and need not.
///
/// # Errors
/// In a state other than `PENDING_REVIEW`; when no provider is named; when the last day is before the first; or when the
/// provider is not the requested one and the member's consent is missing (VI.C), is not outside the network or not
/// certified (VI.A), or is not qualified (VI.B).
pub fn approve(
    case: &Case,
    command: Approve,
    _person: &Person,
    context: &Context<'_>,
) -> Result<Approved, Refusal> {
    case.allow("IssueApproval", &[State::PendingReview])?;
    let valid_from = command
        .valid_from
        .unwrap_or_else(|| context.policy.calendar.day_of(context.now));
    if command.valid_through < valid_from {
        return Err(Refusal::field(
            "valid_through",
            "must not be before the first day on which the approval is valid",
        ));
    }
    let (provider, another) = provider_approved(case, command.provider)?;
    let mut against = Vec::new();
    if another && command.member_agreement.is_none() {
        against.push((
            Clause::Network,
            "a provider other than the requested one needs the member's agreement; without it this is a denial with a referral".to_owned(),
        ));
    }
    match provider.network_status {
        NetworkStatus::OutOfNetwork => {}
        NetworkStatus::InNetwork => {
            against.push((
                Clause::Access,
                "the provider is in the network, and no approval is needed to see it".to_owned(),
            ));
        }
        NetworkStatus::Unknown => {
            against.push((
                Clause::Access,
                "it is not known whether the provider is outside the network".to_owned(),
            ));
        }
    }
    match provider.medi_cal_status {
        MediCalStatus::Certified => {}
        MediCalStatus::NotCertified => against.push((
            Clause::Access,
            "the provider is not certified by Medi-Cal".to_owned(),
        )),
        MediCalStatus::SuspendedOrExcluded => {
            against.push((
                Clause::Access,
                "the provider is suspended or excluded by Medi-Cal".to_owned(),
            ));
        }
        MediCalStatus::Unknown => {
            against.push((
                Clause::Access,
                "it is not known whether Medi-Cal has certified the provider".to_owned(),
            ));
        }
    }
    match provider.qualification() {
        Qualification::Qualified => {}
        Qualification::NotQualified => {
            against.push((
                Clause::Qualification,
                "the provider is not qualified for this opinion".to_owned(),
            ));
        }
        Qualification::Unknown | Qualification::NotApplicable => against.push((
            Clause::Qualification,
            "the provider's role, scope of practice or expertise is not known".to_owned(),
        )),
    }
    if let Some(refusal) = Refusal::by_clauses(against) {
        return Err(refusal);
    }
    let authorization_number = if command.authorization_number.is_empty() {
        authorization_number(case, context)
    } else {
        command.authorization_number
    };
    let approval = Approval {
        authorization_number,
        provider,
        reviewer: command.reviewer,
        rationale: command.rationale,
        valid_from,
        valid_through: command.valid_through,
        decided_at: context.now,
        service_code: command.service_code,
        units: command.units,
        member_agreement: command.member_agreement,
    };
    Ok(Approved {
        approval,
        clocks: clocks_after_decision(case, context),
        notices: Vec::new(),
    })
}

/// The provider to approve with its known facts, and whether it is not the requested one. No fact passes from the
/// requested provider to another.
fn provider_approved(case: &Case, given: Option<Provider>) -> Result<(Provider, bool), Refusal> {
    let requested = case.current.request.requested_provider.as_ref();
    match (given, requested) {
        (None, None) => Err(Refusal::field(
            "provider",
            "is required: no provider was requested",
        )),
        (None, Some(requested)) => Ok((requested.clone(), false)),
        (Some(given), None) if given.npi.is_none() && given.name.is_empty() => Err(Refusal::field(
            "provider",
            "needs an npi or a name: no provider was requested",
        )),
        (Some(given), None) => Ok((given, false)),
        (Some(given), Some(requested)) => {
            let unnamed = given.npi.is_none() && given.name.is_empty();
            if unnamed || requested.is_same_as(given.npi.as_ref(), &given.name) {
                Ok((requested.updated_with(&given), false))
            } else {
                Ok((given, true))
            }
        }
    }
}

/// A unique number: a case is approved once, and its id is unique.
fn authorization_number(case: &Case, context: &Context<'_>) -> String {
    let day = context.policy.calendar.day_of(context.now).format("%Y%m%d");
    let id = case.id.simple().to_string().to_uppercase();
    format!("SO{day}-{}", &id[20..])
}

/// The clocks after a decision: the decision's stops, the notifications' run on, and where a health professional is among
/// the requesters the clock to notify that professional starts.
pub(super) fn clocks_after_decision(case: &Case, context: &Context<'_>) -> Vec<Clock> {
    let mut clocks = case.current.clocks.clone();
    for clock in clocks
        .iter_mut()
        .filter(|clock| clock.kind == ClockKind::Determination)
    {
        clock.stop(context.now, StopReason::Done);
    }
    if case.current.request.has_requesting_professional() {
        clocks.extend(
            context
                .policy
                .provider_clock(case.current.request.received_at, context.now),
        );
    }
    clocks
}
