//! VI.E and VI.F: what can the member do when primary care, or the plan, says no?

use second_opinion::case::{NextStepKind, Requester};
use second_opinion::rules::{Clause, DenialReasonCode, Outcome, PrimaryCareDecision};

use crate::Pair;
use crate::section_vi_a::{available, in_network, to_the_alternative};
use crate::situation::{Situation, Way, asked};

const LATER: &str = "2026-01-06T10:00:00-08:00";

fn primary_care(situation: Situation, decision: PrimaryCareDecision) -> Situation {
    situation.with(|request| request.primary_care_decision = decision)
}

fn not_granted(situation: Situation) -> Situation {
    primary_care(situation, PrimaryCareDecision::NotGranted)
}

fn denied() -> Situation {
    let code = DenialReasonCode::QualifiedNetworkProviderAvailable;
    available().denied(LATER, code, Some(to_the_alternative()))
}

fn denial_turned_away() -> Situation {
    let code = DenialReasonCode::QualifiedNetworkProviderAvailable;
    available().denied(LATER, code, None)
}

fn approved() -> Situation {
    available().approved(LATER, |_| ())
}

pub const PAIRS: &[Pair] = &[
    Pair {
        clause: Clause::PrimaryCareNotGranted,
        way: Way::Finding(Outcome::Noted),
        case: ("vi_e_primary_care_did_not_grant", || not_granted(asked())),
        near_miss: ("vi_e_primary_care_was_not_asked", || {
            primary_care(asked(), PrimaryCareDecision::Unknown)
        }),
    },
    Pair {
        clause: Clause::PrimaryCareNotGranted,
        way: Way::Step(NextStepKind::FileGrievance),
        case: ("vi_e_grievance_within_the_network_too", || {
            not_granted(in_network())
        }),
        near_miss: ("vi_e_primary_care_granted", || {
            primary_care(in_network(), PrimaryCareDecision::Granted)
        }),
    },
    Pair {
        clause: Clause::PrimaryCareNotGranted,
        way: Way::Step(NextStepKind::FileGrievance),
        case: ("vi_e_grievance_stays_open_after_an_approval", || {
            not_granted(asked()).approved(LATER, |_| ())
        }),
        near_miss: ("vi_e_no_step_after_a_withdrawal", || {
            not_granted(asked()).withdrawn(LATER, Requester::Member)
        }),
    },
    Pair {
        clause: Clause::DenialInWriting,
        way: Way::Finding(Outcome::Satisfied),
        case: ("vi_f_a_denial_is_in_writing", denied),
        near_miss: ("vi_f_a_denial_that_was_turned_away", denial_turned_away),
    },
    Pair {
        clause: Clause::DenialInWriting,
        way: Way::Step(NextStepKind::FileAppeal),
        case: ("vi_f_a_denial_can_be_appealed", denied),
        near_miss: ("vi_f_an_approval_is_not_appealed", approved),
    },
    Pair {
        clause: Clause::DenialInWriting,
        way: Way::Step(NextStepKind::FileGrievance),
        case: ("vi_f_a_grievance_about_a_denial", denied),
        near_miss: ("vi_f_primary_care_is_not_the_plan", || not_granted(asked())),
    },
    Pair {
        clause: Clause::DenialInWriting,
        way: Way::Letter,
        case: ("vi_f_letter_with_both_rights_and_how_to_use_them", denied),
        near_miss: ("vi_f_letter_of_an_approval", approved),
    },
    Pair {
        clause: Clause::DenialInWriting,
        way: Way::Letter,
        case: (
            "vi_f_letter_whose_authority_lies_outside_the_policy",
            || asked().denied(LATER, DenialReasonCode::MemberNotEligible, None),
        ),
        near_miss: ("vi_f_no_letter_without_a_denial", asked),
    },
];
