//! The scenario of a seed: the start of the run and its steps.

use chrono::{DateTime, TimeDelta, Utc};
use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use proptest::sample::{Index, select};
use proptest::strategy::ValueTree as _;
use proptest::test_runner::{Config, TestRunner};

use crate::model::{Failure, REPLICAS};
use crate::random::rng;
use crate::turns::{Turn, turn};

/// A scenario's steps: enough for several cases, few enough for ten seeds a second.
const STEPS: std::ops::Range<usize> = 4..48;
/// Characters of a turn's content that a report shows.
const SHOWN_CHARS: usize = 160;

/// A caller's or the sweeper's turn, after an event of the environment.
#[derive(Clone, Debug)]
pub struct Step {
    /// The seed of every random choice until the next step. Each step has its own, so that leaving other steps out changes
    /// little of this one.
    pub seed: u64,
    pub event: Option<EnvironmentEvent>,
    pub turn: Turn,
    /// The replica that the caller sends to, or that sweeps.
    pub replica: usize,
    /// The number of polls before the next step; `None`: until no task is ready.
    pub polls: Option<u16>,
}

/// An event that no caller of a command makes.
#[derive(Clone, Debug)]
pub enum EnvironmentEvent {
    /// A failure at a replica's next call that can fail in this way.
    Failure(usize, Failure),
    /// A replica stops between two steps and starts again.
    Crash(usize),
    /// Every replica and the database stop.
    PowerLoss,
    /// A watcher connects to a replica, or resumes there after it forgot its last messages.
    Watch(Index, usize, usize),
    /// A watcher disconnects.
    Unwatch(Index),
    /// The time between two heartbeats passes without an event.
    Quiet,
    /// A replica's clock deviates by some microseconds.
    ClockSkew(usize, i64),
    /// Every task finishes, and then each replica sweeps.
    Settle,
}

fn replica() -> BoxedStrategy<usize> {
    (0..REPLICAS).boxed()
}

fn environment_event() -> BoxedStrategy<EnvironmentEvent> {
    const HOUR_US: i64 = 3_600_000_000;
    let failure = (replica(), select(&Failure::ALL[..]))
        .prop_map(|(replica, failure)| EnvironmentEvent::Failure(replica, failure));
    let watch = (
        any::<Index>(),
        replica(),
        prop_oneof![3 => Just(0), 1 => 1..4_usize],
    )
        .prop_map(|(watcher, replica, forgotten)| {
            EnvironmentEvent::Watch(watcher, replica, forgotten)
        });
    let skew = (replica(), prop_oneof![Just(0), -HOUR_US..HOUR_US])
        .prop_map(|(replica, by_us)| EnvironmentEvent::ClockSkew(replica, by_us));
    prop_oneof![
        6 => failure,
        3 => replica().prop_map(EnvironmentEvent::Crash),
        1 => Just(EnvironmentEvent::PowerLoss),
        5 => watch,
        1 => any::<Index>().prop_map(EnvironmentEvent::Unwatch),
        1 => Just(EnvironmentEvent::Quiet),
        1 => skew,
        1 => Just(EnvironmentEvent::Settle),
    ]
    .boxed()
}

fn step() -> BoxedStrategy<Step> {
    let polls = prop_oneof![
        3 => (0..16_u16).prop_map(Some),
        2 => (0..64_u16).prop_map(Some),
        2 => Just(None),
    ];
    (
        any::<u64>(),
        option::weighted(0.6, environment_event()),
        turn(),
        replica(),
        polls,
    )
        .prop_map(|(seed, event, turn, replica, polls)| Step {
            seed,
            event,
            turn,
            replica,
            polls,
        })
        .boxed()
}

/// The instant at which a seed's run begins: within forty years, at any second.
pub fn start(seed: u64) -> DateTime<Utc> {
    const FORTY_YEARS_SECONDS: i64 = 40 * 365 * 86_400;
    let first: DateTime<Utc> = "2016-06-01T00:00:00Z".parse().expect("an instant");
    first + TimeDelta::seconds(rng(seed).random_range(0..FORTY_YEARS_SECONDS))
}

/// The steps of a seed.
pub fn steps(seed: u64) -> Vec<Step> {
    let mut runner = TestRunner::new_with_rng(Config::default(), rng(seed));
    let steps = vec(step(), STEPS).new_tree(&mut runner);
    steps.expect("steps").current()
}

impl Step {
    /// The step in one line, without the whole content of its request.
    pub fn summary(&self) -> String {
        let Turn {
            clock_shift_us,
            caller,
            twice,
            action,
        } = &self.turn;
        let action: String = format!("{action:?}").chars().take(SHOWN_CHARS).collect();
        let twice = if *twice { " twice" } else { "" };
        format!(
            "event {:?}; clock {clock_shift_us:+} us; {caller:?} to replica {}{twice}: {action}...; polls {:?}",
            self.event, self.replica, self.polls
        )
    }
}
