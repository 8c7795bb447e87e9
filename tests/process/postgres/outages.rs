//! Outages: servers and their database are killed and restarted, and no acknowledged change is lost.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use futures::future::join_all;
use second_opinion::wire::v1;
use tonic_health::pb::HealthCheckRequest;
use tonic_health::pb::health_client::HealthClient;

use crate::callers::{Load, TEST_TIMEOUT, is_unavailable_for_now};
use crate::database::Database;
use crate::fleet::{Fleet, random_below, size};
use crate::program::{Server, run, text};
use crate::support::messages::{get, second_opinion, submission};
use crate::watchers::{Watchers, check};

/// Waits for a health status; returns how long it took.
async fn wait_for_health(server: &Server, expected: &str) -> Duration {
    let start = Instant::now();
    let channel = tonic::transport::Endpoint::from_shared(server.address.clone());
    let channel = channel.expect("an address").connect().await;
    let mut health = HealthClient::new(channel.expect("a connection"));
    loop {
        let answer = health.check(HealthCheckRequest::default()).await;
        let status = answer.expect("health").into_inner().status();
        if status.as_str_name() == expected {
            return start.elapsed();
        }
        assert!(start.elapsed() < TEST_TIMEOUT, "{expected}");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs PostgreSQL: SECOND_OPINION_TEST_POSTGRES"]
async fn database_outage_shows_in_health_and_ends_by_itself() {
    let database = Database::start();
    let folder = tempfile::tempdir().expect("a folder");
    let data = folder.path();
    let store = ["--store", database.url.as_str()];
    let command = |command: &str| run(data, &[store[0], store[1], command], "");
    let unmigrated = command("serve");
    assert_eq!(unmigrated.status.code(), Some(69));
    assert!(text(&unmigrated.stderr).contains("second-opinion migrate"));
    assert_eq!(text(&command("migrate").stdout), "1\n2\n3\n4\n5\n");
    assert_eq!(text(&command("migrate").stdout), "");

    let server = Server::start_with(data, &store);
    let client = server.client(data).await;
    let request = submission(second_opinion());
    let first = client.clone().submit_second_opinion(request.clone()).await;
    let first = first
        .expect("an answer")
        .into_inner()
        .determination
        .expect("a determination");
    wait_for_health(&server, "SERVING").await;

    database.kill();
    let duration = wait_for_health(&server, "NOT_SERVING").await;
    println!("NOT_SERVING after {duration:?}");
    // Each call fails long before its deadline.
    let start = Instant::now();
    let calls = (0..64).map(|n| {
        let (mut client, request) = (client.clone(), request.clone());
        let id = first.determination_id.clone();
        async move {
            if n % 2 == 0 {
                client.submit_second_opinion(request).await.map(drop)
            } else {
                let read = client.get_determination(get(&id, v1::View::Basic));
                read.await.map(drop)
            }
        }
    });
    for answer in join_all(calls).await {
        let status = answer.expect_err("an outage");
        assert!(is_unavailable_for_now(&status), "{status:?}");
        assert!(!format!("{status:?}").contains("127.0.0.1"), "{status:?}");
    }
    println!("64 calls failed within {:?}", start.elapsed());
    assert!(start.elapsed() < Duration::from_secs(10));

    database.restart();
    let duration = wait_for_health(&server, "SERVING").await;
    println!("SERVING after {duration:?}");
    let replay = client.clone().submit_second_opinion(request).await;
    let replay = replay
        .expect("an answer")
        .into_inner()
        .determination
        .expect("a determination");
    assert_eq!(replay, first, "the first answer");
    let verified = command("verify-log");
    assert_eq!(
        verified.status.code(),
        Some(0),
        "{}",
        text(&verified.stderr)
    );
    assert!(text(&verified.stderr).contains("1 events"));
    assert_eq!(server.terminate(), Some(0));
}

/// A retried change is made once, whichever process is killed, and at any moment.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs PostgreSQL: SECOND_OPINION_TEST_POSTGRES"]
async fn servers_and_database_are_killed_under_load_and_no_change_is_lost() {
    let database = Database::start();
    let fleet = Fleet::start(&database.url, 3);
    let watchers = Watchers::start(&fleet);
    let load = Load::start(&fleet, size("CLIENTS", 12));
    // At random moments, so that the losses fall into every part of a commit.
    let pause = || tokio::time::sleep(Duration::from_millis(300 + random_below(400) as u64));
    for _ in 0..size("LOSSES", 2) {
        pause().await;
        fleet.replace(random_below(3));
        pause().await;
        database.kill();
        pause().await;
        database.restart();
    }
    pause().await;
    let failures = Arc::clone(&load.failures);
    let acknowledged = load.finish().await;
    println!(
        "{} changes were acknowledged; {} calls were unavailable, {} were disconnected",
        acknowledged.len(),
        failures.unavailable.load(Ordering::SeqCst),
        failures.disconnected.load(Ordering::SeqCst)
    );
    check(&fleet, &database.url, &acknowledged, watchers).await;
}
