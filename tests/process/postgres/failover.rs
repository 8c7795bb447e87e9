//! Failover: a primary is lost, and its promoted standby has every acknowledged change.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use crate::callers::{Load, TEST_TIMEOUT};
use crate::database::Database;
use crate::fleet::{Fleet, size};
use crate::program::{run, text};
use crate::watchers::{Watchers, check};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs PostgreSQL: SECOND_OPINION_TEST_POSTGRES"]
async fn promoted_standby_has_every_acknowledged_change() {
    let primary = Database::start();
    let standby = primary.standby();
    let fleet = Fleet::start(&primary.url_with_standby(&standby), 3);
    let watchers = Watchers::start(&fleet);
    let load = Load::start(&fleet, size("CLIENTS", 12));
    let failures = Arc::clone(&load.failures);
    let under_load = Duration::from_millis(500 * size("SECONDS", 3) as u64);
    tokio::time::sleep(under_load).await;

    // From now on the standby receives no change, so the primary must acknowledge none.
    primary.partition();
    tokio::time::sleep(Duration::from_secs(1)).await;
    primary.kill();
    // Only after a caller saw the loss: a standby that is promoted at once would hide it.
    let start = Instant::now();
    while failures.unavailable.load(Ordering::SeqCst) == 0 {
        assert!(start.elapsed() < TEST_TIMEOUT, "no caller saw the loss");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    standby.promote();
    tokio::time::sleep(under_load).await;

    let acknowledged = load.finish().await;
    let unavailable = failures.unavailable.load(Ordering::SeqCst);
    println!(
        "{} changes were acknowledged; {unavailable} calls were unavailable",
        acknowledged.len()
    );
    // The servers ran all the time: every failure was theirs, with a retry delay.
    assert_eq!(failures.disconnected.load(Ordering::SeqCst), 0);
    check(&fleet, &standby.url, &acknowledged, watchers).await;
    let store = ["--store", &fleet.url, "verify-log"];
    let verified = run(fleet.data(), &store, "");
    assert_eq!(
        verified.status.code(),
        Some(0),
        "{}",
        text(&verified.stderr)
    );
    let events = format!("{} events", acknowledged.len());
    assert!(text(&verified.stderr).contains(&events));
}
