//! What does a caller in a hurry get, whose store is slow? Its deadline in time, and with the same request id its answer.

use std::time::{Duration, Instant};

use prost::Message as _;
use second_opinion::wire::v1;
use tempfile::TempDir;
use tonic::{Code, Request};

use crate::program::{Server, token};
use crate::support::messages::{second_opinion, submission};
use crate::support::raw::call_raw;

const DEADLINE: Duration = Duration::from_millis(50);
/// How long nothing can be written.
const HELD: Duration = Duration::from_millis(500);

#[tokio::test]
async fn a_deadline_does_not_wait_for_the_store_and_nothing_is_stored_twice() {
    let folder = TempDir::new().expect("a folder");
    let server = Server::start(folder.path());
    let mut client = server.client(folder.path()).await;
    // The connection stands, and the token is known.
    let list = v1::ListDeterminationsRequest::default();
    client.list_determinations(list.clone()).await.expect("it");

    let file = rusqlite::Connection::open(folder.path().join("second-opinion.db"));
    let file = file.expect("the file");
    file.execute_batch("BEGIN IMMEDIATE").expect("its lock");
    let request = submission(second_opinion());
    let mut hurried = Request::new(request.clone());
    hurried.set_timeout(DEADLINE);
    let begun = Instant::now();
    let status = client.submit_second_opinion(hurried).await;
    let waited = begun.elapsed();
    // It came while nothing could be written: it did not wait for the store. On a busy machine this client's own clock may
    // strike before the server's answer is here, and of that it says that the call was cancelled.
    let status = status.expect_err("slow");
    let by_itself = status.code() == Code::Cancelled && status.message() == "Timeout expired";
    assert!(
        status.code() == Code::DeadlineExceeded || by_itself,
        "{status:?}"
    );
    eprintln!(
        "a deadline of {DEADLINE:?} was over after {waited:?}: {:?}",
        status.code()
    );
    // The server's own word, from a caller without a clock.
    let headers = [
        ("authorization", format!("Bearer {}", token(folder.path()))),
        ("grpc-timeout", format!("{}m", DEADLINE.as_millis())),
    ];
    let message = request.encode_to_vec();
    let status = call_raw(&server.address, "SubmitSecondOpinion", &message, &headers).await;
    assert_eq!(status.code(), Code::DeadlineExceeded, "{status:?}");
    tokio::time::sleep(HELD.saturating_sub(begun.elapsed())).await;
    file.execute_batch("ROLLBACK").expect("let go of");

    let answer = client.submit_second_opinion(request).await.expect("it");
    let case = answer.into_inner().determination.expect("it");
    let listed = client.list_determinations(list).await.expect("it");
    let ids: Vec<String> = listed
        .into_inner()
        .determinations
        .into_iter()
        .map(|case| case.determination_id)
        .collect();
    assert_eq!(ids, [case.determination_id]);
}
