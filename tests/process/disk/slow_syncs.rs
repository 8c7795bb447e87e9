//! Slow syncs: deadlines hold, no answer is lost, and concurrent commits share a sync.

use std::time::{Duration, Instant};

use prost::Message as _;
use second_opinion::wire::v1;
use tonic::Code;

use super::faulty_disk::{Control, kind};
use super::workload::DiskRun;
use crate::program::token;
use crate::support::messages::{second_opinion, submission};
use crate::support::raw::call_raw;

const SYNC: Duration = Duration::from_millis(300);
/// Concurrent callers.
const CALLERS: u64 = 64;
/// Minimum number of commits to a sync, on average.
const COMMITS_PER_SYNC_MIN: u64 = 8;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn slow_syncs_keep_deadlines_and_are_shared() {
    let run = DiskRun::new();
    let server = run.disk.serve();
    let mut caller = run.caller(&server).await;
    let disk = run.disk.target(kind::LOG);
    let millis = u64::try_from(SYNC.as_millis()).expect("it fits");
    disk.set(Control::SyncMillis, millis);
    let mut cases = 0;

    // After its deadline a request gets its answer by the same request id.
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
        assert_eq!(caller.submit(request).await.expect("a replay"), case);
        cases += 1;
    }

    let before = disk.syncs();
    let start = Instant::now();
    let callers = (0..CALLERS).map(|_| {
        let mut caller = caller.clone();
        async move { caller.submit(submission(second_opinion())).await }
    });
    for answer in futures::future::join_all(callers).await {
        answer.expect("an answer");
        cases += 1;
    }
    let syncs = disk.syncs() - before;
    println!("{CALLERS} commits, {syncs} syncs, {:?}", start.elapsed());
    assert!(syncs * COMMITS_PER_SYNC_MIN <= CALLERS, "{syncs} syncs");

    disk.repair();
    let list = v1::ListDeterminationsRequest {
        page_size: 500,
        ..v1::ListDeterminationsRequest::default()
    };
    let listed = caller.client.list_determinations(list).await;
    let listed = listed.expect("a page").into_inner();
    assert_eq!(listed.determinations.len(), cases);
}
