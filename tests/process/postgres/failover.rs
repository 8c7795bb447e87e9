//! A primary is lost and its standby takes its place: is anything lost with it that was acknowledged?

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
async fn a_primary_is_lost_and_its_standby_has_every_acknowledged_change() {
    let primary = Database::start();
    let standby = primary.standby();
    let fleet = Fleet::start(&primary.or(&standby), 3);
    let watchers = Watchers::start(&fleet);
    let load = Load::start(&fleet, size("CLIENTS", 12));
    let failures = Arc::clone(&load.failures);
    let under_load = Duration::from_millis(500 * size("SECONDS", 3) as u64);
    tokio::time::sleep(under_load).await;

    // What the primary acknowledges now the standby does not have: it may acknowledge nothing.
    primary.part();
    tokio::time::sleep(Duration::from_secs(1)).await;
    primary.kill();
    // Not before someone was told of it: a standby that is promoted at once would hide the loss from everyone.
    let lost = Instant::now();
    while failures.unavailable.load(Ordering::SeqCst) == 0 {
        assert!(
            lost.elapsed() < TEST_TIMEOUT,
            "no caller is told of the loss"
        );
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    standby.promote();
    tokio::time::sleep(under_load).await;

    let acknowledged = load.finish().await;
    let unavailable = failures.unavailable.load(Ordering::SeqCst);
    println!(
        "{} changes were acknowledged; {unavailable} calls were told to try again",
        acknowledged.len()
    );
    // The servers were there all the time: every refusal was one of theirs, with a time to try again.
    assert_eq!(failures.cut.load(Ordering::SeqCst), 0);
    check(&fleet, &standby.url, &acknowledged, watchers).await;
    let store = ["--store", &fleet.url, "verify-log"];
    let proved = run(fleet.data(), &store, "");
    assert_eq!(proved.status.code(), Some(0), "{}", text(&proved.stderr));
    let events = format!("{} events", acknowledged.len());
    assert!(text(&proved.stderr).contains(&events));
}
