//! Calls while the store is unreachable or slow, or after a panic.

use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};
use std::time::Duration;

use prost::Message as _;
use second_opinion::config::Config;
use second_opinion::identity::ActorType;
use second_opinion::wire::v1;
use tonic::Code;
use tonic_types::StatusExt as _;

pub use crate::support::faulty::{FaultyStore, MISSED_REPLAY, NO_FAULT, PANIC, SLOW, UNAVAILABLE};
use crate::support::messages::{get, id, second_opinion, submission};
use crate::support::raw::call_raw;
use crate::support::server::{EVERY_SCOPE, TestServer};
use crate::support::status::reason;

async fn start_with_faults(config: &Config) -> (TestServer, Arc<AtomicU8>) {
    let fault = Arc::new(AtomicU8::new(NO_FAULT));
    let switch = Arc::clone(&fault);
    let server =
        TestServer::start_with(config, |store| Arc::new(FaultyStore { store, fault })).await;
    (server, switch)
}

#[tokio::test]
async fn unreachable_store_is_unavailable_with_retry_info() {
    let (server, fault) = start_with_faults(&Config::default()).await;
    let mut client = server.reviewer().await;
    let request = submission(second_opinion());
    fault.store(UNAVAILABLE, Ordering::SeqCst);
    let status = client
        .submit_second_opinion(request.clone())
        .await
        .expect_err("an unavailable store");
    assert_eq!(
        (status.code(), reason(&status).as_str()),
        (Code::Unavailable, "STORE_UNAVAILABLE")
    );
    assert!(
        status
            .get_error_details()
            .retry_info()
            .expect("a detail")
            .retry_delay
            .is_some()
    );
    assert!(
        !format!("{status:?}").contains("took it away"),
        "the cause does not leak"
    );

    let mut health = tonic_health::pb::health_client::HealthClient::new(server.channel().await);
    let mut statuses = Vec::new();
    for _ in 0..50 {
        let answer = health
            .check(tonic_health::pb::HealthCheckRequest::default())
            .await
            .expect("health");
        statuses.push(answer.into_inner().status().as_str_name());
        if statuses.last() == Some(&"NOT_SERVING") {
            break;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    assert_eq!(statuses.last(), Some(&"NOT_SERVING"));
    fault.store(NO_FAULT, Ordering::SeqCst);
    client
        .submit_second_opinion(request)
        .await
        .expect("a retry after the outage");
    for _ in 0..50 {
        let answer = health
            .check(tonic_health::pb::HealthCheckRequest::default())
            .await
            .expect("health");
        if answer.into_inner().status().as_str_name() == "SERVING" {
            return;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    panic!("the health status stays NOT_SERVING");
}

#[tokio::test]
async fn deadline_of_caller_or_server_is_deadline_exceeded() {
    let config = Config {
        max_deadline: Duration::from_millis(300),
        ..Config::default()
    };
    let (server, fault) = start_with_faults(&config).await;
    fault.store(SLOW, Ordering::SeqCst);
    // The server's own limit.
    let mut client = server.reviewer().await;
    let status = client
        .get_determination(get(&id(), v1::View::Basic))
        .await
        .expect_err("a slow store");
    assert_eq!(status.code(), Code::DeadlineExceeded, "{status:?}");
    drop(server);
    let (server, fault) = start_with_faults(&Config::default()).await;
    fault.store(SLOW, Ordering::SeqCst);
    // The caller's, in `grpc-timeout` alone: this client has no timer of its own.
    let token = server.token("raw", EVERY_SCOPE, ActorType::Person);
    let headers = [
        ("authorization", format!("Bearer {token}")),
        ("grpc-timeout", "100m".to_owned()),
    ];
    let message = get(&id(), v1::View::Basic).encode_to_vec();
    let start = std::time::Instant::now();
    let status = call_raw(&server.address, "GetDetermination", &message, &headers).await;
    assert_eq!(status.code(), Code::DeadlineExceeded, "{status:?}");
    assert!(
        start.elapsed() < Duration::from_secs(20),
        "the caller's deadline comes first"
    );
}

#[tokio::test]
async fn panic_is_internal_with_only_the_request_id() {
    let (server, fault) = start_with_faults(&Config::default()).await;
    let mut client = server.reviewer().await;
    fault.store(PANIC, Ordering::SeqCst);
    let status = client
        .get_determination(get(&id(), v1::View::Basic))
        .await
        .expect_err("a panic");
    assert_eq!(status.code(), Code::Internal);
    let details = status.get_error_details();
    let request = &details.request_info().expect("a detail").request_id;
    assert!(status.message().contains(request) && uuid::Uuid::try_parse(request).is_ok());
    assert!(!format!("{status:?}").contains("canary"));
    fault.store(NO_FAULT, Ordering::SeqCst);
    let status = client
        .get_determination(get(&id(), v1::View::Basic))
        .await
        .expect_err("unknown");
    assert_eq!(
        status.code(),
        Code::NotFound,
        "a panic ends its own call alone"
    );
}

#[tokio::test]
async fn changed_event_is_internal() {
    // The event is changed in the store; the FULL view folds it and finds the change.
    let server = TestServer::start().await;
    let mut client = server.reviewer().await;
    let request = submission(second_opinion());
    let case = client
        .submit_second_opinion(request)
        .await
        .expect("an answer")
        .into_inner()
        .determination
        .expect("a determination");
    let changed = server
        .damage(
            [
                "DROP TRIGGER events_are_never_changed",
                "UPDATE events SET bytes = CAST(replace(CAST(bytes AS TEXT), 'Sample', 'Simple') AS BLOB)",
            ],
            [
                "DROP TRIGGER events_are_the_record ON events",
                "UPDATE events SET bytes = convert_to(replace(convert_from(bytes, 'UTF8'), 'Sample', 'Simple'), 'UTF8')",
            ],
        )
        .await;
    assert_eq!(changed, 1);
    let status = client
        .get_determination(get(&case.determination_id, v1::View::Full))
        .await
        .expect_err("a changed event");
    assert_eq!(status.code(), Code::Internal);
}
