//! A reviewer approves: may this provider be approved?

use chrono::NaiveDate;

use super::decision::{Approval, MemberAgreement, Reviewer};
use super::event::{Approved, Person};
use super::provider::Provider;
use super::{Case, Context, Private, ProcedureCode, Refusal, State};
use crate::rules::{
    Clause, Clock, ClockKind, MediCalStatus, NetworkStatus, Qualification, StopReason,
};

/// An approval as the reviewer gives it.
#[derive(Clone, Debug)]
pub struct Approve {
    /// Who is approved; `None`: the one asked for.
    pub provider: Option<Provider>,
    /// Who approves.
    pub reviewer: Reviewer,
    /// Why.
    pub rationale: Private,
    /// The first local day; `None`: today.
    pub valid_from: Option<NaiveDate>,
    /// The last local day.
    pub valid_through: NaiveDate,
    /// The number; empty: one is made.
    pub authorization_number: String,
    /// The member's consent to another provider than the one asked for.
    pub member_agreement: Option<MemberAgreement>,
    /// CPT or HCPCS; `None`: a consultation for a second opinion.
    pub service_code: Option<ProcedureCode>,
    /// Visits.
    pub units: u32,
}

/// Approves a provider, its letters still to be made. A network alternative does not forbid it: the plan *may* limit the choice, and need not.
///
/// # Errors
/// In another state than `PENDING_REVIEW`; when no provider is named; when its last day is before its first; or when
/// the provider is another than the one asked for without the member's consent (VI.C), is not outside the network or
/// not certified (VI.A), or is not qualified (VI.B).
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
            "must not be before the first day on which the approval holds",
        ));
    }
    let (provider, another) = provider_approved(case, command.provider)?;
    let mut against = Vec::new();
    if another && command.member_agreement.is_none() {
        against.push((
            Clause::Network,
            "another provider than the one asked for needs the member's agreement; without it this is a denial with a referral".to_owned(),
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

/// The provider approved with what is known of it, and whether it is another than the one asked for. No fact passes
/// from the one asked for to another.
fn provider_approved(case: &Case, given: Option<Provider>) -> Result<(Provider, bool), Refusal> {
    let asked_for = case.current.request.requested_provider.as_ref();
    match (given, asked_for) {
        (None, None) => Err(Refusal::field(
            "provider",
            "is required: no provider was asked for",
        )),
        (None, Some(asked_for)) => Ok((asked_for.clone(), false)),
        (Some(given), None) if given.npi.is_none() && given.name.is_empty() => Err(Refusal::field(
            "provider",
            "needs an npi or a name: no provider was asked for",
        )),
        (Some(given), None) => Ok((given, false)),
        (Some(given), Some(asked_for)) => {
            let unnamed = given.npi.is_none() && given.name.is_empty();
            if unnamed || asked_for.is_same_as(given.npi.as_ref(), &given.name) {
                Ok((asked_for.updated_with(&given), false))
            } else {
                Ok((given, true))
            }
        }
    }
}

/// A number that no other approval has: a case is approved once, and its id is its own.
fn authorization_number(case: &Case, context: &Context<'_>) -> String {
    let day = context.policy.calendar.day_of(context.now).format("%Y%m%d");
    let id = case.id.simple().to_string().to_uppercase();
    format!("SO{day}-{}", &id[20..])
}

/// The clocks once a decision is made: the decision's stops, the notifications' run on, and where a health
/// professional asked one to tell that professional starts.
pub(super) fn clocks_after_decision(case: &Case, context: &Context<'_>) -> Vec<Clock> {
    let mut clocks = case.current.clocks.clone();
    for clock in clocks
        .iter_mut()
        .filter(|clock| clock.kind == ClockKind::Determination)
    {
        clock.stop(context.now, StopReason::Done);
    }
    if case.current.request.asked_by_professional() {
        clocks.extend(
            context
                .policy
                .provider_clock(case.current.request.received_at, context.now),
        );
    }
    clocks
}
