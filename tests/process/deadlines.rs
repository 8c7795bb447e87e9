//! Deadlines on a slow store: `DEADLINE_EXCEEDED` comes in time, and a retry with the same request id gets the answer.

use std::time::{Duration, Instant};

use prost::Message as _;
use second_opinion::wire::v1;
use tempfile::TempDir;
use tonic::{Code, Request};

use crate::program::{Server, token};
use crate::support::messages::{second_opinion, submission};
use crate::support::raw::call_raw;

const DEADLINE: Duration = Duration::from_millis(50);
/// How long the store is locked against writes.
const LOCKED: Duration = Duration::from_millis(500);

#[tokio::test]
async fn deadline_does_not_wait_for_the_store_and_a_retry_stores_nothing_twice() {
    let folder = TempDir::new().expect("a folder");
    let server = Server::start(folder.path());
    let mut client = server.client(folder.path()).await;
    // Opens the connection and caches the token.
    let list = v1::ListDeterminationsRequest::default();
    client
        .list_determinations(list.clone())
        .await
        .expect("an answer");

    let file = rusqlite::Connection::open(folder.path().join("second-opinion.db"));
    let file = file.expect("the file");
    file.execute_batch("BEGIN IMMEDIATE")
        .expect("the write lock");
    let request = submission(second_opinion());
    let mut impatient = Request::new(request.clone());
    impatient.set_timeout(DEADLINE);
    let start = Instant::now();
    let status = client.submit_second_opinion(impatient).await;
    let latency = start.elapsed();
    // The store is still locked. On a busy machine this client's own timer may fire before the server's status arrives; the
    // client reports that as a canceled call.
    let status = status.expect_err("a slow store");
    let is_by_client = status.code() == Code::Cancelled && status.message() == "Timeout expired";
    assert!(
        status.code() == Code::DeadlineExceeded || is_by_client,
        "{status:?}"
    );
    eprintln!(
        "a deadline of {DEADLINE:?} ended after {latency:?}: {:?}",
        status.code()
    );
    // The server's own status, to a client without a timer.
    let headers = [
        ("authorization", format!("Bearer {}", token(folder.path()))),
        ("grpc-timeout", format!("{}m", DEADLINE.as_millis())),
    ];
    let message = request.encode_to_vec();
    let status = call_raw(&server.address, "SubmitSecondOpinion", &message, &headers).await;
    assert_eq!(status.code(), Code::DeadlineExceeded, "{status:?}");
    tokio::time::sleep(LOCKED.saturating_sub(start.elapsed())).await;
    file.execute_batch("ROLLBACK").expect("unlocked");

    let answer = client
        .submit_second_opinion(request)
        .await
        .expect("an answer");
    let case = answer.into_inner().determination.expect("a determination");
    let listed = client.list_determinations(list).await.expect("an answer");
    let ids: Vec<String> = listed
        .into_inner()
        .determinations
        .into_iter()
        .map(|case| case.determination_id)
        .collect();
    assert_eq!(ids, [case.determination_id]);
}
