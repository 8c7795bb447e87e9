//! The duty to refer of VI.C, which a denial does not undo, and what a denial does to the clocks.

use second_opinion::case::{
    Channel, Decision, Provider, Recipient, Referral, SecondOpinion, State, Timeliness,
};
use second_opinion::rules::DenialReasonCode::{
    MemberNotEligible, ProviderNotMediCalCertified, ProviderNotQualified,
    QualifiedNetworkProviderAvailable,
};
use second_opinion::rules::{Answer, ClockKind, DenialReasonCode, MediCalStatus, Policy, Role};

use crate::support::{
    ALTERNATIVE, ASKED_FOR, Desk, ELSEWHERE, MEMBER_DUE, alternative, asked_for, at, available,
    by_name, by_npi, denial, elsewhere, not_available, professional, refused_by, request,
    urgent_request,
};

/// A request that bears both denials of the provider out.
fn undeniable(network: bool) -> SecondOpinion {
    let mut request = request();
    request.requested_provider = Some(Provider {
        medi_cal_status: MediCalStatus::NotCertified,
        role: Role::Other,
        ..asked_for()
    });
    request.network_availability = Some(if network {
        available()
    } else {
        not_available()
    });
    request
}

fn referred(desk: &Desk) -> &Referral {
    match &desk.case.current.decision {
        Some(Decision::Denied(denial)) => denial.referral.as_ref().expect("a referral"),
        other => panic!("not denied: {other:?}"),
    }
}

const BOTH: [DenialReasonCode; 2] = [ProviderNotMediCalCertified, ProviderNotQualified];

#[test]
fn vi_c_while_the_network_has_someone_the_referral_is_one_of_them() {
    let table: [(&str, Option<Provider>, &[&str]); 7] = [
        ("by NPI", Some(by_npi(ALTERNATIVE)), &[]),
        ("by name", Some(by_name("dr. alternative")), &[]),
        ("no one", None, &["VI.C"]),
        (
            "someone else, however qualified",
            Some(elsewhere()),
            &["VI.C"],
        ),
        (
            "another NPI under the same name",
            Some(Provider {
                npi: by_npi(ELSEWHERE).npi,
                ..by_name("Dr. Alternative")
            }),
            &["VI.C"],
        ),
        ("another name", Some(by_name("Dr. Alternate")), &["VI.C"]),
        ("the one denied", Some(by_npi(ASKED_FOR)), &["VI.C"]),
    ];
    for code in [QualifiedNetworkProviderAvailable, BOTH[0], BOTH[1]] {
        for (name, referral, clauses) in &table {
            let mut desk = Desk::submitted(undeniable(true));
            let result = desk.deny(denial(&[code], referral.clone()));
            assert_eq!(refused_by(result), *clauses, "{code:?}: {name}");
        }
    }
}

#[test]
fn vi_c_an_alternative_that_is_the_provider_denied_is_no_referral() {
    for code in [QualifiedNetworkProviderAvailable, BOTH[0], BOTH[1]] {
        let mut request = undeniable(true);
        let mut network = available();
        network
            .alternatives
            .push(alternative(ASKED_FOR, "Dr. Asked For"));
        request.network_availability = Some(network);
        let mut desk = Desk::submitted(request);
        let result = desk.deny(denial(&[code], Some(by_npi(ASKED_FOR))));
        assert_eq!(refused_by(result), ["VI.C"], "{code:?}");
        let result = desk.deny(denial(&[code], Some(by_npi(ALTERNATIVE))));
        assert_eq!(refused_by(result), [""; 0], "{code:?}");
    }
}

#[test]
fn vi_c_where_the_network_has_no_one_the_referral_is_certified_and_qualified() {
    let but = |change: fn(&mut Provider)| {
        let mut provider = elsewhere();
        change(&mut provider);
        Some(provider)
    };
    let table: [(&str, Option<Provider>, &[&str]); 10] = [
        ("certified and qualified", but(|_| {}), &[]),
        ("primary care", but(|p| p.role = Role::PrimaryCare), &[]),
        ("no one", None, &["VI.C"]),
        (
            "not certified",
            but(|p| p.medi_cal_status = MediCalStatus::NotCertified),
            &["VI.C"],
        ),
        (
            "suspended",
            but(|p| p.medi_cal_status = MediCalStatus::SuspendedOrExcluded),
            &["VI.C"],
        ),
        (
            "certification unknown",
            but(|p| p.medi_cal_status = MediCalStatus::Unknown),
            &["VI.C"],
        ),
        (
            "not qualified",
            but(|p| p.within_scope = Answer::No),
            &["VI.C"],
        ),
        (
            "qualification unknown",
            but(|p| p.relevant_expertise = Answer::Unknown),
            &["VI.C"],
        ),
        (
            "the one denied",
            Some(Provider {
                npi: by_npi(ASKED_FOR).npi,
                ..elsewhere()
            }),
            &["VI.C"],
        ),
        (
            "the one denied, by name",
            Some(Provider {
                npi: None,
                name: "Dr. Asked For".to_owned(),
                ..elsewhere()
            }),
            &["VI.C"],
        ),
    ];
    for code in BOTH {
        for (name, referral, clauses) in &table {
            let mut desk = Desk::submitted(undeniable(false));
            let result = desk.deny(denial(&[code], referral.clone()));
            assert_eq!(refused_by(result), *clauses, "{code:?}: {name}");
        }
    }
}

#[test]
fn vi_c_where_it_is_not_known_whom_the_network_has_there_is_no_such_denial() {
    for code in BOTH {
        let mut request = undeniable(false);
        request.network_availability = None;
        let mut desk = Desk::submitted(request);
        for referral in [Some(elsewhere()), Some(by_npi(ALTERNATIVE)), None] {
            let result = desk.deny(denial(&[code], referral));
            assert_eq!(refused_by(result), ["VI.C"], "{code:?}");
        }
    }
}

#[test]
fn a_referral_is_filled_in_from_the_alternative_with_its_npi_before_one_with_its_name() {
    let mut request = undeniable(true);
    let mut network = available();
    network.alternatives = vec![
        alternative("", "Dr. Twin"),
        alternative(ALTERNATIVE, "Dr. Twin"),
    ];
    network.alternatives[0].phone = "(707) 555-0101".to_owned();
    network.alternatives[1].phone = "(707) 555-0102".to_owned();
    request.network_availability = Some(network);
    let mut desk = Desk::submitted(request);
    let twin = Provider {
        npi: by_npi(ALTERNATIVE).npi,
        ..by_name("Dr. Twin")
    };
    desk.deny(denial(&BOTH, Some(twin)))
        .expect("it is borne out");
    assert!(referred(&desk).in_network);
    assert_eq!(referred(&desk).provider.phone, "(707) 555-0102");
}

#[test]
fn an_alternative_listed_where_no_one_is_available_is_no_network_referral() {
    let mut request = undeniable(false);
    let mut network = not_available();
    network.alternatives = vec![alternative(ELSEWHERE, "Dr. Elsewhere")];
    request.network_availability = Some(network);
    let mut desk = Desk::submitted(request);
    desk.deny(denial(&BOTH, Some(elsewhere())))
        .expect("it is borne out");
    assert!(!referred(&desk).in_network);
}

#[test]
fn a_referral_that_no_reason_asks_for_is_kept() {
    let mut desk = Desk::submitted(request());
    desk.deny(denial(&[MemberNotEligible], Some(by_npi(ELSEWHERE))))
        .expect("it is borne out");
    assert_eq!(referred(&desk).provider.npi, by_npi(ELSEWHERE).npi);
}

#[test]
fn hsc_1367_01_h_3_after_a_denial_the_member_is_told_by_the_end_of_the_second_business_day() {
    for (decided, due) in [
        // Tuesday: the end of Thursday.
        ("2026-03-03T18:00:00Z", "2026-03-06T08:00:00Z"),
        // Friday 23:59 local: the end of Tuesday is later than the clock's own limits, which stay.
        ("2026-03-07T07:59:59Z", MEMBER_DUE),
        // Thursday: the end of Monday, when the clocks have gone forward, is the very instant of the others.
        ("2026-03-05T18:00:00Z", MEMBER_DUE),
    ] {
        let mut desk = Desk::submitted(request());
        desk.at(at(decided))
            .deny(denial(&[MemberNotEligible], None))
            .expect("it is borne out");
        assert_eq!(
            desk.due(ClockKind::MemberNotification),
            at(due),
            "{decided}"
        );
        let clock = desk.clock(ClockKind::MemberNotification).expect("it runs");
        assert_eq!(clock.limits.len(), 3, "every limit in force is listed");
    }
    let policy = Policy {
        law_limits: false,
        ..Policy::default()
    };
    let mut desk = Desk::submitted_under(request(), policy);
    desk.deny(denial(&[MemberNotEligible], None))
        .expect("it is borne out");
    assert_eq!(desk.due(ClockKind::MemberNotification), at(MEMBER_DUE));
}

#[test]
fn a_denial_stops_the_determination_and_starts_the_professionals_clock() {
    let mut request = urgent_request();
    request.requesters = vec![professional(ELSEWHERE, "")];
    let mut desk = Desk::submitted(request);
    let decided = at("2026-03-05T18:00:00Z");
    desk.at(decided)
        .deny(denial(&[MemberNotEligible], None))
        .expect("late is no refusal");
    assert_eq!(desk.state(), State::Denied);
    assert_eq!(
        desk.timeliness(ClockKind::Determination),
        Some(Timeliness::Missed)
    );
    assert_eq!(
        desk.timeliness(ClockKind::MemberNotification),
        Some(Timeliness::Overdue)
    );
    assert_eq!(
        desk.due(ClockKind::ProviderNotification),
        at("2026-03-06T18:00:00Z")
    );
    assert_eq!(
        desk.case
            .current
            .assessment
            .findings
            .last()
            .map(|f| f.clause.id()),
        Some("VI.F")
    );
}

#[test]
fn a_clock_that_was_stopped_gains_no_limit_by_a_denial() {
    // The member was told that no permission is needed; the plan applied the limits of law then, and does so at the
    // denial, and did not when the request came back to review, so that nothing made the clock run again.
    let mut desk = Desk::submitted(urgent_request());
    desk.network_access();
    let told = desk.now;
    desk.notify(Recipient::Member, Channel::Phone, None, told)
        .expect("a clock runs");
    desk.policy.law_limits = false;
    desk.prior_authorization();
    desk.policy.law_limits = true;
    let before = desk.clock(ClockKind::MemberNotification).cloned();
    assert!(before.as_ref().is_some_and(|clock| !clock.runs()));
    desk.deny(denial(&[MemberNotEligible], None))
        .expect("it is borne out");
    assert_eq!(desk.clock(ClockKind::MemberNotification), before.as_ref());
}

#[test]
fn vi_c_who_is_not_named_is_none_of_the_alternatives() {
    let mut request = undeniable(true);
    let mut network = available();
    network.alternatives = vec![alternative(ALTERNATIVE, "")];
    request.network_availability = Some(network);
    let unnamed = Provider {
        phone: "(707) 555-0100".to_owned(),
        ..Provider::default()
    };
    let mut desk = Desk::submitted(request);
    let refused = desk.deny(denial(&BOTH, Some(unnamed)));
    assert_eq!(refused_by(refused), ["VI.C"]);
}

#[test]
fn vi_c_certified_and_qualified_is_both() {
    type Change = fn(&mut Provider);
    let table: [(&str, Change, bool); 5] = [
        ("both", |_| {}, true),
        (
            "not certified",
            |p| p.medi_cal_status = MediCalStatus::NotCertified,
            false,
        ),
        (
            "certification unknown",
            |p| p.medi_cal_status = MediCalStatus::Unknown,
            false,
        ),
        ("not qualified", |p| p.role = Role::Other, false),
        (
            "neither",
            |p| {
                p.medi_cal_status = MediCalStatus::SuspendedOrExcluded;
                p.within_scope = Answer::No;
            },
            false,
        ),
    ];
    for (name, change, both) in table {
        let mut provider = elsewhere();
        change(&mut provider);
        let referral = Referral {
            provider,
            in_network: false,
        };
        assert_eq!(referral.is_certified_and_qualified(), both, "{name}");
    }
}
