//! Tests that every seed keeps the invariants, and that a seed is the same run each time.

use std::collections::BTreeMap;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};

use crate::runner::{FailedSeed, run, run_and_shorten};
use crate::trace::Trace;
use crate::{first_seed, number_from};

/// Seeds of a run without `SECOND_OPINION_TEST_SEEDS`.
const SEEDS: u64 = 500;
/// Every kind of event in [`KINDS`] has to happen this often.
const TIMES_MIN: u64 = 5;

/// Runs seeds on all processors until one fails. Returns how often each kind of event happened.
fn run_seeds(first: u64, count: u64) -> Result<BTreeMap<&'static str, u64>, FailedSeed> {
    let next = AtomicU64::new(first);
    let end = first + count;
    let counts = Mutex::new(BTreeMap::new());
    let failed: Mutex<Option<FailedSeed>> = Mutex::new(None);
    let work = || {
        while failed.lock().expect("no panic").is_none() {
            let seed = next.fetch_add(1, Ordering::Relaxed);
            if seed >= end {
                break;
            }
            match run_and_shorten(seed) {
                Ok(trace) => {
                    let mut counts = counts.lock().expect("no panic");
                    for (kind, times) in trace.counts {
                        *counts.entry(kind).or_default() += times;
                    }
                }
                Err(failure) => *failed.lock().expect("no panic") = Some(failure),
            }
        }
    };
    std::thread::scope(|scope| {
        let processors = std::thread::available_parallelism().map_or(1, usize::from);
        (0..processors).for_each(|_| drop(scope.spawn(work)));
    });
    match failed.into_inner().expect("no panic") {
        Some(failure) => Err(failure),
        None => Ok(counts.into_inner().expect("no panic")),
    }
}

/// The kinds of events without which the invariants would hold of nothing.
const KINDS: [&str; 30] = [
    "version conflicts",
    "commits after a cancellation",
    "submitted",
    "changed",
    "approved",
    "denied",
    "withdrawn",
    "rejected",
    "permission denied",
    "stale etags",
    "replayed answers",
    "reused request ids",
    "retries without an answer",
    "unknown outcomes",
    "due-soon events",
    "overdue events",
    "lapse letters",
    "sweeper conflicts",
    "failed sweeps",
    "watched events",
    "watchers that changed replica",
    "heartbeats",
    "broken streams",
    "tasks lost in a crash",
    "due dates checked",
    "failed reads",
    "commits not sent",
    "failed syncs",
    "lost commit answers",
    "commits delivered twice",
];

#[test]
fn every_seed_keeps_the_invariants() {
    let first = first_seed();
    let count = number_from("SECOND_OPINION_TEST_SEEDS").unwrap_or(SEEDS);
    let counts = run_seeds(first, count).unwrap_or_else(|failed| panic!("{}", failed.report()));
    println!("{count} seeds from {first}: {counts:?}");
    if count >= SEEDS {
        for kind in KINDS {
            let times = counts.get(kind).copied().unwrap_or_default();
            assert!(times >= TIMES_MIN, "{kind}: {counts:?}");
        }
    }
}

fn is_same_run(one: &Trace, other: &Trace) -> bool {
    one.lines == other.lines && one.counts == other.counts
}

#[test]
fn seed_is_the_same_run_each_time() {
    let first = first_seed();
    let runs: Vec<(Trace, Trace)> = (first..first + 5)
        .map(|seed| (run(seed, None), run(seed, None)))
        .map(|(one, other)| (one.expect("a run"), other.expect("a run")))
        .collect();
    for (one, other) in &runs {
        let same = is_same_run(one, other);
        assert!(same, "{:#?}\n{:#?}", one.lines, other.lines);
    }
    assert!(
        !is_same_run(&runs[0].0, &runs[1].0),
        "two seeds are two runs"
    );
}
