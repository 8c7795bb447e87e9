//! Time runs out: who is told, in which order, and what does it change for whom?

use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use second_opinion::config::{self, Config};
use second_opinion::store::{Store, verify_log};
use second_opinion::wire::v1::{self, EventType};
use tonic::Streaming;

use crate::decisions::{letter, submit, with_alternative};
use crate::faults::{FaultyStore, NO_FAULT, UNAVAILABLE};
use crate::support::messages::{approval, denial, get, second_opinion, submission, timestamp};
use crate::support::server::{Client, TestServer, monday};
use crate::watching::{next, watch};

/// Often, so that no test waits for it.
const OFTEN: Duration = Duration::from_millis(5);
/// When a request of Monday morning is due: the end of the fifth business day, which is the seventh calendar day too.
const DUE: &str = "2026-11-24T08:00:00Z";

/// The instant at which as much of a Monday request's time has gone: 182 hours from 10:00 to the midnight of the 23rd.
fn gone(percent: i32) -> DateTime<Utc> {
    monday() + TimeDelta::hours(182) * percent / 100
}

async fn sweeping(store: Option<Arc<dyn Store>>) -> TestServer {
    let config = Config::default();
    TestServer::start_sweeping(&config, OFTEN, monday(), |own| store.unwrap_or(own)).await
}

/// The next event of a watch, heartbeats aside.
async fn event(stream: &mut Streaming<v1::WatchDeterminationsResponse>) -> v1::DeterminationEvent {
    loop {
        if let Some(event) = next(stream).await.event {
            return event;
        }
    }
}

async fn read(client: &mut Client, id: &str, view: v1::View) -> v1::Determination {
    let answer = client.get_determination(get(id, view)).await.expect("it");
    *answer.into_inner().determination.expect("it")
}

/// What there is of an event besides its case.
fn shape(event: &v1::DeterminationEvent) -> (i64, EventType, v1::State) {
    (event.version, event.r#type(), event.state())
}

const PENDING: v1::State = v1::State::PendingReview;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn vi_d_time_that_runs_out_is_told_once_over_a_restart_and_decides_nothing() {
    let mut server = sweeping(None).await;
    let mut client = server.reviewer().await;
    let submission = submission(with_alternative());
    let submitted = client.submit_second_opinion(submission.clone()).await;
    let case = submitted
        .expect("it")
        .into_inner()
        .determination
        .expect("it");
    let id = case.determination_id.clone();
    let mut stream = watch(&mut client, "0").await;
    assert_eq!(event(&mut stream).await.r#type(), EventType::Submitted);
    for (version, percent) in [(2, 50), (3, 75)] {
        server.clock.set(gone(percent));
        let soon = event(&mut stream).await;
        assert_eq!(shape(&soon), (version, EventType::DueSoon, PENDING));
        assert_eq!(soon.determination_id, id);
        assert_eq!(soon.due_at, Some(timestamp(DUE)));
        let now = second_opinion::wire::render::timestamp(gone(percent));
        assert_eq!(soon.occurred_at, Some(now));
    }
    assert!(server.stop().await, "every call could finish");

    // Another process on the same store, at an instant at which all was told.
    let store = server.reopen_store().await;
    let now = gone(76);
    let again = TestServer::start_sweeping(&Config::default(), OFTEN, now, |_| store).await;
    let mut client = again.reviewer().await;
    let mut stream = watch(&mut client, "3").await;
    again.clock.set(gone(90));
    let soon = event(&mut stream).await;
    assert_eq!(shape(&soon), (4, EventType::DueSoon, PENDING));
    again.clock.set(DUE.parse().expect("an instant"));
    let overdue = event(&mut stream).await;
    assert_eq!(shape(&overdue), (5, EventType::Overdue, PENDING));
    assert_eq!(overdue.due_at, Some(timestamp(DUE)), "the clock runs on");

    let lapsed = read(&mut client, &id, v1::View::Full).await;
    assert_eq!(
        (&lapsed.etag, lapsed.state(), lapsed.updated_at),
        (&case.etag, PENDING, case.updated_at)
    );
    check_history(&lapsed);
    check_lapse_letter(&mut client, &lapsed).await;
    let repeated = client.submit_second_opinion(submission).await;
    let repeated = repeated.expect("it").into_inner().determination;
    assert_eq!(repeated, Some(case.clone()), "the first answer");

    // The etag of before all this still holds.
    let decided = v1::IssueDenialRequest {
        etag: case.etag,
        ..denial(&id)
    };
    let denied = client.issue_denial(decided).await.expect("it is not stale");
    let denied = denied.into_inner().determination.expect("it");
    assert_eq!(denied.state(), v1::State::Denied);
    assert_eq!(denied.clocks[0].timeliness(), v1::Timeliness::Overdue);
    let last = event(&mut stream).await;
    assert_eq!(shape(&last), (6, EventType::Denied, v1::State::Denied));
    let report = verify_log(&*again.store).await.expect("read");
    assert_eq!((report.findings, report.events), (vec![], 6));
}

fn check_history(lapsed: &v1::Determination) {
    let own: Vec<(EventType, &str, &str)> = lapsed
        .history
        .iter()
        .map(|entry| (entry.event(), &*entry.actor, &*entry.detail))
        .skip(1)
        .collect();
    let notice = format!("; notice {}", lapsed.notices[0].notice_id);
    let by = "second-opinion/sweeper";
    let soon = |percent| {
        format!(
            "{percent} percent of the time of CLOCK_KIND_MEMBER_NOTIFICATION had gone; due 2026-11-24T08:00:00.000000Z"
        )
    };
    let ran_out =
        format!("CLOCK_KIND_MEMBER_NOTIFICATION was due 2026-11-24T08:00:00.000000Z{notice}");
    assert_eq!(
        own,
        [
            (EventType::DueSoon, by, &*soon(50)),
            (EventType::DueSoon, by, &*soon(75)),
            (EventType::DueSoon, by, &*soon(90)),
            (EventType::Overdue, by, &*ran_out),
        ]
    );
}

async fn check_lapse_letter(client: &mut Client, lapsed: &v1::Determination) {
    let [notice] = lapsed.notices.as_slice() else {
        panic!("one letter: {:?}", lapsed.notices);
    };
    assert_eq!(notice.kind(), v1::NoticeKind::Lapse);
    let text = letter(client, notice).await;
    for said in ["Sample Member", "November 23, 2026", "appeal", "grievance"] {
        assert!(text.contains(said), "{said} is not in:\n{text}");
    }
    let steps: Vec<_> = lapsed.next_steps.iter().map(v1::NextStep::kind).collect();
    assert!(steps.contains(&v1::NextStepKind::FileAppeal), "{steps:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_servers_on_one_store_tell_each_thing_once() {
    let first = sweeping(None).await;
    let second = sweeping(Some(Arc::clone(&first.store))).await;
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
            server.clock.set(gone(percent));
        }
        let mut told = Vec::new();
        for _ in 0..cases.len() {
            let event = event(&mut stream).await;
            assert_eq!(shape(&event), (version, kind, PENDING));
            told.push(event.determination_id);
        }
        told.sort();
        assert_eq!(told, ids(&cases), "each case once");
    }
    for case in &cases {
        let lapsed = read(&mut client, &case.determination_id, v1::View::Basic).await;
        assert_eq!((lapsed.notices.len(), &lapsed.etag), (1, &case.etag));
    }
    // What is late can be approved all the same, and nothing came after it.
    let approved = client
        .issue_approval(approval(&cases[0].determination_id))
        .await;
    assert!(approved.is_ok(), "{approved:?}");
    let event = event(&mut stream).await;
    assert_eq!(shape(&event), (6, EventType::Approved, v1::State::Approved));
    let report = verify_log(&*first.store).await.expect("read");
    assert_eq!((report.findings, report.events), (vec![], 12 * 5 + 1));
}

/// In order: they are made so, and a watch may show them in another one.
fn ids(cases: &[v1::Determination]) -> Vec<String> {
    let mut ids: Vec<_> = cases.iter().map(|it| it.determination_id.clone()).collect();
    ids.sort();
    ids
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_store_that_is_gone_for_a_while_delays_what_is_told_and_loses_none_of_it() {
    let fault = Arc::new(AtomicU8::new(NO_FAULT));
    let switch = Arc::clone(&fault);
    let server = TestServer::start_sweeping(&Config::default(), OFTEN, monday(), |store| {
        Arc::new(FaultyStore { store, fault })
    })
    .await;
    let mut client = server.reviewer().await;
    submit(&mut client, second_opinion()).await;
    let mut stream = watch(&mut client, "1").await;
    switch.store(UNAVAILABLE, Ordering::SeqCst);
    server.clock.set(gone(80));
    tokio::time::sleep(OFTEN * 20).await;
    assert_eq!(server.store.head().await.expect("read").position, 1);
    switch.store(NO_FAULT, Ordering::SeqCst);
    for version in [2, 3] {
        let event = event(&mut stream).await;
        assert_eq!(shape(&event), (version, EventType::DueSoon, PENDING));
    }
}

/// The rungs are a setting, and a plan may send no letter when time has run out.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_plan_says_which_rungs_are_told_and_whether_a_letter_goes_out() {
    let mut config = Config {
        sweeper: config::Sweeper { rungs: vec![99] },
        ..Config::default()
    };
    config.notices.lapse = false;
    let server = TestServer::start_sweeping(&config, OFTEN, monday(), |store| store).await;
    let mut client = server.reviewer().await;
    let case = submit(&mut client, second_opinion()).await;
    let mut stream = watch(&mut client, "1").await;
    server.clock.set(gone(99));
    assert_eq!(
        shape(&event(&mut stream).await),
        (2, EventType::DueSoon, PENDING)
    );
    server.clock.set(gone(100));
    assert_eq!(
        shape(&event(&mut stream).await),
        (3, EventType::Overdue, PENDING)
    );
    let lapsed = read(&mut client, &case.determination_id, v1::View::Basic).await;
    assert!(lapsed.notices.is_empty());
}
