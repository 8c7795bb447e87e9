//! The soak test: a steady load while servers, database, keys and certificates are replaced. No change is lost, no call fails
//! without an outage, and memory and latency stay flat.
//!
//! `scripts/soak` runs it. The embedded server and the second replica restart four times in the first third and twice later,
//! the first replica never: each process lives long enough once to show whether its memory grows.

mod credentials;
mod report;
mod service;
mod traffic;

use std::collections::HashMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use second_opinion::case::EventKind;
use second_opinion::store::Store;
use second_opinion::store::postgres::PostgresStore;
use second_opinion::store::sqlite::SqliteStore;
use tokio::time::{sleep, sleep_until};

use crate::callers::whole_log;
use crate::database::Database;
use crate::fleet::size;
use credentials::Credentials;
use report::{Interval, check_flatness, table};
use service::Service;
use traffic::{AcknowledgedChange, Traffic};

const INTERVALS: u32 = 24;
/// Intervals in which the embedded server restarts: by SIGTERM and by `kill -9` in turn.
const EMBEDDED_RESTARTS: [u32; 6] = [1, 3, 5, 7, 15, 23];
/// Intervals in which the second replica restarts.
const REPLICA_RESTARTS: [u32; 6] = [2, 4, 6, 10, 20, 22];
/// A server fetches keys at most once in ten seconds (`identity`). Callers use a new key after every server has fetched it.
const KEY_KNOWN_AFTER: Duration = Duration::from_secs(12);
/// Violations of each service that a failed test shows.
const VIOLATIONS_SHOWN: usize = 20;

/// Restarts servers and the database as the interval asks, and returns the actions.
async fn restart_some(
    nth: u32,
    embedded: &Arc<Service>,
    replicas: &Arc<Service>,
    database: &Arc<Database>,
) -> Vec<&'static str> {
    let mut actions = Vec::new();
    if let Some(time) = EMBEDDED_RESTARTS.iter().position(|at| *at == nth) {
        let (service, is_graceful) = (Arc::clone(embedded), time % 2 == 0);
        blocking(move || service.restart(0, is_graceful)).await;
        actions.push(["embedded: kill -9", "embedded: SIGTERM"][usize::from(is_graceful)]);
    }
    if let Some(time) = REPLICA_RESTARTS.iter().position(|at| *at == nth) {
        let (service, is_graceful) = (Arc::clone(replicas), time % 2 == 0);
        blocking(move || service.restart(1, is_graceful)).await;
        actions.push(["replica 2: kill -9", "replica 2: SIGTERM"][usize::from(is_graceful)]);
    }
    if nth % 6 == 4 {
        let (service, database) = (Arc::clone(replicas), Arc::clone(database));
        let restart = move || {
            database.kill();
            database.restart();
        };
        blocking(move || service.restart_dependency(restart)).await;
        actions.push("PostgreSQL: kill -9");
    }
    actions
}

async fn blocking(work: impl FnOnce() + Send + 'static) {
    let done = tokio::task::spawn_blocking(work).await;
    done.expect("no panic");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "manual: takes an hour, or the minutes of SECOND_OPINION_TEST_SOAK_MINUTES; scripts/soak"]
async fn manual_steady_load_over_restarts_and_rotations() {
    let minutes = size("SOAK_MINUTES", 60);
    assert!(minutes >= 3, "a rotation of keys takes 3 minutes at least");
    let interval = Duration::from_secs(60 * minutes as u64) / INTERVALS;
    let calls_per_second = u32::try_from(size("SOAK_RATE", 50)).expect("a rate");
    let credentials = Arc::new(Credentials::new());
    let database = Arc::new(Database::start());
    let embedded = Service::start("embedded", None, 1, &credentials);
    let replicas = Service::start("replicas", Some(&database.url), 2, &credentials);
    let traffic = [&embedded, &replicas].map(Traffic::new);
    let callers = traffic.each_ref().map(|traffic| {
        let traffic = Arc::clone(traffic);
        tokio::spawn(traffic.run(calls_per_second))
    });

    let (mut intervals, mut rotated) = (Vec::new(), Instant::now());
    let start = tokio::time::Instant::now();
    for nth in 0..INTERVALS {
        sleep(interval / 4).await;
        let mut actions = restart_some(nth, &embedded, &replicas, &database).await;
        if nth % 4 == 0 {
            credentials.rotate();
            rotated = Instant::now();
            actions.push("new key and certificate");
        } else if nth % 4 == 3 {
            sleep(KEY_KNOWN_AFTER.saturating_sub(rotated.elapsed())).await;
            credentials.switch_tokens();
            embedded.reconnect();
            replicas.reconnect();
            actions.push("tokens of the new key");
        }
        sleep_until(start + interval * (nth + 1)).await;
        let calls = traffic.iter().map(|traffic| traffic.take_calls());
        intervals.push(Interval {
            calls: calls.collect(),
            processes: embedded.processes().chain(replicas.processes()).collect(),
            actions,
        });
    }

    for traffic in &traffic {
        traffic.stop();
    }
    for callers in callers {
        callers.await.expect("no panic");
    }
    let (services, servers) = (
        ["embedded", "replicas"],
        ["embedded", "replica 1", "replica 2"],
    );
    println!("{}", table(&services, &servers, &intervals));
    let (report, mut failures) = check_flatness(&services, &servers, &intervals);
    println!("{report}");
    for traffic in &traffic {
        let violations = traffic.take_violations();
        let count = violations.len();
        failures.extend(violations.into_iter().take(VIOLATIONS_SHOWN));
        println!("{}: {count} violations", traffic.service.name);
        let service = Arc::clone(&traffic.service);
        blocking(move || service.stop()).await;
        failures.extend(check_log(&traffic.service, traffic.take_acknowledged()).await);
    }
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}

/// Verifies the log. Returns the changes that are in it less often than they were acknowledged, and the decisions and
/// submissions that are in it twice.
async fn check_log(service: &Service, acknowledged: Vec<AcknowledgedChange>) -> Vec<String> {
    let verified = service.command("verify-log");
    let store: Box<dyn Store> = if let Some(url) = &service.store {
        Box::new(PostgresStore::open_read_only(url).await.expect("a reader"))
    } else {
        let file = service.data().join("second-opinion.db");
        Box::new(SqliteStore::open(&file).expect("the store"))
    };
    let mut logged: HashMap<AcknowledgedChange, usize> = HashMap::new();
    let log = whole_log(&*store).await;
    for entry in &log {
        let key = (entry.determination_id.to_string(), entry.kind);
        *logged.entry(key).or_default() += 1;
    }
    println!(
        "{}: {} changes were acknowledged, {} are in the log; {}",
        service.name,
        acknowledged.len(),
        log.len(),
        verified.trim()
    );
    let mut expected: HashMap<AcknowledgedChange, usize> = HashMap::new();
    for change in acknowledged {
        *expected.entry(change).or_default() += 1;
    }
    let mut failures = Vec::new();
    for ((id, kind), times) in &expected {
        let found = logged.get(&(id.clone(), *kind)).copied().unwrap_or(0);
        let is_duplicate = *kind != EventKind::Verified && found > 1;
        if found < *times || is_duplicate {
            failures.push(format!(
                "{}: {kind:?} of {id} is logged {found} times and was acknowledged {times} times",
                service.name
            ));
        }
    }
    failures
}
