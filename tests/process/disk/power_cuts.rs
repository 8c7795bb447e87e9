//! Power cuts at any write: the store opens again and has every acknowledged change.

use std::collections::HashSet;
use std::ops::Range;
use std::time::Instant;

use proptest::prelude::RngExt as _;
use proptest::test_runner::TestRng;

use super::cut::{Cut, check_cuts};
use super::image::{Unsynced, rng};
use super::journal::{self, Entry, Operation};
use super::recovery::LOST;
use super::workload::{CallRecord, DiskRun};
use crate::fleet::size;

/// Cuts in each part of the journal: while the write-ahead log is short, and while it is long.
const CUTS: usize = 400;
const LONG_LOG_CUTS: usize = 8;
/// Failures that a failed test shows.
const FAILURES_SHOWN: usize = 8;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn power_cut_at_any_write_loses_nothing_acknowledged() {
    let run = DiskRun::new();
    // One caller from an empty disk on, then several on a store that was closed.
    let server = run.disk.serve();
    let mut caller = run.caller(&server).await;
    for n in 0..8 {
        caller.case(n).await.expect("no fault");
    }
    assert_eq!(server.terminate(), Some(0));
    let server = run.disk.serve();
    run.call_at_once(&server, 6, 4, false).await;
    let short = run.disk.journal_length();
    // Until the write-ahead log was checkpointed and begun anew.
    run.call_at_once(&server, 4, 9, true).await;
    assert_eq!(server.terminate(), Some(0));

    let journal = journal::read(&run.disk.journal());
    let short = journal.partition_point(|entry| entry.end <= short);
    let calls = run.calls.lock().expect("a lock");
    let seed = size("FIRST_SEED", 0) as u64;
    let mut rng = rng(seed);
    let mut cuts = after_each_answer(&journal, &calls, short);
    cuts.extend(random_cuts(0..short, size("CUTS", CUTS), &mut rng));
    cuts.extend(random_cuts(
        short..journal.len(),
        size("LONG_CUTS", LONG_LOG_CUTS),
        &mut rng,
    ));
    assert_nothing_lost(&journal, &calls, &cuts, seed, &mut rng);
}

/// Proves that the cuts find a store which acknowledges a commit before it is synced: here the journal lacks the syncs of the
/// write-ahead log, as it would with `synchronous = NORMAL`.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn cuts_find_commits_that_are_not_synced() {
    let run = DiskRun::new();
    let server = run.disk.serve();
    let mut caller = run.caller(&server).await;
    for n in 0..4 {
        caller.case(n).await.expect("no fault");
    }
    server.kill();

    let journal = without_log_syncs(journal::read(&run.disk.journal()));
    let calls = run.calls.lock().expect("a lock");
    let cuts = after_each_answer(&journal, &calls, journal.len());
    let failures = check_cuts(&journal, &calls, cuts, &mut rng(0));
    assert!(
        failures.iter().any(|failure| failure.contains(LOST)),
        "{failures:#?}"
    );
}

fn without_log_syncs(journal: Vec<Entry>) -> Vec<Entry> {
    let mut log_handles = HashSet::new();
    let kept = journal.into_iter().filter(|entry| match &entry.operation {
        Operation::Create(path) | Operation::Open(path) => {
            if path.ends_with("-wal") {
                log_handles.insert(entry.handle);
            }
            true
        }
        Operation::Sync => !log_handles.contains(&entry.handle),
        Operation::Write { .. }
        | Operation::Truncate(_)
        | Operation::FailedSync
        | Operation::Remove(_)
        | Operation::Rename(..)
        | Operation::Link(..)
        | Operation::CreateFolder(_) => true,
    });
    kept.collect()
}

/// A cut after each answer that loses every unsynced write: no other cut can ask more of that answer.
fn after_each_answer(journal: &[Entry], calls: &CallRecord, end: usize) -> Vec<Cut> {
    let lengths = calls
        .acknowledged
        .iter()
        .map(|change| change.journal_length);
    let next = lengths.map(|length| journal.partition_point(|entry| entry.end <= length));
    next.filter(|next| *next < end)
        .map(|next| (next - 1, Unsynced::Lost))
        .collect()
}

/// Cuts after random entries of a part of the journal.
pub fn random_cuts(entries: Range<usize>, count: usize, rng: &mut TestRng) -> Vec<Cut> {
    let mut cut = || {
        let entry = rng.random_range(entries.clone());
        let unsynced = Unsynced::ALL[rng.random_range(0..Unsynced::ALL.len())];
        (entry, unsynced)
    };
    (0..count).map(|_| cut()).collect()
}

/// Makes the cuts, and fails if a recovered store is wrong.
pub fn assert_nothing_lost(
    journal: &[Entry],
    calls: &CallRecord,
    cuts: &[Cut],
    seed: u64,
    rng: &mut TestRng,
) {
    let start = Instant::now();
    let failures = check_cuts(journal, calls, cuts.iter().copied(), rng);
    let syncs = journal
        .iter()
        .filter(|entry| matches!(entry.operation, Operation::Sync))
        .count();
    println!(
        "seed {seed}: {} cuts among {} operations with {syncs} syncs, {} answers: {} failures, {:?}",
        cuts.len(),
        journal.len(),
        calls.acknowledged.len(),
        failures.len(),
        start.elapsed()
    );
    let shown = &failures[..failures.len().min(FAILURES_SHOWN)];
    assert!(
        failures.is_empty(),
        "{} of {} cuts: {shown:#?}",
        failures.len(),
        cuts.len()
    );
}
