//! Builds a letter's facts from a case.

use super::contact::ContactMethods;
use super::content::{
    FurtherHelp, NamedReviewer, NetworkOffer, ProviderCopy, ProviderDetails, WrittenApproval,
    WrittenDecision, WrittenReason,
};
use super::plan::Plan;
use super::rights::HearingRight;
use second_opinion_rules::case::{
    Approval, Denial, HealthProfessional, NetworkAlternative, Provider, Referral, Requester,
    Reviewer, SecondOpinion,
};
use second_opinion_rules::rules::{Availability, DenialReasonCode, Recommendation};

pub(super) fn written_reason(reason: &second_opinion_rules::case::DenialReason) -> WrittenReason {
    WrittenReason {
        code: reason.code,
        clauses: reason.code.clauses().to_vec(),
        explanation: reason.explanation.clone(),
        clinical_rationale: reason.clinical_rationale.clone(),
        criteria: reason.criteria.clone(),
        evidence: reason.evidence.clone(),
        authority: reason.authority.clone(),
        translations: reason.translations.clone(),
    }
}

pub(super) fn written_approval(approval: &Approval, request: &SecondOpinion) -> WrittenApproval {
    let provider = &approval.provider;
    let another = request
        .requested_provider
        .as_ref()
        .is_some_and(|asked_for| !asked_for.is_same_as(provider.npi.as_ref(), &provider.name));
    WrittenApproval {
        authorization_number: approval.authorization_number.clone(),
        provider: provider_details(provider, false),
        service_code: approval
            .service_code
            .as_ref()
            .map(|code| code.as_str().into())
            .unwrap_or_default(),
        units: approval.units,
        valid_from: approval.valid_from,
        valid_through: approval.valid_through,
        another_by_agreement: another && approval.member_agreement.is_some(),
    }
}

pub(super) fn network_offer(denial: &Denial, request: &SecondOpinion) -> NetworkOffer {
    let not_eligible = denial
        .reasons
        .iter()
        .any(|reason| reason.code == DenialReasonCode::MemberNotEligible);
    if not_eligible {
        return NetworkOffer::NotEligible;
    }
    match request.facts().availability {
        Availability::Available => NetworkOffer::Open,
        Availability::NotAvailable => NetworkOffer::NoneNow,
        Availability::Unknown => NetworkOffer::IfOneCan,
    }
}

/// The network providers that the member can see: the eligible alternatives if the member is referred to them, else the
/// requested provider.
pub(super) fn providers_to_see(
    request: &SecondOpinion,
    recommendation: Recommendation,
) -> Vec<ProviderDetails> {
    match recommendation {
        Recommendation::ReferInNetwork => request
            .alternatives()
            .iter()
            .filter(|alternative| alternative.is_named())
            .map(alternative_details)
            .collect(),
        Recommendation::NoneNeeded
        | Recommendation::Approve
        | Recommendation::GatherInformation
        | Recommendation::SelectCertifiedProvider => request
            .requested_provider
            .iter()
            .map(|provider| provider_details(provider, true))
            .collect(),
    }
}

pub(super) fn further_help(plan: &Plan) -> FurtherHelp {
    FurtherHelp {
        hearing: HearingRight::new(&plan.state_hearing),
        ombudsman: ContactMethods::new(&plan.ombudsman),
        legal_help: plan.legal_help.as_ref().and_then(ContactMethods::new),
    }
}

pub(super) fn requesting_professionals(
    request: &SecondOpinion,
) -> impl Iterator<Item = &HealthProfessional> {
    request
        .requesters
        .iter()
        .filter_map(|requester| match requester {
            Requester::HealthProfessional(professional) => Some(professional),
            Requester::Member | Requester::AuthorizedRepresentative(_) => None,
        })
}

pub(super) fn named_reviewer(reviewer: &Reviewer) -> NamedReviewer {
    NamedReviewer {
        full_name: reviewer.full_name.clone(),
        title: reviewer.title.clone(),
    }
}

pub(super) fn provider_copy(decision: WrittenDecision, reviewer: &Reviewer) -> ProviderCopy {
    ProviderCopy {
        decision,
        reviewer: named_reviewer(reviewer),
        reviewer_phone: reviewer.phone.clone(),
        reviewer_specialty: reviewer.specialty.clone(),
    }
}

pub(super) fn referral_details(referral: &Referral) -> ProviderDetails {
    provider_details(&referral.provider, referral.in_network)
}

pub(super) fn provider_details(provider: &Provider, in_network: bool) -> ProviderDetails {
    ProviderDetails {
        name: provider.name.clone(),
        npi: provider
            .npi
            .as_ref()
            .map(|npi| npi.as_str().to_owned())
            .unwrap_or_default(),
        phone: provider.phone.clone(),
        address_lines: provider.address_lines.clone(),
        in_network,
        first_appointment: None,
    }
}

fn alternative_details(alternative: &NetworkAlternative) -> ProviderDetails {
    ProviderDetails {
        name: alternative.name.clone(),
        npi: alternative
            .npi
            .as_ref()
            .map(|npi| npi.as_str().to_owned())
            .unwrap_or_default(),
        phone: alternative.phone.clone(),
        address_lines: alternative.address_lines.clone(),
        in_network: true,
        first_appointment: alternative.first_appointment,
    }
}
