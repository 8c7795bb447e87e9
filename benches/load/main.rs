//! How fast are durable submissions and reads, beside a bare tonic echo of messages of the same size?
//!
//! Both servers are processes of their own on this machine, called by one driver in turn, round by round, so that what
//! the machine does meanwhile falls on both. Prints a Markdown table. `cargo bench --bench load`, or `scripts/bench`.
//!
//! On PostgreSQL, where `SECOND_OPINION_BENCH_STORE` names one (`scripts/bench-postgres`), pgbench takes its turn too: it
//! inserts the same rows statement by statement.

mod driver;
mod echo;
mod h2load;
mod pgbench;
mod process;
mod request;

use std::path::Path;
use std::time::{Duration, Instant};

use driver::{Load, median};
use pgbench::Pgbench;
use process::Program;

/// The variable that names the store of the service; without it a file.
const STORE: &str = "SECOND_OPINION_BENCH_STORE";

/// Calls in flight.
const IN_FLIGHT: usize = 256;
/// Connections that carry them.
const CONNECTIONS: usize = 8;
/// As long as a round is.
const ROUND: Duration = Duration::from_secs(4);
/// Rounds of each kind.
const ROUNDS: usize = 5;
/// Submissions after which the memory is read.
const SUBMISSIONS: usize = 100_000;

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

async fn compare() {
    let folder = tempfile::tempdir().expect("a folder");
    let echo = Program::echo().await;
    let began = Instant::now();
    let store = std::env::var(STORE).ok();
    let server = Program::server(folder.path(), store.as_deref()).await;
    let start = began.elapsed();

    let submit = Load::submissions(&server).await;
    let echo_submit = Load::echoes(&echo, submit.message_bytes()).await;
    // Both warm, and as many submissions in the store as the memory is read after.
    echo_submit.run(ROUND).await;
    let filled = Instant::now();
    let mut stored = 0;
    while stored < SUBMISSIONS {
        stored += submit.run(Duration::from_secs(1)).await.calls;
    }
    let memory = server.resident_megabytes();
    eprintln!(
        "{stored} submissions in {:.1} s",
        filled.elapsed().as_secs_f64()
    );

    let pgbench = match &store {
        Some(url) => Some(Pgbench::prepare(url).await),
        None => None,
    };
    let (mut submits, mut echoes) = (Vec::new(), Vec::new());
    let (mut rows, mut rows_and_head) = (Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        echoes.push(echo_submit.run(ROUND).await.rate());
        submits.push(submit.run(ROUND).await.rate());
        if let Some(pgbench) = &pgbench {
            rows.push(pgbench.rate(pgbench::ROWS, ROUND));
            rows_and_head.push(pgbench.rate(pgbench::ROWS_AND_HEAD, ROUND));
        }
    }
    let get = Load::reads(&server, &submit).await;
    let echo_get = Load::echoes(&echo, get.answer_bytes()).await;
    let (mut gets, mut get_echoes) = (Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        get_echoes.push(echo_get.run(ROUND).await.rate());
        gets.push(get.run(ROUND).await.rate());
    }

    let by_h2load = reads_by_h2load(&server, &get, &echo, &echo_get, folder.path());

    println!("| what | median of {ROUNDS} rounds | bare echo of as many bytes | ratio | target |");
    println!("| --- | ---: | ---: | ---: | ---: |");
    let in_a_file = store.is_none();
    let (submit_target, get_target) = if in_a_file {
        ("at least 0.35", "at least 0.7")
    } else {
        ("", "at least 0.4")
    };
    let durable = "SubmitSecondOpinion, durable";
    row(durable, &submits, &echoes, submit_target);
    row("GetDetermination", &gets, &get_echoes, get_target);
    match by_h2load {
        Some((ours, echo)) => {
            row(
                "GetDetermination, called by h2load",
                &ours,
                &echo,
                get_target,
            );
        }
        None => eprintln!("no h2load here (Debian's package nghttp2-client): its row is left out"),
    }
    println!();
    if pgbench.is_some() {
        println!(
            "| what | median of {ROUNDS} rounds | {} | ratio | target |",
            pgbench::WHAT
        );
        println!("| --- | ---: | ---: | ---: | ---: |");
        let target = "at least 2.5";
        row("beside case and event", &submits, &rows, target);
        row(
            "beside these and the log's head",
            &submits,
            &rows_and_head,
            target,
        );
        println!();
    }
    println!("| what | measured | target |");
    println!("| --- | ---: | ---: |");
    let target = |target| if in_a_file { target } else { "" };
    println!(
        "| start to serving, on an empty store | {} ms | {} |",
        start.as_millis(),
        target("300 ms")
    );
    println!(
        "| resident memory after {stored} submissions | {memory} MB | {} |",
        target("60 MB")
    );
    println!(
        "| resident memory after all rounds | {} MB | |",
        server.resident_megabytes()
    );
}

/// Rounds of reads and of echoes by h2load; `None`: there is none.
fn reads_by_h2load(
    server: &Program,
    get: &Load,
    echo: &Program,
    echo_get: &Load,
    folder: &Path,
) -> Option<(Vec<f64>, Vec<f64>)> {
    let log = folder.join("log.jsonl");
    let (mut ours, mut echoes) = (Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        let (path, message) = echo_get.sample();
        echoes.push(h2load::rate(echo, path, &message, folder)?);
        let (path, message) = get.sample();
        let before = h2load::answered(&log, "GetDetermination");
        ours.push(h2load::rate(server, path, &message, folder)?);
        let answered = h2load::answered(&log, "GetDetermination") - before;
        assert_eq!(answered, h2load::calls(), "calls answered OK");
    }
    Some((ours, echoes))
}

fn row(what: &str, ours: &[f64], other: &[f64], target: &str) {
    let (ours, other) = (median(ours), median(other));
    println!(
        "| {what} | {ours:.0}/s | {other:.0}/s | {:.2} | {target} |",
        ours / other
    );
}
