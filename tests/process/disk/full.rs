//! What are callers told, and operators shown, when the disk is full or can only be read, and once it is mended?

use std::time::Duration;

use second_opinion::wire::v1;

use super::bad::{BadDisk, Tell, errno, kind};
use super::power::Run;
use crate::callers::{TEST_TIMEOUT, is_unavailable_for_now};
use crate::program::{Server, get};
use crate::support::messages::{self, second_opinion, submission};

/// Waits until probes are told that calls should be sent here, or not.
async fn until_ready(server: &Server, ready: bool) {
    let told = async {
        let status = if ready { "200" } else { "503" };
        while !get(&server.ops, "/readyz").starts_with(&format!("HTTP/1.1 {status}")) {
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    };
    let in_time = tokio::time::timeout(TEST_TIMEOUT, told).await;
    in_time.unwrap_or_else(|_| panic!("ready: {ready}"));
    let up = format!("second_opinion_store_up {}", u8::from(ready));
    assert!(get(&server.ops, "/metrics").contains(&up), "{up}");
}

/// The log as `verify-log` finds it, beside the server.
fn is_clean(disk: &BadDisk) {
    let (code, said) = disk.run(&["verify-log"]);
    assert_eq!(code, Some(0), "{said}");
}

/// Cases that were submitted, each with what it was asked by.
type Submitted = Vec<(v1::SubmitSecondOpinionRequest, v1::Determination)>;

/// Changes are refused while the disk is ill and reads are answered; a change that was refused is made once the disk is
/// mended, with no restart.
async fn refuses_until_mended(run: &Run, server: &Server, ill: impl Fn(&BadDisk)) -> Submitted {
    let mut caller = run.caller(server).await;
    let mut submitted = Submitted::new();
    let request = submission(second_opinion());
    let case = caller.submit(request.clone()).await.expect("it works");
    submitted.push((request, case));
    ill(&run.disk);
    // There may be room for some.
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
    assert!(run.disk.faults() > 0);
    until_ready(server, false).await;
    let again = caller.submit(refused.clone()).await.expect_err("ill");
    assert!(is_unavailable_for_now(&again), "{again:?}");
    for (_, case) in &submitted {
        let get = messages::get(&case.determination_id, v1::View::Full);
        let held = caller.client.get_determination(get).await;
        held.expect("reads are answered");
    }
    run.disk.mended();
    until_ready(server, true).await;
    let case = caller.submit(refused.clone()).await.expect("mended");
    submitted.push((refused, case));
    is_clean(&run.disk);
    submitted
}

/// Each answer comes again, word for word, and there is nothing else.
async fn are_held(run: &Run, server: &Server, submitted: &Submitted) {
    let mut caller = run.caller(server).await;
    for (request, case) in submitted {
        let again = caller.submit(request.clone()).await.expect("its answer");
        assert_eq!(again, *case);
    }
    let list = v1::ListDeterminationsRequest {
        page_size: 500,
        ..v1::ListDeterminationsRequest::default()
    };
    let listed = caller.client.list_determinations(list).await.expect("it");
    assert_eq!(listed.into_inner().determinations.len(), submitted.len());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_full_disk_refuses_changes_and_takes_them_once_there_is_room() {
    let run = Run::new();
    let server = run.disk.serve();
    let mut submitted = Submitted::new();
    // Nothing, a part of a frame's head, a part of a page, some pages, some commits.
    for room in [0, 11, 5_000, 50_000, 400_000] {
        let ill = |disk: &BadDisk| disk.tell(Tell::Room, room);
        submitted.extend(refuses_until_mended(&run, &server, ill).await);
    }
    are_held(&run, &server, &submitted).await;
    // It stops while the disk is full, too.
    run.disk.tell(Tell::Room, 0);
    assert_eq!(server.terminate(), Some(0));
    run.disk.mended();
    let server = run.disk.serve();
    are_held(&run, &server, &submitted).await;
    is_clean(&run.disk);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_disk_that_fails_writes_refuses_changes_until_it_takes_them() {
    let run = Run::new();
    let server = run.disk.serve();
    let mut submitted = Submitted::new();
    for error in [errno::EROFS, errno::EIO] {
        let ill = |disk: &BadDisk| disk.tell(Tell::WriteError, error);
        submitted.extend(refuses_until_mended(&run, &server, ill).await);
    }
    are_held(&run, &server, &submitted).await;
    drop(server);
    let server = run.disk.serve();
    are_held(&run, &server, &submitted).await;
}

/// Only the log has room: what is acknowledged is in it, and stays there.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_log_that_cannot_be_carried_over_is_kept_until_it_can() {
    let run = Run::new();
    let server = run.disk.serve();
    run.callers(&server, 2, 2, false).await;
    run.disk.of(kind::DATABASE).tell(Tell::Room, 20_000);
    run.callers(&server, 4, 9, true).await;
    assert!(run.disk.faults() > 0, "the database is full");
    is_clean(&run.disk);
    assert_eq!(server.terminate(), Some(0));
    let log = run.disk.data().join("second-opinion.db-wal");
    assert!(log.exists(), "the log is kept");
    run.disk.mended();
    let server = run.disk.serve();
    is_clean(&run.disk);
    assert_eq!(server.terminate(), Some(0));
    assert!(!log.exists(), "it is carried over");
    is_clean(&run.disk);
}

#[test]
fn what_cannot_be_written_is_refused_at_the_start_with_the_systems_words() {
    let on_empty = [
        // What is made first is the development key.
        (
            kind::ALL,
            Tell::OpenError,
            errno::EROFS,
            78,
            "ead-only file system",
        ),
        (kind::ALL, Tell::Room, 0, 78, "No space left on device"),
        (
            kind::DATABASE,
            Tell::OpenError,
            errno::EACCES,
            69,
            "ermission denied",
        ),
        (kind::LOG, Tell::Room, 0, 69, "database or disk is full"),
        (
            kind::LOG,
            Tell::Room,
            40_000,
            69,
            "database or disk is full",
        ),
    ];
    for (kinds, what, number, code, words) in on_empty {
        let disk = BadDisk::new();
        disk.of(kinds).tell(what, number);
        refused(&disk, code, words);
        disk.mended();
        disk.serve().kill();
    }
    let disk = BadDisk::new();
    disk.serve().kill();
    for (kinds, error, words) in [
        (kind::ALL, errno::EROFS, "ead-only file system"),
        (kind::ALL, errno::EACCES, "ermission denied"),
        (kind::DATABASE, errno::EACCES, "can be read and not written"),
        (kind::DATABASE, errno::EROFS, "can be read and not written"),
        (kind::LOG, errno::EACCES, "ermission denied"),
    ] {
        disk.of(kinds).tell(Tell::OpenError, error);
        refused(&disk, 69, words);
        disk.mended();
    }
    disk.serve().kill();
}

fn refused(disk: &BadDisk, code: i32, words: &str) {
    let Err((ended, said)) = disk.try_serve() else {
        panic!("it serves; expected: {words}");
    };
    assert_eq!(ended, Some(code), "{said}");
    assert!(said.contains(words), "{words}: {said}");
}
