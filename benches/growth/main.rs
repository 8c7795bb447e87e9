//! Benchmark of call latency on a small store and on one a hundred times as large.
//!
//! `growth fill URL CASES` fills a store. `growth measure SMALL LARGE` calls two services alternately, one on each of two
//! stores, so that other load on the machine affects both alike, and prints a Markdown table. `scripts/growth` runs all of
//! it. The cases are copied by SQL from a few hundred that the service wrote: the chains of such a log do not verify.

mod calls;
mod fill;
#[path = "../load/process.rs"]
#[allow(dead_code, reason = "only the load benchmark uses the other parts")]
mod process;
#[path = "../load/request.rs"]
mod request;
mod sample;
mod seed;
mod stores;

use std::time::Duration;

use calls::{Call, Target};
use stores::StoreConnection;

/// Rounds; the two stores alternate in each.
const ROUNDS: usize = 5;
/// Calls of each kind in a round, on each store.
const CALLS: usize = 500;
/// Calls in flight: few, so that the latency of a call is measured and not a queue.
const IN_FLIGHT: usize = 4;
/// Maximum ratio of a call's latency on the large store to that on the small one.
const RATIO_MAX: f64 = 1.5;

#[tokio::main(flavor = "multi_thread", worker_threads = 2)]
async fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    // `cargo bench` adds its own flag.
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
    let stores = [
        StoreConnection::open(small).await,
        StoreConnection::open(large).await,
    ];
    let mut targets = Vec::new();
    for (url, store) in [small, large].into_iter().zip(&stores) {
        targets.push(Target::start(url, store.sample().await).await);
    }
    // Warm up: connections are opened and statements prepared.
    for call in Call::ALL {
        for target in &targets {
            target.time(call, CALLS / 5, IN_FLIGHT).await;
        }
    }
    let counts = (stores[0].cases().await, stores[1].cases().await);
    let scans_before = scans(&stores).await;
    let mut latencies = Call::ALL.map(|_| [Vec::new(), Vec::new()]);
    for round in 0..ROUNDS {
        for (call, latencies) in Call::ALL.into_iter().zip(&mut latencies) {
            for (target, latencies) in targets.iter().zip(latencies) {
                latencies.extend(target.time(call, CALLS, IN_FLIGHT).await);
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
    for (call, [small, large]) in Call::ALL.into_iter().zip(latencies) {
        let (small, large) = (median(small), median(large));
        println!(
            "| {} | {:.0} µs | {:.0} µs | {:.2} | {RATIO_MAX} |",
            call.name(),
            microseconds(small),
            microseconds(large),
            microseconds(large) / microseconds(small)
        );
    }
    if let (Some(before), Some(after)) = (scans_before, scans(&stores).await) {
        println!(
            "\nTable scans of cases, events and letters during the measurement: {} sequential, {} by an index.",
            after.0 - before.0,
            after.1 - before.1
        );
    }
}

/// Total scans of both stores so far; `None` if the database does not count scans.
async fn scans(stores: &[StoreConnection; 2]) -> Option<(i64, i64)> {
    let (small, large) = (stores[0].scans().await?, stores[1].scans().await?);
    Some((small.0 + large.0, small.1 + large.1))
}

fn median(mut latencies: Vec<Duration>) -> Duration {
    latencies.sort_unstable();
    latencies[latencies.len() / 2]
}

fn microseconds(time: Duration) -> f64 {
    time.as_secs_f64() * 1e6
}
