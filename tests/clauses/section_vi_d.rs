//! VI.D and the law beside it: by when, and was it kept?

use second_opinion::case::{
    Channel, HealthProfessional, NetworkStatus, NextStepKind, Provider, Recipient, Requester,
};
use second_opinion::rules::{Clause, DenialReasonCode, Outcome};

use crate::Pair;
use crate::section_iii_x::{claimed, functional, psychological};
use crate::section_vi_a::in_network;
use crate::situation::{Situation, Way, asked};

fn asked_by_a_professional() -> Situation {
    asked().with(|request| {
        request.requesters = vec![Requester::HealthProfessional(HealthProfessional {
            npi: None,
            full_name: "Tara Treating, MD".into(),
            phone: "".into(),
            fax: "".into(),
        })];
    })
}

/// Denied on the morning of the day after receipt: the member's letter is due at the end of Thursday, 8 January.
fn denied() -> Situation {
    asked().denied(
        "2026-01-06T09:00:00-08:00",
        DenialReasonCode::MemberNotEligible,
        None,
    )
}

/// Approved at noon of the day after receipt.
fn approved(situation: Situation) -> Situation {
    situation.approved("2026-01-06T12:00:00-08:00", |_| ())
}

fn member_told(instant: &str) -> Situation {
    approved(asked()).told(instant, Recipient::Member, Channel::Phone)
}

fn professional_told(instant: &str) -> Situation {
    let recipient = Recipient::RequestingProfessional;
    approved(asked_by_a_professional()).told(instant, recipient, Channel::Fax)
}

fn decided(instant: &str) -> Situation {
    claimed(psychological()).approved(instant, |_| ())
}

fn now(network_status: NetworkStatus) -> Provider {
    Provider {
        network_status,
        ..Provider::default()
    }
}

/// Expedited while a network provider could give the opinion; two days later it turns out that it is not one.
fn in_review_after_expediting() -> Situation {
    in_network()
        .expedited("2026-01-07T10:00:00-08:00", psychological())
        .verified(
            "2026-01-09T10:00:00-08:00",
            now(NetworkStatus::OutOfNetwork),
        )
}

pub const PAIRS: &[Pair] = &[
    Pair {
        clause: Clause::UrgentTimeframe,
        way: Way::Finding(Outcome::Noted),
        case: ("vi_d_1_urgent_and_in_review", || claimed(psychological())),
        near_miss: ("vi_d_1_urgent_and_within_the_network", || {
            in_network().with(|request| request.urgency_claim = Some(psychological()))
        }),
    },
    Pair {
        clause: Clause::UrgentTimeframe,
        way: Way::Limit,
        case: ("vi_d_1_expedited_after_submission", || {
            asked().expedited("2026-01-07T10:00:00-08:00", psychological())
        }),
        near_miss: ("vi_d_1_not_urgent", asked),
    },
    Pair {
        clause: Clause::UrgentTimeframe,
        way: Way::LateLimit,
        case: ("vi_d_1_decided_at_the_72nd_hour", || {
            decided("2026-01-08T10:00:00-08:00")
        }),
        near_miss: ("vi_d_1_decided_a_microsecond_before_it", || {
            decided("2026-01-08T09:59:59.999999-08:00")
        }),
    },
    Pair {
        clause: Clause::UrgentTimeframe,
        way: Way::LateLimit,
        case: (
            "vi_d_1_hours_run_from_the_request_to_expedite_though_review_began_later",
            || in_review_after_expediting().seen_at("2026-01-10T10:00:00-08:00"),
        ),
        near_miss: ("vi_d_1_a_microsecond_before_those_hours_end", || {
            in_review_after_expediting().seen_at("2026-01-10T09:59:59.999999-08:00")
        }),
    },
    Pair {
        clause: Clause::UrgentTimeframe,
        way: Way::LateLimit,
        case: ("vi_d_1_no_longer_needed_when_it_was_due", || {
            claimed(psychological())
                .verified("2026-01-08T10:00:00-08:00", now(NetworkStatus::InNetwork))
        }),
        near_miss: ("vi_d_1_no_longer_needed_before_it_was_due", || {
            claimed(psychological())
                .verified(
                    "2026-01-08T09:59:59.999999-08:00",
                    now(NetworkStatus::InNetwork),
                )
                .seen_at("2026-01-09T10:00:00-08:00")
        }),
    },
    Pair {
        clause: Clause::UrgentTimeframe,
        way: Way::LateLimit,
        case: (
            "vi_d_1_runs_again_from_the_old_start_when_review_is_needed_after_all",
            || {
                claimed(psychological())
                    .verified("2026-01-06T10:00:00-08:00", now(NetworkStatus::InNetwork))
                    .verified(
                        "2026-01-07T10:00:00-08:00",
                        now(NetworkStatus::OutOfNetwork),
                    )
                    .seen_at("2026-01-08T10:00:00-08:00")
            },
        ),
        near_miss: ("vi_d_1_stays_stopped_while_no_review_is_needed", || {
            claimed(psychological())
                .verified("2026-01-06T10:00:00-08:00", now(NetworkStatus::InNetwork))
                .seen_at("2026-01-08T10:00:00-08:00")
        }),
    },
    Pair {
        clause: Clause::UrgentTimeframe,
        way: Way::BindingLimit,
        case: ("vi_d_1_stands_alone_on_the_decisions_clock", || {
            claimed(psychological())
        }),
        near_miss: ("vi_d_1_no_decision_to_wait_for", || {
            in_network().expedited("2026-01-07T10:00:00-08:00", psychological())
        }),
    },
    Pair {
        clause: Clause::RoutineTimeframe,
        way: Way::Finding(Outcome::Noted),
        case: ("vi_d_2_routine_and_in_review", asked),
        near_miss: ("vi_d_2_routine_and_within_the_network", in_network),
    },
    Pair {
        clause: Clause::RoutineTimeframe,
        way: Way::Limit,
        case: ("vi_d_2_keeps_its_limit_when_expedited", || {
            asked().expedited("2026-01-07T10:00:00-08:00", psychological())
        }),
        near_miss: ("vi_d_2_urgent_from_the_start", || claimed(psychological())),
    },
    Pair {
        clause: Clause::RoutineTimeframe,
        way: Way::Limit,
        case: (
            "vi_d_2_keeps_its_limit_when_review_begins_after_expediting",
            in_review_after_expediting,
        ),
        near_miss: ("vi_d_2_urgent_from_the_start_and_in_review_later", || {
            in_network()
                .with(|request| request.urgency_claim = Some(psychological()))
                .verified(
                    "2026-01-09T10:00:00-08:00",
                    now(NetworkStatus::OutOfNetwork),
                )
        }),
    },
    Pair {
        clause: Clause::RoutineTimeframe,
        way: Way::MovedLimit,
        case: ("vi_d_2_holiday_inside_the_window", || {
            // Day 5 would be Monday 19 January, which is a holiday.
            asked().received("2026-01-12T09:00:00-08:00")
        }),
        near_miss: ("vi_d_2_holiday_on_the_day_after_the_window", || {
            // Day 5 is Friday the 16th; the weekend and then the holiday come after it.
            asked().received("2026-01-11T23:59:59.999999-08:00")
        }),
    },
    Pair {
        clause: Clause::RoutineTimeframe,
        way: Way::MovedLimit,
        case: ("vi_d_2_received_the_day_before_thanksgiving", || {
            asked().received("2026-11-25T10:00:00-08:00")
        }),
        near_miss: ("vi_d_2_received_on_the_day_after_thanksgiving", || {
            asked().received("2026-11-27T10:00:00-08:00")
        }),
    },
    Pair {
        clause: Clause::RoutineTimeframe,
        way: Way::LateLimit,
        case: ("vi_d_2_told_on_day_6", || {
            member_told("2026-01-13T00:00:00-08:00")
        }),
        near_miss: ("vi_d_2_told_on_day_5", || {
            member_told("2026-01-12T23:59:59.999999-08:00")
        }),
    },
    Pair {
        clause: Clause::RoutineTimeframe,
        way: Way::BindingLimit,
        case: ("vi_d_2_received_on_a_saturday", || {
            // Five business days end on Friday, seven calendar days on Saturday.
            asked().received("2026-01-10T12:00:00-08:00")
        }),
        near_miss: ("vi_d_2_received_on_a_day_with_a_holiday_ahead", || {
            asked().received("2026-01-14T09:00:00-08:00")
        }),
    },
    Pair {
        clause: Clause::FederalStandardTimeframe,
        way: Way::Limit,
        case: (
            "42_cfr_438_210_d_1_received_on_the_first_day_of_2026",
            || asked().received("2026-01-01T00:00:00-08:00"),
        ),
        near_miss: (
            "42_cfr_438_210_d_1_received_on_the_last_day_of_2025",
            || asked().received("2025-12-31T23:59:59.999999-08:00"),
        ),
    },
    Pair {
        clause: Clause::FederalStandardTimeframe,
        way: Way::BindingLimit,
        case: (
            "42_cfr_438_210_d_1_holiday_makes_five_days_longer_than_seven",
            || asked().received("2026-01-14T09:00:00-08:00"),
        ),
        near_miss: ("42_cfr_438_210_d_1_no_holiday_and_both_end_together", asked),
    },
    Pair {
        clause: Clause::FederalStandardTimeframe,
        way: Way::Limit,
        case: ("42_cfr_438_210_d_1_limits_of_law_on", asked),
        near_miss: ("42_cfr_438_210_d_1_limits_of_law_off", || {
            asked().law_limits_off()
        }),
    },
    Pair {
        clause: Clause::FederalExpeditedTimeframe,
        way: Way::Limit,
        case: ("42_cfr_438_210_d_2_the_member_too_within_72_hours", || {
            claimed(functional())
        }),
        near_miss: ("42_cfr_438_210_d_2_limits_of_law_off", || {
            claimed(functional()).law_limits_off()
        }),
    },
    Pair {
        clause: Clause::FederalExpeditedTimeframe,
        way: Way::BindingLimit,
        case: ("42_cfr_438_210_d_2_expedited_while_days_are_left", || {
            asked().expedited("2026-01-07T10:00:00-08:00", functional())
        }),
        near_miss: (
            "42_cfr_438_210_d_2_expedited_when_the_old_limit_is_earlier",
            || asked().expedited("2026-01-12T10:00:00-08:00", functional()),
        ),
    },
    Pair {
        clause: Clause::StateNoticeOfDecision,
        way: Way::BindingLimit,
        case: ("hsc_1367_01_h_3_a_denial_gives_two_business_days", denied),
        near_miss: (
            "hsc_1367_01_h_3_an_approval_gives_the_member_no_new_limit",
            || approved(asked()),
        ),
    },
    Pair {
        clause: Clause::StateNoticeOfDecision,
        way: Way::Limit,
        case: ("hsc_1367_01_h_3_a_professional_asked", || {
            approved(asked_by_a_professional())
        }),
        near_miss: (
            "hsc_1367_01_h_3_a_professional_asked_and_limits_of_law_off",
            || approved(asked_by_a_professional().law_limits_off()),
        ),
    },
    Pair {
        clause: Clause::StateNoticeOfDecision,
        way: Way::LateLimit,
        case: ("hsc_1367_01_h_3_professional_told_at_the_24th_hour", || {
            professional_told("2026-01-07T12:00:00-08:00")
        }),
        near_miss: (
            "hsc_1367_01_h_3_professional_told_a_microsecond_before_it",
            || professional_told("2026-01-07T11:59:59.999999-08:00"),
        ),
    },
    Pair {
        clause: Clause::StateNoticeOfDecision,
        way: Way::LateLimit,
        case: ("hsc_1367_01_h_3_a_denial_told_by_phone_alone", || {
            denied()
                .told(
                    "2026-01-06T10:00:00-08:00",
                    Recipient::Member,
                    Channel::Phone,
                )
                .seen_at("2026-01-09T00:00:00-08:00")
        }),
        near_miss: ("hsc_1367_01_h_3_a_denial_sent_in_writing", || {
            denied()
                .letter_sent("2026-01-08T23:59:59.999999-08:00", Channel::Mail)
                .seen_at("2026-01-09T00:00:00-08:00")
        }),
    },
    Pair {
        clause: Clause::StateNoticeOfDecision,
        way: Way::LateLimit,
        case: (
            "hsc_1367_01_h_3_a_denials_letter_by_fax_is_not_in_writing",
            || {
                denied()
                    .letter_sent("2026-01-06T10:00:00-08:00", Channel::Fax)
                    .seen_at("2026-01-09T00:00:00-08:00")
            },
        ),
        near_miss: ("hsc_1367_01_h_3_a_denials_letter_in_the_portal", || {
            denied()
                .letter_sent("2026-01-06T10:00:00-08:00", Channel::Portal)
                .seen_at("2026-01-09T00:00:00-08:00")
        }),
    },
    Pair {
        clause: Clause::StateNoticeOfDecision,
        way: Way::LateLimit,
        case: (
            "hsc_1367_01_h_3_mail_that_is_not_the_denials_letter",
            || {
                denied()
                    .told(
                        "2026-01-06T10:00:00-08:00",
                        Recipient::Member,
                        Channel::Mail,
                    )
                    .seen_at("2026-01-09T00:00:00-08:00")
            },
        ),
        near_miss: ("hsc_1367_01_h_3_mail_that_is", || {
            denied()
                .letter_sent("2026-01-06T10:00:00-08:00", Channel::Mail)
                .seen_at("2026-01-09T00:00:00-08:00")
        }),
    },
    Pair {
        clause: Clause::FederalUntimelyDecision,
        way: Way::Step(NextStepKind::FileAppeal),
        case: ("42_cfr_438_404_c_5_at_the_due_instant", || {
            asked().seen_at("2026-01-13T00:00:00-08:00")
        }),
        near_miss: ("42_cfr_438_404_c_5_a_microsecond_before_it", || {
            asked().seen_at("2026-01-12T23:59:59.999999-08:00")
        }),
    },
    Pair {
        clause: Clause::FederalUntimelyDecision,
        way: Way::Step(NextStepKind::FileGrievance),
        case: (
            "42_cfr_438_404_c_5_urgent_and_undecided_after_72_hours",
            || claimed(psychological()).seen_at("2026-01-08T10:00:00-08:00"),
        ),
        near_miss: ("42_cfr_438_404_c_5_urgent_and_decided_late", || {
            decided("2026-01-08T11:00:00-08:00").seen_at("2026-01-08T12:00:00-08:00")
        }),
    },
];
