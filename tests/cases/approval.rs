//! `IssueApproval` (VI.A, VI.B, VI.C): whom a reviewer can approve, by which facts.

use second_opinion::case::{
    Approve, Decision, MemberAgreement, NetworkStatus, Private, Provider, State, Timeliness,
};
use second_opinion::rules::{Answer, ClockKind, MediCalStatus, Role};

use crate::support::{
    ASKED_FOR, Desk, ELSEWHERE, MEMBER_DUE, MICROSECOND, approval, asked_for, at, available,
    by_name, by_npi, elsewhere, nothing_new, npi, professional, refused_by, request,
    urgent_request,
};

fn asking_for(provider: Provider) -> Desk {
    let mut request = request();
    request.requested_provider = Some(provider);
    Desk::submitted(request)
}

fn of(provider: Provider) -> Approve {
    Approve {
        provider: Some(provider),
        ..approval()
    }
}

fn agreed(approve: Approve) -> Approve {
    Approve {
        member_agreement: Some(MemberAgreement {
            agreed_at: None,
            how: Private::default(),
        }),
        ..approve
    }
}

fn approved(desk: &Desk) -> &Provider {
    match &desk.case.current.decision {
        Some(Decision::Approved(approval)) => &approval.provider,
        other => panic!("not approved: {other:?}"),
    }
}

#[test]
fn vi_a_and_vi_b_each_fact_of_the_provider() {
    type Change = fn(&mut Provider);
    let table: [(&str, Change, &[&str]); 14] = [
        ("as it is", |_| {}, &[]),
        ("primary care", |p| p.role = Role::PrimaryCare, &[]),
        (
            "in network",
            |p| p.network_status = NetworkStatus::InNetwork,
            &["STATE"],
        ),
        (
            "network unknown",
            |p| p.network_status = NetworkStatus::Unknown,
            &["VI.A"],
        ),
        (
            "not certified",
            |p| p.medi_cal_status = MediCalStatus::NotCertified,
            &["VI.A"],
        ),
        (
            "suspended",
            |p| p.medi_cal_status = MediCalStatus::SuspendedOrExcluded,
            &["VI.A"],
        ),
        (
            "certification unknown",
            |p| p.medi_cal_status = MediCalStatus::Unknown,
            &["VI.A"],
        ),
        ("another role", |p| p.role = Role::Other, &["VI.B"]),
        ("role unknown", |p| p.role = Role::Unknown, &["VI.B"]),
        ("out of scope", |p| p.within_scope = Answer::No, &["VI.B"]),
        (
            "scope unknown",
            |p| p.within_scope = Answer::Unknown,
            &["VI.B"],
        ),
        (
            "no expertise",
            |p| p.relevant_expertise = Answer::No,
            &["VI.B"],
        ),
        (
            "expertise unknown",
            |p| p.relevant_expertise = Answer::Unknown,
            &["VI.B"],
        ),
        (
            "several at once, each clause once",
            |p| {
                p.network_status = NetworkStatus::Unknown;
                p.medi_cal_status = MediCalStatus::NotCertified;
                p.role = Role::Other;
            },
            &["VI.A", "VI.B"],
        ),
    ];
    for (name, change, clauses) in table {
        let mut provider = asked_for();
        change(&mut provider);
        let mut desk = asking_for(provider);
        assert_eq!(refused_by(desk.approve(approval())), clauses, "{name}");
        let state = desk.state();
        match clauses {
            [] => assert_eq!(state, State::Approved, "{name}"),
            _ => assert_ne!(state, State::Approved, "{name}"),
        }
    }
}

#[test]
fn facts_given_with_the_approval_count_as_those_on_the_case() {
    let mut desk = asking_for(Provider {
        medi_cal_status: MediCalStatus::Unknown,
        ..asked_for()
    });
    assert_eq!(refused_by(desk.approve(approval())), ["VI.A"]);
    let facts = Provider {
        medi_cal_status: MediCalStatus::Certified,
        ..Provider::default()
    };
    assert_eq!(refused_by(desk.approve(of(facts))), [""; 0]);
    assert_eq!(approved(&desk).npi, Some(npi(ASKED_FOR)));
}

#[test]
fn vi_c_another_provider_needs_the_members_agreement() {
    let mut desk = Desk::submitted(request());
    assert_eq!(refused_by(desk.approve(of(elsewhere()))), ["VI.C"]);
    assert_eq!(refused_by(desk.approve(agreed(of(elsewhere())))), [""; 0]);
    assert_eq!(approved(&desk).npi, Some(npi(ELSEWHERE)));
}

#[test]
fn no_fact_passes_from_the_one_asked_for_to_another() {
    // By NPI alone, by another name, and by the same name with another NPI.
    for other in [
        by_npi(ELSEWHERE),
        by_name("Dr. Elsewhere"),
        Provider {
            npi: Some(npi(ELSEWHERE)),
            ..by_name("Dr. Asked For")
        },
    ] {
        let mut desk = Desk::submitted(request());
        let result = desk.approve(agreed(of(other.clone())));
        assert_eq!(refused_by(result), ["VI.A", "VI.B"], "{other:?}");
        let result = desk.approve(of(other));
        assert_eq!(refused_by(result), ["VI.C", "VI.A", "VI.B"]);
    }
}

#[test]
fn an_npi_given_for_a_provider_known_by_name_alone_is_another_until_the_name_is_said_too() {
    let named = Provider {
        npi: None,
        ..asked_for()
    };
    let mut desk = asking_for(named);
    let result = desk.approve(agreed(of(by_npi(ELSEWHERE))));
    assert_eq!(refused_by(result), ["VI.A", "VI.B"]);
    let both = Provider {
        npi: Some(npi(ASKED_FOR)),
        ..by_name("dr.  asked for")
    };
    assert_eq!(refused_by(desk.approve(of(both))), [""; 0]);
    assert_eq!(approved(&desk).medi_cal_status, MediCalStatus::Certified);
}

#[test]
fn where_no_one_was_asked_for_any_provider_will_do() {
    let mut request = request();
    request.requested_provider = None;
    let mut desk = Desk::submitted(request);
    assert_eq!(refused_by(desk.approve(approval())), ["INVALID provider"]);
    let unnamed = Provider {
        npi: None,
        name: String::new(),
        ..elsewhere()
    };
    assert_eq!(refused_by(desk.approve(of(unnamed))), ["INVALID provider"]);
    let mut by_name_alone = elsewhere();
    by_name_alone.npi = None;
    let mut by_npi_alone = elsewhere();
    by_npi_alone.name.clear();
    for named in [by_name_alone, by_npi_alone, elsewhere()] {
        let mut desk = Desk::submitted(desk.case.current.request.clone());
        assert_eq!(refused_by(desk.approve(of(named.clone()))), [""; 0]);
        assert_eq!(approved(&desk), &named);
    }
}

#[test]
fn vi_c_a_network_alternative_does_not_forbid_an_approval() {
    let mut request = request();
    request.network_availability = Some(available());
    let mut desk = Desk::submitted(request);
    assert_eq!(desk.state(), State::PendingReview);
    assert_eq!(refused_by(desk.approve(approval())), [""; 0]);
}

#[test]
fn validity_ends_no_earlier_than_it_begins() {
    let day = |text: &str| text.parse().expect("a day");
    for (from, through, refused) in [
        (None, "2026-03-02", false), // received and decided on this day
        (None, "2026-03-01", true),
        (Some("2026-04-01"), "2026-04-01", false),
        (Some("2026-04-02"), "2026-04-01", true),
    ] {
        let mut desk = Desk::submitted(request());
        let result = desk.approve(Approve {
            valid_from: from.map(day),
            valid_through: day(through),
            ..approval()
        });
        let expected: &[&str] = if refused {
            &["INVALID valid_through"]
        } else {
            &[]
        };
        assert_eq!(refused_by(result), expected, "{from:?} to {through}");
    }
}

#[test]
fn a_late_approval_is_recorded_and_missed() {
    let due = at("2026-03-05T18:00:00Z");
    for (now, kept) in [
        (due - MICROSECOND, Timeliness::Met),
        (due, Timeliness::Missed),
        (at("2046-01-01T00:00:00Z"), Timeliness::Missed),
    ] {
        let mut desk = Desk::submitted(urgent_request());
        assert_eq!(desk.due(ClockKind::Determination), due);
        let command = Approve {
            valid_through: "2046-12-31".parse().expect("a day"),
            ..approval()
        };
        desk.at(now).approve(command).expect("late is no refusal");
        assert_eq!(desk.state(), State::Approved);
        assert_eq!(
            desk.timeliness(ClockKind::Determination),
            Some(kept),
            "{now}"
        );
    }
}

#[test]
fn the_members_clock_runs_on_after_an_approval_and_no_limit_is_added() {
    let mut desk = Desk::submitted(request());
    desk.approve(approval()).expect("the facts bear it");
    assert_eq!(desk.due(ClockKind::MemberNotification), at(MEMBER_DUE));
    assert_eq!(
        desk.timeliness(ClockKind::MemberNotification),
        Some(Timeliness::Running)
    );
    assert!(!desk.case.current.is_overdue(at(MEMBER_DUE) - MICROSECOND));
    assert!(desk.case.current.is_overdue(at(MEMBER_DUE)));
    desk.at(at(MEMBER_DUE));
    assert_eq!(
        desk.timeliness(ClockKind::MemberNotification),
        Some(Timeliness::Overdue)
    );
    assert_eq!(desk.case.current.due_at(), Some(at(MEMBER_DUE)));
}

#[test]
fn hsc_1367_01_h_3_a_professional_who_asked_is_told_within_24_hours_of_a_decision() {
    let decided = at("2026-03-03T17:00:00.000001Z");
    let mut request = request();
    request.requesters.push(professional(ELSEWHERE, ""));
    let mut desk = Desk::submitted_under(request.clone(), second_opinion::rules::Policy::default());
    assert_eq!(desk.clock(ClockKind::ProviderNotification), None);
    desk.at(decided)
        .approve(approval())
        .expect("the facts bear it");
    let clock = desk
        .clock(ClockKind::ProviderNotification)
        .expect("it starts");
    assert_eq!(clock.started_at, decided);
    assert_eq!(clock.due_at(), at("2026-03-04T17:00:00.000001Z"));

    // Not where no professional asked, nor where the limits of law are off.
    let mut desk = Desk::submitted(crate::support::request());
    desk.approve(approval()).expect("the facts bear it");
    assert_eq!(desk.clock(ClockKind::ProviderNotification), None);
    let policy = second_opinion::rules::Policy {
        law_limits: false,
        ..second_opinion::rules::Policy::default()
    };
    let mut desk = Desk::submitted_under(request, policy);
    desk.approve(approval()).expect("the facts bear it");
    assert_eq!(desk.clock(ClockKind::ProviderNotification), None);
}

#[test]
fn a_number_is_made_where_none_is_given() {
    let mut desk = Desk::submitted(request());
    desk.approve(approval()).expect("the facts bear it");
    let Some(Decision::Approved(made)) = &desk.case.current.decision else {
        panic!("it was approved");
    };
    assert!(made.authorization_number.starts_with("SO20260302-"));
    // Facts learned later never reopen it.
    assert_eq!(refused_by(desk.verify(nothing_new())), ["STATE"]);
}
