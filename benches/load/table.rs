//! What was measured, as tables in Markdown.

use crate::burst::Burst;
use crate::driver::median;
use crate::open_loop::Latencies;
use crate::{ROUNDS, pgbench};

/// Calls a second of ours beside those of another, round by round.
pub struct Compared {
    /// What is called.
    pub what: &'static str,
    beside: &'static str,
    target: &'static str,
    rounds: Vec<(f64, f64)>,
}

impl Compared {
    /// Beside a bare echo of as many bytes.
    pub fn with_echo(what: &'static str, target: &'static str) -> Self {
        Self {
            what,
            beside: "bare echo of as many bytes",
            target,
            rounds: Vec::new(),
        }
    }

    /// Beside pgbench.
    pub fn with_pgbench(what: &'static str, target: &'static str) -> Self {
        Self {
            beside: pgbench::WHAT,
            ..Self::with_echo(what, target)
        }
    }

    /// A round.
    pub fn add(&mut self, ours: f64, other: f64) {
        self.rounds.push((ours, other));
    }

    /// Calls a second of ours: the median of the rounds.
    pub fn ours(&self) -> f64 {
        median(&self.rounds.iter().map(|round| round.0).collect::<Vec<_>>())
    }

    fn other(&self) -> f64 {
        median(&self.rounds.iter().map(|round| round.1).collect::<Vec<_>>())
    }
}

/// Prints rates that were measured beside the same thing. A row without rounds is left out.
pub fn rates(compared: &[Compared]) {
    let beside = compared.first().map_or("", |row| row.beside);
    println!("| what | median of {ROUNDS} rounds | {beside} | ratio | target |");
    println!("| --- | ---: | ---: | ---: | ---: |");
    for row in compared.iter().filter(|row| !row.rounds.is_empty()) {
        let (ours, other) = (row.ours(), row.other());
        let (what, target, ratio) = (row.what, row.target, ours / other);
        println!("| {what} | {ours:.0}/s | {other:.0}/s | {ratio:.2} | {target} |");
    }
    println!();
}

/// Prints what calls took that came at shares of what can be taken.
pub fn latencies(rows: &[(&str, u32, f64, Latencies)]) {
    println!(
        "| calls that come by themselves | of capacity | a second | p50 | p99 | p99.9 | told to come back |"
    );
    println!("| --- | ---: | ---: | ---: | ---: | ---: | ---: |");
    for (what, share, rate, took) in rows {
        let [half, most, nearly_all] =
            [500, 990, 999].map(|thousandths| took.quantile(thousandths));
        let refused = took.told_to_come_back();
        println!(
            "| {what} | {share} % | {rate:.0} | {half:.1} ms | {most:.1} ms | {nearly_all:.1} ms | {refused:.1} % |"
        );
    }
    println!();
}

/// Prints what submissions wait beside letters.
pub fn burst(burst: &Burst) {
    let Burst {
        alone,
        beside,
        took,
        letters,
    } = burst;
    println!(
        "| p99 of submissions | alone | while {letters} letters are rendered as PDF, in {took:.1} s | ratio | target |"
    );
    println!("| --- | ---: | ---: | ---: | ---: |");
    let ratio = beside / alone;
    println!(
        "| at a fifth of capacity | {alone:.1} ms | {beside:.1} ms | {ratio:.2} | at most 1.5 |"
    );
    println!();
}

/// Prints what the service takes of the machine.
pub fn resources(rows: &[(&str, String, &str)]) {
    println!("| what | measured | target |");
    println!("| --- | ---: | ---: |");
    for (what, measured, target) in rows {
        println!("| {what} | {measured} | {target} |");
    }
}

/// Kilobytes as megabytes.
pub fn megabytes(kilobytes: u64) -> String {
    format!("{} MB", kilobytes / 1_024)
}
