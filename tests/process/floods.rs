//! Floods by hostile clients: the server stays up, within its memory, and answers well-behaved callers meanwhile.
//!
//! The floods are small here and large in `scripts/nightly`. Latencies are printed and not checked: they depend on the
//! machine. The floods come from the server's own machine, so their threads run at the lowest priority.

use std::process::{Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use second_opinion::wire::v1::View;
use second_opinion::wire::v1::second_opinion_service_client::SecondOpinionServiceClient;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::task::JoinSet;
use tonic::Code;
use tonic::transport::Endpoint;

use crate::callers::TEST_TIMEOUT;
use crate::fleet::{random_below, size};
use crate::program::{Server, http_get, token};
use crate::support::frames::{self, CONTINUATION, ENHANCE_YOUR_CALM, GOAWAY, HEADERS};
use crate::support::messages::{get, second_opinion, submission};
use crate::support::server::bearer;

/// Maximum resident memory of the server.
const PEAK_MEGABYTES_MAX: u64 = 300;
/// Pause of the well-behaved caller between its calls.
const PAUSE: Duration = Duration::from_millis(5);
/// Concurrent connections of a flood.
const CONCURRENCY: usize = 32;

/// A well-behaved caller, on a thread of its own.
struct Caller {
    stop: Arc<AtomicBool>,
    thread: JoinHandle<Vec<Duration>>,
}

impl Caller {
    /// Submits and reads in turns until it is stopped. Every call must succeed. Its connection runs on the same thread, apart
    /// from the floods.
    fn start(address: &str, token: &str) -> Self {
        let stop = Arc::new(AtomicBool::new(false));
        let is_stopped = Arc::clone(&stop);
        let endpoint = Endpoint::from_shared(address.to_owned()).expect("an address");
        let token = bearer(Some(token));
        let calls = async move {
            let channel = endpoint.connect().await.expect("a connection");
            let mut client = SecondOpinionServiceClient::with_interceptor(channel, token);
            let mut latencies = Vec::new();
            while !is_stopped.load(Ordering::SeqCst) {
                let start = Instant::now();
                let case = client
                    .submit_second_opinion(submission(second_opinion()))
                    .await;
                latencies.push(start.elapsed());
                let case = case.expect("an answer").into_inner().determination;
                let id = case.expect("a case").determination_id;
                tokio::time::sleep(PAUSE).await;
                let start = Instant::now();
                let read = client.get_determination(get(&id, View::Full)).await;
                latencies.push(start.elapsed());
                read.expect("an answer");
                tokio::time::sleep(PAUSE).await;
            }
            latencies
        };
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .expect("a runtime");
        Self {
            stop,
            thread: std::thread::spawn(move || runtime.block_on(calls)),
        }
    }

    /// Stops the caller; returns the 99th percentile of its latencies and the number of its calls.
    fn stop(self) -> (Duration, usize) {
        self.stop.store(true, Ordering::SeqCst);
        let mut latencies = self.thread.join().expect("every call was answered");
        latencies.sort_unstable();
        let p99 = latencies[(latencies.len() - 1) * 99 / 100];
        (p99, latencies.len())
    }
}

/// Keeps silent connections open.
async fn hold_silent_connections(host: &str, connections: usize) {
    let mut held = Vec::new();
    for _ in 0..connections {
        held.push(TcpStream::connect(host).await.expect("a connection"));
    }
    // In scripts/nightly longer than the server's timeout.
    tokio::time::sleep(Duration::from_secs(size("SILENCE_SECONDS", 1) as u64)).await;
}

/// Makes calls with tokens of which the signature alone is wrong.
async fn call_with_bad_tokens(host: &str, calls: usize, good: &str) {
    let (signed, _) = good.rsplit_once('.').expect("a token");
    let mut callers = JoinSet::new();
    let endpoint = Endpoint::from_shared(format!("http://{host}")).expect("an address");
    for _ in 0..CONCURRENCY {
        let (channel, signed) = (endpoint.connect().await, signed.to_owned());
        let channel = channel.expect("a connection");
        callers.spawn(async move {
            for _ in 0..calls / CONCURRENCY {
                // A different token each time, so that none is cached.
                let token = format!("{signed}.{:086}", random_below(usize::MAX));
                let token = bearer(Some(&token));
                let mut client =
                    SecondOpinionServiceClient::with_interceptor(channel.clone(), token);
                let refused = client
                    .submit_second_opinion(submission(second_opinion()))
                    .await;
                assert_eq!(
                    refused.expect_err("a bad token").code(),
                    Code::Unauthenticated
                );
            }
        });
    }
    callers.join_all().await;
}

/// Sends bytes on each of several connections, which the server must then close. `check_goaway` gets its GOAWAY frame, if any.
async fn send_on_each(
    host: &str,
    connections: usize,
    bytes: Vec<u8>,
    check_goaway: fn(Option<Vec<u8>>),
) {
    let mut callers = JoinSet::new();
    let bytes = Arc::new(bytes);
    for _ in 0..CONCURRENCY {
        let (host, bytes) = (host.to_owned(), Arc::clone(&bytes));
        callers.spawn(async move {
            for _ in 0..connections.div_ceil(CONCURRENCY) {
                let mut stream = TcpStream::connect(&host).await.expect("a connection");
                let flood = async {
                    // The server may close the connection before the last byte.
                    let _ = stream.write_all(&bytes).await;
                    check_goaway(frames::read_until(&mut stream, GOAWAY).await);
                    let mut rest = Vec::new();
                    let _ = stream.read_to_end(&mut rest).await;
                };
                let closed = tokio::time::timeout(TEST_TIMEOUT, flood).await;
                closed.expect("the server closes the connection");
            }
        });
    }
    callers.join_all().await;
}

/// Resets each call as soon as it is sent (rapid reset).
async fn reset_calls(host: &str, connections: usize) {
    let mut flood = frames::preface();
    flood.extend(frames::reset_calls(500));
    send_on_each(host, connections, flood, |goaway| {
        // A frame may be lost when the server closes a connection with unread bytes.
        if let Some(goaway) = goaway {
            assert_eq!(frames::goaway_error(&goaway), ENHANCE_YOUR_CALM);
        }
    })
    .await;
}

/// Sends headers of 8 MiB, in CONTINUATION frames.
async fn send_large_headers(host: &str, connections: usize) {
    // A literal field without indexing: a name of 1 byte and a value of 126 bytes.
    let mut field = vec![0, 1, b'x', 126];
    field.extend([b'v'; 126]);
    let block = field.repeat(16_000 / field.len());
    let mut flood = frames::preface();
    flood.extend(frames::frame(HEADERS, 0, 1, &block));
    let more = frames::frame(CONTINUATION, 0, 1, &block);
    flood.extend(more.repeat(512));
    send_on_each(host, connections, flood, |_| {}).await;
}

/// Sends random bytes, after a valid preface and without one.
async fn send_garbage(host: &str, connections: usize) {
    let noise = (0..64 * 1024).map(|_| u8::try_from(random_below(256)).expect("a byte"));
    let noise: Vec<u8> = noise.collect();
    let mut flood = frames::preface();
    flood.extend(&noise);
    send_on_each(host, connections / 2, flood, |_| {}).await;
    send_on_each(host, connections / 2, noise, |_| {}).await;
}

/// Gives this thread the lowest priority, as if it were on another machine.
fn lower_priority() {
    let reniced = std::fs::read_link("/proc/thread-self").map(|thread| {
        let thread = thread.file_name().map(std::ffi::OsStr::to_owned);
        let mut renice = Command::new("renice");
        renice.args(["-n", "19", "-p"]).args(thread);
        renice.stdout(Stdio::null()).status()
    });
    if !matches!(reniced, Ok(Ok(status)) if status.success()) {
        println!("the floods run at normal priority here: {reniced:?}");
    }
}

#[test]
fn well_behaved_callers_are_answered_during_floods() {
    // The floods have threads of their own, apart from the well-behaved caller.
    let floods = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .on_thread_start(lower_priority)
        .enable_all()
        .build()
        .expect("a runtime");
    floods.block_on(run_floods());
}

async fn run_floods() {
    let folder = tempfile::tempdir().expect("a folder");
    let server = Server::start(folder.path());
    let host = server.address.trim_start_matches("http://");
    let (many, few) = (size("SILENT", 1_000), size("HOSTILE", 100));
    let report = |flood: &str, start: Instant, (p99, calls): (Duration, usize)| {
        println!(
            "{flood}: {:.1} s, p99 of {calls} calls {p99:?}, peak {} MB",
            start.elapsed().as_secs_f64(),
            server.peak_megabytes()
        );
    };
    macro_rules! measure {
        ($flood:expr, $name:literal) => {
            let caller = Caller::start(&server.address, &token(folder.path()));
            let start = Instant::now();
            $flood.await;
            report($name, start, caller.stop());
        };
    }
    measure!(
        tokio::time::sleep(Duration::from_secs(size("SILENCE_SECONDS", 1) as u64)),
        "no flood"
    );
    measure!(hold_silent_connections(host, many), "silent connections");
    measure!(
        call_with_bad_tokens(host, size("BAD_TOKENS", 2_000), &token(folder.path())),
        "bad tokens"
    );
    measure!(reset_calls(host, few), "rapid reset");
    measure!(send_large_headers(host, few), "headers of 8 MiB");
    measure!(send_garbage(host, few), "garbage");
    let metrics = http_get(&server.ops, "/metrics");
    assert!(
        metrics.contains("\nsecond_opinion_panics_total 0\n"),
        "{metrics}"
    );
    assert!(server.peak_megabytes() < PEAK_MEGABYTES_MAX);
    assert_eq!(server.terminate(), Some(0));
}
