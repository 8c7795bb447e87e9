//! Does every seed keep the promises, and is it the same run each time?

use std::collections::BTreeMap;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};

use crate::runs::{Failure, hold, run};
use crate::trace::Trace;
use crate::{first_seed, given};

/// As many seeds as are run where `SECOND_OPINION_TEST_SEEDS` does not say.
const SEEDS: u64 = 500;

/// Runs seeds on all processors, until one fails; adds up how often each kind of thing happened.
fn run_seeds(first: u64, count: u64) -> Result<BTreeMap<&'static str, u64>, Failure> {
    let next = AtomicU64::new(first);
    let end = first + count;
    let reached = Mutex::new(BTreeMap::new());
    let failed: Mutex<Option<Failure>> = Mutex::new(None);
    let work = || {
        while failed.lock().expect("no panic").is_none() {
            let seed = next.fetch_add(1, Ordering::Relaxed);
            if seed >= end {
                break;
            }
            match hold(seed) {
                Ok(Trace {
                    reached: of_seed, ..
                }) => {
                    let mut reached = reached.lock().expect("no panic");
                    for (what, times) in of_seed {
                        *reached.entry(what).or_default() += times;
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
        None => Ok(reached.into_inner().expect("no panic")),
    }
}

/// What has to have happened, or the promises were kept of nothing.
const EVERYTHING: [&str; 30] = [
    "commits that came too late",
    "commits that no one waited for",
    "submitted",
    "changed",
    "approved",
    "denied",
    "withdrawn",
    "refused",
    "not permitted",
    "stale",
    "answered again",
    "sent otherwise",
    "sent again without an answer",
    "told to send again",
    "told due soon",
    "told overdue",
    "told with a letter",
    "outrun",
    "a sweep that failed",
    "watched",
    "watched on elsewhere",
    "heartbeats",
    "streams that broke",
    "cut off by a crash",
    "due by the almanac",
    "reads that failed",
    "commits that were not sent",
    "commits that failed at the sync",
    "commits whose answer was lost",
    "commits that came twice",
];

#[test]
fn every_seed_keeps_the_promises() {
    let (first, count) = (first_seed(), given("SECOND_OPINION_TEST_SEEDS", SEEDS));
    let reached = run_seeds(first, count).unwrap_or_else(|failure| panic!("{}", failure.told()));
    println!("{count} seeds from {first}: {reached:?}");
    if count >= SEEDS {
        for what in EVERYTHING {
            let times = reached.get(what).copied().unwrap_or_default();
            assert!(times >= 5, "{what}: {reached:?}");
        }
    }
}

/// What two runs of a seed have in common.
fn same(one: &Trace, other: &Trace) -> bool {
    one.lines == other.lines && one.reached == other.reached
}

#[test]
fn a_seed_is_the_same_run_each_time() {
    let first = first_seed();
    let runs: Vec<(Trace, Trace)> = (first..first + 5)
        .map(|seed| (run(seed, None), run(seed, None)))
        .map(|(one, other)| (one.expect("a run"), other.expect("a run")))
        .collect();
    for (one, other) in &runs {
        assert!(same(one, other), "{:#?}\n{:#?}", one.lines, other.lines);
    }
    assert!(!same(&runs[0].0, &runs[1].0), "two seeds are two runs");
}
