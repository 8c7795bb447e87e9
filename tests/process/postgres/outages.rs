//! Several servers on one PostgreSQL, which goes away and comes back: what do callers see, and is anything lost?

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use futures::future::join_all;
use second_opinion::wire::v1;
use tonic_health::pb::HealthCheckRequest;
use tonic_health::pb::health_client::HealthClient;

use crate::callers::{Load, TEST_TIMEOUT, is_unavailable_for_now};
use crate::database::Database;
use crate::fleet::{Fleet, chance, size};
use crate::program::{Server, run, text};
use crate::support::messages::{get, second_opinion, submission};
use crate::watchers::{Watchers, check};

/// Waits until health tells it; gives how long that took.
async fn health_tells(server: &Server, expected: &str) -> Duration {
    let began = Instant::now();
    let channel = tonic::transport::Endpoint::from_shared(server.address.clone());
    let channel = channel.expect("an address").connect().await;
    let mut health = HealthClient::new(channel.expect("a connection"));
    loop {
        let answer = health.check(HealthCheckRequest::default()).await;
        let status = answer.expect("health").into_inner().status();
        if status.as_str_name() == expected {
            return began.elapsed();
        }
        assert!(began.elapsed() < TEST_TIMEOUT, "{expected}");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs PostgreSQL: SECOND_OPINION_TEST_POSTGRES"]
async fn a_database_that_goes_away_is_told_of_at_once_and_is_back_by_itself() {
    let database = Database::start();
    let folder = tempfile::tempdir().expect("a folder");
    let data = folder.path();
    let store = ["--store", database.url.as_str()];
    let command = |command: &str| run(data, &[store[0], store[1], command], "");
    let unmigrated = command("serve");
    assert_eq!(unmigrated.status.code(), Some(69));
    assert!(text(&unmigrated.stderr).contains("second-opinion migrate"));
    assert_eq!(text(&command("migrate").stdout), "1\n2\n3\n4\n");
    assert_eq!(text(&command("migrate").stdout), "");

    let server = Server::start_with(data, &store);
    let client = server.client(data).await;
    let request = submission(second_opinion());
    let first = client.clone().submit_second_opinion(request.clone()).await;
    let first = first.expect("it").into_inner().determination.expect("it");
    health_tells(&server, "SERVING").await;

    database.kill();
    let told = health_tells(&server, "NOT_SERVING").await;
    println!("NOT_SERVING after {told:?}");
    // None waits for what will not come: far less time than a call has.
    let began = Instant::now();
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
        let status = answer.expect_err("the database is away");
        assert!(is_unavailable_for_now(&status), "{status:?}");
        assert!(!format!("{status:?}").contains("127.0.0.1"), "{status:?}");
    }
    println!("64 calls refused within {:?}", began.elapsed());
    assert!(began.elapsed() < Duration::from_secs(10));

    database.restart();
    let back = health_tells(&server, "SERVING").await;
    println!("SERVING after {back:?}");
    let again = client.clone().submit_second_opinion(request).await;
    let again = again.expect("it").into_inner().determination.expect("it");
    assert_eq!(again, first, "the first answer again");
    let proved = command("verify-log");
    assert_eq!(proved.status.code(), Some(0), "{}", text(&proved.stderr));
    assert!(text(&proved.stderr).contains("1 events"));
    assert_eq!(server.terminate(), Some(0));
}

/// Each change is made once, whichever process ends, and when.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs PostgreSQL: SECOND_OPINION_TEST_POSTGRES"]
async fn servers_and_their_database_are_lost_under_load_and_no_change_is() {
    let database = Database::start();
    let fleet = Fleet::start(&database.url, 3);
    let watchers = Watchers::start(&fleet);
    let load = Load::start(&fleet, size("CLIENTS", 12));
    // Another moment each time, so that the losses fall into every part of a commit.
    let pause = || tokio::time::sleep(Duration::from_millis(300 + chance(400) as u64));
    for _ in 0..size("LOSSES", 2) {
        pause().await;
        fleet.replace(chance(3));
        pause().await;
        database.kill();
        pause().await;
        database.restart();
    }
    pause().await;
    let failures = Arc::clone(&load.failures);
    let acknowledged = load.finish().await;
    println!(
        "{} changes were acknowledged; {} calls were told to try again, {} were cut",
        acknowledged.len(),
        failures.unavailable.load(Ordering::SeqCst),
        failures.cut.load(Ordering::SeqCst)
    );
    check(&fleet, &database.url, &acknowledged, watchers).await;
}
