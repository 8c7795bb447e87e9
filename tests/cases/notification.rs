//! `RecordNotification` (VI.D.2, VI.F, HSC 1367.01(h)(3)): whose telling stops which clock, and how.

use chrono::TimeDelta;
use second_opinion::case::Channel::{Fax, Mail, Phone, Portal};
use second_opinion::case::Recipient::{Member, Representative, RequestingProfessional};
use second_opinion::case::{Channel, NoticeKind, NoticeReference, Requester, Timeliness};
use second_opinion::rules::ClockKind::{MemberNotification, ProviderNotification};
use second_opinion::rules::DenialReasonCode::MemberNotEligible;
use uuid::Uuid;

use crate::support::{
    Desk, ELSEWHERE, MEMBER_DUE, MICROSECOND, RECEIVED, approval, at, denial, professional,
    refused_by, representative, request,
};

const DECIDED: &str = "2026-03-03T18:00:00Z";
const CHANNELS: [Channel; 4] = [Mail, Phone, Portal, Fax];

fn asked_by(requesters: Vec<Requester>) -> Desk {
    let mut request = request();
    request.requesters = requesters;
    let mut desk = Desk::submitted(request);
    desk.at(at(DECIDED));
    desk
}

fn denied(requesters: Vec<Requester>) -> Desk {
    let mut desk = asked_by(requesters);
    desk.deny(denial(&[MemberNotEligible], None))
        .expect("it is borne out");
    desk
}

fn approved(requesters: Vec<Requester>) -> Desk {
    let mut desk = asked_by(requesters);
    desk.approve(approval()).expect("the facts bear it");
    desk
}

#[test]
fn vi_f_of_a_denial_the_members_clock_stops_only_in_writing_that_names_its_letter() {
    for channel in CHANNELS {
        for named in [true, false] {
            let mut desk = denied(vec![Requester::Member]);
            let notice_id = desk.notice_id().filter(|_| named);
            let now = desk.now;
            desk.notify(Member, channel, notice_id, now)
                .expect("it is recorded");
            let stopped = named && matches!(channel, Mail | Portal);
            let expected = if stopped {
                Timeliness::Met
            } else {
                Timeliness::Running
            };
            assert_eq!(
                desk.timeliness(MemberNotification),
                Some(expected),
                "{channel:?} {named}"
            );
            assert_eq!(
                desk.case.current.notifications.len(),
                1,
                "recorded all the same"
            );
        }
    }
}

#[test]
fn vi_f_another_letter_of_the_case_is_not_the_denials() {
    let mut desk = denied(vec![Requester::Member]);
    let mut copy: NoticeReference = desk.case.current.notices[0].clone();
    copy.kind = NoticeKind::ProviderCopy;
    copy.notice_id = Uuid::from_u128(7);
    desk.case.current.notices.push(copy.clone());
    let now = desk.now;
    desk.notify(Member, Mail, Some(copy.notice_id), now)
        .expect("it is recorded");
    assert_eq!(
        desk.timeliness(MemberNotification),
        Some(Timeliness::Running)
    );
}

#[test]
fn vi_d_2_of_an_approval_any_channel_will_do() {
    for channel in CHANNELS {
        let mut desk = approved(vec![Requester::Member]);
        let now = desk.now;
        desk.notify(Member, channel, None, now)
            .expect("it is recorded");
        assert_eq!(
            desk.timeliness(MemberNotification),
            Some(Timeliness::Met),
            "{channel:?}"
        );
    }
}

#[test]
fn a_representative_with_the_authorisation_on_file_counts_as_the_member() {
    for (requesters, counts) in [
        (vec![representative("", true)], true),
        (vec![representative("", false)], false),
        (
            vec![representative("", false), representative("", true)],
            true,
        ),
        (vec![Requester::Member], false),
    ] {
        let mut desk = approved(requesters.clone());
        let now = desk.now;
        desk.notify(Representative, Phone, None, now)
            .expect("it is recorded");
        let stopped = desk.timeliness(MemberNotification) == Some(Timeliness::Met);
        assert_eq!(stopped, counts, "{requesters:?}");

        let mut desk = denied(requesters);
        desk.notify(Representative, Phone, None, now)
            .expect("it is recorded");
        assert_eq!(
            desk.timeliness(MemberNotification),
            Some(Timeliness::Running)
        );
        let notice_id = desk.notice_id();
        desk.notify(Representative, Mail, notice_id, now)
            .expect("it is recorded");
        let stopped = desk.timeliness(MemberNotification) == Some(Timeliness::Met);
        assert_eq!(stopped, counts, "a denial in writing");
    }
}

#[test]
fn hsc_1367_01_h_3_the_professionals_clock_stops_by_any_channel_and_no_other_does() {
    for channel in CHANNELS {
        let mut desk = denied(vec![Requester::Member, professional(ELSEWHERE, "")]);
        let now = desk.now;
        desk.notify(RequestingProfessional, channel, None, now)
            .expect("it is recorded");
        assert_eq!(
            desk.timeliness(ProviderNotification),
            Some(Timeliness::Met),
            "{channel:?}"
        );
        assert_eq!(
            desk.timeliness(MemberNotification),
            Some(Timeliness::Running)
        );
    }
    let mut desk = approved(vec![Requester::Member, professional(ELSEWHERE, "")]);
    let now = desk.now;
    desk.notify(Member, Mail, None, now)
        .expect("it is recorded");
    assert_eq!(
        desk.timeliness(ProviderNotification),
        Some(Timeliness::Running)
    );
    // Where no professional asked there is nothing to stop.
    let mut desk = approved(vec![Requester::Member]);
    desk.notify(RequestingProfessional, Fax, None, now)
        .expect("it is recorded");
    assert_eq!(desk.timeliness(ProviderNotification), None);
}

#[test]
fn the_clock_stops_at_notified_at_and_on_time_is_strictly_before_it_is_due() {
    let due = at(MEMBER_DUE);
    for (notified_at, kept) in [
        (due - MICROSECOND, Timeliness::Met),
        (due, Timeliness::Missed),
    ] {
        let mut desk = approved(vec![Requester::Member]);
        desk.at(due + TimeDelta::days(1));
        desk.notify(Member, Mail, None, notified_at)
            .expect("it is recorded");
        assert_eq!(
            desk.timeliness(MemberNotification),
            Some(kept),
            "{notified_at}"
        );
        // A later telling is recorded and changes nothing.
        let now = desk.now;
        desk.notify(Member, Mail, None, now)
            .expect("any number of times");
        assert_eq!(desk.timeliness(MemberNotification), Some(kept));
        assert_eq!(desk.case.current.notifications.len(), 2);
    }
}

#[test]
fn no_one_was_told_of_a_decision_before_it_was_made() {
    for mut desk in [
        approved(vec![Requester::Member]),
        denied(vec![Requester::Member]),
    ] {
        for now in [at(DECIDED), at(DECIDED) + TimeDelta::hours(1)] {
            desk.at(now);
            let early = desk.notify(Member, Mail, None, at(DECIDED) - MICROSECOND);
            assert_eq!(refused_by(early), ["STATE"], "{now}");
        }
        assert_eq!(
            refused_by(desk.notify(Member, Mail, None, at(DECIDED))),
            [""; 0]
        );
    }
}

#[test]
fn a_decision_made_by_a_server_whose_clock_is_ahead_can_be_told_now() {
    let mut desk = approved(vec![Requester::Member]);
    let now = at(DECIDED) - MICROSECOND;
    desk.at(now);
    assert_eq!(refused_by(desk.notify(Member, Phone, None, now)), [""; 0]);
    let told = desk.case.current.notifications[0].notified_at;
    assert_eq!(told, at(DECIDED), "never before the decision");
}

#[test]
fn a_letter_that_is_not_one_of_the_cases_is_not_found() {
    let mut desk = denied(vec![Requester::Member]);
    let now = desk.now;
    let result = desk.notify(Member, Mail, Some(Uuid::from_u128(9)), now);
    assert_eq!(refused_by(result), ["NOT_FOUND"]);
}

#[test]
fn without_authorisation_only_while_a_clock_runs() {
    let mut desk = Desk::submitted(request());
    desk.network_access();
    let now = desk.now;
    desk.notify(RequestingProfessional, Phone, None, now)
        .expect("a clock runs");
    desk.notify(Member, Phone, None, now).expect("a clock runs");
    assert_eq!(desk.timeliness(MemberNotification), Some(Timeliness::Met));
    assert_eq!(refused_by(desk.notify(Member, Phone, None, now)), ["STATE"]);

    // A case that needed none from the start has no clock, so there is no one to tell.
    let mut request = request();
    request.requested_provider = None;
    request.network_availability = Some(crate::support::available());
    let mut desk = Desk::submitted(request);
    assert_eq!(
        refused_by(desk.notify(Member, Phone, None, at(RECEIVED))),
        ["STATE"]
    );
}

#[test]
fn on_the_network_way_the_member_can_still_be_told_late() {
    let mut desk = Desk::submitted(request());
    desk.network_access();
    let late = at(MEMBER_DUE);
    desk.at(late)
        .notify(Member, Mail, None, late)
        .expect("a clock runs");
    assert_eq!(
        desk.timeliness(MemberNotification),
        Some(Timeliness::Missed)
    );
}

#[test]
fn vi_a_no_one_is_told_of_the_network_before_the_letter_that_says_so() {
    let mut desk = asked_by(vec![Requester::Member]);
    desk.network_access();
    let before = at(DECIDED) - TimeDelta::microseconds(1);
    let early = desk.notify(Member, Phone, None, before);
    assert_eq!(refused_by(early), ["STATE"]);
    assert!(desk.clock(MemberNotification).expect("a clock").runs());
    desk.notify(Member, Phone, None, at(DECIDED))
        .expect("it was said by then");
    assert!(!desk.clock(MemberNotification).expect("a clock").runs());
}
