//! Verification of an undamaged store: no findings.

use std::sync::Arc;

use second_opinion::store::{Store, verify_log};

use crate::support::change::{Change, RUNGS, made, read, submitted};
use crate::support::sample;

/// Some cases in every state of review, with letters.
pub async fn filled(store: &impl Store) {
    for n in 0..12 {
        let case = submitted(store, n, sample::later(i64::from(n))).await;
        let change = Change::of(&case, sample::later(20));
        match n % 4 {
            0 => {}
            1 => drop(made(store, change.withdraw()).await),
            2 => drop(made(store, change.approve()).await),
            _ => {
                let soon = case.next_sweep(&RUNGS).expect("a clock runs");
                made(store, Change::of(&case, soon).sweep()).await;
                let case = read(store, case.id).await;
                made(store, Change::of(&case, soon).deny()).await;
            }
        }
    }
}

pub async fn undamaged_log_is_clean<S: Store>(store: Arc<S>) {
    filled(&*store).await;
    let report = verify_log(&*store).await.expect("read");
    assert_eq!(report.findings, []);
    assert!(report.is_clean());
    assert_eq!((report.events, report.cases, report.notices), (24, 12, 6));
    assert_eq!(report.head, store.head().await.expect("read"));
}

pub async fn empty_log_is_clean<S: Store>(store: Arc<S>) {
    let report = verify_log(&*store).await.expect("read");
    assert!(report.is_clean());
    assert_eq!((report.events, report.cases), (0, 0));
}
