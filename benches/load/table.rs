//! The results as Markdown tables.

use crate::burst::Burst;
use crate::driver::median;
use crate::open_loop::Latencies;
use crate::{ROUNDS, pgbench};

/// Rates of the service and of a reference, in calls per second, by round.
pub struct Comparison {
    /// The measured call.
    pub name: &'static str,
    reference: &'static str,
    target: &'static str,
    rounds: Vec<(f64, f64)>,
}

impl Comparison {
    /// A comparison with a bare echo of the same size.
    pub fn with_echo(name: &'static str, target: &'static str) -> Self {
        Self {
            name,
            reference: "bare echo of the same size",
            target,
            rounds: Vec::new(),
        }
    }

    /// A comparison with pgbench.
    pub fn with_pgbench(name: &'static str, target: &'static str) -> Self {
        Self {
            reference: pgbench::COMMAND,
            ..Self::with_echo(name, target)
        }
    }

    /// Adds the rates of a round.
    pub fn add(&mut self, service_rate: f64, reference_rate: f64) {
        self.rounds.push((service_rate, reference_rate));
    }

    /// The service's rate: the median of the rounds.
    pub fn service_rate(&self) -> f64 {
        median(&self.rounds.iter().map(|round| round.0).collect::<Vec<_>>())
    }

    fn reference_rate(&self) -> f64 {
        median(&self.rounds.iter().map(|round| round.1).collect::<Vec<_>>())
    }
}

/// Prints comparisons with the same reference. A row without rounds is omitted.
pub fn rates(comparisons: &[Comparison]) {
    let reference = comparisons.first().map_or("", |row| row.reference);
    println!("| call | median of {ROUNDS} rounds | {reference} | ratio | target |");
    println!("| --- | ---: | ---: | ---: | ---: |");
    for row in comparisons.iter().filter(|row| !row.rounds.is_empty()) {
        let (service, reference) = (row.service_rate(), row.reference_rate());
        let (name, target, ratio) = (row.name, row.target, service / reference);
        println!("| {name} | {service:.0}/s | {reference:.0}/s | {ratio:.2} | {target} |");
    }
    println!();
}

/// Prints latencies at shares of the capacity.
pub fn latencies(rows: &[(&str, u32, f64, Latencies)]) {
    println!("| calls at a fixed rate | of capacity | per second | p50 | p99 | p99.9 | rejected |");
    println!("| --- | ---: | ---: | ---: | ---: | ---: | ---: |");
    for (name, share, rate, latencies) in rows {
        let [p50, p99, p999] = [500, 990, 999].map(|thousandths| latencies.quantile(thousandths));
        let rejected = latencies.rejected_percent();
        println!(
            "| {name} | {share} % | {rate:.0} | {p50:.1} ms | {p99:.1} ms | {p999:.1} ms | {rejected:.1} % |"
        );
    }
    println!();
}

/// Prints the latency of submissions without and during a burst of letters.
pub fn burst(burst: &Burst) {
    let Burst {
        alone_ms,
        during_ms,
        seconds,
        letters,
    } = burst;
    println!(
        "| p99 of submissions | alone | while {letters} letters are rendered as PDF, in {seconds:.1} s | ratio | target |"
    );
    println!("| --- | ---: | ---: | ---: | ---: |");
    let ratio = during_ms / alone_ms;
    println!(
        "| at a fifth of capacity | {alone_ms:.1} ms | {during_ms:.1} ms | {ratio:.2} | at most 1.5 |"
    );
    println!();
}

/// Prints start time and memory use.
pub fn resources(rows: &[(&str, String, &str)]) {
    println!("| resource | measured | target |");
    println!("| --- | ---: | ---: |");
    for (name, measured, target) in rows {
        println!("| {name} | {measured} | {target} |");
    }
}

/// Formats kilobytes as megabytes.
pub fn megabytes(kilobytes: u64) -> String {
    format!("{} MB", kilobytes / 1_024)
}
