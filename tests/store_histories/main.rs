//! Properties of every log, for random sequences of requests and random changes of the server's clock.
//!
//! The calls are the service's own over a store. The clock stops, runs, runs backwards and jumps by decades.

use std::cell::RefCell;
use std::collections::BTreeMap;

use proptest::prelude::*;
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};

#[allow(
    dead_code,
    reason = "only the tests without a store use the other parts"
)]
#[path = "../case_support/arbitrary.rs"]
mod arbitrary;
mod checks;
#[allow(
    dead_code,
    reason = "only the tests without a store use the other parts"
)]
#[path = "../case_support/commands.rs"]
mod commands;
mod known;
#[allow(dead_code, reason = "only other tests use the other parts")]
#[path = "../support/postgres.rs"]
mod postgres;
mod requests;
mod service;
mod turns;
mod world;

use turns::turn;
use world::World;

/// Number of logs that each test writes.
const LOGS: u32 = 64;

fn config() -> Config {
    Config {
        cases: LOGS,
        failure_persistence: None,
        ..Config::default()
    }
}

/// Writes and checks logs, and returns how often each outcome occurred.
fn write_logs(mut runner: TestRunner) -> BTreeMap<&'static str, u32> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .expect("a runtime");
    let outcomes = RefCell::new(BTreeMap::new());
    let turns = prop::collection::vec(turn(), 1..32);
    let run = runner.run(&turns, |turns| {
        runtime.block_on(async {
            let mut world = World::new().await;
            for turn in turns {
                world.play(turn).await;
            }
            let logged = checks::check(&*world.store, &world.calls).await;
            // The log has every acknowledged change once, in order, and no others.
            assert_eq!(logged, world.acknowledged);
            for (outcome, times) in world.outcomes {
                *outcomes.borrow_mut().entry(outcome).or_default() += times;
            }
        });
        Ok(())
    });
    run.unwrap_or_else(|failure| panic!("{failure}"));
    outcomes.into_inner()
}

#[test]
fn every_log_keeps_the_invariants() {
    write_logs(TestRunner::new(config()));
}

/// Otherwise the invariants could hold because nothing happened. The random numbers are the same in every run.
#[test]
fn the_logs_reach_every_outcome() {
    let rng = TestRng::deterministic_rng(RngAlgorithm::default());
    let outcomes = write_logs(TestRunner::new_with_rng(config(), rng));
    for outcome in [
        "submitted",
        "changed",
        "approved",
        "denied",
        "withdrawn",
        "rejected",
        "permission denied",
        "stale etag",
        "replayed",
        "request id reused",
        "sent twice concurrently",
        "due soon",
        "overdue",
        "letter about an untimely decision",
    ] {
        let times = outcomes.get(outcome).copied().unwrap_or_default();
        assert!(times >= 3, "{outcome}: {outcomes:?}");
    }
}
