//! The sweeper: due-soon and overdue events, in order and once each, and what they change.

use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use second_opinion::config::{self, Config};
use second_opinion::store::{Store, verify_log};
use second_opinion::wire::v1::{self, EventType};
use tonic::Streaming;

use crate::decisions::{read_letter, submit, with_alternative};
use crate::faults::{FaultyStore, NO_FAULT, UNAVAILABLE};
use crate::support::messages::{approval, denial, get, second_opinion, submission, timestamp};
use crate::support::server::{Client, TestServer, monday};
use crate::watching::{next, watch};

/// Short, so that no test waits for the sweeper.
const SWEEP_INTERVAL: Duration = Duration::from_millis(5);
/// The due time of a request of Monday morning: the end of the fifth business day, which is also the seventh calendar day.
const DUE_AT: &str = "2026-11-24T08:00:00Z";

/// The instant at which a part of a Monday request's time has elapsed, of 182 hours from 10:00 to midnight of the 23rd.
fn elapsed(percent: i32) -> DateTime<Utc> {
    monday() + TimeDelta::hours(182) * percent / 100
}

async fn start(store: Option<Arc<dyn Store>>) -> TestServer {
    let config = Config::default();
    TestServer::start_sweeping(&config, SWEEP_INTERVAL, monday(), |own| {
        store.unwrap_or(own)
    })
    .await
}

/// The next event of a watch, without heartbeats.
async fn next_event(
    stream: &mut Streaming<v1::WatchDeterminationsResponse>,
) -> v1::DeterminationEvent {
    loop {
        if let Some(event) = next(stream).await.event {
            return event;
        }
    }
}

async fn read(client: &mut Client, id: &str, view: v1::View) -> v1::Determination {
    let answer = client
        .get_determination(get(id, view))
        .await
        .expect("an answer");
    *answer.into_inner().determination.expect("a determination")
}

/// An event without its case.
fn shape(event: &v1::DeterminationEvent) -> (i64, EventType, v1::State) {
    (event.version, event.r#type(), event.state())
}

const PENDING: v1::State = v1::State::PendingReview;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn vi_d_sweeper_events_come_once_over_a_restart_and_decide_nothing() {
    let mut server = start(None).await;
    let mut client = server.reviewer().await;
    let submission = submission(with_alternative());
    let submitted = client.submit_second_opinion(submission.clone()).await;
    let case = submitted
        .expect("an answer")
        .into_inner()
        .determination
        .expect("a determination");
    let id = case.determination_id.clone();
    let mut stream = watch(&mut client, "0").await;
    assert_eq!(next_event(&mut stream).await.r#type(), EventType::Submitted);
    for (version, percent) in [(2, 50), (3, 75)] {
        server.clock.set(elapsed(percent));
        let soon = next_event(&mut stream).await;
        assert_eq!(shape(&soon), (version, EventType::DueSoon, PENDING));
        assert_eq!(soon.determination_id, id);
        assert_eq!(soon.due_at, Some(timestamp(DUE_AT)));
        let now = second_opinion::wire::render::timestamp(elapsed(percent));
        assert_eq!(soon.occurred_at, Some(now));
    }
    assert!(server.stop().await, "every call could finish");

    // Another server on the same store, at an instant at which no event is due.
    let store = server.reopen_store().await;
    let now = elapsed(76);
    let restarted =
        TestServer::start_sweeping(&Config::default(), SWEEP_INTERVAL, now, |_| store).await;
    let mut client = restarted.reviewer().await;
    let mut stream = watch(&mut client, "3").await;
    restarted.clock.set(elapsed(90));
    let soon = next_event(&mut stream).await;
    assert_eq!(shape(&soon), (4, EventType::DueSoon, PENDING));
    restarted.clock.set(DUE_AT.parse().expect("an instant"));
    let overdue = next_event(&mut stream).await;
    assert_eq!(shape(&overdue), (5, EventType::Overdue, PENDING));
    assert_eq!(
        overdue.due_at,
        Some(timestamp(DUE_AT)),
        "the clock still runs"
    );

    let lapsed = read(&mut client, &id, v1::View::Full).await;
    assert_eq!(
        (&lapsed.etag, lapsed.state(), lapsed.updated_at),
        (&case.etag, PENDING, case.updated_at)
    );
    check_history(&lapsed);
    check_lapse_letter(&mut client, &lapsed).await;
    let replay = client.submit_second_opinion(submission).await;
    let replay = replay.expect("an answer").into_inner().determination;
    assert_eq!(replay, Some(case.clone()), "the first answer");

    // The etag from before the sweeper's events is still valid.
    let decided = v1::IssueDenialRequest {
        etag: case.etag,
        ..denial(&id)
    };
    let denied = client
        .issue_denial(decided)
        .await
        .expect("an etag that is not stale");
    let denied = denied.into_inner().determination.expect("a determination");
    assert_eq!(denied.state(), v1::State::Denied);
    assert_eq!(denied.clocks[0].timeliness(), v1::Timeliness::Overdue);
    let last = next_event(&mut stream).await;
    assert_eq!(shape(&last), (6, EventType::Denied, v1::State::Denied));
    let report = verify_log(&*restarted.store).await.expect("read");
    assert_eq!((report.findings, report.events), (vec![], 6));
}

fn check_history(lapsed: &v1::Determination) {
    let events: Vec<(EventType, &str, &str)> = lapsed
        .history
        .iter()
        .map(|entry| (entry.event(), &*entry.actor, &*entry.detail))
        .skip(1)
        .collect();
    let notice = format!("; notice {}", lapsed.notices[0].notice_id);
    let by = "second-opinion/sweeper";
    let soon = |percent| {
        format!(
            "{percent} percent of the time of CLOCK_KIND_MEMBER_NOTIFICATION had elapsed; due 2026-11-24T08:00:00.000000Z"
        )
    };
    let overdue =
        format!("CLOCK_KIND_MEMBER_NOTIFICATION was due 2026-11-24T08:00:00.000000Z{notice}");
    assert_eq!(
        events,
        [
            (EventType::DueSoon, by, &*soon(50)),
            (EventType::DueSoon, by, &*soon(75)),
            (EventType::DueSoon, by, &*soon(90)),
            (EventType::Overdue, by, &*overdue),
        ]
    );
}

async fn check_lapse_letter(client: &mut Client, lapsed: &v1::Determination) {
    let [notice] = lapsed.notices.as_slice() else {
        panic!("one letter: {:?}", lapsed.notices);
    };
    assert_eq!(notice.kind(), v1::NoticeKind::Lapse);
    let text = read_letter(client, notice).await;
    for expected in ["Sample Member", "November 23, 2026", "appeal", "grievance"] {
        assert!(text.contains(expected), "{expected} is not in:\n{text}");
    }
    let steps: Vec<_> = lapsed.next_steps.iter().map(v1::NextStep::kind).collect();
    assert!(steps.contains(&v1::NextStepKind::FileAppeal), "{steps:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_servers_on_one_store_make_each_sweeper_event_once() {
    let first = start(None).await;
    let second = start(Some(Arc::clone(&first.store))).await;
    let mut client = first.reviewer().await;
    let mut cases = Vec::new();
    for _ in 0..12 {
        cases.push(submit(&mut client, second_opinion()).await);
    }
    let mut stream = watch(&mut client, "12").await;
    for (version, percent, kind) in [
        (2, 50, EventType::DueSoon),
        (3, 75, EventType::DueSoon),
        (4, 90, EventType::DueSoon),
        (5, 100, EventType::Overdue),
    ] {
        for server in [&first, &second] {
            server.clock.set(elapsed(percent));
        }
        let mut case_ids = Vec::new();
        for _ in 0..cases.len() {
            let event = next_event(&mut stream).await;
            assert_eq!(shape(&event), (version, kind, PENDING));
            case_ids.push(event.determination_id);
        }
        case_ids.sort();
        assert_eq!(case_ids, ids(&cases), "each case once");
    }
    for case in &cases {
        let lapsed = read(&mut client, &case.determination_id, v1::View::Basic).await;
        assert_eq!((lapsed.notices.len(), &lapsed.etag), (1, &case.etag));
    }
    // A late case can be approved, and no event came after the overdue one.
    let approved = client
        .issue_approval(approval(&cases[0].determination_id))
        .await;
    assert!(approved.is_ok(), "{approved:?}");
    let event = next_event(&mut stream).await;
    assert_eq!(shape(&event), (6, EventType::Approved, v1::State::Approved));
    let report = verify_log(&*first.store).await.expect("read");
    assert_eq!((report.findings, report.events), (vec![], 12 * 5 + 1));
}

/// The sorted ids of cases: the sweeper takes them in any order.
fn ids(cases: &[v1::Determination]) -> Vec<String> {
    let mut ids: Vec<_> = cases
        .iter()
        .map(|case| case.determination_id.clone())
        .collect();
    ids.sort();
    ids
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn store_outage_delays_sweeper_events_and_loses_none() {
    let fault = Arc::new(AtomicU8::new(NO_FAULT));
    let switch = Arc::clone(&fault);
    let server =
        TestServer::start_sweeping(&Config::default(), SWEEP_INTERVAL, monday(), |store| {
            Arc::new(FaultyStore { store, fault })
        })
        .await;
    let mut client = server.reviewer().await;
    submit(&mut client, second_opinion()).await;
    let mut stream = watch(&mut client, "1").await;
    switch.store(UNAVAILABLE, Ordering::SeqCst);
    server.clock.set(elapsed(80));
    tokio::time::sleep(SWEEP_INTERVAL * 20).await;
    assert_eq!(server.store.head().await.expect("read").position, 1);
    switch.store(NO_FAULT, Ordering::SeqCst);
    for version in [2, 3] {
        let event = next_event(&mut stream).await;
        assert_eq!(shape(&event), (version, EventType::DueSoon, PENDING));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn configuration_sets_reminder_thresholds_and_lapse_letters() {
    let mut config = Config {
        sweeper: config::Sweeper { rungs: vec![99] },
        ..Config::default()
    };
    config.notices.lapse = false;
    let server = TestServer::start_sweeping(&config, SWEEP_INTERVAL, monday(), |store| store).await;
    let mut client = server.reviewer().await;
    let case = submit(&mut client, second_opinion()).await;
    let mut stream = watch(&mut client, "1").await;
    server.clock.set(elapsed(99));
    assert_eq!(
        shape(&next_event(&mut stream).await),
        (2, EventType::DueSoon, PENDING)
    );
    server.clock.set(elapsed(100));
    assert_eq!(
        shape(&next_event(&mut stream).await),
        (3, EventType::Overdue, PENDING)
    );
    let lapsed = read(&mut client, &case.determination_id, v1::View::Basic).await;
    assert!(lapsed.notices.is_empty());
}
