//! Hostile floods: the server stays up, within its memory, and answers well-behaved callers meanwhile.
//!
//! The sizes are small, and those of `scripts/nightly` by its variables. Latencies are printed and not judged: they depend
//! on the machine. The floods come from the server's own machine, so their threads run at the lowest priority.

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
use crate::fleet::{chance, size};
use crate::program::{Server, get as asked, token};
use crate::support::frames::{self, CONTINUATION, ENHANCE_YOUR_CALM, GOAWAY, HEADERS};
use crate::support::messages::{get, second_opinion, submission};
use crate::support::server::bearer;

/// Maximum resident memory of the server.
const PEAK_MEGABYTES_MAX: u64 = 300;
/// The pause of the well-behaved caller between its calls.
const PAUSE: Duration = Duration::from_millis(5);
/// Connections that flood at the same time.
const AT_ONCE: usize = 32;

/// A well-behaved caller, on a thread of its own.
struct Caller {
    stop: Arc<AtomicBool>,
    thread: JoinHandle<Vec<Duration>>,
}

impl Caller {
    /// Submits and reads in turns until it is stopped. Every call must be answered. Its connection is served by the same
    /// thread, apart from the floods.
    fn start(address: &str, token: &str) -> Self {
        let stop = Arc::new(AtomicBool::new(false));
        let until = Arc::clone(&stop);
        let endpoint = Endpoint::from_shared(address.to_owned()).expect("an address");
        let token = bearer(Some(token));
        let calling = async move {
            let channel = endpoint.connect().await.expect("a connection");
            let mut client = SecondOpinionServiceClient::with_interceptor(channel, token);
            let mut waited = Vec::new();
            while !until.load(Ordering::SeqCst) {
                let begun = Instant::now();
                let case = client
                    .submit_second_opinion(submission(second_opinion()))
                    .await;
                waited.push(begun.elapsed());
                let case = case.expect("an answer").into_inner().determination;
                let id = case.expect("a case").determination_id;
                tokio::time::sleep(PAUSE).await;
                let begun = Instant::now();
                let read = client.get_determination(get(&id, View::Full)).await;
                waited.push(begun.elapsed());
                read.expect("an answer");
                tokio::time::sleep(PAUSE).await;
            }
            waited
        };
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .expect("a runtime");
        Self {
            stop,
            thread: std::thread::spawn(move || runtime.block_on(calling)),
        }
    }

    /// Stops the caller; returns the 99th percentile of its latencies and the number of its calls.
    fn end(self) -> (Duration, usize) {
        self.stop.store(true, Ordering::SeqCst);
        let mut waited = self.thread.join().expect("every call was answered");
        waited.sort_unstable();
        (waited[(waited.len() - 1) * 99 / 100], waited.len())
    }
}

/// Silent connections, held for a while.
async fn silence(host: &str, connections: usize) {
    let mut held = Vec::new();
    for _ in 0..connections {
        held.push(TcpStream::connect(host).await.expect("a connection"));
    }
    // In nightly runs longer than the server's timeout.
    tokio::time::sleep(Duration::from_secs(size("SILENCE_SECONDS", 1) as u64)).await;
}

/// Calls with tokens of which only the signature is wrong.
async fn bad_tokens(host: &str, calls: usize, good: &str) {
    let (signed, _) = good.rsplit_once('.').expect("a token");
    let mut callers = JoinSet::new();
    let endpoint = Endpoint::from_shared(format!("http://{host}")).expect("an address");
    for _ in 0..AT_ONCE {
        let (channel, signed) = (endpoint.connect().await, signed.to_owned());
        let channel = channel.expect("a connection");
        callers.spawn(async move {
            for _ in 0..calls / AT_ONCE {
                // A different one each time: none is cached.
                let token = format!("{signed}.{:086}", chance(usize::MAX));
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

/// Connections that each send bytes, after which the server must close them.
async fn send_each(host: &str, connections: usize, bytes: Vec<u8>, ended: fn(Option<Vec<u8>>)) {
    let mut callers = JoinSet::new();
    let bytes = Arc::new(bytes);
    for _ in 0..AT_ONCE {
        let (host, bytes) = (host.to_owned(), Arc::clone(&bytes));
        callers.spawn(async move {
            for _ in 0..connections.div_ceil(AT_ONCE) {
                let mut stream = TcpStream::connect(&host).await.expect("a connection");
                let flood = async {
                    // The server may close before the last of them.
                    let _ = stream.write_all(&bytes).await;
                    ended(frames::until(&mut stream, GOAWAY).await);
                    let mut rest = Vec::new();
                    let _ = stream.read_to_end(&mut rest).await;
                };
                let over = tokio::time::timeout(TEST_TIMEOUT, flood).await;
                over.expect("the server ends the connection");
            }
        });
    }
    callers.join_all().await;
}

/// Calls that are reset as soon as they are made (rapid reset).
async fn resets(host: &str, connections: usize) {
    let mut flood = frames::beginning();
    flood.extend(frames::taken_back(500));
    send_each(host, connections, flood, |goaway| {
        // It may be lost where the server closes a connection with unread bytes in it.
        if let Some(goaway) = goaway {
            assert_eq!(frames::error_of(&goaway), ENHANCE_YOUR_CALM);
        }
    })
    .await;
}

/// Headers of 8 MiB, in pieces.
async fn headers(host: &str, connections: usize) {
    // A literal field without indexing, of 1 byte name and 126 bytes value.
    let mut field = vec![0, 1, b'x', 126];
    field.extend([b'v'; 126]);
    let piece = field.repeat(16_000 / field.len());
    let mut flood = frames::beginning();
    flood.extend(frames::frame(HEADERS, 0, 1, &piece));
    let more = frames::frame(CONTINUATION, 0, 1, &piece);
    flood.extend(more.repeat(512));
    send_each(host, connections, flood, |_| {}).await;
}

/// Random bytes, at once and after a valid preface.
async fn garbage(host: &str, connections: usize) {
    let noise = (0..64 * 1024).map(|_| u8::try_from(chance(256)).expect("a byte"));
    let noise: Vec<u8> = noise.collect();
    let mut flood = frames::beginning();
    flood.extend(&noise);
    send_each(host, connections / 2, flood, |_| {}).await;
    send_each(host, connections / 2, noise, |_| {}).await;
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
fn callers_are_answered_while_others_flood() {
    // The threads that flood. This test, the server and the well-behaved caller are on others.
    let floods = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .on_thread_start(lower_priority)
        .enable_all()
        .build()
        .expect("a runtime");
    floods.block_on(flooded());
}

async fn flooded() {
    let folder = tempfile::tempdir().expect("a folder");
    let server = Server::start(folder.path());
    let host = server.address.trim_start_matches("http://");
    let (many, some) = (size("SILENT", 1_000), size("HOSTILE", 100));
    let report = |flood: &str, begun: Instant, (p99, calls): (Duration, usize)| {
        println!(
            "{flood}: {:.1} s, p99 of {calls} calls {p99:?}, at most {} MB",
            begun.elapsed().as_secs_f64(),
            server.peak_megabytes()
        );
    };
    macro_rules! beside {
        ($flood:expr, $name:literal) => {
            let caller = Caller::start(&server.address, &token(folder.path()));
            let begun = Instant::now();
            $flood.await;
            report($name, begun, caller.end());
        };
    }
    beside!(
        tokio::time::sleep(Duration::from_secs(size("SILENCE_SECONDS", 1) as u64)),
        "alone"
    );
    beside!(silence(host, many), "silent connections");
    beside!(
        bad_tokens(host, size("BAD_TOKENS", 2_000), &token(folder.path())),
        "bad tokens"
    );
    beside!(resets(host, some), "rapid reset");
    beside!(headers(host, some), "headers of 8 MiB");
    beside!(garbage(host, some), "garbage");
    let metrics = asked(&server.ops, "/metrics");
    assert!(
        metrics.contains("\nsecond_opinion_panics_total 0\n"),
        "{metrics}"
    );
    assert!(server.peak_megabytes() < PEAK_MEGABYTES_MAX);
    assert_eq!(server.terminate(), Some(0));
}
