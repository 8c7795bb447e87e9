//! What does a call cost once there are a hundred times as many cases?
//!
//! `growth fill URL CASES` fills a store, and `growth measure SMALL LARGE` calls two services in turn, one on each of two
//! stores, so that what the machine does meanwhile falls on both; it prints a Markdown table. `scripts/growth` does all of
//! it. Cases are made by SQL out of some hundred that the service has made: such a log's chains do not verify.

mod calls;
mod fill;
#[path = "../load/process.rs"]
#[allow(dead_code, reason = "the benchmark of load uses the rest")]
mod process;
#[path = "../load/request.rs"]
mod request;
mod sample;
mod seed;
mod stores;

use std::time::Duration;

use calls::{Call, Target};
use stores::Stored;

/// Rounds, in which both stores take turns.
const ROUNDS: usize = 5;
/// Calls of a kind in a round, on each of the stores.
const CALLS: usize = 500;
/// As many are in flight: few, so that what is measured is a call and not a queue.
const IN_FLIGHT: usize = 4;
/// The most that a call on the large store may cost of one on the small store.
const RATIO_MAX: f64 = 1.5;

#[tokio::main(flavor = "multi_thread", worker_threads = 2)]
async fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    // `cargo bench` adds a flag of its own.
    let arguments = arguments.iter().map(String::as_str);
    let arguments: Vec<&str> = arguments.filter(|word| *word != "--bench").collect();
    match arguments[..] {
        ["fill", url, cases] => fill::fill(url, cases.parse().expect("a number of cases")).await,
        ["measure", small, large] => measure(small, large).await,
        _ => {
            eprintln!(
                "growth: `fill URL CASES` or `measure SMALL LARGE`; scripts/growth does both"
            );
        }
    }
}

async fn measure(small: &str, large: &str) {
    let stores = [Stored::at(small).await, Stored::at(large).await];
    let mut targets = Vec::new();
    for (url, stored) in [small, large].into_iter().zip(&stores) {
        targets.push(Target::start(url, stored.sample().await).await);
    }
    // Whatever is opened or compiled at first.
    for call in Call::ALL {
        for target in &targets {
            target.time(call, CALLS / 5, IN_FLIGHT).await;
        }
    }
    let counts = (stores[0].cases().await, stores[1].cases().await);
    let scanned = scans(&stores).await;
    let mut took = Call::ALL.map(|_| [Vec::new(), Vec::new()]);
    for round in 0..ROUNDS {
        for (call, took) in Call::ALL.into_iter().zip(&mut took) {
            for (target, took) in targets.iter().zip(took) {
                took.extend(target.time(call, CALLS, IN_FLIGHT).await);
            }
        }
        eprintln!("round {} of {ROUNDS}", round + 1);
    }
    println!(
        "Medians of {} calls, {IN_FLIGHT} in flight, on {}.\n",
        ROUNDS * CALLS,
        stores[0].kind()
    );
    println!(
        "| call | {} cases | {} cases | ratio | at most |",
        counts.0, counts.1
    );
    println!("| --- | ---: | ---: | ---: | ---: |");
    for (call, [small, large]) in Call::ALL.into_iter().zip(took) {
        let (small, large) = (median(small), median(large));
        println!(
            "| {} | {:.0} µs | {:.0} µs | {:.2} | {RATIO_MAX} |",
            call.name(),
            microseconds(small),
            microseconds(large),
            microseconds(large) / microseconds(small)
        );
    }
    if let (Some(before), Some(after)) = (scanned, scans(&stores).await) {
        println!(
            "\nMeanwhile cases, events and letters were read {} times from end to end, and {} times by an index.",
            after.0 - before.0,
            after.1 - before.1
        );
    }
}

/// Scans so far, of both stores; `None`: these do not count them.
async fn scans(stores: &[Stored; 2]) -> Option<(i64, i64)> {
    let (small, large) = (stores[0].scans().await?, stores[1].scans().await?);
    Some((small.0 + large.0, small.1 + large.1))
}

fn median(mut took: Vec<Duration>) -> Duration {
    took.sort_unstable();
    took[took.len() / 2]
}

fn microseconds(time: Duration) -> f64 {
    time.as_secs_f64() * 1e6
}
