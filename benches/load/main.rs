//! Benchmark of durable submissions, reads and other calls against a bare tonic echo of messages of the same size, of
//! latency at fixed arrival rates, and of memory use.
//!
//! Both servers are separate processes on this machine, called by one driver alternately, round by round, so that other load
//! on the machine affects both alike. Prints Markdown tables. `cargo bench --bench load`, or `scripts/bench`.
//!
//! If `SECOND_OPINION_BENCH_STORE` names a PostgreSQL store (`scripts/bench-postgres`), the rounds include pgbench, which
//! inserts the same rows statement by statement. It is compared with submissions by a minimal client, because pgbench's
//! client is minimal too.

mod burst;
mod driver;
mod echo;
mod h2_client;
mod h2load;
mod kinds;
mod memory;
mod open_loop;
mod pgbench;
mod process;
mod raw;
mod request;
mod table;

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use burst::Burst;
use driver::Load;
use memory::ConnectionMemory;
use open_loop::Latencies;
use pgbench::Pgbench;
use process::ServerProcess;
use raw::RawInserts;
use table::Comparison;

/// The environment variable that names the service's store, by default an `SQLite` file.
const STORE_VARIABLE: &str = "SECOND_OPINION_BENCH_STORE";

const SUBMIT: &str = "SubmitSecondOpinion, durable";
const GET: &str = "GetDetermination";

/// Calls in flight.
const IN_FLIGHT: usize = 256;
/// Connections, shared by the calls in flight.
const CONNECTIONS: usize = 8;
/// Duration of a round.
const ROUND: Duration = Duration::from_secs(4);
/// Rounds of each kind of call.
const ROUNDS: usize = 5;
/// Duration of a round of the other kinds of calls, and of raw inserts.
const SHORT_ROUND: Duration = Duration::from_secs(1);
/// Submissions before the memory is read.
const SUBMISSIONS: usize = 100_000;
/// Cases to deny: more than all rounds use.
const DENIABLE_CASES: usize = 30_000;
/// Arrival rates for the latencies, as percentages of the service's capacity.
const SHARES_PERCENT: [u32; 3] = [10, 50, 90];
/// Arrival rate of submissions while letters are rendered, as a percentage of the capacity.
const BURST_SHARE_PERCENT: u32 = 20;
/// Duration of the calls at each arrival rate.
const OPEN_LOOP: Duration = Duration::from_secs(8);

fn main() {
    let arguments: Vec<String> = std::env::args().collect();
    if let Some(at) = arguments.iter().position(|argument| argument == "--echo") {
        return runtime(2).block_on(echo::serve(&arguments[at + 1]));
    }
    runtime(2).block_on(compare());
}

fn runtime(threads: usize) -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_multi_thread()
        .worker_threads(threads)
        .enable_all()
        .build()
        .expect("a runtime")
}

/// Prints the progress to standard error.
fn print_progress(round: usize, submissions: f64, echoes: f64) {
    let nth = round + 1;
    eprintln!("round {nth} of {ROUNDS}: {submissions:.0} submissions/s, {echoes:.0} echoes/s");
}

async fn compare() {
    let folder = tempfile::tempdir().expect("a folder");
    let echo = ServerProcess::echo().await;
    let began = Instant::now();
    let store = std::env::var(STORE_VARIABLE).ok();
    let server = ServerProcess::service(folder.path(), store.as_deref()).await;
    let start = began.elapsed();
    let idle = server.resident_kilobytes();

    let submit = Arc::new(Load::submissions(&server).await);
    let echo_submit = Load::echoes(&echo, submit.message_bytes()).await;
    // Warm up both servers, and fill the store before the memory is read.
    echo_submit.run(ROUND).await;
    let began = Instant::now();
    let mut stored = 0;
    while stored < SUBMISSIONS {
        stored += submit.run(Duration::from_secs(1)).await.calls;
    }
    let memory = server.resident_kilobytes();
    let seconds = began.elapsed().as_secs_f64();
    eprintln!("{stored} submissions in {seconds:.1} s");

    let target = |sqlite, postgres| {
        if store.is_none() { sqlite } else { postgres }
    };
    let url = store.as_deref();
    let (mut comparisons, with_pgbench) = submissions(
        (&server, &submit),
        (&echo, &echo_submit),
        (url, folder.path()),
    )
    .await;

    let get = Arc::new(Load::reads(&server, &submit).await);
    let echo_get = Load::echoes(&echo, get.response_bytes()).await;
    let mut reads = Comparison::with_echo(GET, "");
    let mut h2load_reads = Comparison::with_echo(
        "GetDetermination, called by h2load",
        target("at least 0.7", "at least 0.4"),
    );
    for _ in 0..ROUNDS {
        let echo_rate = echo_get.run(ROUND).await.rate();
        reads.add(get.run(ROUND).await.rate(), echo_rate);
        match h2load::compare((&server, &get), (&echo, &echo_get), folder.path()) {
            Some((service_rate, echo_rate)) => h2load_reads.add(service_rate, echo_rate),
            None => {
                eprintln!("h2load is not installed (Debian's nghttp2-client): its row is omitted");
            }
        }
    }
    comparisons.extend([reads, h2load_reads]);

    comparisons.extend(others(&server, &echo).await);
    table::rates(&comparisons);
    if let Some(rows) = with_pgbench {
        table::rates(&rows);
    }

    let capacity = |name| {
        comparisons
            .iter()
            .find(|row| row.name == name)
            .map_or(0.0, Comparison::service_rate)
    };
    let mut latencies = Vec::new();
    for (name, load) in [(SUBMIT, &submit), (GET, &get)] {
        for share in SHARES_PERCENT {
            let rate = capacity(name) * f64::from(share) / 100.0;
            let measured = Latencies::measure(load, rate, OPEN_LOOP).await;
            latencies.push((name, share, rate, measured));
        }
    }
    table::latencies(&latencies);

    let share = f64::from(BURST_SHARE_PERCENT) / 100.0;
    let burst = Burst::measure(&server, &submit, capacity(SUBMIT) * share).await;
    match burst {
        Some(burst) => table::burst(&burst),
        None => eprintln!("no PDF in this build: submissions during a burst are omitted"),
    }
    let connection_memory = ConnectionMemory::measure(&server).await;
    table::resources(&[
        (
            "start to serving, on an empty store",
            format!("{} ms", start.as_millis()),
            "under 300 ms",
        ),
        (
            "resident memory, idle on an empty store",
            table::megabytes(idle),
            "at most 40 MB",
        ),
        (
            &format!("resident memory after {stored} submissions"),
            table::megabytes(memory),
            target("under 60 MB", ""),
        ),
        (
            "resident memory after all rounds",
            table::megabytes(connection_memory.before),
            "",
        ),
        (
            "memory per connection that has made a call",
            format!("{:.1} KB", connection_memory.per_connection),
            "",
        ),
        (
            "memory per watch, over 8 connections",
            format!("{:.1} KB", connection_memory.per_watch),
            "at most 2 KB above its buffers",
        ),
    ]);
}

/// Measures submissions to a store at a URL, or in a folder, against the echo and, on PostgreSQL, against pgbench.
async fn submissions(
    (server, submit): (&ServerProcess, &Load),
    (echo, echo_submit): (&ServerProcess, &Load),
    (url, folder): (Option<&str>, &Path),
) -> (Vec<Comparison>, Option<[Comparison; 2]>) {
    let pgbench = match url {
        Some(url) => Some(Pgbench::prepare(url).await),
        None => None,
    };
    let source = folder.join("second-opinion.db");
    let mut raw = url.is_none().then(|| RawInserts::prepare(folder, &source));
    let target = if url.is_none() { "at least 0.35" } else { "" };
    let mut durable = Comparison::with_echo(SUBMIT, target);
    let mut minimal = Comparison::with_echo("the same, by a minimal client", "");
    let mut bare = Comparison::with_echo("bare inserts of its two rows into SQLite, in groups", "");
    let mut rows = Comparison::with_pgbench("against case and event", "at least 2.5");
    let mut rows_and_head = Comparison::with_pgbench("against these and the log's head", "");
    for round in 0..ROUNDS {
        let echoes = echo_submit.run(ROUND).await.rate();
        let submissions = submit.run(ROUND).await.rate();
        durable.add(submissions, echoes);
        let minimal_echoes = h2_client::run(echo, echo_submit, ROUND).rate();
        let minimal_submissions = h2_client::run(server, submit, ROUND).rate();
        minimal.add(minimal_submissions, minimal_echoes);
        if let Some(raw) = &mut raw {
            bare.add(raw.run(SHORT_ROUND).rate(), echoes);
        }
        if let Some(pgbench) = &pgbench {
            rows.add(minimal_submissions, pgbench.rate(pgbench::ROWS, ROUND));
            let with_head = pgbench.rate(pgbench::ROWS_AND_HEAD, ROUND);
            rows_and_head.add(minimal_submissions, with_head);
        }
        print_progress(round, submissions, echoes);
    }
    let mut comparisons = vec![durable, minimal];
    comparisons.extend(raw.map(|_| bare));
    (comparisons, pgbench.map(|_| [rows, rows_and_head]))
}

/// Measures the other kinds of calls, each against an echo of the size of its response.
async fn others(server: &ServerProcess, echo: &ServerProcess) -> Vec<Comparison> {
    let kinds = [
        (
            "ListDeterminations, a page of 50",
            kinds::pages(server).await,
        ),
        ("EvaluateSecondOpinion", kinds::evaluations(server).await),
        (
            "IssueDenial with its letters, durable",
            kinds::denials(server, DENIABLE_CASES).await,
        ),
    ];
    let mut comparisons = Vec::new();
    for (name, load) in kinds {
        let echo = Load::echoes(echo, load.response_bytes()).await;
        let mut comparison = Comparison::with_echo(name, "");
        for _ in 0..ROUNDS {
            let echo_rate = echo.run(SHORT_ROUND).await.rate();
            comparison.add(load.run(SHORT_ROUND).await.rate(), echo_rate);
        }
        comparisons.push(comparison);
    }
    comparisons
}
