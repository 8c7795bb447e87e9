//! The sweeper of a running server: overdue events come without a call, once each.

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

/// Submits a request that the plan received a month ago; returns the case's id.
async fn submit_overdue(client: &mut Client) -> String {
    let received_at = Some(render::timestamp(Utc::now() - TimeDelta::days(30)));
    let request = submission(v1::SecondOpinion {
        received_at,
        ..second_opinion()
    });
    let answer = client
        .submit_second_opinion(request)
        .await
        .expect("an answer");
    let case = answer.into_inner().determination.expect("a determination");
    case.determination_id
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn overdue_event_comes_by_itself_and_not_again_after_a_kill() {
    let folder = tempfile::tempdir().expect("a folder");
    let data = folder.path();
    let server = Server::start(data);
    let mut client = server.client(data).await;
    let first = submit_overdue(&mut client).await;
    let mut stream = watch(&mut client, "0").await;
    let first_events = [EventType::Submitted, EventType::Overdue].map(|kind| (first.clone(), kind));
    for expected in &first_events {
        assert_eq!(&next(&mut stream).await, expected);
    }
    let lapsed = client.get_determination(get(&first, v1::View::Basic)).await;
    let lapsed = lapsed
        .expect("an answer")
        .into_inner()
        .determination
        .expect("a determination");
    assert_eq!(lapsed.state(), v1::State::PendingReview);
    assert_eq!(lapsed.notices[0].kind(), v1::NoticeKind::Lapse);
    server.kill();

    let server = Server::start(data);
    let mut client = server.client(data).await;
    let second = submit_overdue(&mut client).await;
    let mut stream = watch(&mut client, "0").await;
    let second_events =
        [EventType::Submitted, EventType::Overdue].map(|kind| (second.clone(), kind));
    for expected in first_events.iter().chain(&second_events) {
        assert_eq!(&next(&mut stream).await, expected);
    }
    assert_eq!(server.terminate(), Some(0));
    assert_eq!(run(data, &["verify-log"], "").status.code(), Some(0));
}
