//! VI.B: is the provider asked for qualified?

use second_opinion::case::Provider;
use second_opinion::rules::{Answer, Clause, DenialReasonCode, MediCalStatus, Outcome, Role};

use crate::Pair;
use crate::section_vi_a::someone_else;
use crate::situation::{Situation, Way, asked};

const LATER: &str = "2026-01-06T10:00:00-08:00";

fn with_role(role: Role) -> Situation {
    asked().provider(|provider| provider.role = role)
}

fn with_scope(answer: Answer) -> Situation {
    asked().provider(|provider| provider.within_scope = answer)
}

fn with_expertise(answer: Answer) -> Situation {
    asked().provider(|provider| provider.relevant_expertise = answer)
}

fn denied_as_unqualified(situation: Situation) -> Situation {
    let code = DenialReasonCode::ProviderNotQualified;
    situation.denied(LATER, code, Some(someone_else()))
}

fn denied_for_want_of_information(situation: Situation) -> Situation {
    situation.denied(LATER, DenialReasonCode::InsufficientInformation, None)
}

pub const PAIRS: &[Pair] = &[
    Pair {
        clause: Clause::Qualification,
        way: Way::Finding(Outcome::Satisfied),
        case: ("vi_b_primary_care_is_qualified", || {
            with_role(Role::PrimaryCare)
        }),
        near_miss: ("vi_b_no_one_named_is_not_judged", || {
            asked().with(|request| request.requested_provider = None)
        }),
    },
    Pair {
        clause: Clause::Qualification,
        way: Way::Finding(Outcome::NotSatisfied),
        case: ("vi_b_neither_primary_care_nor_specialist", || {
            with_role(Role::Other)
        }),
        near_miss: ("vi_b_role_unknown_is_not_no", || with_role(Role::Unknown)),
    },
    Pair {
        clause: Clause::Qualification,
        way: Way::Finding(Outcome::NotSatisfied),
        case: (
            "vi_b_outside_the_scope_of_practice_though_expertise_is_unknown",
            || {
                with_scope(Answer::No)
                    .provider(|provider| provider.relevant_expertise = Answer::Unknown)
            },
        ),
        near_miss: ("vi_b_scope_of_practice_unknown", || {
            with_scope(Answer::Unknown)
        }),
    },
    Pair {
        clause: Clause::Qualification,
        way: Way::Finding(Outcome::Unknown),
        case: ("vi_b_expertise_unknown", || with_expertise(Answer::Unknown)),
        near_miss: ("vi_b_expertise_of_another_kind", || {
            with_expertise(Answer::No)
        }),
    },
    Pair {
        clause: Clause::Qualification,
        way: Way::Refusal,
        case: ("vi_b_no_approval_while_expertise_is_unknown", || {
            with_expertise(Answer::Unknown).approved(LATER, |_| ())
        }),
        near_miss: ("vi_b_approval_that_gives_the_expertise", || {
            with_expertise(Answer::Unknown).approved(LATER, |approve| {
                approve.provider = Some(Provider {
                    relevant_expertise: Answer::Yes,
                    ..Provider::default()
                });
            })
        }),
    },
    Pair {
        clause: Clause::Qualification,
        way: Way::DenialCheck,
        case: ("vi_b_denied_as_unqualified_while_unknown", || {
            denied_as_unqualified(with_expertise(Answer::Unknown))
        }),
        near_miss: ("vi_b_denied_as_unqualified", || {
            denied_as_unqualified(with_expertise(Answer::No))
        }),
    },
    Pair {
        clause: Clause::Qualification,
        way: Way::DenialCheck,
        case: ("vi_b_the_plans_own_look_up_is_no_ground", || {
            denied_for_want_of_information(
                asked().provider(|provider| provider.medi_cal_status = MediCalStatus::Unknown),
            )
        }),
        near_miss: ("vi_b_the_asking_side_did_not_say", || {
            denied_for_want_of_information(with_role(Role::Unknown))
        }),
    },
    Pair {
        clause: Clause::Qualification,
        way: Way::Letter,
        case: ("vi_b_letter_that_the_provider_is_not_qualified", || {
            denied_as_unqualified(with_role(Role::Other))
        }),
        near_miss: ("vi_b_letter_that_the_member_is_not_eligible", || {
            asked().denied(LATER, DenialReasonCode::MemberNotEligible, None)
        }),
    },
    Pair {
        clause: Clause::Qualification,
        way: Way::Letter,
        case: ("vi_b_letter_that_information_did_not_come", || {
            denied_for_want_of_information(with_scope(Answer::Unknown))
        }),
        near_miss: ("vi_b_no_letter_where_everything_is_known", || {
            denied_for_want_of_information(asked())
        }),
    },
];
