//! III.A: what makes a request urgent? X: which edition decides?

use second_opinion::case::UrgencyClaim;
use second_opinion::rules::{Clause, Outcome};

use crate::Pair;
use crate::requests::npi;
use crate::situation::{Situation, Way, asked};

/// No claim at all, to be filled in.
pub fn no_claim() -> UrgencyClaim {
    UrgencyClaim {
        psychological_jeopardy: "".into(),
        practitioner_opinion: None,
        functional_jeopardy: "".into(),
    }
}

/// III.A.1
pub fn psychological() -> UrgencyClaim {
    UrgencyClaim {
        psychological_jeopardy: "stated".into(),
        ..no_claim()
    }
}

/// III.A.2
pub fn practitioner() -> UrgencyClaim {
    UrgencyClaim {
        practitioner_opinion: Some(second_opinion::case::PractitionerOpinion {
            npi: npi("1993999998"),
            statement: "stated".into(),
        }),
        ..no_claim()
    }
}

/// 42 CFR 438.210(d)(2)
pub fn functional() -> UrgencyClaim {
    UrgencyClaim {
        functional_jeopardy: "stated".into(),
        ..no_claim()
    }
}

/// The request, with this claim from the start.
pub fn claimed(claim: UrgencyClaim) -> Situation {
    asked().with(|request| request.urgency_claim = Some(claim))
}

pub const PAIRS: &[Pair] = &[
    Pair {
        clause: Clause::UrgentPsychologicalState,
        way: Way::Finding(Outcome::Satisfied),
        case: ("iii_a_1_psychological_state", || claimed(psychological())),
        near_miss: ("iii_a_1_a_practitioners_opinion_is_another_prong", || {
            claimed(practitioner())
        }),
    },
    Pair {
        clause: Clause::UrgentPsychologicalState,
        way: Way::Finding(Outcome::Satisfied),
        case: ("iii_a_1_claimed_after_submission", || {
            asked().expedited("2026-01-06T10:00:00-08:00", psychological())
        }),
        near_miss: ("iii_a_1_a_claim_without_words_claims_nothing", || {
            claimed(no_claim())
        }),
    },
    Pair {
        clause: Clause::UrgentPractitionerOpinion,
        way: Way::Finding(Outcome::Satisfied),
        case: (
            "iii_a_2_a_practitioners_opinion",
            || claimed(practitioner()),
        ),
        near_miss: ("iii_a_2_maximum_function_is_the_federal_prong", || {
            claimed(functional())
        }),
    },
    Pair {
        clause: Clause::UrgentPractitionerOpinion,
        way: Way::Finding(Outcome::Satisfied),
        case: ("iii_a_2_a_further_claim_beside_the_first", || {
            claimed(psychological()).expedited("2026-01-06T10:00:00-08:00", practitioner())
        }),
        near_miss: ("iii_a_2_the_first_claim_alone", || {
            claimed(psychological()).expedited("2026-01-06T10:00:00-08:00", psychological())
        }),
    },
    Pair {
        clause: Clause::FederalExpeditedTimeframe,
        way: Way::Finding(Outcome::Satisfied),
        case: ("42_cfr_438_210_d_2_maximum_function", || {
            claimed(functional())
        }),
        near_miss: ("42_cfr_438_210_d_2_urgent_by_the_policys_own_prong", || {
            claimed(psychological())
        }),
    },
    Pair {
        clause: Clause::Editions,
        way: Way::Finding(Outcome::Noted),
        case: ("x_received_the_day_before_the_edition_held", || {
            asked().received("2024-09-10T23:59:59.999999-07:00")
        }),
        near_miss: ("x_received_on_the_day_of_the_edition_held", || {
            asked().received("2024-09-11T00:00:00-07:00")
        }),
    },
    Pair {
        clause: Clause::Editions,
        way: Way::Finding(Outcome::Noted),
        case: ("x_received_on_the_first_day_of_the_policy", || {
            asked().received("2016-04-20T00:00:00-07:00")
        }),
        near_miss: ("x_received_after_the_review_was_due", || {
            asked().received("2026-01-05T10:00:00-08:00")
        }),
    },
];
