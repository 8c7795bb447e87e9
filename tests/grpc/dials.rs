//! Do the policy's deadlines stand on the dials where they should, whatever the clock says?

use std::sync::atomic::Ordering;

use chrono::{DateTime, TimeDelta, Utc};
use second_opinion::wire::v1;

use crate::decisions::{submit, with_alternative};
use crate::faults::{NO_FAULT, UNAVAILABLE};
use crate::ops::{faulty, once, value};
use crate::support::messages::{approval, denial, id, professional_requester, second_opinion};
use crate::support::server::{Client, TestServer, monday};

fn open(clock: &str, time_left: &str) -> String {
    format!("second_opinion_open_cases{{clock=\"{clock}\",time_left=\"{time_left}\"}}")
}

fn next_due(clock: &str) -> String {
    format!("second_opinion_next_due_seconds{{clock=\"{clock}\"}}")
}

fn stopped(clock: &str, outcome: &str) -> String {
    format!("second_opinion_clocks_stopped_total{{clock=\"{clock}\",outcome=\"{outcome}\"}}")
}

async fn told(client: &mut Client, case: &v1::Determination, notification: v1::Notification) {
    let request = v1::RecordNotificationRequest {
        request_id: id(),
        determination_id: case.determination_id.clone(),
        notification: Some(notification),
        ..v1::RecordNotificationRequest::default()
    };
    client.record_notification(request).await.expect("told");
}

fn by_phone(recipient: v1::Recipient) -> v1::Notification {
    v1::Notification {
        recipient: recipient.into(),
        channel: v1::NotificationChannel::Phone.into(),
        ..v1::Notification::default()
    }
}

/// A professional asks in a hurry: the decision and the member's notice are each due after 72 hours.
fn urgent() -> v1::SecondOpinion {
    v1::SecondOpinion {
        requesters: vec![professional_requester()],
        urgency_claim: Some(v1::UrgencyClaim {
            psychological_jeopardy: "The wait itself does harm.".to_owned(),
            ..v1::UrgencyClaim::default()
        }),
        ..second_opinion()
    }
}

#[tokio::test]
async fn vi_d_deadlines_show_where_they_stand_as_the_clock_moves() {
    let server = TestServer::start().await;
    let mut client = server.reviewer().await;
    once(&server, &open("determination", "more"), 0.0).await;
    let case = submit(&mut client, urgent()).await;
    // 72 hours are not less than 72 hours.
    let seen = once(&server, &open("determination", "more"), 1.0).await;
    let expected = [
        (open("member_notification", "more"), Some(1.0)),
        (open("provider_notification", "more"), Some(0.0)),
        (next_due("determination"), Some(72.0 * 3_600.0)),
        (next_due("provider_notification"), None),
    ];
    for (series, expected) in expected {
        assert_eq!(value(&seen, &series), expected, "{series}");
    }
    // After 50 hours it is approved: in time. Who asked is to be told within 24 hours, the member within the 22 left.
    server.clock.set(monday() + TimeDelta::hours(50));
    let seen = once(&server, &open("determination", "lt_24h"), 1.0).await;
    let oldest = "second_opinion_oldest_undecided_seconds";
    assert_eq!(value(&seen, oldest), Some(180_000.0));
    let approved = client.issue_approval(approval(&case.determination_id));
    approved.await.expect("an approval");
    let seen = once(&server, &stopped("determination", "met"), 1.0).await;
    let decided = |rest: &str| format!("second_opinion_decision_seconds{rest}");
    let expected = [
        (open("determination", "lt_24h"), Some(0.0)),
        (next_due("determination"), None),
        (open("member_notification", "lt_24h"), Some(1.0)),
        (open("provider_notification", "lt_72h"), Some(1.0)),
        (oldest.to_owned(), Some(0.0)),
        (
            decided("_bucket{urgency=\"urgent\",le=\"172800\"}"),
            Some(0.0),
        ),
        (
            decided("_bucket{urgency=\"urgent\",le=\"259200\"}"),
            Some(1.0),
        ),
        (decided("_count{urgency=\"urgent\"}"), Some(1.0)),
        (decided("_sum{urgency=\"urgent\"}"), Some(180_000.0)),
        (decided("_count{urgency=\"routine\"}"), Some(0.0)),
    ];
    for (series, expected) in expected {
        assert_eq!(value(&seen, &series), expected, "{series}");
    }
    // The member is told in time, and who asked too late.
    told(&mut client, &case, by_phone(v1::Recipient::Member)).await;
    server.clock.set(monday() + TimeDelta::hours(74));
    once(&server, &open("provider_notification", "overdue"), 1.0).await;
    let late = by_phone(v1::Recipient::RequestingProfessional);
    told(&mut client, &case, late).await;
    let seen = once(&server, &stopped("provider_notification", "missed"), 1.0).await;
    let met = stopped("member_notification", "met");
    assert_eq!(value(&seen, &met), Some(1.0));
    assert!(
        !seen
            .lines()
            .any(|line| line.starts_with("second_opinion_next_due_seconds{"))
    );
}

#[tokio::test]
async fn vi_d_2_a_routine_request_comes_nearer_its_due_instant_band_by_band() {
    // Received on Monday morning, it is due as the 23rd ends in California.
    let due: DateTime<Utc> = "2026-11-24T08:00:00Z".parse().expect("an instant");
    let moment = TimeDelta::microseconds(1);
    let mut server = TestServer::start().await;
    let mut client = server.reviewer().await;
    let case = submit(&mut client, with_alternative()).await;
    for (left, band) in [
        (TimeDelta::hours(72), "more"),
        (TimeDelta::hours(72) - moment, "lt_72h"),
        (TimeDelta::hours(24), "lt_72h"),
        (TimeDelta::hours(24) - moment, "lt_24h"),
        (TimeDelta::hours(4), "lt_24h"),
        (TimeDelta::hours(4) - moment, "lt_4h"),
        (moment, "lt_4h"),
        (TimeDelta::zero(), "overdue"),
        (TimeDelta::days(-30), "overdue"),
    ] {
        server.clock.set(due - left);
        let seen = once(&server, &open("member_notification", band), 1.0).await;
        let shown = value(&seen, &next_due("member_notification")).expect("a clock runs");
        assert!(
            (shown - left.as_seconds_f64()).abs() < 0.001,
            "{shown}, not {left}"
        );
    }
    // Told too late, it is missed.
    let denied = client.issue_denial(denial(&case.determination_id)).await;
    let denied = denied
        .expect("a denial")
        .into_inner()
        .determination
        .expect("it");
    let in_writing = v1::Notification {
        channel: v1::NotificationChannel::Mail.into(),
        notice_id: denied.notices[0].notice_id.clone(),
        ..by_phone(v1::Recipient::Member)
    };
    told(&mut client, &case, in_writing).await;
    let seen = once(&server, &stopped("member_notification", "missed"), 1.0).await;
    let running =
        |line: &&str| line.starts_with("second_opinion_open_cases{") && !line.ends_with(" 0");
    assert_eq!(seen.lines().find(running), None);
    assert!(server.stop().await, "every call could finish");
}

#[tokio::test]
async fn a_store_that_does_not_answer_leaves_the_figures_and_their_age_tells() {
    let (server, fault) = faulty(9).await;
    let mut client = server.reviewer().await;
    submit(&mut client, second_opinion()).await;
    let more = open("member_notification", "more");
    once(&server, &more, 1.0).await;
    fault.store(UNAVAILABLE, Ordering::SeqCst);
    let seen = once(&server, "second_opinion_dials_age_seconds", 1.0).await;
    assert_eq!(value(&seen, &more), Some(1.0));
    fault.store(NO_FAULT, Ordering::SeqCst);
    once(&server, "second_opinion_dials_age_seconds", 0.0).await;
}
