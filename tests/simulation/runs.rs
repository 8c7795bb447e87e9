//! Does a seed hold, and if not, what is the shortest list of turns that shows it?

use std::cell::{Cell, RefCell};
use std::fmt::Write as _;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Once;

use chrono::{DateTime, Utc};

use crate::fault_injection::InjectedFault;
use crate::plan::{self, Planned};
use crate::trace::Trace;
use crate::world::World;

/// As many runs as are spent on making a failing list of turns shorter.
const SHORTENING_RUNS_MAX: usize = 400;

thread_local! {
    /// Whether a panic on this thread is a finding, which is told by whoever asked for it.
    static LISTENING: Cell<bool> = const { Cell::new(false) };
    static HEARD: RefCell<String> = const { RefCell::new(String::new()) };
}

/// A seed that does not hold.
#[derive(Debug)]
pub struct Failure {
    pub seed: u64,
    /// What was wrong.
    pub said: String,
    /// The turns that are left, by their place among the seed's.
    pub turns: Vec<usize>,
}

/// Runs a seed; of its turns only those at `only`, where that is given.
pub fn run(seed: u64, only: Option<&[usize]>) -> Result<Trace, String> {
    run_with(seed, only, None)
}

/// Runs a seed with a fault injected.
pub fn run_with_fault(seed: u64, fault: InjectedFault) -> Result<Trace, String> {
    run_with(seed, None, Some(fault))
}

fn run_with(
    seed: u64,
    only: Option<&[usize]>,
    fault: Option<InjectedFault>,
) -> Result<Trace, String> {
    let turns = chosen(plan::of(seed), only);
    listen();
    LISTENING.set(true);
    let start = plan::start(seed);
    let outcome = catch_unwind(AssertUnwindSafe(|| play(start, turns, fault)));
    LISTENING.set(false);
    outcome.map_err(|_| HEARD.take())
}

fn chosen(turns: Vec<Planned>, only: Option<&[usize]>) -> Vec<Planned> {
    let turns = turns.into_iter().enumerate();
    turns
        .filter(|(at, _)| only.is_none_or(|only| only.contains(at)))
        .map(|(_, turn)| turn)
        .collect()
}

fn play(start: DateTime<Utc>, turns: Vec<Planned>, fault: Option<InjectedFault>) -> Trace {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .start_paused(true)
        .build()
        .expect("a runtime");
    runtime.block_on(async {
        let mut world = World::new(start, fault);
        for turn in turns {
            world.take(turn).await;
        }
        world.end().await;
        world.trace
    })
}

/// Keeps what a panic says instead of printing it, on threads that listen.
fn listen() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let others = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |panic| {
            if LISTENING.get() {
                let at = panic.location().map(ToString::to_string);
                let payload = panic.payload();
                let text = payload.downcast_ref::<String>().map(String::as_str);
                let text = text.or(payload.downcast_ref::<&str>().copied());
                let at = at.unwrap_or_default();
                HEARD.set(format!("{at}: {}", text.unwrap_or_default()));
            } else {
                others(panic);
            }
        }));
    });
}

/// Runs a seed whole, and where it does not hold, finds the shortest list of its turns that shows it.
pub fn hold(seed: u64) -> Result<Trace, Failure> {
    run(seed, None).map_err(|said| shortest(seed, said))
}

/// Leaves turns out, many at once and then one by one, as long as what is left fails too.
fn shortest(seed: u64, said: String) -> Failure {
    let mut failure = Failure {
        seed,
        said,
        turns: (0..plan::of(seed).len()).collect(),
    };
    let mut runs = 0;
    let mut chunk = failure.turns.len().div_ceil(2);
    while chunk > 0 && runs < SHORTENING_RUNS_MAX {
        let mut at = 0;
        let mut shortened = false;
        while at < failure.turns.len() && runs < SHORTENING_RUNS_MAX {
            let mut fewer = failure.turns.clone();
            fewer.drain(at..fewer.len().min(at + chunk));
            runs += 1;
            match run(seed, Some(&fewer)) {
                Ok(_) => at += chunk,
                Err(said) => {
                    failure.said = said;
                    failure.turns = fewer;
                    shortened = true;
                }
            }
        }
        if !shortened || chunk > 1 {
            chunk /= 2;
        }
    }
    failure
}

impl Failure {
    /// What a person needs to know to look into it.
    pub fn told(&self) -> String {
        let turns = plan::of(self.seed);
        let mut told = format!("seed {}: {}\n", self.seed, self.said);
        let _ = writeln!(
            told,
            "{} of its {} turns show it:",
            self.turns.len(),
            turns.len()
        );
        for at in &self.turns {
            let _ = writeln!(told, "  {at}: {}", turns[*at].shown());
        }
        let list: Vec<String> = self.turns.iter().map(ToString::to_string).collect();
        let _ = write!(
            told,
            "run it again:\n  SECOND_OPINION_TEST_FIRST_SEED={} SECOND_OPINION_TEST_TURNS={} \
             cargo test --test simulation one_seed -- --ignored --nocapture",
            self.seed,
            list.join(",")
        );
        told
    }
}
