//! How fast are durable submissions, reads and the other calls, beside a bare tonic echo of messages of the same size? How
//! long do calls take that come by themselves, and what memory is held?
//!
//! Both servers are processes of their own on this machine, called by one driver in turn, round by round, so that what
//! the machine does meanwhile falls on both. Prints a Markdown table. `cargo bench --bench load`, or `scripts/bench`.
//!
//! On PostgreSQL, where `SECOND_OPINION_BENCH_STORE` names one (`scripts/bench-postgres`), pgbench takes its turn too: it
//! inserts the same rows statement by statement. The submissions beside it are made by a client that does as little as
//! pgbench's.

mod burst;
mod driver;
mod echo;
mod h2load;
mod held;
mod kinds;
mod lean;
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
use open_loop::Latencies;
use pgbench::Pgbench;
use process::Program;
use raw::Raw;
use table::Compared;

/// The variable that names the store of the service; without it a file.
const STORE: &str = "SECOND_OPINION_BENCH_STORE";

const SUBMIT: &str = "SubmitSecondOpinion, durable";
const GET: &str = "GetDetermination";

/// Calls in flight.
const IN_FLIGHT: usize = 256;
/// Connections that carry them.
const CONNECTIONS: usize = 8;
/// As long as a round is.
const ROUND: Duration = Duration::from_secs(4);
/// Rounds of each kind.
const ROUNDS: usize = 5;
/// As long as a round of the other kinds of calls is, and of raw inserts.
const SHORT_ROUND: Duration = Duration::from_secs(1);
/// Submissions after which the memory is read.
const SUBMISSIONS: usize = 100_000;
/// Cases that are made to be denied: more than are denied in all rounds.
const DENIABLE: usize = 30_000;
/// The shares of what the service can take at the most, in percent, at which latencies are measured.
const SHARES: [u32; 3] = [10, 50, 90];
/// The share at which submissions come beside letters that are rendered, in percent.
const BURST_SHARE: u32 = 20;
/// As long as calls come at each of them.
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

/// Progress, for whoever waits.
fn told(round: usize, submitted: f64, echoed: f64) {
    let nth = round + 1;
    eprintln!("submissions, round {nth} of {ROUNDS}: {submitted:.0}/s beside {echoed:.0}/s");
}

async fn compare() {
    let folder = tempfile::tempdir().expect("a folder");
    let echo = Program::echo().await;
    let began = Instant::now();
    let store = std::env::var(STORE).ok();
    let server = Program::server(folder.path(), store.as_deref()).await;
    let start = began.elapsed();
    let idle = server.resident_kilobytes();

    let submit = Arc::new(Load::submissions(&server).await);
    let echo_submit = Load::echoes(&echo, submit.message_bytes()).await;
    // Both warm, and as many submissions in the store as the memory is read after.
    echo_submit.run(ROUND).await;
    let filled = Instant::now();
    let mut stored = 0;
    while stored < SUBMISSIONS {
        stored += submit.run(Duration::from_secs(1)).await.calls;
    }
    let memory = server.resident_kilobytes();
    let seconds = filled.elapsed().as_secs_f64();
    eprintln!("{stored} submissions in {seconds:.1} s");

    let target = |in_file, otherwise| {
        if store.is_none() { in_file } else { otherwise }
    };
    let url = store.as_deref();
    let (mut compared, beside_pgbench) = submissions(
        (&server, &submit),
        (&echo, &echo_submit),
        (url, folder.path()),
    )
    .await;

    let get = Arc::new(Load::reads(&server, &submit).await);
    let echo_get = Load::echoes(&echo, get.answer_bytes()).await;
    let mut read = Compared::with_echo(GET, "");
    let mut read_by_h2load = Compared::with_echo(
        "GetDetermination, called by h2load",
        target("at least 0.7", "at least 0.4"),
    );
    for _ in 0..ROUNDS {
        let echoed = echo_get.run(ROUND).await.rate();
        read.add(get.run(ROUND).await.rate(), echoed);
        match h2load::side_by_side((&server, &get), (&echo, &echo_get), folder.path()) {
            Some((ours, echoed)) => read_by_h2load.add(ours, echoed),
            None => {
                eprintln!("no h2load here (Debian's package nghttp2-client): its row is left out");
            }
        }
    }
    compared.extend([read, read_by_h2load]);

    compared.extend(others(&server, &echo).await);
    table::rates(&compared);
    if let Some(rows) = beside_pgbench {
        table::rates(&rows);
    }

    let capacity = |what| {
        compared
            .iter()
            .find(|row| row.what == what)
            .map_or(0.0, Compared::ours)
    };
    let mut latencies = Vec::new();
    for (what, load) in [(SUBMIT, &submit), (GET, &get)] {
        for share in SHARES {
            let rate = capacity(what) * f64::from(share) / 100.0;
            let took = Latencies::of(load, rate, OPEN_LOOP).await;
            latencies.push((what, share, rate, took));
        }
    }
    table::latencies(&latencies);

    let share = f64::from(BURST_SHARE) / 100.0;
    let burst = Burst::measured(&server, &submit, capacity(SUBMIT) * share).await;
    match burst {
        Some(burst) => table::burst(&burst),
        None => eprintln!("no PDF in this build: submissions beside letters are left out"),
    }
    let held = held::Held::measured(&server).await;
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
            table::megabytes(held.before),
            "",
        ),
        (
            "more a connection that has made a call",
            format!("{:.1} KB", held.a_connection),
            "",
        ),
        (
            "more a watch, over 8 connections",
            format!("{:.1} KB", held.a_watch),
            "at most 2 KB above its buffers",
        ),
    ]);
}

/// Submissions to a store at an URL, or in a folder: beside the echo, and beside pgbench where that is the store.
async fn submissions(
    (server, submit): (&Program, &Load),
    (echo, echo_submit): (&Program, &Load),
    (url, folder): (Option<&str>, &Path),
) -> (Vec<Compared>, Option<[Compared; 2]>) {
    let pgbench = match url {
        Some(url) => Some(Pgbench::prepare(url).await),
        None => None,
    };
    let stored = folder.join("second-opinion.db");
    let mut raw = url.is_none().then(|| Raw::prepare(folder, &stored));
    let target = if url.is_none() { "at least 0.35" } else { "" };
    let mut durable = Compared::with_echo(SUBMIT, target);
    let mut lean = Compared::with_echo("the same, by a client that does less", "");
    let mut bare = Compared::with_echo("bare inserts of its two rows into SQLite, in groups", "");
    let mut rows = Compared::with_pgbench("beside case and event", "at least 2.5");
    let mut rows_and_head = Compared::with_pgbench("beside these and the log's head", "");
    for round in 0..ROUNDS {
        let echoed = echo_submit.run(ROUND).await.rate();
        let submitted = submit.run(ROUND).await.rate();
        durable.add(submitted, echoed);
        let leanly_echoed = lean::run(echo, echo_submit, ROUND).rate();
        let leanly = lean::run(server, submit, ROUND).rate();
        lean.add(leanly, leanly_echoed);
        if let Some(raw) = &mut raw {
            bare.add(raw.run(SHORT_ROUND).rate(), echoed);
        }
        if let Some(pgbench) = &pgbench {
            rows.add(leanly, pgbench.rate(pgbench::ROWS, ROUND));
            rows_and_head.add(leanly, pgbench.rate(pgbench::ROWS_AND_HEAD, ROUND));
        }
        told(round, submitted, echoed);
    }
    let mut compared = vec![durable, lean];
    compared.extend(raw.map(|_| bare));
    (compared, pgbench.map(|_| [rows, rows_and_head]))
}

/// The other kinds of calls, each beside an echo of as many bytes as it answers.
async fn others(server: &Program, echo: &Program) -> Vec<Compared> {
    let kinds = [
        (
            "ListDeterminations, a page of 50",
            kinds::pages(server).await,
        ),
        ("EvaluateSecondOpinion", kinds::evaluations(server).await),
        (
            "IssueDenial with its letters, durable",
            kinds::denials(server, DENIABLE).await,
        ),
    ];
    let mut compared = Vec::new();
    for (what, load) in kinds {
        let echo = Load::echoes(echo, load.answer_bytes()).await;
        let mut kind = Compared::with_echo(what, "");
        for _ in 0..ROUNDS {
            let echoed = echo.run(SHORT_ROUND).await.rate();
            kind.add(load.run(SHORT_ROUND).await.rate(), echoed);
        }
        compared.push(kind);
    }
    compared
}
