//! Failed syncs, and processes that end before a sync: no later power cut loses an acknowledged change.

use std::time::Duration;

use second_opinion::wire::v1;

use super::faulty_disk::{Control, FaultyDisk, kind};
use super::image::{Unsynced, rng};
use super::journal::{self, Entry, Operation};
use super::power_cuts::{assert_nothing_lost, random_cuts};
use super::workload::{Caller, DiskRun};
use crate::callers::{TEST_TIMEOUT, is_unavailable_for_now};
use crate::fleet::size;
use crate::support::messages::{second_opinion, submission};

/// Cuts of each test, and of the one with a long write-ahead log.
const CUTS: usize = 60;
const LONG_LOG_CUTS: usize = 6;
/// Longer than a test waits: a sync under way never completes.
const NEVER_MS: u64 = 600_000;
/// A journal that did not grow for this long has every write of a commit that waits for its sync.
const WRITES_DONE_AFTER: Duration = Duration::from_millis(300);

/// Cuts the power at random from an entry on, and once at the end with every unsynced write lost.
fn cut_from(run: &DiskRun, is_first: impl Fn(&Entry) -> bool, cuts: usize) {
    let journal = journal::read(&run.disk.journal());
    let first = journal.iter().position(is_first).expect("such an entry");
    let seed = size("FIRST_SEED", 0) as u64;
    let mut rng = rng(seed);
    let mut cuts = random_cuts(first..journal.len(), cuts, &mut rng);
    cuts.push((journal.len() - 1, Unsynced::Lost));
    let calls = run.calls.lock().expect("a lock");
    assert_nothing_lost(&journal, &calls, &cuts, seed, &mut rng);
}

fn is_failed_sync(entry: &Entry) -> bool {
    matches!(entry.operation, Operation::FailedSync)
}

/// Retries a request until it is answered, as its caller should.
async fn retry(caller: &mut Caller, request: v1::SubmitSecondOpinionRequest) -> v1::Determination {
    let answered = async {
        loop {
            match caller.submit(request.clone()).await {
                Ok(case) => return case,
                Err(status) => assert!(is_unavailable_for_now(&status), "{status:?}"),
            }
        }
    };
    tokio::time::timeout(TEST_TIMEOUT, answered)
        .await
        .expect("an answer")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn commit_whose_sync_fails_is_refused_and_loses_nothing_acknowledged() {
    let run = DiskRun::new();
    let server = run.disk.serve();
    let mut caller = run.caller(&server).await;
    caller.case(0).await.expect("no fault");
    let disk = run.disk.target(kind::LOG);
    for n in 0..12 {
        let before = disk.failed_calls();
        disk.set(Control::SyncsBeforeFailures, n % 3);
        disk.set(Control::SyncFailures, 1 + n % 2);
        for _ in 0..4 {
            retry(&mut caller, submission(second_opinion())).await;
        }
        assert!(disk.failed_calls() > before, "a sync failed");
    }
    drop(server);
    let server = run.disk.serve();
    let mut caller = run.caller(&server).await;
    caller.case(1).await.expect("no fault");
    assert_eq!(server.terminate(), Some(0));
    cut_from(&run, is_failed_sync, size("CUTS", CUTS));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn log_is_kept_when_the_sync_of_its_checkpoint_fails() {
    let run = DiskRun::new();
    let server = run.disk.serve();
    run.call_at_once(&server, 6, 2, false).await;
    let disk = run.disk.target(kind::DATABASE);
    disk.set(Control::SyncFailures, 1);
    // Twice the requests that start a checkpoint.
    run.call_at_once(&server, 4, 12, true).await;
    assert!(disk.failed_calls() > 0, "a sync failed");
    assert_eq!(server.terminate(), Some(0));
    let log = run.disk.data().join("second-opinion.db-wal");
    assert!(log.exists(), "the log is kept");
    // The next process checkpoints it from its beginning.
    let server = run.disk.serve();
    assert_eq!(server.terminate(), Some(0));
    assert!(!log.exists(), "the log is checkpointed");
    let (code, errors) = run.disk.run(&["verify-log"]);
    assert_eq!(code, Some(0), "{errors}");
    cut_from(&run, is_failed_sync, size("LONG_CUTS", LONG_LOG_CUTS));
}

/// The system still holds a commit that a killed process had written and not synced, so the next process finds it. The disk
/// may not have it.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn commit_of_a_killed_process_is_synced_before_it_is_acknowledged() {
    let run = DiskRun::new();
    let server = run.disk.serve();
    let mut caller = run.caller(&server).await;
    caller.case(0).await.expect("no fault");
    run.disk
        .target(kind::LOG)
        .set(Control::SyncMillis, NEVER_MS);
    let request = submission(second_opinion());
    let before = run.disk.journal_length();
    let waiting = tokio::spawn({
        let (mut caller, request) = (caller.clone(), request.clone());
        async move { caller.submit(request).await }
    });
    let written = async {
        let mut last = before;
        loop {
            tokio::time::sleep(WRITES_DONE_AFTER).await;
            let length = run.disk.journal_length();
            if length > before && length == last {
                break;
            }
            last = length;
        }
    };
    let in_time = tokio::time::timeout(TEST_TIMEOUT, written).await;
    in_time.expect("its writes");
    server.kill();
    assert!(waiting.await.expect("a caller").is_err());
    run.disk.repair();
    let killed_at = run.disk.journal_length();
    let server = run.disk.serve();
    let mut caller = run.caller(&server).await;
    caller.submit(request).await.expect("its answer");
    caller.case(1).await.expect("no fault");
    drop(server);
    cut_from(&run, |entry| entry.end > killed_at, size("CUTS", CUTS));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn any_failed_sync_of_a_start_is_reported_or_loses_nothing() {
    for (kinds, name) in [(kind::ALL, "all files"), (kind::FOLDER, "folders")] {
        let mut syncs = 0;
        loop {
            let run = DiskRun::new();
            let disk = run.disk.target(kinds);
            disk.set(Control::SyncsBeforeFailures, syncs);
            disk.set(Control::SyncFailures, 1);
            let started = disk.try_serve();
            if let Err((code, errors)) = &started {
                assert!([Some(69), Some(78)].contains(code), "{code:?} {errors}");
                assert!(
                    errors.contains("nput/output error") || errors.contains("disk I/O error"),
                    "{errors}"
                );
            }
            let has_failed = disk.failed_calls() > 0;
            let server = started.unwrap_or_else(|_| disk.serve());
            let mut caller = run.caller(&server).await;
            retry(&mut caller, submission(second_opinion())).await;
            drop(server);
            let acknowledged = run.calls.lock().expect("a lock").acknowledged[0].journal_length;
            cut_from(&run, |entry| entry.end >= acknowledged, 4);
            if !has_failed {
                break;
            }
            syncs += 1;
        }
        println!("each of {syncs} syncs of {name} failed in turn");
        assert!(syncs > 2);
    }
}

#[test]
fn server_refuses_to_start_when_every_sync_fails() {
    let disk = FaultyDisk::new();
    disk.serve().kill();
    disk.set(Control::SyncFailures, u64::MAX);
    let Err((code, errors)) = disk.try_serve() else {
        panic!("the server starts");
    };
    assert_eq!(code, Some(69), "{errors}");
    assert!(errors.contains("the store cannot be used"), "{errors}");
}
