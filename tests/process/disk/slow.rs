//! What if the disk takes its time? Deadlines hold, no answer is lost, and those that wait share a sync.

use std::time::{Duration, Instant};

use prost::Message as _;
use second_opinion::wire::v1;
use tonic::Code;

use super::bad::{Tell, kind};
use super::power::Run;
use crate::program::token;
use crate::support::messages::{second_opinion, submission};
use crate::support::raw::call_raw;

const SYNC: Duration = Duration::from_millis(300);
/// Callers at once.
const CALLERS: u64 = 64;
/// So many calls share a sync, at the least.
const SHARE: u64 = 8;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn on_a_slow_disk_deadlines_hold_and_many_changes_share_a_sync() {
    let run = Run::new();
    let server = run.disk.serve();
    let mut caller = run.caller(&server).await;
    let disk = run.disk.of(kind::LOG);
    let millis = u64::try_from(SYNC.as_millis()).expect("it fits");
    disk.tell(Tell::SyncMs, millis);
    let mut expected = 0;

    // Out of time, and with the same request id its answer.
    let headers = [
        ("authorization", format!("Bearer {}", token(&disk.data()))),
        ("grpc-timeout", "50m".to_owned()),
    ];
    for _ in 0..4 {
        let request = submission(second_opinion());
        let message = request.encode_to_vec();
        let status = call_raw(&server.address, "SubmitSecondOpinion", &message, &headers).await;
        assert_eq!(status.code(), Code::DeadlineExceeded, "{status:?}");
        let case = caller.submit(request.clone()).await.expect("its answer");
        assert_eq!(caller.submit(request).await.expect("again"), case);
        expected += 1;
    }

    let before = disk.syncs();
    let begun = Instant::now();
    let callers = (0..CALLERS).map(|_| {
        let mut caller = caller.clone();
        async move { caller.submit(submission(second_opinion())).await }
    });
    for answer in futures::future::join_all(callers).await {
        answer.expect("an answer");
        expected += 1;
    }
    let syncs = disk.syncs() - before;
    println!("{CALLERS} changes, {syncs} syncs, {:?}", begun.elapsed());
    assert!(syncs * SHARE <= CALLERS, "{syncs} syncs");

    disk.mended();
    let list = v1::ListDeterminationsRequest {
        page_size: 500,
        ..v1::ListDeterminationsRequest::default()
    };
    let listed = caller.client.list_determinations(list).await.expect("it");
    assert_eq!(listed.into_inner().determinations.len(), expected);
}
