//! Cases to sweep: those whose instant has passed, as their last commits set it.

use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};
use second_opinion::case::EventKind;
use second_opinion::store::{Store, verify_log};
use uuid::Uuid;

use crate::support::change::{Change, RUNGS, made, read};
use crate::support::sample;

const MICROSECOND: TimeDelta = TimeDelta::microseconds(1);

/// A new case with a given instant of its next sweep.
async fn to_be_swept_at(store: &impl Store, sweep_at: Option<DateTime<Utc>>) -> Uuid {
    let change = Change::new_case(sample::start());
    let mut commit = change.submit(sample::request(1, sample::start()));
    commit.columns.sweep_at = sweep_at;
    made(store, commit).await;
    change.id
}

pub async fn cases_to_sweep_are_ordered_longest_due_first<S: Store>(store: Arc<S>) {
    let at = sample::later;
    assert!(store.to_sweep(at(9), 9).await.expect("read").is_empty());
    let never = to_be_swept_at(&*store, None).await;
    let third = to_be_swept_at(&*store, Some(at(3))).await;
    let first = to_be_swept_at(&*store, Some(DateTime::UNIX_EPOCH)).await;
    let second = to_be_swept_at(&*store, Some(at(2))).await;
    for (as_of, limit, expected) in [
        (at(9), 9, vec![first, second, third]),
        (at(3), 9, vec![first, second, third]),
        (at(3) - MICROSECOND, 9, vec![first, second]),
        (at(2), 9, vec![first, second]),
        (at(2) - MICROSECOND, usize::MAX, vec![first]),
        (at(9), 2, vec![first, second]),
        (at(9), 0, vec![]),
        (DateTime::UNIX_EPOCH, 9, vec![first]),
        (DateTime::UNIX_EPOCH - MICROSECOND, 9, vec![]),
    ] {
        let found = store.to_sweep(as_of, limit).await.expect("read");
        assert_eq!(found, expected, "as of {as_of}, {limit} at most");
    }
    // A commit sets it anew: later, for the first time, and to never.
    for (id, sweep_at) in [(first, Some(at(4))), (never, Some(at(1))), (second, None)] {
        let case = read(&*store, id).await;
        let mut commit = Change::of(&case, at(5)).verify();
        commit.columns.sweep_at = sweep_at;
        made(&*store, commit).await;
    }
    let found = store.to_sweep(at(9), 9).await.expect("read");
    assert_eq!(found, [never, third, first]);
}

pub async fn commit_sets_the_next_sweep<S: Store>(store: Arc<S>) {
    let change = Change::new_case(sample::start());
    made(
        &*store,
        change.submit(sample::urgent_request(1, sample::start())),
    )
    .await;
    // Both clocks of an urgent request, at each threshold and then as they run out.
    let rungs = RUNGS.map(|rung| (rung.into(), EventKind::DueSoon));
    for (percent, kind) in rungs.into_iter().chain([(100, EventKind::Overdue)]) {
        let now = sample::urgent_gone(percent);
        let early = store.to_sweep(now - MICROSECOND, 9).await;
        assert!(early.expect("read").is_empty(), "before {percent} percent");
        for _ in 0..2 {
            assert_eq!(store.to_sweep(now, 9).await.expect("read"), [change.id]);
            let case = read(&*store, change.id).await;
            let commit = Change::of(&case, now).sweep();
            assert_eq!(commit.kind, kind);
            made(&*store, commit).await;
        }
    }
    let far = sample::start() + TimeDelta::days(9_000);
    assert!(store.to_sweep(far, 9).await.expect("read").is_empty());
    let case = read(&*store, change.id).await;
    assert_eq!((case.version, case.current.notices.len()), (9, 1));
    let kinds = store.log_after(1, 99).await.expect("read");
    assert!(kinds.iter().all(|entry| !entry.kind.is_from_caller()));
    let report = verify_log(&*store).await.expect("read");
    assert_eq!((report.findings, report.notices), (vec![], 1));
}
