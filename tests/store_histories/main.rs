//! What holds of every log, whatever callers send in whatever order, and whatever the server's clock does meanwhile?
//!
//! The calls are the service's own over a store; the clock stands, runs, runs backwards, and leaps decades.

use std::cell::RefCell;
use std::collections::BTreeMap;

use proptest::prelude::*;
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};

#[allow(dead_code, reason = "the histories without a store use the rest")]
#[path = "../case_support/arbitrary.rs"]
mod arbitrary;
mod checks;
#[allow(dead_code, reason = "the histories without a store use the rest")]
#[path = "../case_support/commands.rs"]
mod commands;
mod known;
#[allow(dead_code, reason = "the other tests use the rest")]
#[path = "../support/postgres.rs"]
mod postgres;
mod requests;
mod service;
mod turns;
mod world;

use turns::turn;
use world::World;

/// As many logs as each test writes.
const LOGS: u32 = 64;

fn config() -> Config {
    Config {
        cases: LOGS,
        failure_persistence: None,
        ..Config::default()
    }
}

/// Writes logs and checks each; gives how often each kind of thing happened.
fn write(mut runner: TestRunner) -> BTreeMap<&'static str, u32> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .expect("a runtime");
    let reached = RefCell::new(BTreeMap::new());
    let turns = prop::collection::vec(turn(), 1..32);
    let run = runner.run(&turns, |turns| {
        runtime.block_on(async {
            let mut world = World::new().await;
            for turn in turns {
                world.take(turn).await;
            }
            let logged = checks::check(&*world.store, &world.calls).await;
            // What was acknowledged, all of it, once, in order, and nothing else.
            assert_eq!(logged, world.acknowledged);
            for (what, times) in world.reached {
                *reached.borrow_mut().entry(what).or_default() += times;
            }
        });
        Ok(())
    });
    run.unwrap_or_else(|failure| panic!("{failure}"));
    reached.into_inner()
}

#[test]
fn every_log_keeps_the_promises() {
    write(TestRunner::new(config()));
}

/// Were nothing of this to happen, the promises would be kept of nothing. The turns are the same every time.
#[test]
fn the_logs_reach_every_turn() {
    let rng = TestRng::deterministic_rng(RngAlgorithm::default());
    let reached = write(TestRunner::new_with_rng(config(), rng));
    for what in [
        "submitted",
        "changed",
        "approved",
        "denied",
        "withdrawn",
        "refused",
        "not permitted",
        "stale",
        "repeated",
        "repeated otherwise",
        "sent twice at once",
        "told due soon",
        "told overdue",
        "told with a letter",
    ] {
        let times = reached.get(what).copied().unwrap_or_default();
        assert!(times >= 3, "{what}: {reached:?}");
    }
}
