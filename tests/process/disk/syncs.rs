//! What if a sync fails, or a process ends before its sync? Nothing is acknowledged that a later power cut can take.

use std::time::Duration;

use second_opinion::wire::v1;

use super::bad::{BadDisk, Tell, kind};
use super::image::{Chance, Survives};
use super::journal::{self, Entry, What};
use super::power::{Run, anywhere, report};
use super::work::Caller;
use crate::callers::{TEST_TIMEOUT, is_unavailable_for_now};
use crate::fleet::size;
use crate::support::messages::{second_opinion, submission};

/// As many cuts as each test here makes.
const CUTS: usize = 60;
const LONG_CUTS: usize = 6;

/// Makes the cuts behind an entry, some with nothing of what was not synced.
fn cut_from(run: &Run, from: impl Fn(&Entry) -> bool, cuts: usize) {
    let journal = journal::read(&run.disk.journal());
    let from = journal.iter().position(from).expect("such an entry");
    let seed = size("FIRST_SEED", 0) as u64;
    let mut chance = Chance(seed);
    let mut chosen = anywhere(from..journal.len(), cuts, &mut chance);
    chosen.push((journal.len() - 1, Survives::Nothing));
    let told = run.told.lock().expect("a lock");
    report(&journal, &told, &chosen, seed, &mut chance);
}

/// Sends a request again and again until it is answered, as its caller should.
async fn until_answered(
    caller: &mut Caller,
    request: v1::SubmitSecondOpinionRequest,
) -> v1::Determination {
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
async fn a_commit_whose_sync_fails_is_refused_and_nothing_acknowledged_is_lost() {
    let run = Run::new();
    let server = run.disk.serve();
    let mut caller = run.caller(&server).await;
    caller.case(0).await.expect("a disk that works");
    let disk = run.disk.of(kind::LOG);
    for n in 0..12 {
        let before = disk.faults();
        disk.tell(Tell::SyncPasses, n % 3);
        disk.tell(Tell::SyncFails, 1 + n % 2);
        for _ in 0..4 {
            until_answered(&mut caller, submission(second_opinion())).await;
        }
        assert!(disk.faults() > before, "a sync failed");
    }
    drop(server);
    let server = run.disk.serve();
    let mut caller = run.caller(&server).await;
    caller.case(1).await.expect("a disk that works");
    assert_eq!(server.terminate(), Some(0));
    cut_from(
        &run,
        |entry| matches!(entry.what, What::SyncFailed),
        size("CUTS", CUTS),
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_log_whose_carrying_over_was_not_synced_is_kept() {
    let run = Run::new();
    let server = run.disk.serve();
    run.callers(&server, 6, 2, false).await;
    let disk = run.disk.of(kind::DATABASE);
    disk.tell(Tell::SyncFails, 1);
    // Twice as many as have the log carried over.
    run.callers(&server, 4, 12, true).await;
    assert!(disk.faults() > 0, "a sync failed");
    assert_eq!(server.terminate(), Some(0));
    let log = run.disk.data().join("second-opinion.db-wal");
    assert!(log.exists(), "the log is kept");
    // Opened again it is carried over from its beginning.
    let server = run.disk.serve();
    assert_eq!(server.terminate(), Some(0));
    assert!(!log.exists(), "it is carried over");
    let clean = run.disk.run(&["verify-log"]);
    assert_eq!(clean.0, Some(0), "{}", clean.1);
    cut_from(
        &run,
        |entry| matches!(entry.what, What::SyncFailed),
        size("LONG_CUTS", LONG_CUTS),
    );
}

/// A commit that was written and not synced when its process was killed is found by the next process, because the system
/// still holds it. The disk may not.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_killed_process_had_not_synced_is_synced_before_anyone_is_told_of_it() {
    let run = Run::new();
    let server = run.disk.serve();
    let mut caller = run.caller(&server).await;
    caller.case(0).await.expect("a disk that works");
    run.disk.of(kind::LOG).tell(Tell::SyncMs, 600_000);
    let request = submission(second_opinion());
    let before = run.disk.now();
    let waits = tokio::spawn({
        let (mut caller, request) = (caller.clone(), request.clone());
        async move { caller.submit(request).await }
    });
    let written = async {
        let mut last = before;
        loop {
            tokio::time::sleep(Duration::from_millis(300)).await;
            let now = run.disk.now();
            if now > before && now == last {
                break;
            }
            last = now;
        }
    };
    let in_time = tokio::time::timeout(TEST_TIMEOUT, written).await;
    in_time.expect("it is written");
    server.kill();
    assert!(waits.await.expect("a caller").is_err());
    run.disk.mended();
    let killed = run.disk.now();
    let server = run.disk.serve();
    let mut caller = run.caller(&server).await;
    caller.submit(request).await.expect("its answer");
    caller.case(1).await.expect("a disk that works");
    drop(server);
    cut_from(&run, |entry| entry.end > killed, size("CUTS", CUTS));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whichever_sync_of_a_start_fails_it_says_so_or_nothing_is_lost() {
    for (kinds, whose) in [(kind::ALL, "all files"), (kind::FOLDER, "folders")] {
        let mut failed = 0;
        loop {
            let run = Run::new();
            let disk = run.disk.of(kinds);
            disk.tell(Tell::SyncPasses, failed);
            disk.tell(Tell::SyncFails, 1);
            let started = disk.try_serve();
            if let Err((code, said)) = &started {
                assert!([Some(69), Some(78)].contains(code), "{code:?} {said}");
                assert!(
                    said.contains("nput/output error") || said.contains("disk I/O error"),
                    "{said}"
                );
            }
            let reached = disk.faults() > 0;
            let server = started.unwrap_or_else(|_| disk.serve());
            let mut caller = run.caller(&server).await;
            until_answered(&mut caller, submission(second_opinion())).await;
            drop(server);
            let from = run.told.lock().expect("a lock").acknowledged[0].at;
            cut_from(&run, |entry| entry.end >= from, 4);
            if !reached {
                break;
            }
            failed += 1;
        }
        println!("of {whose} each of {failed} syncs failed in turn");
        assert!(failed > 2);
    }
}

#[test]
fn a_disk_that_fails_every_sync_is_refused_at_the_start() {
    let disk = BadDisk::new();
    disk.serve().kill();
    disk.tell(Tell::SyncFails, u64::MAX);
    let Err((code, said)) = disk.try_serve() else {
        panic!("it serves");
    };
    assert_eq!(code, Some(69), "{said}");
    assert!(said.contains("the store cannot be used"), "{said}");
}
