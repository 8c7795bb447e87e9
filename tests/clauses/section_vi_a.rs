//! VI.A: who may ask and why, and which way does the request go?

use second_opinion::case::{
    AuthorityBasis, HealthProfessional, NetworkStatus, NextStepKind, Provider, Representative,
    Requester,
};
use second_opinion::rules::{
    Answer, Availability, Clause, DenialReasonCode, MediCalStatus, Outcome, Reason, Role, Threat,
};

use crate::Pair;
use crate::requests::{alternative, network, npi, provider, reason};
use crate::situation::{Situation, Way, asked};

const LATER: &str = "2026-01-06T10:00:00-08:00";

fn for_reason(code: Reason) -> Situation {
    asked().with(|request| request.reasons = vec![reason(code)])
}

fn with_medi_cal(status: MediCalStatus) -> Situation {
    asked().provider(|provider| provider.medi_cal_status = status)
}

fn by_representative(authorization_on_file: bool) -> Situation {
    asked().with(|request| {
        request.requesters = vec![Requester::AuthorizedRepresentative(Representative {
            full_name: "Paul Example".into(),
            relationship: "brother".into(),
            basis: AuthorityBasis::WrittenDesignation,
            authorization_on_file,
            phone: "".into(),
        })];
    })
}

fn professional() -> Requester {
    Requester::HealthProfessional(HealthProfessional {
        npi: Some(npi("1993999998")),
        full_name: "".into(),
        phone: "".into(),
        fax: "".into(),
    })
}

fn threatens(threats: &[Threat]) -> Situation {
    for_reason(Reason::SeriousCondition).with(|request| request.reasons[0].threats = threats.into())
}

/// The provider asked for is in the network.
pub fn in_network() -> Situation {
    asked().provider(|provider| provider.network_status = NetworkStatus::InNetwork)
}

/// A certified and qualified provider outside the network who was not asked for.
pub fn someone_else() -> Provider {
    Provider {
        npi: Some(npi("1993999998")),
        name: "Eli Elsewhere, MD".to_owned(),
        ..provider()
    }
}

/// The network's alternative, as a referral names it.
pub fn to_the_alternative() -> Provider {
    Provider {
        npi: alternative().npi,
        ..Provider::default()
    }
}

/// The network has someone.
pub fn available() -> Situation {
    asked().with(|request| request.network_availability = Some(network(Availability::Available)))
}

pub const PAIRS: &[Pair] = &[
    Pair {
        clause: Clause::Access,
        way: Way::Finding(Outcome::Satisfied),
        case: ("vi_a_a_network_provider_needs_no_permission", in_network),
        near_miss: (
            "vi_a_a_network_provider_who_is_not_qualified_and_no_one_else",
            || in_network().provider(|provider| provider.role = Role::Other),
        ),
    },
    Pair {
        clause: Clause::Access,
        way: Way::Finding(Outcome::NotSatisfied),
        case: ("vi_a_suspended_by_medi_cal", || {
            with_medi_cal(MediCalStatus::SuspendedOrExcluded)
        }),
        near_miss: ("vi_a_certification_unknown_is_not_no", || {
            with_medi_cal(MediCalStatus::Unknown)
        }),
    },
    Pair {
        clause: Clause::Access,
        way: Way::Finding(Outcome::Unknown),
        case: ("vi_a_no_reason_stated_stops_nothing", || {
            asked().with(|request| request.reasons.clear())
        }),
        near_miss: ("vi_a_one_reason_stated", || {
            for_reason(Reason::SeriousDoubts)
        }),
    },
    Pair {
        clause: Clause::Access,
        way: Way::Finding(Outcome::Noted),
        case: ("vi_a_another_reason_is_allowed", || {
            for_reason(Reason::Other)
        }),
        near_miss: ("vi_a_a_reason_of_the_five", || {
            for_reason(Reason::DiagnosisInDoubt)
        }),
    },
    Pair {
        clause: Clause::Access,
        way: Way::Finding(Outcome::Unknown),
        case: ("vi_a_a_representative_without_papers", || {
            by_representative(false)
        }),
        near_miss: ("vi_a_a_representative_with_papers", || {
            by_representative(true)
        }),
    },
    Pair {
        clause: Clause::Access,
        way: Way::Finding(Outcome::Noted),
        case: ("vi_a_the_same_professional_again", || {
            asked().with(|r| r.clinical_context.initiating_professional_npi = provider().npi)
        }),
        near_miss: ("vi_a_another_professional_than_the_first", || {
            asked().with(|r| r.clinical_context.initiating_professional_npi = someone_else().npi)
        }),
    },
    Pair {
        clause: Clause::Access,
        way: Way::Step(NextStepKind::SeeNetworkProvider),
        case: ("vi_a_see_the_network_provider_named", in_network),
        near_miss: ("vi_a_see_no_one_before_the_standing_is_known", || {
            asked().provider(|provider| provider.network_status = NetworkStatus::Unknown)
        }),
    },
    Pair {
        clause: Clause::Access,
        way: Way::Step(NextStepKind::SeeNetworkProvider),
        case: ("vi_a_no_one_named_and_the_network_has_someone", || {
            available().with(|request| request.requested_provider = None)
        }),
        near_miss: ("vi_a_no_one_named_and_the_network_has_no_one", || {
            asked().with(|request| request.requested_provider = None)
        }),
    },
    Pair {
        clause: Clause::Access,
        way: Way::Step(NextStepKind::SeeApprovedProvider),
        case: ("vi_a_see_the_provider_approved", || {
            asked().approved(LATER, |_| ())
        }),
        near_miss: ("vi_a_approval_recommended_and_not_issued", asked),
    },
    Pair {
        clause: Clause::Access,
        way: Way::Refusal,
        case: ("vi_a_no_approval_while_certification_is_unknown", || {
            with_medi_cal(MediCalStatus::Unknown).approved(LATER, |_| ())
        }),
        near_miss: ("vi_a_approval_that_gives_the_certification", || {
            with_medi_cal(MediCalStatus::Unknown).approved(LATER, |approve| {
                approve.provider = Some(Provider {
                    medi_cal_status: MediCalStatus::Certified,
                    ..Provider::default()
                });
            })
        }),
    },
    Pair {
        clause: Clause::Access,
        way: Way::Refusal,
        case: ("vi_a_another_npi_is_another_request", || {
            asked().verified(LATER, someone_else())
        }),
        near_miss: ("vi_a_the_provider_verified_by_facts_alone", || {
            asked().verified(
                LATER,
                Provider {
                    role: Role::PrimaryCare,
                    ..Provider::default()
                },
            )
        }),
    },
    Pair {
        clause: Clause::Access,
        way: Way::Refusal,
        case: (
            "vi_a_a_professional_withdraws_what_the_member_asked_for",
            || {
                asked()
                    .with(|request| request.requesters.push(professional()))
                    .withdrawn(LATER, professional())
            },
        ),
        near_miss: (
            "vi_a_a_professional_withdraws_what_no_one_else_asked_for",
            || {
                asked()
                    .with(|request| request.requesters = vec![professional()])
                    .withdrawn(LATER, professional())
            },
        ),
    },
    Pair {
        clause: Clause::Access,
        way: Way::DenialCheck,
        case: ("vi_a_nothing_to_deny_on_the_network_way", || {
            in_network().denied(LATER, DenialReasonCode::MemberNotEligible, None)
        }),
        near_miss: ("vi_a_denied_on_the_way_of_authorisation", || {
            asked().denied(LATER, DenialReasonCode::MemberNotEligible, None)
        }),
    },
    Pair {
        clause: Clause::Access,
        way: Way::DenialCheck,
        case: ("vi_a_denied_as_not_certified_while_unknown", || {
            with_medi_cal(MediCalStatus::Unknown).denied(
                LATER,
                DenialReasonCode::ProviderNotMediCalCertified,
                Some(someone_else()),
            )
        }),
        near_miss: ("vi_a_denied_as_not_certified_and_referred", || {
            with_medi_cal(MediCalStatus::NotCertified).denied(
                LATER,
                DenialReasonCode::ProviderNotMediCalCertified,
                Some(someone_else()),
            )
        }),
    },
    Pair {
        clause: Clause::Access,
        way: Way::DenialCheck,
        case: ("vi_a_a_reason_of_the_five_is_a_ground", || {
            for_reason(Reason::Other)
                .with(|request| request.reasons.push(reason(Reason::SeriousDoubts)))
                .denied(LATER, DenialReasonCode::ReasonNotSupported, None)
        }),
        near_miss: ("vi_a_another_reason_alone_is_judged_by_a_reviewer", || {
            for_reason(Reason::Other).denied(LATER, DenialReasonCode::ReasonNotSupported, None)
        }),
    },
    Pair {
        clause: Clause::Access,
        way: Way::Letter,
        case: (
            "vi_a_letter_to_a_member_whose_provider_is_suspended",
            || {
                with_medi_cal(MediCalStatus::SuspendedOrExcluded).denied(
                    LATER,
                    DenialReasonCode::ProviderNotMediCalCertified,
                    Some(someone_else()),
                )
            },
        ),
        near_miss: ("vi_a_letter_to_a_member_whom_the_network_can_see", || {
            available().denied(
                LATER,
                DenialReasonCode::QualifiedNetworkProviderAvailable,
                Some(to_the_alternative()),
            )
        }),
    },
    Pair {
        clause: Clause::Access,
        way: Way::Letter,
        case: ("vi_a_letter_that_finds_no_reason", || {
            asked().with(|request| request.reasons.clear()).denied(
                LATER,
                DenialReasonCode::ReasonNotSupported,
                None,
            )
        }),
        near_miss: ("vi_a_letter_that_finds_no_information", || {
            asked()
                .provider(|provider| provider.within_scope = Answer::Unknown)
                .denied(LATER, DenialReasonCode::InsufficientInformation, None)
        }),
    },
    Pair {
        clause: Clause::ReasonReasonableness,
        way: Way::Finding(Outcome::Satisfied),
        case: ("vi_a_1_reasonable_or_necessary", || {
            for_reason(Reason::ReasonablenessOrNecessity)
        }),
        near_miss: ("vi_a_1_serious_doubts_are_another_reason", || {
            for_reason(Reason::SeriousDoubts)
        }),
    },
    Pair {
        clause: Clause::ReasonSeriousCondition,
        way: Way::Finding(Outcome::Satisfied),
        case: ("vi_a_2_a_threat_to_limb", || threatens(&[Threat::Limb])),
        near_miss: ("vi_a_2_the_threat_is_not_named", || threatens(&[])),
    },
    Pair {
        clause: Clause::ReasonSeriousCondition,
        way: Way::Finding(Outcome::Unknown),
        case: ("vi_a_2_no_threat_named_stops_nothing", || threatens(&[])),
        near_miss: ("vi_a_2_a_serious_chronic_condition", || {
            threatens(&[Threat::SeriousChronicCondition])
        }),
    },
    Pair {
        clause: Clause::ReasonDiagnosisInDoubt,
        way: Way::Finding(Outcome::Satisfied),
        case: ("vi_a_3_the_diagnosis_is_in_doubt", || {
            for_reason(Reason::DiagnosisInDoubt)
        }),
        near_miss: ("vi_a_3_treatment_that_does_not_help", || {
            for_reason(Reason::TreatmentNotImproving)
        }),
    },
    Pair {
        clause: Clause::ReasonNotImproving,
        way: Way::Finding(Outcome::Satisfied),
        case: ("vi_a_4_treatment_does_not_help", || {
            for_reason(Reason::TreatmentNotImproving)
        }),
        near_miss: ("vi_a_4_doubts_about_a_treatment", || {
            for_reason(Reason::SeriousDoubts)
        }),
    },
    Pair {
        clause: Clause::ReasonSeriousDoubts,
        way: Way::Finding(Outcome::Satisfied),
        case: ("vi_a_5_serious_doubts_remain", || {
            for_reason(Reason::SeriousDoubts)
        }),
        near_miss: ("vi_a_5_a_reason_outside_the_five", || {
            for_reason(Reason::Other)
        }),
    },
];
