//! Runs of a seed, and the search for the shortest scenario that still fails.

use std::cell::{Cell, RefCell};
use std::fmt::Write as _;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Once;

use chrono::{DateTime, Utc};

use crate::fault_injection::InjectedFault;
use crate::scenario::{self, Step};
use crate::simulation::Simulation;
use crate::trace::Trace;

/// Maximum number of runs that shorten one failing scenario.
const SHORTENING_RUNS_MAX: usize = 400;

thread_local! {
    /// Whether a panic on this thread is a finding, which the runner reports itself.
    static IS_CAPTURING: Cell<bool> = const { Cell::new(false) };
    static CAPTURED: RefCell<String> = const { RefCell::new(String::new()) };
}

/// A seed of a failing run.
#[derive(Debug)]
pub struct FailedSeed {
    pub seed: u64,
    /// The failed assertion.
    pub message: String,
    /// The steps of the shortest failing scenario, by their index among the seed's.
    pub steps: Vec<usize>,
}

/// Runs a seed; of its steps only those in `only`, if given.
pub fn run(seed: u64, only: Option<&[usize]>) -> Result<Trace, String> {
    run_steps(seed, only, None)
}

/// Runs a seed with an injected fault.
pub fn run_with_fault(seed: u64, fault: InjectedFault) -> Result<Trace, String> {
    run_steps(seed, None, Some(fault))
}

fn run_steps(
    seed: u64,
    only: Option<&[usize]>,
    fault: Option<InjectedFault>,
) -> Result<Trace, String> {
    let steps = selected(scenario::steps(seed), only);
    let start = scenario::start(seed);
    install_panic_hook();
    IS_CAPTURING.set(true);
    let outcome = catch_unwind(AssertUnwindSafe(|| simulate(start, steps, fault)));
    IS_CAPTURING.set(false);
    outcome.map_err(|_| CAPTURED.take())
}

fn selected(steps: Vec<Step>, only: Option<&[usize]>) -> Vec<Step> {
    let steps = steps.into_iter().enumerate();
    steps
        .filter(|(index, _)| only.is_none_or(|only| only.contains(index)))
        .map(|(_, step)| step)
        .collect()
}

fn simulate(start: DateTime<Utc>, steps: Vec<Step>, fault: Option<InjectedFault>) -> Trace {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .start_paused(true)
        .build()
        .expect("a runtime");
    runtime.block_on(async {
        let mut simulation = Simulation::new(start, fault);
        for step in steps {
            simulation.take_step(step).await;
        }
        simulation.finish().await;
        simulation.trace
    })
}

/// Captures the message of a panic instead of printing it, on threads that run a seed.
fn install_panic_hook() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let previous = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |panic| {
            if IS_CAPTURING.get() {
                let location = panic.location().map(ToString::to_string);
                let payload = panic.payload();
                let text = payload.downcast_ref::<String>().map(String::as_str);
                let text = text.or(payload.downcast_ref::<&str>().copied());
                let location = location.unwrap_or_default();
                CAPTURED.set(format!("{location}: {}", text.unwrap_or_default()));
            } else {
                previous(panic);
            }
        }));
    });
}

/// Runs every step of a seed. Where that fails, finds the shortest list of its steps that fails too.
pub fn run_and_shorten(seed: u64) -> Result<Trace, FailedSeed> {
    run(seed, None).map_err(|message| shorten(seed, message))
}

/// Leaves steps out, many at once and then one by one, as long as the rest still fails.
fn shorten(seed: u64, message: String) -> FailedSeed {
    let mut failed = FailedSeed {
        seed,
        message,
        steps: (0..scenario::steps(seed).len()).collect(),
    };
    let mut runs = 0;
    let mut chunk = failed.steps.len().div_ceil(2);
    while chunk > 0 && runs < SHORTENING_RUNS_MAX {
        let mut start = 0;
        let mut is_shorter = false;
        while start < failed.steps.len() && runs < SHORTENING_RUNS_MAX {
            let mut fewer = failed.steps.clone();
            fewer.drain(start..fewer.len().min(start + chunk));
            runs += 1;
            match run(seed, Some(&fewer)) {
                Ok(_) => start += chunk,
                Err(message) => {
                    failed.message = message;
                    failed.steps = fewer;
                    is_shorter = true;
                }
            }
        }
        if !is_shorter || chunk > 1 {
            chunk /= 2;
        }
    }
    failed
}

impl FailedSeed {
    /// The message, the steps, and the command that runs them again.
    pub fn report(&self) -> String {
        let steps = scenario::steps(self.seed);
        let mut report = format!("seed {}: {}\n", self.seed, self.message);
        let _ = writeln!(
            report,
            "{} of its {} steps are enough:",
            self.steps.len(),
            steps.len()
        );
        for index in &self.steps {
            let _ = writeln!(report, "  {index}: {}", steps[*index].summary());
        }
        let list: Vec<String> = self.steps.iter().map(ToString::to_string).collect();
        let _ = write!(
            report,
            "run it again:\n  SECOND_OPINION_TEST_FIRST_SEED={} SECOND_OPINION_TEST_STEPS={} \
             cargo test --test simulation manual_one_seed -- --ignored --nocapture",
            self.seed,
            list.join(",")
        );
        report
    }
}
