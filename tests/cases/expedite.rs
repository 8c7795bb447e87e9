//! `ExpediteSecondOpinion` (III.A, VI.D.1): urgent from now on, and no due instant moves later.

use chrono::TimeDelta;
use second_opinion::case::{PractitionerOpinion, Private, UrgencyClaim, Verify};
use second_opinion::rules::{ClockKind, Policy, Urgency};

use crate::support::{
    Desk, ELSEWHERE, MEMBER_DUE, MICROSECOND, RECEIVED, at, claim, not_available, nothing_new, npi,
    refused_by, request, urgent_request,
};

const HOURS_72: TimeDelta = TimeDelta::hours(72);

#[test]
fn vi_d_1_the_determination_is_due_72_hours_after_the_request_to_expedite() {
    let expedited = at("2026-03-04T01:02:03.000004Z");
    let mut desk = Desk::submitted(request());
    assert_eq!(desk.clock(ClockKind::Determination), None);
    desk.at(at("2026-03-04T20:00:00Z"))
        .expedite(expedited, claim())
        .expect("it is open");
    assert_eq!(desk.case.current.assessment.urgency, Urgency::Urgent);
    assert_eq!(desk.due(ClockKind::Determination), expedited + HOURS_72);
    let member = desk.clock(ClockKind::MemberNotification).expect("it runs");
    assert_eq!(member.due_at(), expedited + HOURS_72);
    assert_eq!(member.started_at, at(RECEIVED));
    let sources: Vec<String> = member
        .limits
        .iter()
        .map(|limit| limit.source.source())
        .collect();
    assert_eq!(
        sources,
        [
            "MPUP3078 VI.D.2",
            "42 CFR 438.210(d)(1)",
            "42 CFR 438.210(d)(2)"
        ]
    );
}

#[test]
fn a_late_request_to_expedite_moves_no_due_instant_later() {
    let mut desk = Desk::submitted(request());
    let expedited = at("2026-03-09T18:00:00Z");
    desk.at(expedited)
        .expedite(expedited, claim())
        .expect("it is open");
    assert_eq!(desk.due(ClockKind::Determination), expedited + HOURS_72);
    assert_eq!(desk.due(ClockKind::MemberNotification), at(MEMBER_DUE));
    assert_eq!(desk.case.current.due_at(), Some(at(MEMBER_DUE)));
}

#[test]
fn without_the_limits_of_law_the_members_clock_keeps_its_own() {
    let policy = Policy {
        law_limits: false,
        ..Policy::default()
    };
    let mut desk = Desk::submitted_under(request(), policy);
    let expedited = at("2026-03-03T18:00:00Z");
    desk.at(expedited)
        .expedite(expedited, claim())
        .expect("it is open");
    assert_eq!(desk.due(ClockKind::Determination), expedited + HOURS_72);
    assert_eq!(desk.due(ClockKind::MemberNotification), at(MEMBER_DUE));
    assert_eq!(
        desk.clock(ClockKind::MemberNotification)
            .map(|clock| clock.limits.len()),
        Some(1)
    );
}

#[test]
fn already_urgent_a_further_claim_is_recorded_and_the_clocks_stay() {
    let mut desk = Desk::submitted(urgent_request());
    let clocks = desk.case.current.clocks.clone();
    let further = UrgencyClaim {
        psychological_jeopardy: "the state of mind".into(),
        practitioner_opinion: Some(PractitionerOpinion {
            npi: npi(ELSEWHERE),
            statement: "it would do harm".into(),
        }),
        functional_jeopardy: "said otherwise".into(),
    };
    let later = at("2026-03-02T19:00:00Z");
    desk.at(later).expedite(later, further).expect("it is open");
    assert_eq!(desk.case.current.clocks, clocks);
    let held = desk
        .case
        .current
        .request
        .urgency_claim
        .clone()
        .expect("a claim");
    assert_eq!(
        held.functional_jeopardy,
        claim().functional_jeopardy,
        "what stands is kept"
    );
    assert!(held.claims().psychological && held.claims().practitioner);
    let clauses: Vec<&str> = desk
        .case
        .current
        .assessment
        .findings
        .iter()
        .map(|f| f.clause.id())
        .collect();
    for clause in ["III.A.1", "III.A.2", "42 CFR 438.210(d)(2)"] {
        assert_eq!(
            clauses.iter().filter(|id| **id == clause).count(),
            1,
            "{clause}"
        );
    }
}

#[test]
fn on_the_network_way_only_urgency_and_claim_are_recorded() {
    let mut desk = Desk::submitted(request());
    desk.network_access();
    let clocks = desk.case.current.clocks.clone();
    let expedited = at("2026-03-03T10:00:00Z");
    desk.at(at("2026-03-03T20:00:00Z"))
        .expedite(expedited, claim())
        .expect("it is open");
    assert_eq!(desk.case.current.clocks, clocks);
    assert_eq!(desk.case.current.assessment.urgency, Urgency::Urgent);

    // A further claim does not move the receipt from which the hours count.
    let further = at("2026-03-04T10:00:00Z");
    desk.at(further)
        .expedite(further, claim())
        .expect("it is open");
    desk.at(at("2026-03-04T12:00:00Z")).prior_authorization();
    let determination = desk.clock(ClockKind::Determination).expect("it starts");
    assert_eq!(determination.started_at, expedited);
    assert_eq!(determination.due_at(), expedited + HOURS_72);
    assert_eq!(
        desk.due(ClockKind::MemberNotification),
        expedited + HOURS_72
    );
}

#[test]
fn urgent_at_receipt_and_on_the_network_way_the_hours_count_from_receipt() {
    let mut request = urgent_request();
    request.network_availability = Some(crate::support::available());
    request.requested_provider = None;
    let mut desk = Desk::submitted(request);
    assert!(desk.case.current.clocks.is_empty());
    let further = at("2026-03-04T10:00:00Z");
    desk.at(further)
        .expedite(further, claim())
        .expect("it is open");
    desk.at(at("2026-03-06T00:00:00Z"))
        .verify(Verify {
            network_availability: Some(not_available()),
            ..nothing_new()
        })
        .expect("it is open");
    assert_eq!(desk.due(ClockKind::Determination), at(RECEIVED) + HOURS_72);
    assert!(desk.case.current.is_overdue(desk.now), "overdue at once");
}

#[test]
fn it_cannot_have_been_received_before_the_request_itself() {
    let mut desk = Desk::submitted(request());
    for now in [RECEIVED, "2026-03-03T00:00:00Z"] {
        let early = desk
            .at(at(now))
            .expedite(at(RECEIVED) - MICROSECOND, claim());
        assert_eq!(refused_by(early), ["STATE"], "{now}");
    }
    assert_eq!(refused_by(desk.expedite(at(RECEIVED), claim())), [""; 0]);
    assert_eq!(desk.due(ClockKind::Determination), at(RECEIVED) + HOURS_72);
}

#[test]
fn a_case_whose_receipt_lies_ahead_of_the_servers_clock_can_be_expedited_now() {
    // A receipt may be up to 60 s ahead: the callers' clock, not the case, is what differs.
    let mut desk = Desk::submitted(request());
    let now = at(RECEIVED) - TimeDelta::seconds(60);
    assert_eq!(refused_by(desk.at(now).expedite(now, claim())), [""; 0]);
    assert_eq!(desk.due(ClockKind::Determination), at(RECEIVED) + HOURS_72);
}

#[test]
fn urgency_is_never_taken_back() {
    let mut desk = Desk::submitted(urgent_request());
    desk.network_access();
    desk.prior_authorization();
    assert_eq!(desk.case.current.assessment.urgency, Urgency::Urgent);
    let empty = UrgencyClaim {
        psychological_jeopardy: Private::default(),
        practitioner_opinion: None,
        functional_jeopardy: Private::default(),
    };
    let now = desk.now;
    desk.expedite(now, empty)
        .expect("the wire refuses it, the case is not changed by it");
    assert_eq!(desk.case.current.assessment.urgency, Urgency::Urgent);
}
