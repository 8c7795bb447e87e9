//! Metrics of the policy's deadlines, as the clock moves.

use std::sync::atomic::Ordering;

use chrono::{DateTime, TimeDelta, Utc};
use second_opinion::wire::v1;

use crate::decisions::{submit, with_alternative};
use crate::faults::{NO_FAULT, UNAVAILABLE};
use crate::ops::{start_with_faults, value, wait_for};
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

async fn notify(client: &mut Client, case: &v1::Determination, notification: v1::Notification) {
    let request = v1::RecordNotificationRequest {
        request_id: id(),
        determination_id: case.determination_id.clone(),
        notification: Some(notification),
        ..v1::RecordNotificationRequest::default()
    };
    client
        .record_notification(request)
        .await
        .expect("a notification");
}

fn by_phone(recipient: v1::Recipient) -> v1::Notification {
    v1::Notification {
        recipient: recipient.into(),
        channel: v1::NotificationChannel::Phone.into(),
        ..v1::Notification::default()
    }
}

/// An urgent request of a professional: the decision and the member's notification are each due after 72 hours.
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
async fn vi_d_deadline_metrics_follow_the_clock() {
    let server = TestServer::start().await;
    let mut client = server.reviewer().await;
    wait_for(&server, &open("determination", "more"), 0.0).await;
    let case = submit(&mut client, urgent()).await;
    // Exactly 72 hours are not in the band under 72 hours.
    let metrics = wait_for(&server, &open("determination", "more"), 1.0).await;
    let expected = [
        (open("member_notification", "more"), Some(1.0)),
        (open("provider_notification", "more"), Some(0.0)),
        (next_due("determination"), Some(72.0 * 3_600.0)),
        (next_due("provider_notification"), None),
    ];
    for (series, expected) in expected {
        assert_eq!(value(&metrics, &series), expected, "{series}");
    }
    // An approval after 50 hours is in time. The professional's notification is due in 24 hours, the member's in the 22 left.
    server.clock.set(monday() + TimeDelta::hours(50));
    let metrics = wait_for(&server, &open("determination", "lt_24h"), 1.0).await;
    let oldest = "second_opinion_oldest_undecided_seconds";
    assert_eq!(value(&metrics, oldest), Some(180_000.0));
    // A repeated request is counted once.
    let request = approval(&case.determination_id);
    for _ in 0..2 {
        let approved = client.issue_approval(request.clone()).await;
        approved.expect("an approval");
    }
    let metrics = wait_for(&server, &open("provider_notification", "lt_72h"), 1.0).await;
    let decided = |rest: &str| format!("second_opinion_decision_seconds{rest}");
    let expected = [
        (open("determination", "lt_24h"), Some(0.0)),
        (next_due("determination"), None),
        (open("member_notification", "lt_24h"), Some(1.0)),
        (stopped("determination", "met"), Some(1.0)),
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
        assert_eq!(value(&metrics, &series), expected, "{series}");
    }
    // The member is notified in time, the professional too late.
    notify(&mut client, &case, by_phone(v1::Recipient::Member)).await;
    server.clock.set(monday() + TimeDelta::hours(74));
    wait_for(&server, &open("provider_notification", "overdue"), 1.0).await;
    let late = by_phone(v1::Recipient::RequestingProfessional);
    notify(&mut client, &case, late).await;
    let metrics = wait_for(&server, &open("provider_notification", "overdue"), 0.0).await;
    for (clock, outcome) in [
        ("provider_notification", "missed"),
        ("member_notification", "met"),
    ] {
        let count = value(&metrics, &stopped(clock, outcome));
        assert_eq!(count, Some(1.0), "{clock}");
    }
    assert!(
        !metrics
            .lines()
            .any(|line| line.starts_with("second_opinion_next_due_seconds{"))
    );
}

#[tokio::test]
async fn vi_d_2_routine_request_moves_through_every_time_left_band() {
    // Received on Monday morning, due at the end of the 23rd in California.
    let due: DateTime<Utc> = "2026-11-24T08:00:00Z".parse().expect("an instant");
    let microsecond = TimeDelta::microseconds(1);
    let mut server = TestServer::start().await;
    let mut client = server.reviewer().await;
    let case = submit(&mut client, with_alternative()).await;
    for (left, band) in [
        (TimeDelta::hours(72), "more"),
        (TimeDelta::hours(72) - microsecond, "lt_72h"),
        (TimeDelta::hours(24), "lt_72h"),
        (TimeDelta::hours(24) - microsecond, "lt_24h"),
        (TimeDelta::hours(4), "lt_24h"),
        (TimeDelta::hours(4) - microsecond, "lt_4h"),
        (microsecond, "lt_4h"),
        (TimeDelta::zero(), "overdue"),
        (TimeDelta::days(-30), "overdue"),
    ] {
        server.clock.set(due - left);
        let metrics = wait_for(&server, &open("member_notification", band), 1.0).await;
        let seconds = value(&metrics, &next_due("member_notification")).expect("a running clock");
        assert!(
            (seconds - left.as_seconds_f64()).abs() < 0.001,
            "{seconds}, not {left}"
        );
    }
    // A late notification misses the deadline.
    let denied = client.issue_denial(denial(&case.determination_id)).await;
    let denied = denied
        .expect("a denial")
        .into_inner()
        .determination
        .expect("a determination");
    let in_writing = v1::Notification {
        channel: v1::NotificationChannel::Mail.into(),
        notice_id: denied.notices[0].notice_id.clone(),
        ..by_phone(v1::Recipient::Member)
    };
    notify(&mut client, &case, in_writing).await;
    let metrics = wait_for(&server, &open("member_notification", "overdue"), 0.0).await;
    let missed = stopped("member_notification", "missed");
    assert_eq!(value(&metrics, &missed), Some(1.0));
    let running =
        |line: &&str| line.starts_with("second_opinion_open_cases{") && !line.ends_with(" 0");
    assert_eq!(metrics.lines().find(running), None);
    assert!(server.stop().await, "every call could finish");
}

#[tokio::test]
async fn unavailable_store_leaves_the_metrics_and_their_age_grows() {
    let (server, fault) = start_with_faults(9).await;
    let mut client = server.reviewer().await;
    submit(&mut client, second_opinion()).await;
    let more = open("member_notification", "more");
    wait_for(&server, &more, 1.0).await;
    fault.store(UNAVAILABLE, Ordering::SeqCst);
    let metrics = wait_for(&server, "second_opinion_dials_age_seconds", 1.0).await;
    assert_eq!(value(&metrics, &more), Some(1.0));
    fault.store(NO_FAULT, Ordering::SeqCst);
    wait_for(&server, "second_opinion_dials_age_seconds", 0.0).await;
}
