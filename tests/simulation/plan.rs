//! What happens in a run? Turns that follow from its seed.

use chrono::{DateTime, TimeDelta, Utc};
use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use proptest::sample::{Index, select};
use proptest::strategy::ValueTree as _;
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};

use crate::chance::Chance;
use crate::model::{Fault, REPLICAS};
use crate::turns::{Turn, turn};

/// A caller's turn, and what else happens before it.
#[derive(Clone, Debug)]
pub struct Planned {
    /// Decides the order of everything until the next turn. Each turn has its own, so that leaving others out changes
    /// little of it.
    pub chance: u64,
    pub before: Option<Happening>,
    pub turn: Turn,
    /// Whom the caller asks, or who sweeps.
    pub replica: usize,
    /// As many moves as are made before the next turn; `None`: until nothing moves any more.
    pub moves: Option<u16>,
}

#[derive(Clone, Debug)]
pub enum Happening {
    /// Something will go wrong at a replica.
    Fault(usize, Fault),
    /// A replica stops between two steps and starts anew.
    Crash(usize),
    /// Everything stops, the database too.
    PowerLoss,
    /// A watcher comes, or comes back from its cursor, having lost its last messages.
    Watch(Index, usize, usize),
    /// A watcher goes.
    Leave(Index),
    /// Quarter of a minute passes in which nothing is heard.
    Quiet,
    /// A replica's clock goes wrong by as many microseconds.
    Skew(usize, i64),
    /// Everyone comes to rest, and then the sweeper comes by.
    Settle,
}

fn replica() -> BoxedStrategy<usize> {
    (0..REPLICAS).boxed()
}

fn happening() -> BoxedStrategy<Happening> {
    const HOUR_US: i64 = 3_600_000_000;
    const FAULTS: [Fault; 5] = [
        Fault::Read,
        Fault::Unsent,
        Fault::Sync,
        Fault::AnswerLost,
        Fault::Doubled,
    ];
    let fault =
        (replica(), select(&FAULTS[..])).prop_map(|(replica, it)| Happening::Fault(replica, it));
    let watch = (
        any::<Index>(),
        replica(),
        prop_oneof![3 => Just(0), 1 => 1..4_usize],
    )
        .prop_map(|(watcher, replica, lost)| Happening::Watch(watcher, replica, lost));
    let skew = (replica(), prop_oneof![Just(0), -HOUR_US..HOUR_US])
        .prop_map(|(replica, by)| Happening::Skew(replica, by));
    prop_oneof![
        6 => fault,
        3 => replica().prop_map(Happening::Crash),
        1 => Just(Happening::PowerLoss),
        5 => watch,
        1 => any::<Index>().prop_map(Happening::Leave),
        1 => Just(Happening::Quiet),
        1 => skew,
        1 => Just(Happening::Settle),
    ]
    .boxed()
}

fn planned() -> BoxedStrategy<Planned> {
    let moves = prop_oneof![
        3 => (0..16_u16).prop_map(Some),
        2 => (0..64_u16).prop_map(Some),
        2 => Just(None),
    ];
    (
        any::<u64>(),
        option::weighted(0.6, happening()),
        turn(),
        replica(),
        moves,
    )
        .prop_map(|(chance, before, turn, replica, moves)| Planned {
            chance,
            before,
            turn,
            replica,
            moves,
        })
        .boxed()
}

/// When the run of a seed begins: in any of forty years, at any hour.
pub fn start(seed: u64) -> DateTime<Utc> {
    const YEARS_SECONDS: usize = 40 * 365 * 86_400;
    let first: DateTime<Utc> = "2016-06-01T00:00:00Z".parse().expect("an instant");
    let later = Chance::of(seed).below(YEARS_SECONDS);
    first + TimeDelta::seconds(i64::try_from(later).expect("forty years"))
}

/// The turns of a seed.
pub fn of(seed: u64) -> Vec<Planned> {
    let mut bytes = [0; 32];
    bytes[..8].copy_from_slice(&seed.to_le_bytes());
    let rng = TestRng::from_seed(RngAlgorithm::ChaCha, &bytes);
    let mut runner = TestRunner::new_with_rng(Config::default(), rng);
    let turns = vec(planned(), 4..48).new_tree(&mut runner);
    turns.expect("turns").current()
}

impl Planned {
    /// In one line, without what is written in it.
    pub fn shown(&self) -> String {
        let Turn {
            leap_us,
            who,
            twice,
            deed,
        } = &self.turn;
        let deed = format!("{deed:?}");
        let end = deed
            .char_indices()
            .nth(160)
            .map_or(deed.len(), |(at, _)| at);
        let twice = if *twice { " twice" } else { "" };
        format!(
            "{:?}, then {leap_us} us later {who:?} asks replica {}{twice}: {} … and {:?} moves",
            self.before,
            self.replica,
            &deed[..end],
            self.moves
        )
    }
}
