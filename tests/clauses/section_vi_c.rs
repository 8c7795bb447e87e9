//! VI.C: may the plan keep to its network, and where is the member referred?

use second_opinion::case::{MemberAgreement, NextStepKind, Provider};
use second_opinion::rules::{Availability, Clause, DenialReasonCode, MediCalStatus, Outcome};

use crate::Pair;
use crate::requests::{network, provider};
use crate::section_vi_a::{available, in_network, someone_else, to_the_alternative};
use crate::situation::{Situation, Way, asked};

const LATER: &str = "2026-01-06T10:00:00-08:00";

fn denied_for_the_network(situation: Situation, referral: Option<Provider>) -> Situation {
    let code = DenialReasonCode::QualifiedNetworkProviderAvailable;
    situation.denied(LATER, code, referral)
}

/// Denied because the provider is not certified, where the network stands like this.
fn denied_as_not_certified(availability: Availability, referral: Option<Provider>) -> Situation {
    asked()
        .with(|request| request.network_availability = Some(network(availability)))
        .provider(|provider| provider.medi_cal_status = MediCalStatus::NotCertified)
        .denied(
            LATER,
            DenialReasonCode::ProviderNotMediCalCertified,
            referral,
        )
}

fn available_without_a_name() -> Situation {
    available().with(|request| {
        let network = request.network_availability.as_mut().expect("a network");
        network.alternatives.clear();
    })
}

fn approved_another(agreed: bool) -> Situation {
    asked().approved(LATER, |approve| {
        approve.provider = Some(someone_else());
        approve.member_agreement = agreed.then(|| MemberAgreement {
            agreed_at: None,
            how: "by phone".into(),
        });
    })
}

pub const PAIRS: &[Pair] = &[
    Pair {
        clause: Clause::Network,
        way: Way::Finding(Outcome::NotSatisfied),
        case: ("vi_c_the_network_has_someone", available),
        near_miss: (
            "vi_c_the_network_has_someone_without_a_name",
            available_without_a_name,
        ),
    },
    Pair {
        clause: Clause::Network,
        way: Way::Finding(Outcome::Satisfied),
        case: ("vi_c_the_network_has_no_one", asked),
        near_miss: ("vi_c_nothing_was_said_of_the_network", || {
            asked().with(|request| request.network_availability = None)
        }),
    },
    Pair {
        clause: Clause::Network,
        way: Way::Finding(Outcome::Noted),
        case: ("vi_c_no_one_named_and_referred_within_the_network", || {
            available().with(|request| request.requested_provider = None)
        }),
        near_miss: ("vi_c_a_qualified_network_provider_named", in_network),
    },
    Pair {
        clause: Clause::Network,
        way: Way::Step(NextStepKind::ReferOutOfNetwork),
        case: ("vi_c_a_certified_provider_is_to_be_found", || {
            asked().provider(|provider| provider.medi_cal_status = MediCalStatus::NotCertified)
        }),
        near_miss: ("vi_c_certification_is_to_be_looked_up", || {
            asked().provider(|provider| provider.medi_cal_status = MediCalStatus::Unknown)
        }),
    },
    Pair {
        clause: Clause::Network,
        way: Way::Step(NextStepKind::RequestTreatmentAuthorization),
        case: ("vi_c_treatment_after_an_approval", || {
            asked().approved(LATER, |_| ())
        }),
        near_miss: ("vi_c_no_treatment_step_within_the_network", in_network),
    },
    Pair {
        clause: Clause::Network,
        way: Way::Step(NextStepKind::SeeNetworkProvider),
        case: ("vi_c_denied_and_referred_within_the_network", || {
            denied_for_the_network(available(), Some(to_the_alternative()))
        }),
        near_miss: ("vi_c_denied_and_referred_outside_of_it", || {
            denied_as_not_certified(Availability::NotAvailable, Some(someone_else()))
        }),
    },
    Pair {
        clause: Clause::Network,
        way: Way::Refusal,
        case: (
            "vi_c_another_provider_without_the_members_agreement",
            || approved_another(false),
        ),
        near_miss: ("vi_c_another_provider_with_the_members_agreement", || {
            approved_another(true)
        }),
    },
    Pair {
        clause: Clause::Network,
        way: Way::Refusal,
        case: (
            "vi_c_another_provider_than_the_network_alternative_asked_for",
            || available().approved(LATER, |approve| approve.provider = Some(someone_else())),
        ),
        near_miss: ("vi_c_an_alternative_does_not_forbid_an_approval", || {
            available().approved(LATER, |_| ())
        }),
    },
    Pair {
        clause: Clause::Network,
        way: Way::DenialCheck,
        case: ("vi_c_denied_for_a_network_that_has_no_one", || {
            denied_for_the_network(asked(), Some(to_the_alternative()))
        }),
        near_miss: ("vi_c_denied_for_a_network_that_has_someone", || {
            denied_for_the_network(available(), Some(to_the_alternative()))
        }),
    },
    Pair {
        clause: Clause::Network,
        way: Way::DenialCheck,
        case: ("vi_c_denied_without_naming_the_alternative", || {
            denied_for_the_network(available(), None)
        }),
        near_miss: ("vi_c_denied_naming_the_alternative_by_name", || {
            let by_name = Provider {
                name: "noor  inside, md".to_owned(),
                ..Provider::default()
            };
            denied_for_the_network(available(), Some(by_name))
        }),
    },
    Pair {
        clause: Clause::Network,
        way: Way::DenialCheck,
        case: ("vi_c_the_duty_to_refer_is_not_undone_by_a_denial", || {
            denied_as_not_certified(Availability::NotAvailable, None)
        }),
        near_miss: (
            "vi_c_denied_with_a_certified_and_qualified_provider_named",
            || denied_as_not_certified(Availability::NotAvailable, Some(someone_else())),
        ),
    },
    Pair {
        clause: Clause::Network,
        way: Way::DenialCheck,
        case: ("vi_c_denied_and_referred_to_the_very_provider", || {
            denied_as_not_certified(Availability::NotAvailable, Some(provider()))
        }),
        near_miss: ("vi_c_denied_and_referred_to_the_alternative", || {
            denied_as_not_certified(Availability::Available, Some(to_the_alternative()))
        }),
    },
    Pair {
        clause: Clause::Network,
        way: Way::DenialCheck,
        case: ("vi_c_denied_before_the_network_is_known", || {
            denied_as_not_certified(Availability::Unknown, Some(someone_else()))
        }),
        near_miss: (
            "vi_c_a_reason_that_needs_no_referral_before_it_is_known",
            || {
                asked()
                    .with(|request| request.network_availability = None)
                    .denied(LATER, DenialReasonCode::MemberNotEligible, None)
            },
        ),
    },
    Pair {
        clause: Clause::Network,
        way: Way::Letter,
        case: ("vi_c_letter_that_the_network_has_someone", || {
            denied_for_the_network(available(), Some(to_the_alternative()))
        }),
        near_miss: ("vi_c_letter_for_another_cause", || {
            available().denied(
                LATER,
                DenialReasonCode::MemberNotEligible,
                Some(to_the_alternative()),
            )
        }),
    },
];
