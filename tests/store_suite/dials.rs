//! Are the counts of deadlines those of the cases, whatever happened to them and whoever counts?

use std::sync::Arc;

use chrono::TimeDelta;
use second_opinion::case::Case;
use second_opinion::rules::{ClockKind, Urgency};
use second_opinion::store::{CLOCKS, Dials, Store, TimeLeft, Worklist};

use crate::proof::filled;
use crate::support::change::{Change, made, read, submitted};
use crate::support::sample;

async fn all_cases(store: &impl Store) -> Vec<Case> {
    let all = Worklist {
        limit: 1_000,
        ..Worklist::default()
    };
    store.list(&all).await.expect("read").cases
}

/// Which band a clock's time falls into, said another way than the store says it.
fn band(left: TimeDelta) -> TimeLeft {
    match left.num_microseconds().expect("not far away") {
        ..=0 => TimeLeft::Overdue,
        us if us < 4 * 3_600_000_000 => TimeLeft::UnderFourHours,
        us if us < 24 * 3_600_000_000 => TimeLeft::UnderADay,
        us if us < 72 * 3_600_000_000 => TimeLeft::UnderThreeDays,
        _ => TimeLeft::More,
    }
}

pub async fn counts_are_those_of_the_cases_at_any_instant<S: Store>(store: Arc<S>) {
    filled(&*store).await;
    let urgent = Change::new_case(sample::later(30));
    made(
        &*store,
        urgent.submit(sample::urgent_request(50, sample::later(30))),
    )
    .await;
    let decided = Change::new_case(sample::later(31));
    let request = sample::urgent_request(51, sample::later(31));
    made(&*store, decided.submit(request)).await;
    let case = read(&*store, decided.id).await;
    made(
        &*store,
        Change::of(&case, sample::urgent_gone(50)).approve(),
    )
    .await;
    let cases = all_cases(&*store).await;
    let dues: Vec<_> = cases
        .iter()
        .filter_map(|case| case.current.due_at())
        .collect();
    assert!(dues.len() > 3, "clocks run");
    for due in dues {
        for hours in [-1, 0, 4, 24, 72, 100] {
            let as_of = due - TimeDelta::hours(hours);
            let dials = store.dials(as_of).await.expect("read");
            for clock in CLOCKS {
                let running = cases.iter().flat_map(|case| &case.current.clocks);
                let running = running.filter(|held| held.kind == clock && held.runs());
                let left: Vec<_> = running.map(|held| held.due_at() - as_of).collect();
                for time_left in TimeLeft::ALL {
                    let expected = left.iter().filter(|left| band(**left) == time_left).count();
                    let shown = dials.open(clock, time_left);
                    assert_eq!(
                        shown, expected as u64,
                        "{clock:?} {time_left:?} as of {as_of}"
                    );
                }
                let next = left.iter().min().map(|left| as_of + *left);
                assert_eq!(dials.next_due(clock), next);
            }
        }
    }
    let dials = store.dials(sample::start()).await.expect("read");
    // Three were approved at once, three denied once half of their time had gone, and an urgent one approved then. A
    // routine request has no clock of its own for the decision.
    assert_eq!(dials.stopped(ClockKind::Determination, false), 1);
    assert_eq!(dials.stopped(ClockKind::Determination, true), 0);
    assert_eq!(dials.decided_within(Urgency::Routine, 0, 1), 3);
    assert_eq!(dials.decided_within(Urgency::Routine, 0, u64::MAX), 6);
    assert_eq!(dials.decided_within(Urgency::Urgent, 24, 48), 1);
    assert_eq!(dials.decided_within(Urgency::Urgent, 0, u64::MAX), 1);
    assert!(dials.decided_in_ms(Urgency::Urgent) < 36 * 3_600_000);
    assert!(dials.decided_in_ms(Urgency::Routine) > 3 * 24 * 3_600_000);
    // The first is still undecided.
    assert_eq!(dials.oldest_undecided(), Some(sample::start()));
}

pub async fn an_empty_store_has_nothing_on_its_dials<S: Store>(store: Arc<S>) {
    assert_eq!(
        store.dials(sample::start()).await.expect("read"),
        Dials::default()
    );
    // And nothing is left of a case that needs no decision any more.
    let case = submitted(&*store, 1, sample::start()).await;
    made(&*store, Change::of(&case, sample::later(5)).withdraw()).await;
    assert_eq!(
        store.dials(sample::start()).await.expect("read"),
        Dials::default()
    );
    // A commit that is not made counts for nothing.
    let stale = Change::of(&case, sample::later(6)).approve();
    store.commit(stale).await.expect_err("another version");
    assert_eq!(
        store.dials(sample::start()).await.expect("read"),
        Dials::default()
    );
}

pub async fn a_decision_too_late_is_missed<S: Store>(store: Arc<S>) {
    let change = Change::new_case(sample::start());
    let request = sample::urgent_request(1, sample::start());
    made(&*store, change.submit(request)).await;
    let case = read(&*store, change.id).await;
    let due = case.current.due_at().expect("a clock runs");
    made(&*store, Change::of(&case, due).approve()).await;
    let dials = store.dials(due).await.expect("read");
    let stopped = [false, true].map(|too_late| dials.stopped(ClockKind::Determination, too_late));
    assert_eq!(stopped, [0, 1]);
    assert_eq!(dials.oldest_undecided(), None);
    let case = read(&*store, case.id).await;
    let running = case
        .current
        .clocks
        .iter()
        .filter(|clock| clock.runs())
        .count();
    let shown: u64 = CLOCKS
        .into_iter()
        .flat_map(|clock| TimeLeft::ALL.map(|time_left| dials.open(clock, time_left)))
        .sum();
    assert_eq!(shown, running as u64);
}
