//! A day in an hour: under a steady load, while servers, keys, certificates and database come and go, is nothing lost, is no
//! one told what they should not be, and do memory and latency stay as they are?
//!
//! `scripts/soak` runs it. Its embedded server is ended four times in the first third and twice after it, the second replica
//! as often, and the first never: each lives for long enough once that what it holds can be seen to stay.

mod keys;
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
use keys::Keys;
use report::{Slice, judge, table};
use service::Service;
use traffic::{Acknowledged, Traffic};

/// Slices of the time.
const SLICES: u32 = 24;
/// Slices in which the embedded server is ended: by SIGTERM, by `kill -9`, and so on.
const EMBEDDED_ENDS: [u32; 6] = [1, 3, 5, 7, 15, 23];
/// Those in which the second replica is.
const REPLICA_ENDS: [u32; 6] = [2, 4, 6, 10, 20, 22];
/// A server asks for new keys once in ten seconds (`identity`). Callers wait until each has asked before.
const KEYS_KNOWN_AFTER: Duration = Duration::from_secs(12);
/// So much that was wrong is shown.
const WRONG_SHOWN: usize = 20;

/// What is done to the services in a slice, besides the load.
async fn disturb(
    nth: u32,
    embedded: &Arc<Service>,
    replicas: &Arc<Service>,
    database: &Arc<Database>,
) -> Vec<&'static str> {
    let mut done = Vec::new();
    if let Some(time) = EMBEDDED_ENDS.iter().position(|slice| *slice == nth) {
        let (service, kindly) = (Arc::clone(embedded), time % 2 == 0);
        blocking(move || service.restart(0, kindly)).await;
        done.push(["embedded: kill -9", "embedded: SIGTERM"][usize::from(kindly)]);
    }
    if let Some(time) = REPLICA_ENDS.iter().position(|slice| *slice == nth) {
        let (service, kindly) = (Arc::clone(replicas), time % 2 == 0);
        blocking(move || service.restart(1, kindly)).await;
        done.push(["replica 2: kill -9", "replica 2: SIGTERM"][usize::from(kindly)]);
    }
    if nth % 6 == 4 {
        let (service, database) = (Arc::clone(replicas), Arc::clone(database));
        let restart = move || {
            database.kill();
            database.restart();
        };
        blocking(move || service.without(restart)).await;
        done.push("PostgreSQL: kill -9");
    }
    done
}

async fn blocking(work: impl FnOnce() + Send + 'static) {
    let done = tokio::task::spawn_blocking(work).await;
    done.expect("no panic");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "takes an hour, or the minutes of SECOND_OPINION_TEST_SOAK_MINUTES: scripts/soak"]
async fn a_day_in_an_hour() {
    let minutes = size("SOAK_MINUTES", 60);
    assert!(
        minutes >= 3,
        "keys are not rotated within less than 3 minutes"
    );
    let slice_time = Duration::from_secs(60 * minutes as u64) / SLICES;
    let a_second = u32::try_from(size("SOAK_RATE", 50)).expect("a rate");
    let (keys, database) = (Arc::new(Keys::new()), Arc::new(Database::start()));
    let embedded = Service::start("embedded", None, 1, &keys);
    let replicas = Service::start("replicas", Some(&database.url), 2, &keys);
    let traffic = [&embedded, &replicas].map(Traffic::new);
    let callers = traffic.each_ref().map(|traffic| {
        let traffic = Arc::clone(traffic);
        tokio::spawn(traffic.go(a_second))
    });

    let (mut slices, mut published) = (Vec::new(), Instant::now());
    let began = tokio::time::Instant::now();
    for nth in 0..SLICES {
        sleep(slice_time / 4).await;
        let mut done = disturb(nth, &embedded, &replicas, &database).await;
        if nth % 4 == 0 {
            keys.publish();
            published = Instant::now();
            done.push("new key and certificate");
        } else if nth % 4 == 3 {
            sleep(KEYS_KNOWN_AFTER.saturating_sub(published.elapsed())).await;
            keys.take_up();
            embedded.reconnect();
            replicas.reconnect();
            done.push("tokens of the new key");
        }
        sleep_until(began + slice_time * (nth + 1)).await;
        let calls = traffic.iter().map(|traffic| traffic.take_calls());
        slices.push(Slice {
            calls: calls.collect(),
            processes: embedded.processes().chain(replicas.processes()).collect(),
            done,
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
    println!("{}", table(&services, &servers, &slices));
    let (said, mut complaints) = judge(&services, &servers, &slices);
    println!("{said}");
    for traffic in &traffic {
        let wrong = traffic.take_wrong();
        let count = wrong.len();
        complaints.extend(wrong.into_iter().take(WRONG_SHOWN));
        println!(
            "{}: {count} calls were told what they should not be",
            traffic.service.name
        );
        let service = Arc::clone(&traffic.service);
        blocking(move || service.stop()).await;
        complaints.extend(lost(&traffic.service, traffic.take_acknowledged()).await);
    }
    assert!(complaints.is_empty(), "{}", complaints.join("\n"));
}

/// Proves the log; gives the acknowledged changes that are not there as often as they were acknowledged, and the decisions and
/// submissions that are there twice.
async fn lost(service: &Service, acknowledged: Vec<Acknowledged>) -> Vec<String> {
    let said = service.command("verify-log");
    let store: Box<dyn Store> = if let Some(url) = &service.store {
        Box::new(PostgresStore::open_read_only(url).await.expect("a reader"))
    } else {
        let file = service.data().join("second-opinion.db");
        Box::new(SqliteStore::open(&file).expect("the store"))
    };
    let mut held: HashMap<Acknowledged, usize> = HashMap::new();
    let log = whole_log(&*store).await;
    for entry in &log {
        let key = (entry.determination_id.to_string(), entry.kind);
        *held.entry(key).or_default() += 1;
    }
    println!(
        "{}: {} changes were acknowledged, {} are in the log; {}",
        service.name,
        acknowledged.len(),
        log.len(),
        said.trim()
    );
    let mut told: HashMap<Acknowledged, usize> = HashMap::new();
    for change in acknowledged {
        *told.entry(change).or_default() += 1;
    }
    let mut complaints = Vec::new();
    for ((id, kind), times) in &told {
        let there = held.get(&(id.clone(), *kind)).copied().unwrap_or(0);
        let twice = *kind != EventKind::Verified && there > 1;
        if there < *times || twice {
            complaints.push(format!(
                "{}: {kind:?} of {id} is there {there} times, and was acknowledged {times} times",
                service.name
            ));
        }
    }
    complaints
}
