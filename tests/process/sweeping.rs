//! A server in a process of its own says by itself that time has run out.

use std::time::Duration;

use chrono::{TimeDelta, Utc};
use second_opinion::wire::render;
use second_opinion::wire::v1::{self, EventType};
use tonic::Streaming;

use crate::program::{Server, run};
use crate::support::messages::{get, second_opinion, submission};
use crate::support::server::Client;

async fn watch(client: &mut Client, cursor: &str) -> Streaming<v1::WatchDeterminationsResponse> {
    let request = v1::WatchDeterminationsRequest {
        cursor: cursor.to_owned(),
    };
    let stream = client.watch_determinations(request).await;
    stream.expect("a stream").into_inner()
}

/// The next event's case and kind.
async fn next(stream: &mut Streaming<v1::WatchDeterminationsResponse>) -> (String, EventType) {
    loop {
        let message = tokio::time::timeout(Duration::from_mins(1), stream.message());
        let message = message.await.expect("in time").expect("no error");
        if let Some(event) = message.expect("a message").event {
            return (event.determination_id.clone(), event.r#type());
        }
    }
}

/// A request that the plan received a month ago.
async fn late(client: &mut Client) -> String {
    let received_at = Some(render::timestamp(Utc::now() - TimeDelta::days(30)));
    let request = submission(v1::SecondOpinion {
        received_at,
        ..second_opinion()
    });
    let answer = client.submit_second_opinion(request).await.expect("it");
    let case = answer.into_inner().determination.expect("it");
    case.determination_id
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn time_that_has_run_out_is_told_by_itself_and_not_again_after_a_kill() {
    let folder = tempfile::tempdir().expect("a folder");
    let data = folder.path();
    let server = Server::start(data);
    let mut client = server.client(data).await;
    let first = late(&mut client).await;
    let mut stream = watch(&mut client, "0").await;
    let first_told = [EventType::Submitted, EventType::Overdue].map(|kind| (first.clone(), kind));
    for told in &first_told {
        assert_eq!(&next(&mut stream).await, told);
    }
    let lapsed = client.get_determination(get(&first, v1::View::Basic)).await;
    let lapsed = lapsed.expect("it").into_inner().determination.expect("it");
    assert_eq!(lapsed.state(), v1::State::PendingReview);
    assert_eq!(lapsed.notices[0].kind(), v1::NoticeKind::Lapse);
    // It is killed.
    drop(server);

    let server = Server::start(data);
    let mut client = server.client(data).await;
    let second = late(&mut client).await;
    let mut stream = watch(&mut client, "0").await;
    let second_told = [EventType::Submitted, EventType::Overdue].map(|kind| (second.clone(), kind));
    for told in first_told.iter().chain(&second_told) {
        assert_eq!(&next(&mut stream).await, told);
    }
    assert_eq!(server.terminate(), Some(0));
    assert_eq!(run(data, &["verify-log"], "").status.code(), Some(0));
}
