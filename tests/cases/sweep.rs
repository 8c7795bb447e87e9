//! What is told as time runs out, to the microsecond, and never twice (VI.D, 42 CFR 438.404(c)(5)).

use chrono::{DateTime, TimeDelta, Utc};
use second_opinion::case::{
    Actor, Case, Channel, ClockEvent, EVENTS_MAX, EventBody, NoticeKind, Recipient, SecondOpinion,
    State, Timeliness, first_due,
};
use second_opinion::rules::ClockKind::{Determination, MemberNotification, ProviderNotification};
use second_opinion::rules::{ClockKind, DenialReasonCode::MemberNotEligible, Policy};

use crate::support::{
    Desk, MEMBER_DUE, MICROSECOND, RECEIVED, RUNGS, approval, at, claim, denial, professional,
    request, urgent_request,
};

/// What the desk is told when it is asked at an instant, in order: the clock, and the rung or `None` for run out.
fn told(desk: &mut Desk, now: DateTime<Utc>) -> Vec<(ClockKind, Option<u8>)> {
    let from = desk.events.len();
    desk.at(now).sweep();
    desk.events[from..]
        .iter()
        .map(|event| match &event.body {
            EventBody::DueSoon(soon) => (soon.clock, Some(soon.elapsed_percent)),
            EventBody::Overdue(overdue) => (overdue.clock, None),
            other => panic!("{other:?}"),
        })
        .collect()
}

fn hours(desk: &Desk, hours: i64) -> DateTime<Utc> {
    desk.case.current.request.received_at + TimeDelta::hours(hours)
}

/// A clock's instants by hand: as much of the time between its start and its due instant.
fn gone(desk: &Desk, kind: ClockKind, percent: i32) -> DateTime<Utc> {
    let clock = desk.clock(kind).expect("the clock was started");
    clock.started_at + (clock.due_at() - clock.started_at) * percent / 100
}

#[test]
fn vi_d_2_each_rung_and_the_end_of_a_routine_clock_is_told_once_and_not_a_microsecond_early() {
    let mut desk = Desk::submitted(request());
    // 181 hours lie between the receipt and the end of the fifth business day, an hour having been skipped.
    let steps = [
        ("2026-03-06T12:30:00Z", Some(50)),
        ("2026-03-08T09:45:00Z", Some(75)),
        ("2026-03-09T12:54:00Z", Some(90)),
        (MEMBER_DUE, None),
    ];
    for (instant, rung) in steps {
        assert_eq!(desk.case.next_sweep(&RUNGS), Some(at(instant)));
        assert_eq!(told(&mut desk, at(instant) - MICROSECOND), []);
        assert_eq!(told(&mut desk, at(instant)), [(MemberNotification, rung)]);
        assert_eq!(told(&mut desk, at(instant) + MICROSECOND), []);
    }
    assert_eq!(desk.case.next_sweep(&RUNGS), None);
    assert_eq!(told(&mut desk, at("2027-01-01T00:00:00Z")), []);
}

#[test]
fn vi_d_1_both_clocks_of_an_urgent_request_are_told() {
    let mut desk = Desk::submitted(urgent_request());
    for (hour, rung) in [(36, Some(50)), (54, Some(75)), (72, None)] {
        let now = hours(&desk, hour);
        assert_eq!(
            told(&mut desk, now - MICROSECOND).len(),
            usize::from(hour == 72) * 2
        );
        let both = [(Determination, rung), (MemberNotification, rung)];
        assert_eq!(told(&mut desk, now), both, "after {hour} hours");
    }
    assert_eq!(letters(&desk, NoticeKind::Lapse), 1, "one letter a case");
}

fn letters(desk: &Desk, kind: NoticeKind) -> usize {
    let notices = desk.case.current.notices.iter();
    notices.filter(|notice| notice.kind == kind).count()
}

#[test]
fn rungs_that_passed_unseen_are_told_in_order_and_none_once_the_clock_has_run_out() {
    let routine = || Desk::submitted(request());
    let late = gone(&routine(), MemberNotification, 89);
    let member = |rung| (MemberNotification, rung);
    for (now, expected) in [
        (late, vec![member(Some(50)), member(Some(75))]),
        (
            at(MEMBER_DUE) - MICROSECOND,
            RUNGS.map(|rung| member(Some(rung))).to_vec(),
        ),
        (at(MEMBER_DUE), vec![member(None)]),
        (at("2027-01-01T00:00:00Z"), vec![member(None)]),
    ] {
        assert_eq!(told(&mut routine(), now), expected, "at {now}");
    }
}

#[test]
fn vi_d_received_so_long_ago_that_time_has_run_out_is_told_at_once() {
    let mut desk = Desk::submitted_at(request(), at(MEMBER_DUE) + TimeDelta::days(30));
    assert_eq!(
        desk.case.next_sweep(&RUNGS),
        Some(gone(&desk, MemberNotification, 50))
    );
    let now = desk.now;
    assert_eq!(told(&mut desk, now), [(MemberNotification, None)]);
    assert_eq!(letters(&desk, NoticeKind::Lapse), 1);
    assert_eq!(desk.case.next_sweep(&RUNGS), None);
}

#[test]
fn iii_a_an_expedited_request_is_told_by_its_new_due_instant_and_no_rung_twice() {
    let mut desk = Desk::submitted(request());
    let half = gone(&desk, MemberNotification, 50);
    assert_eq!(told(&mut desk, half), [(MemberNotification, Some(50))]);
    // The 72 hours from here on end before the fifth business day does.
    let since = at("2026-03-06T20:00:00Z");
    desk.at(since).expedite(since, claim()).expect("it is open");
    let due = since + TimeDelta::hours(72);
    assert_eq!(desk.due(MemberNotification), due);
    assert_eq!(told(&mut desk, since), []);
    // Half of the member's clock has gone again, and was told.
    let three_quarters = gone(&desk, MemberNotification, 75);
    assert!(three_quarters < since + TimeDelta::hours(36));
    assert_eq!(
        told(&mut desk, three_quarters),
        [(MemberNotification, Some(75))]
    );
    assert_eq!(
        told(&mut desk, since + TimeDelta::hours(36)),
        [(Determination, Some(50))]
    );
    let both_ran_out = [(Determination, None), (MemberNotification, None)];
    assert_eq!(told(&mut desk, due), both_ran_out);
}

#[test]
fn iii_a_an_expedited_request_can_owe_several_rungs_at_once() {
    let mut desk = Desk::submitted(request());
    // Four days in, a request to expedite that was received after one: its 72 hours end now, but for an hour.
    let now = hours(&desk, 95);
    desk.at(now)
        .expedite(hours(&Desk::submitted(request()), 24), claim())
        .expect("it is open");
    let kinds = [MemberNotification, Determination];
    let owed = told(&mut desk, now);
    for kind in kinds {
        let rungs = owed.iter().filter(|(clock, _)| *clock == kind);
        let rungs: Vec<_> = rungs.filter_map(|(_, rung)| *rung).collect();
        assert_eq!(rungs, RUNGS, "{kind:?}");
    }
}

#[test]
fn vi_a_a_clock_that_stops_and_runs_again_is_told_what_was_not() {
    let mut desk = Desk::submitted(urgent_request());
    let now = hours(&desk, 36);
    assert_eq!(told(&mut desk, now).len(), 2);
    desk.network_access();
    // The decision is not waited for any more, the member still is.
    let now = hours(&desk, 54);
    assert_eq!(told(&mut desk, now), [(MemberNotification, Some(75))]);
    desk.prior_authorization();
    let now = hours(&desk, 55);
    assert_eq!(told(&mut desk, now), [(Determination, Some(75))]);
    desk.network_access();
    let now = hours(&desk, 80);
    assert_eq!(told(&mut desk, now), [(MemberNotification, None)]);
    assert_eq!(
        letters(&desk, NoticeKind::Lapse),
        0,
        "nothing was to be decided"
    );
    desk.prior_authorization();
    let now = hours(&desk, 81);
    assert_eq!(told(&mut desk, now), [(Determination, None)]);
    assert_eq!(letters(&desk, NoticeKind::Lapse), 1);
}

#[test]
fn hsc_1367_01_what_runs_after_a_decision_is_told_and_no_lapse_letter_is_made() {
    let mut asked = request();
    asked
        .requesters
        .push(professional(crate::support::ELSEWHERE, "Dr. Who Asked"));
    let mut desk = Desk::submitted(asked);
    desk.approve(approval()).expect("the facts bear it");
    let now = hours(&desk, 24);
    assert_eq!(told(&mut desk, now - MICROSECOND).len(), 3);
    assert_eq!(told(&mut desk, now), [(ProviderNotification, None)]);
    desk.notify(Recipient::Member, Channel::Phone, None, now)
        .expect("it was decided");
    assert_eq!(
        told(&mut desk, at(MEMBER_DUE)),
        [],
        "stopped clocks are quiet"
    );
    assert_eq!(desk.case.next_sweep(&RUNGS), None);
    assert_eq!(letters(&desk, NoticeKind::Lapse), 0);
}

#[test]
fn a_clock_whose_end_lies_before_its_start_is_overdue_at_its_end() {
    let mut desk = Desk::submitted(request());
    // The server's clock is set back before the decision, and what follows from a denial is due in that past.
    desk.at(at(RECEIVED) - TimeDelta::days(30))
        .deny(denial(&[MemberNotEligible], None))
        .expect("it is pending");
    let clock = desk.clock(MemberNotification).expect("it was started");
    let (start, end) = (clock.started_at, clock.due_at());
    assert!(end < start, "{end} {start}");
    assert_eq!(desk.case.next_sweep(&RUNGS), Some(end));
    assert_eq!(told(&mut desk, end), [(MemberNotification, None)]);
}

#[test]
fn a_case_stands_in_the_worklist_by_the_first_of_its_clocks_stopped_or_not() {
    let mut desk = Desk::submitted(request());
    assert_eq!(first_due(&desk.case.current.clocks), Some(at(MEMBER_DUE)));
    let expedited = at("2026-03-09T18:00:00Z");
    desk.at(expedited)
        .expedite(expedited, claim())
        .expect("it is open");
    assert_eq!(first_due(&desk.case.current.clocks), Some(at(MEMBER_DUE)));
    desk.withdraw(second_opinion::case::Requester::Member)
        .expect("it is open");
    assert_eq!(desk.case.current.due_at(), None);
    assert_eq!(first_due(&desk.case.current.clocks), Some(at(MEMBER_DUE)));
    let mut urgent = Desk::submitted(urgent_request()).case.current.clocks;
    assert_eq!(
        first_due(&urgent),
        Some(at(RECEIVED) + TimeDelta::hours(72))
    );
    urgent.clear();
    assert_eq!(first_due(&urgent), None);
}

#[test]
fn no_one_is_told_where_no_clock_runs() {
    let mut withdrawn = Desk::submitted(request());
    withdrawn
        .withdraw(second_opinion::case::Requester::Member)
        .expect("it is open");
    let mut network = Desk::submitted(network_request());
    for desk in [&mut withdrawn, &mut network] {
        assert_eq!(desk.case.next_sweep(&RUNGS), None);
        assert_eq!(told(desk, at("2027-01-01T00:00:00Z")), []);
    }
}

fn network_request() -> SecondOpinion {
    let mut request = request();
    request.network_availability = Some(crate::support::available());
    if let Some(provider) = &mut request.requested_provider {
        provider.network_status = second_opinion::case::NetworkStatus::InNetwork;
    }
    request
}

#[test]
fn where_the_plan_sends_no_lapse_letter_overdue_is_told_without_one() {
    let mut desk = Desk::submitted(request());
    desk.post.send_no_lapse();
    assert_eq!(
        told(&mut desk, at(MEMBER_DUE)),
        [(MemberNotification, None)]
    );
    assert_eq!(letters(&desk, NoticeKind::Lapse), 0);
}

#[test]
fn only_a_person_denies_and_what_is_told_changes_nothing_but_what_was_told() {
    let mut desk = Desk::submitted(request());
    let before = desk.case.clone();
    assert_eq!(told(&mut desk, at(MEMBER_DUE) - MICROSECOND).len(), 3);
    assert_eq!(told(&mut desk, at(MEMBER_DUE)).len(), 1);
    let after = desk.case.clone();
    assert_eq!(after.etag(), before.etag());
    assert_eq!(
        (after.updated_at, after.version),
        (before.updated_at, before.version + 4)
    );
    assert_ne!(after.head, before.head);
    assert_eq!(desk.events[4].actor, Actor::sweeper());
    let mut current = after.current.clone();
    assert_eq!(current.state, State::PendingReview);
    assert_eq!(current.notices.len(), 1);
    current.notices.clear();
    current.reminders.clear();
    assert_eq!(current, before.current);
    // What was lapsed can be decided all the same.
    assert_eq!(
        desk.timeliness(MemberNotification),
        Some(Timeliness::Overdue)
    );
    let mut denied = Desk::submitted(request());
    told(&mut denied, at(MEMBER_DUE));
    denied
        .deny(denial(&[MemberNotEligible], None))
        .expect("it is borne out");
    desk.approve(approval()).expect("the facts bear it");
    assert_ne!(desk.case.etag(), before.etag());
}

#[test]
fn other_rungs_than_before_are_told_from_the_highest_told_one_on() {
    let mut desk = Desk::submitted(request());
    let half = gone(&desk, MemberNotification, 50);
    assert_eq!(told(&mut desk, half).len(), 1);
    for (rungs, next) in [
        (vec![], at(MEMBER_DUE)),
        (vec![25, 50], at(MEMBER_DUE)),
        (vec![25, 60], gone(&desk, MemberNotification, 60)),
        (vec![99], gone(&desk, MemberNotification, 99)),
    ] {
        assert_eq!(desk.case.next_sweep(&rungs), Some(next), "{rungs:?}");
        assert_eq!(desk.case.sweep(next - MICROSECOND, &rungs), None);
        assert!(desk.case.sweep(next, &rungs).is_some(), "{rungs:?}");
    }
}

#[test]
fn an_event_that_is_there_twice_folds_to_no_case() {
    let mut desk = Desk::submitted(request());
    let soon = desk.case.sweep(gone(&desk, MemberNotification, 75), &[75]);
    let soon = EventBody::from(soon.expect("owed"));
    let overdue = desk.case.sweep(at(MEMBER_DUE), &RUNGS).expect("owed");
    let ClockEvent::Overdue(overdue) = overdue else {
        panic!("{overdue:?}");
    };
    let mut of_another = overdue.clone();
    of_another.due_at += MICROSECOND;
    let overdue = EventBody::from(overdue);
    let mut current = desk.case.current.clone();
    assert!(!current.apply(&of_another.into()));
    assert!(current.apply(&soon));
    assert!(!current.apply(&soon), "twice");
    assert!(current.apply(&overdue));
    assert!(!current.apply(&overdue), "twice");
    desk.withdraw(second_opinion::case::Requester::Member)
        .expect("it is open");
    assert!(!desk.case.current.apply(&overdue), "its clock was stopped");
}

/// A case that is as long as this.
fn with_events(version: u32) -> Case {
    let mut case = Desk::submitted(urgent_request()).case;
    case.version = version;
    case
}

#[test]
fn the_last_places_of_a_case_are_its_callers_own() {
    let now = at(RECEIVED) + TimeDelta::hours(36);
    let due = at(RECEIVED) + TimeDelta::hours(72);
    for (version, soon, overdue) in [
        (1, true, true),
        (EVENTS_MAX - 14, true, true),
        (EVENTS_MAX - 13, false, true),
        (EVENTS_MAX - 11, false, true),
        (EVENTS_MAX - 10, false, false),
        (EVENTS_MAX, false, false),
    ] {
        let case = with_events(version);
        assert_eq!(case.sweep(now, &RUNGS).is_some(), soon, "{version}");
        assert_eq!(case.sweep(due, &RUNGS).is_some(), overdue, "{version}");
        let next = case.next_sweep(&RUNGS);
        assert_eq!(next, overdue.then_some(if soon { now } else { due }));
    }
}

#[test]
fn without_the_limits_of_law_the_policy_s_own_clock_is_told() {
    let policy = Policy {
        law_limits: false,
        ..Policy::default()
    };
    let mut desk = Desk::submitted_under(urgent_request(), policy);
    let now = hours(&desk, 72);
    assert_eq!(told(&mut desk, now), [(Determination, None)]);
}
