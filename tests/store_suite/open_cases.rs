//! Open cases: the counts are those of the cases, at any instant and after any change.

use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};
use second_opinion::case::Case;
use second_opinion::store::{CLOCKS, OpenCases, Store, TimeLeft, Worklist};

use crate::support::change::{Change, made, read, submitted};
use crate::support::sample;
use crate::verification::filled;

async fn all_cases(store: &impl Store) -> Vec<Case> {
    let all = Worklist {
        limit: 1_000,
        ..Worklist::default()
    };
    store.list(&all).await.expect("read").cases
}

/// The time left by another computation than the store's.
fn time_left(left: TimeDelta) -> TimeLeft {
    match left.num_microseconds().expect("not far away") {
        ..=0 => TimeLeft::Overdue,
        us if us < 4 * 3_600_000_000 => TimeLeft::UnderFourHours,
        us if us < 24 * 3_600_000_000 => TimeLeft::UnderADay,
        us if us < 72 * 3_600_000_000 => TimeLeft::UnderThreeDays,
        _ => TimeLeft::More,
    }
}

/// Compares a store's counts as of an instant with those of its cases.
async fn compare(store: &impl Store, cases: &[Case], as_of: DateTime<Utc>) {
    let open_cases = store.open_cases(as_of).await.expect("read");
    for clock in CLOCKS {
        let running = cases.iter().flat_map(|case| &case.current.clocks);
        let running = running.filter(|held| held.kind == clock && held.runs());
        let left: Vec<_> = running.map(|held| held.due_at() - as_of).collect();
        for expected in TimeLeft::ALL {
            let count = left.iter().filter(|left| time_left(**left) == expected);
            let count = count.count() as u64;
            assert_eq!(
                open_cases.running(clock, expected),
                count,
                "{clock:?} {expected:?} as of {as_of}"
            );
        }
        let next = left.iter().min().map(|left| as_of + *left);
        assert_eq!(open_cases.next_due(clock), next);
    }
}

/// Cases in every state, routine and urgent.
pub async fn filled_with_urgent(store: &impl Store) -> Vec<Case> {
    filled(store).await;
    let urgent = Change::new_case(sample::later(30));
    made(
        store,
        urgent.submit(sample::urgent_request(50, sample::later(30))),
    )
    .await;
    let decided = Change::new_case(sample::later(31));
    let request = sample::urgent_request(51, sample::later(31));
    made(store, decided.submit(request)).await;
    let case = read(store, decided.id).await;
    made(store, Change::of(&case, sample::urgent_gone(50)).approve()).await;
    all_cases(store).await
}

pub async fn open_cases_match_the_cases_at_any_instant<S: Store>(store: Arc<S>) {
    let cases = filled_with_urgent(&*store).await;
    let dues: Vec<_> = cases
        .iter()
        .filter_map(|case| case.current.due_at())
        .collect();
    assert!(dues.len() > 3, "clocks run");
    for due in dues {
        for hours in [-1, 0, 4, 24, 72, 100] {
            compare(&*store, &cases, due - TimeDelta::hours(hours)).await;
        }
    }
    let open_cases = store.open_cases(sample::start()).await.expect("read");
    // The first is still undecided.
    assert_eq!(open_cases.oldest_undecided(), Some(sample::start()));
}

pub async fn empty_store_has_no_open_cases<S: Store>(store: Arc<S>) {
    let open_cases = async || store.open_cases(sample::start()).await.expect("read");
    assert_eq!(open_cases().await, OpenCases::default());
    // A withdrawn case is not open.
    let case = submitted(&*store, 1, sample::start()).await;
    assert_ne!(open_cases().await, OpenCases::default());
    made(&*store, Change::of(&case, sample::later(5)).withdraw()).await;
    assert_eq!(open_cases().await, OpenCases::default());
    // A refused commit changes nothing.
    let stale = Change::of(&case, sample::later(6)).approve();
    store.commit(stale).await.expect_err("another version");
    assert_eq!(open_cases().await, OpenCases::default());
}

pub async fn overdue_case_that_is_decided_stays_open_for_its_notice<S: Store>(store: Arc<S>) {
    let change = Change::new_case(sample::start());
    let request = sample::urgent_request(1, sample::start());
    made(&*store, change.submit(request)).await;
    let case = read(&*store, change.id).await;
    let due = case.current.due_at().expect("a clock runs");
    made(&*store, Change::of(&case, due).approve()).await;
    let open_cases = store.open_cases(due).await.expect("read");
    assert_eq!(open_cases.oldest_undecided(), None);
    let case = read(&*store, case.id).await;
    let running = case
        .current
        .clocks
        .iter()
        .filter(|clock| clock.runs())
        .count();
    let counted: u64 = CLOCKS
        .into_iter()
        .flat_map(|clock| TimeLeft::ALL.map(|time_left| open_cases.running(clock, time_left)))
        .sum();
    assert_eq!(counted, running as u64);
}
