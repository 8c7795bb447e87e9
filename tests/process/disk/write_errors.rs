//! Full, read-only and failing disks: the answers to callers and the state shown to operators, before and after repair.

use std::time::Duration;

use second_opinion::wire::v1;

use super::faulty_disk::{Control, FaultyDisk, errno, kind};
use super::workload::DiskRun;
use crate::callers::{TEST_TIMEOUT, is_unavailable_for_now};
use crate::program::{Server, http_get};
use crate::support::messages::{self, second_opinion, submission};

/// Waits until the readiness probe answers that calls should be sent here, or not.
async fn wait_for_readiness(server: &Server, ready: bool) {
    let probed = async {
        let status = if ready { "200" } else { "503" };
        while !http_get(&server.ops, "/readyz").starts_with(&format!("HTTP/1.1 {status}")) {
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    };
    let in_time = tokio::time::timeout(TEST_TIMEOUT, probed).await;
    in_time.unwrap_or_else(|_| panic!("ready: {ready}"));
    let up = format!("second_opinion_store_up {}", u8::from(ready));
    assert!(http_get(&server.ops, "/metrics").contains(&up), "{up}");
}

/// Runs `verify-log` beside the server.
fn verify_log(disk: &FaultyDisk) {
    let (code, errors) = disk.run(&["verify-log"]);
    assert_eq!(code, Some(0), "{errors}");
}

/// Submitted cases, each with its request.
type Submitted = Vec<(v1::SubmitSecondOpinionRequest, v1::Determination)>;

/// Checks that during a fault changes are refused and reads are answered, and that after the repair a refused change is made
/// without a restart.
async fn check_fault_and_repair(
    run: &DiskRun,
    server: &Server,
    inject: impl Fn(&FaultyDisk),
) -> Submitted {
    let mut caller = run.caller(server).await;
    let mut submitted = Submitted::new();
    let request = submission(second_opinion());
    let case = caller.submit(request.clone()).await.expect("no fault");
    submitted.push((request, case));
    inject(&run.disk);
    // There may be room for some more.
    let refused = loop {
        let request = submission(second_opinion());
        match caller.submit(request.clone()).await {
            Ok(case) => submitted.push((request, case)),
            Err(status) => {
                assert!(is_unavailable_for_now(&status), "{status:?}");
                break request;
            }
        }
    };
    assert!(run.disk.failed_calls() > 0);
    wait_for_readiness(server, false).await;
    let again = caller.submit(refused.clone()).await;
    let again = again.expect_err("a refusal");
    assert!(is_unavailable_for_now(&again), "{again:?}");
    for (_, case) in &submitted {
        let get = messages::get(&case.determination_id, v1::View::Full);
        let read = caller.client.get_determination(get).await;
        read.expect("an answer to a read");
    }
    run.disk.repair();
    wait_for_readiness(server, true).await;
    let case = caller.submit(refused.clone()).await.expect("an answer");
    submitted.push((refused, case));
    verify_log(&run.disk);
    submitted
}

/// Checks that each answer is replayed unchanged, and that there is no other case.
async fn check_submitted(run: &DiskRun, server: &Server, submitted: &Submitted) {
    let mut caller = run.caller(server).await;
    for (request, case) in submitted {
        let again = caller.submit(request.clone()).await.expect("a replay");
        assert_eq!(again, *case);
    }
    let list = v1::ListDeterminationsRequest {
        page_size: 500,
        ..v1::ListDeterminationsRequest::default()
    };
    let listed = caller.client.list_determinations(list).await;
    let listed = listed.expect("a page");
    assert_eq!(listed.into_inner().determinations.len(), submitted.len());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn full_disk_refuses_changes_until_there_is_room() {
    let run = DiskRun::new();
    let server = run.disk.serve();
    let mut submitted = Submitted::new();
    // Room for nothing, for a part of a frame's header, a part of a page, some pages, some commits.
    for free_bytes in [0, 11, 5_000, 50_000, 400_000] {
        let inject = |disk: &FaultyDisk| disk.set(Control::FreeBytes, free_bytes);
        submitted.extend(check_fault_and_repair(&run, &server, inject).await);
    }
    check_submitted(&run, &server, &submitted).await;
    // The server also stops while the disk is full.
    run.disk.set(Control::FreeBytes, 0);
    assert_eq!(server.terminate(), Some(0));
    run.disk.repair();
    let server = run.disk.serve();
    check_submitted(&run, &server, &submitted).await;
    verify_log(&run.disk);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn failing_writes_refuse_changes_until_they_succeed() {
    let run = DiskRun::new();
    let server = run.disk.serve();
    let mut submitted = Submitted::new();
    for error in [errno::EROFS, errno::EIO] {
        let inject = |disk: &FaultyDisk| disk.set(Control::WriteErrno, error);
        submitted.extend(check_fault_and_repair(&run, &server, inject).await);
    }
    check_submitted(&run, &server, &submitted).await;
    drop(server);
    let server = run.disk.serve();
    check_submitted(&run, &server, &submitted).await;
}

/// Only the log has room, so it keeps every acknowledged change.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn log_is_kept_until_its_checkpoint_succeeds() {
    let run = DiskRun::new();
    let server = run.disk.serve();
    run.call_at_once(&server, 2, 2, false).await;
    let disk = run.disk.target(kind::DATABASE);
    disk.set(Control::FreeBytes, 20_000);
    run.call_at_once(&server, 4, 9, true).await;
    assert!(disk.failed_calls() > 0, "the database is full");
    verify_log(&run.disk);
    assert_eq!(server.terminate(), Some(0));
    let log = run.disk.data().join("second-opinion.db-wal");
    assert!(log.exists(), "the log is kept");
    run.disk.repair();
    let server = run.disk.serve();
    verify_log(&run.disk);
    assert_eq!(server.terminate(), Some(0));
    assert!(!log.exists(), "the log is checkpointed");
    verify_log(&run.disk);
}

#[test]
fn server_refuses_to_start_on_an_unwritable_disk() {
    let on_empty = [
        // The first file is the development key.
        (
            kind::ALL,
            Control::OpenErrno,
            errno::EROFS,
            78,
            "ead-only file system",
        ),
        (
            kind::ALL,
            Control::FreeBytes,
            0,
            78,
            "No space left on device",
        ),
        (
            kind::DATABASE,
            Control::OpenErrno,
            errno::EACCES,
            69,
            "ermission denied",
        ),
        (
            kind::LOG,
            Control::FreeBytes,
            0,
            69,
            "database or disk is full",
        ),
        (
            kind::LOG,
            Control::FreeBytes,
            40_000,
            69,
            "database or disk is full",
        ),
    ];
    for (kinds, control, number, code, text) in on_empty {
        let disk = FaultyDisk::new();
        disk.target(kinds).set(control, number);
        assert_refused(&disk, code, text);
        disk.repair();
        disk.serve().kill();
    }
    let disk = FaultyDisk::new();
    disk.serve().kill();
    for (kinds, error, text) in [
        (kind::ALL, errno::EROFS, "ead-only file system"),
        (kind::ALL, errno::EACCES, "ermission denied"),
        (kind::DATABASE, errno::EACCES, "can be read and not written"),
        (kind::DATABASE, errno::EROFS, "can be read and not written"),
        (kind::LOG, errno::EACCES, "ermission denied"),
    ] {
        disk.target(kinds).set(Control::OpenErrno, error);
        assert_refused(&disk, 69, text);
        disk.repair();
    }
    disk.serve().kill();
}

fn assert_refused(disk: &FaultyDisk, code: i32, text: &str) {
    let Err((exit_code, errors)) = disk.try_serve() else {
        panic!("the server starts; expected: {text}");
    };
    assert_eq!(exit_code, Some(code), "{errors}");
    assert!(errors.contains(text), "{text}: {errors}");
}
