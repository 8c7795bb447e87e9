//! `RecordVerification` (VI.A, VI.B, VI.C): facts are filled in, and clocks neither restart nor stretch.

use second_opinion::case::{
    Channel, MemberCorrection, MemberDetails, NetworkStatus, Private, Provider, Recipient, State,
    Timeliness, Verify,
};
use second_opinion::rules::{
    Answer, ClockKind, MediCalStatus, Pathway, Policy, Qualification, Recommendation,
};

use crate::support::{
    ASKED_FOR, Desk, ELSEWHERE, MEMBER_DUE, MICROSECOND, RECEIVED, asked_for, at, by_name, by_npi,
    network, not_available, nothing_new, npi, provider_facts, refused_by, request, urgent_request,
};

/// The due instant of the urgent clocks.
const URGENT_DUE: &str = "2026-03-05T18:00:00Z";

#[test]
fn a_partial_provider_fills_in_and_corrects() {
    let mut desk = Desk::submitted(request());
    let facts = Provider {
        relevant_expertise: Answer::No,
        phone: "(707) 555-0123".to_owned(),
        ..Provider::default()
    };
    desk.verify(provider_facts(facts))
        .expect("neither NPI nor name is needed");
    let held = desk
        .case
        .current
        .request
        .requested_provider
        .clone()
        .expect("a provider");
    assert_eq!(
        held,
        Provider {
            relevant_expertise: Answer::No,
            phone: "(707) 555-0123".to_owned(),
            ..asked_for()
        }
    );
    let assessment = &desk.case.current.assessment;
    assert_eq!(assessment.qualification, Qualification::NotQualified);
    assert_eq!(
        assessment.recommendation,
        Recommendation::SelectCertifiedProvider
    );
}

#[test]
fn vi_a_another_npi_or_name_is_another_request() {
    let table: [(&str, Provider, &[&str]); 6] = [
        ("the same NPI", by_npi(ASKED_FOR), &[]),
        (
            "the same name, otherwise written",
            by_name(" dr. ASKED   for "),
            &[],
        ),
        ("another NPI", by_npi(ELSEWHERE), &["VI.A"]),
        ("another name", by_name("Dr. Other"), &["VI.A"]),
        (
            "another NPI, the same name",
            Provider {
                npi: Some(npi(ELSEWHERE)),
                ..by_name("Dr. Asked For")
            },
            &["VI.A"],
        ),
        (
            "the same NPI, another name",
            Provider {
                npi: Some(npi(ASKED_FOR)),
                ..by_name("Dr. Other")
            },
            &["VI.A"],
        ),
    ];
    for (name, provider, clauses) in table {
        let mut desk = Desk::submitted(request());
        assert_eq!(
            refused_by(desk.verify(provider_facts(provider))),
            clauses,
            "{name}"
        );
        let held = desk.case.current.request.requested_provider.clone();
        assert_eq!(held, Some(asked_for()), "{name}");
    }
}

#[test]
fn an_npi_that_was_not_known_is_filled_in_once() {
    let mut request = request();
    request.requested_provider = Some(Provider {
        npi: None,
        ..asked_for()
    });
    let mut desk = Desk::submitted(request);
    desk.verify(provider_facts(by_npi(ASKED_FOR)))
        .expect("the NPI was not known");
    assert_eq!(
        desk.case.current.request.requested_provider,
        Some(asked_for())
    );
    assert_eq!(
        refused_by(desk.verify(provider_facts(by_npi(ELSEWHERE)))),
        ["VI.A"]
    );
}

#[test]
fn where_no_one_was_asked_for_a_provider_can_be_named_but_not_described() {
    let mut request = request();
    request.requested_provider = None;
    let mut desk = Desk::submitted(request);
    let facts = Provider {
        medi_cal_status: MediCalStatus::Certified,
        ..Provider::default()
    };
    assert_eq!(refused_by(desk.verify(provider_facts(facts))), ["VI.A"]);
    assert_eq!(
        refused_by(desk.verify(provider_facts(by_npi(ELSEWHERE)))),
        [""; 0]
    );
}

fn correction(member_id: Option<&str>) -> Verify {
    Verify {
        member: Some(MemberCorrection {
            member_id: member_id.and_then(second_opinion::case::Cin::parse),
            details: MemberDetails {
                full_name: "Ann M. Member".into(),
                address_lines: Vec::new(),
                preferred_language: second_opinion::case::LanguageTag::parse("es").expect("a tag"),
                alternative_format: second_opinion::case::AlternativeFormat::Braille,
                spoken_language: None,
                confidential_address_lines: vec!["9 Safe Street".into()],
            },
        }),
        ..nothing_new()
    }
}

#[test]
fn the_member_is_corrected_and_never_another() {
    for (given, clauses) in [
        (None, &[][..]),
        (Some("90000000A"), &[]),
        (Some("90000001A"), &["VI.A"]),
    ] {
        let mut desk = Desk::submitted(request());
        assert_eq!(
            refused_by(desk.verify(correction(given))),
            clauses,
            "{given:?}"
        );
        let member = &desk.case.current.request.member;
        assert_eq!(member.member_id.as_str(), "90000000A");
        let corrected = member.full_name == Private::from("Ann M. Member");
        assert_eq!(corrected, clauses.is_empty());
        assert_eq!(
            member.mailing_address()[0] == Private::from("9 Safe Street"),
            corrected
        );
    }
}

#[test]
fn to_the_network_way_the_determination_stops_and_the_members_clock_runs_on() {
    let due = at(URGENT_DUE);
    for (now, kept, member) in [
        (
            due - MICROSECOND,
            Timeliness::NotCounted,
            Timeliness::Running,
        ),
        (due, Timeliness::Missed, Timeliness::Overdue),
        (due + MICROSECOND, Timeliness::Missed, Timeliness::Overdue),
    ] {
        let mut desk = Desk::submitted(urgent_request());
        desk.at(now).network_access();
        assert_eq!(desk.case.current.assessment.pathway, Pathway::NetworkAccess);
        assert_eq!(
            desk.timeliness(ClockKind::Determination),
            Some(kept),
            "{now}"
        );
        assert_eq!(
            desk.timeliness(ClockKind::MemberNotification),
            Some(member),
            "{now}"
        );
        assert_eq!(desk.case.current.due_at(), Some(due));
    }
}

#[test]
fn back_to_review_a_clock_runs_again_with_its_old_start_and_limits() {
    let mut desk = Desk::submitted(urgent_request());
    let clocks = desk.case.current.clocks.clone();
    desk.at(at("2026-03-03T00:00:00Z")).network_access();
    desk.at(at("2026-03-04T00:00:00Z")).prior_authorization();
    assert_eq!(desk.case.current.clocks, clocks);

    // Stopped too late, it is overdue again.
    desk.at(at("2026-03-06T00:00:00Z")).network_access();
    assert_eq!(
        desk.timeliness(ClockKind::Determination),
        Some(Timeliness::Missed)
    );
    desk.prior_authorization();
    assert_eq!(desk.case.current.clocks, clocks);
    assert_eq!(
        desk.timeliness(ClockKind::Determination),
        Some(Timeliness::Overdue)
    );
}

#[test]
fn from_the_network_way_the_clocks_count_from_the_original_receipt() {
    let mut request = request();
    request.requested_provider = Some(Provider {
        network_status: NetworkStatus::InNetwork,
        ..asked_for()
    });
    let mut desk = Desk::submitted(request);
    assert_eq!(desk.state(), State::NoAuthorizationRequired);
    assert!(desk.case.current.clocks.is_empty());
    desk.at(at(MEMBER_DUE))
        .verify(network(not_available()))
        .expect("it is open");
    assert_eq!(desk.state(), State::PendingReview);
    let clock = desk
        .clock(ClockKind::MemberNotification)
        .expect("it starts");
    assert_eq!(
        (clock.started_at, clock.due_at()),
        (at(RECEIVED), at(MEMBER_DUE))
    );
    assert!(desk.case.current.is_overdue(desk.now), "overdue at once");
}

#[test]
fn back_to_review_the_member_is_to_be_told_anew() {
    let mut desk = Desk::submitted(request());
    desk.network_access();
    let told = at("2026-03-03T00:00:00Z");
    desk.at(told)
        .notify(Recipient::Member, Channel::Phone, None, told)
        .expect("the clock runs");
    assert_eq!(
        desk.timeliness(ClockKind::MemberNotification),
        Some(Timeliness::Met)
    );
    desk.at(at("2026-03-04T00:00:00Z")).prior_authorization();
    assert_eq!(
        desk.timeliness(ClockKind::MemberNotification),
        Some(Timeliness::Running)
    );
    assert_eq!(desk.due(ClockKind::MemberNotification), at(MEMBER_DUE));
}

#[test]
fn a_verification_that_moves_nothing_leaves_the_clocks_alone() {
    for request in [request(), urgent_request()] {
        let mut desk = Desk::submitted(request);
        let clocks = desk.case.current.clocks.clone();
        desk.at(at("2026-06-01T00:00:00Z"))
            .verify(nothing_new())
            .expect("it is open");
        assert_eq!(desk.case.current.clocks, clocks);
        assert_eq!(desk.state(), State::PendingReview);
    }
}

#[test]
fn limits_of_law_that_are_switched_off_meanwhile_are_not_taken_away() {
    let mut desk = Desk::submitted(urgent_request());
    let clocks = desk.case.current.clocks.clone();
    desk.policy = Policy {
        law_limits: false,
        ..Policy::default()
    };
    desk.network_access();
    desk.prior_authorization();
    assert_eq!(desk.case.current.clocks, clocks);
}

#[test]
fn x_the_edition_is_the_one_of_receipt_for_good() {
    let mut early = request();
    early.received_at = at("2020-01-02T18:00:00Z");
    let mut desk = Desk::submitted(early);
    let (edition, has_x) = (desk.case.current.edition, |desk: &Desk| {
        desk.case
            .current
            .assessment
            .findings
            .iter()
            .any(|f| f.clause.id() == "X")
    });
    assert!(has_x(&desk));
    desk.at(at("2026-01-02T18:00:00Z"))
        .verify(nothing_new())
        .expect("it is open");
    assert_eq!(desk.case.current.edition, edition);
    assert!(has_x(&desk));
}
