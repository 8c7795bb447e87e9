//! Watches: every event once and in order, from any cursor; heartbeats and the drain.

use std::time::Duration;

use second_opinion::notice::{NoticeSettings, Templates};
use second_opinion::renderer::Renderer;
use second_opinion::wire::v1;
use tonic::{Code, Streaming};

use crate::support::messages::{second_opinion, submission};
use crate::support::server::{Client, TestServer};
use crate::support::status::code_and_reason;

pub async fn watch(
    client: &mut Client,
    cursor: &str,
) -> Streaming<v1::WatchDeterminationsResponse> {
    let request = v1::WatchDeterminationsRequest {
        cursor: cursor.to_owned(),
    };
    client
        .watch_determinations(request)
        .await
        .expect("a stream")
        .into_inner()
}

pub async fn next(
    stream: &mut Streaming<v1::WatchDeterminationsResponse>,
) -> v1::WatchDeterminationsResponse {
    let message = tokio::time::timeout(Duration::from_secs(10), stream.message())
        .await
        .expect("in time");
    message.expect("no error").expect("a message")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn watch_starts_at_the_beginning_at_the_end_or_at_a_cursor() {
    let server = TestServer::start().await;
    let mut client = server.reviewer().await;
    for _ in 0..3 {
        client
            .submit_second_opinion(submission(second_opinion()))
            .await
            .expect("an answer");
    }
    let mut from_start = watch(&mut client, "0").await;
    let mut from_now = watch(&mut client, "").await;
    let greeting = next(&mut from_now).await;
    assert_eq!((greeting.cursor.as_str(), greeting.event), ("3", None));

    let writers = (0..20).map(|_| {
        let mut client = client.clone();
        tokio::spawn(async move {
            client
                .submit_second_opinion(submission(second_opinion()))
                .await
                .expect("an answer")
        })
    });
    futures::future::join_all(writers).await;

    let mut messages = Vec::new();
    for _ in 0..23 {
        messages.push(next(&mut from_start).await);
    }
    let cursors: Vec<String> = (1..=23).map(|position: u32| position.to_string()).collect();
    assert_eq!(
        messages
            .iter()
            .map(|message| message.cursor.clone())
            .collect::<Vec<_>>(),
        cursors
    );
    for expected in &messages[3..] {
        assert_eq!(&next(&mut from_now).await, expected);
    }
    let mut resumed = watch(&mut client, "17").await;
    for expected in &messages[17..] {
        assert_eq!(&next(&mut resumed).await, expected);
    }
    let event = messages[0].event.as_ref().expect("an event");
    assert_eq!(
        (event.version, event.r#type(), event.state()),
        (1, v1::EventType::Submitted, v1::State::PendingReview)
    );
}

#[tokio::test]
async fn unissued_cursor_is_out_of_range() {
    let server = TestServer::start().await;
    let mut client = server.reviewer().await;
    for cursor in ["1", "-1", "x", "00", "99999999999999999999", "1.0"] {
        let request = v1::WatchDeterminationsRequest {
            cursor: cursor.to_owned(),
        };
        let status = client
            .watch_determinations(request)
            .await
            .expect_err(cursor);
        assert_eq!(
            code_and_reason(&status),
            (Code::OutOfRange, "CURSOR_UNKNOWN".to_owned()),
            "{cursor}"
        );
    }
}

#[tokio::test]
async fn draining_server_ends_watches_with_unavailable() {
    let mut server = TestServer::start().await;
    let mut client = server.reviewer().await;
    let mut stream = watch(&mut client, "").await;
    next(&mut stream).await;
    let watching = tokio::spawn(async move { stream.message().await });
    assert!(server.stop().await, "every call could finish");
    let status = watching.await.expect("no panic").expect_err("a drain");
    assert_eq!(
        code_and_reason(&status),
        (Code::Unavailable, "DRAINING".to_owned())
    );
}

#[tokio::test(start_paused = true)]
async fn heartbeat_comes_after_15_seconds_without_events() {
    use futures::StreamExt as _;
    use second_opinion::rpc::Calls;
    use second_opinion::wire::v1::second_opinion_service_server::SecondOpinionService as _;
    use std::sync::Arc;
    let folder = tempfile::tempdir().expect("a folder");
    let store = second_opinion::store::sqlite::SqliteStore::open(&folder.path().join("test.db"))
        .expect("a store");
    let (_drain, draining) = tokio::sync::watch::channel(false);
    let templates = Templates::built_in().expect("the shipped ones");
    let calls = Calls {
        notices: NoticeSettings::default(),
        renderer: Renderer::new(Arc::new(templates)).expect("threads"),
        reminder_thresholds: Vec::new(),
        store: Arc::new(store),
        policy: second_opinion::rules::Policy::default(),
        plan: second_opinion::plan::Plan::default(),
        clock: Arc::new(second_opinion::clock::SystemClock),
        draining,
        meters: Arc::default(),
    };
    let mut request = tonic::Request::new(v1::WatchDeterminationsRequest::default());
    request.extensions_mut().insert(Arc::new(
        second_opinion::identity::Identity::from_certificate(
            "test",
            second_opinion::identity::ScopeSet::parse("second-opinion.read"),
        ),
    ));
    let mut stream = calls
        .watch_determinations(request)
        .await
        .expect("a stream")
        .into_inner();
    stream.next().await.expect("a greeting").expect("no error");
    let start = tokio::time::Instant::now();
    let heartbeat = stream.next().await.expect("a heartbeat").expect("no error");
    assert_eq!(
        (
            start.elapsed().as_secs(),
            heartbeat.cursor.as_str(),
            heartbeat.event
        ),
        (15, "0", None)
    );
}
