//! Benchmark of the cost of the middleware layers per call.
//!
//! A tonic echo is called in memory: bare, without identity, and in the server's own stack. The stacks alternate in rounds,
//! and the fastest round of each counts, so that other load on the machine affects none. Prints a Markdown table.
//! `cargo bench --bench layers -- RATE` also prints the layers' share of a call at a rate: pass the rate of the bare echo
//! over TCP, from `scripts/bench`.

#[path = "../../tests/support/collector.rs"]
#[allow(dead_code, reason = "only the tests use the other parts")]
mod collector;
#[path = "../load/echo.rs"]
#[allow(dead_code, reason = "only the load benchmark serves it")]
mod echo;
#[path = "../load/request.rs"]
mod request;

use std::convert::Infallible;
use std::hint::black_box;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use bytes::{BufMut as _, Bytes, BytesMut};
use chrono::TimeDelta;
use http_body_util::{BodyExt as _, Full};
use prost::Message as _;
use second_opinion::clock::SystemClock;
use second_opinion::config::Config;
use second_opinion::identity::{ActorType, Authenticator, DevelopmentIdentity, Verifier};
use second_opinion::middleware::{self, Settings, Stack};
use second_opinion::telemetry::audit::AuditSink;
use second_opinion::telemetry::logs::{self, LogFormat, LogSettings};
use second_opinion::telemetry::metrics::Meters;
use second_opinion::telemetry::traces::Traces;
use second_opinion::wire::v1;
use second_opinion::wire::v1::second_opinion_service_server::SERVICE_NAME;
use tokio::runtime::Runtime;
use tonic::body::Body;
use tonic::server::NamedService;
use tonic::service::Routes;
use tower::util::BoxCloneSyncService;
use tower::{Service, ServiceExt as _};

use echo::Echo;

/// Rounds, in each of which all stacks alternate.
const ROUNDS: usize = 40;
/// Calls of one stack in a round: fewer than the capacity of the span queue.
const CALLS: u32 = 1_500;
/// Pause after a round, in which its spans are sent.
const PAUSE: Duration = Duration::from_millis(30);
/// The row without layers.
const BARE: &str = "bare echo";
/// The row with the server's own stack.
const ALL: &str = "all, as in the server";

/// A stack's name, a function that runs one round of it, and its fastest round so far.
struct Row {
    name: &'static str,
    round: Box<dyn Fn() -> Duration>,
    fastest: Duration,
}

/// The parts of a call that every request repeats.
#[derive(Clone)]
struct Call {
    frame: Bytes,
    authorization: http::HeaderValue,
    traceparent: Option<http::HeaderValue>,
}

impl Call {
    fn request(&self) -> http::Request<Body> {
        let mut request = http::Request::new(Body::new(Full::new(self.frame.clone())));
        *request.method_mut() = http::Method::POST;
        *request.uri_mut() = http::Uri::from_static(
            "http://service/um.secondopinion.v1.SecondOpinionService/SubmitSecondOpinion",
        );
        *request.version_mut() = http::Version::HTTP_2;
        let headers = request.headers_mut();
        let value = |text| http::HeaderValue::from_static(text);
        headers.insert(http::header::CONTENT_TYPE, value("application/grpc"));
        headers.insert(http::header::TE, value("trailers"));
        headers.insert("grpc-timeout", value("10S"));
        headers.insert(http::header::AUTHORIZATION, self.authorization.clone());
        if let Some(traceparent) = &self.traceparent {
            headers.insert("traceparent", traceparent.clone());
        }
        request
    }
}

/// Runs one round of calls, each until its trailers.
async fn run_round(service: &Stack, call: &Call) -> Duration {
    let began = Instant::now();
    for _ in 0..CALLS {
        let response = service.clone().oneshot(call.request()).await;
        let body = response.expect("a response").into_body().collect().await;
        black_box(body.expect("a body").trailers().is_some());
    }
    began.elapsed()
}

struct Bench {
    runtime: Arc<Runtime>,
    meters: Arc<Meters>,
    rows: Vec<Row>,
}

impl Bench {
    fn add_row(&mut self, name: &'static str, service: Stack, call: &Call) {
        let (runtime, call) = (Arc::clone(&self.runtime), call.clone());
        self.rows.push(Row {
            name,
            round: Box::new(move || runtime.block_on(run_round(&service, &call))),
            fastest: Duration::MAX,
        });
    }

    fn run(&mut self) {
        for _ in 0..ROUNDS {
            for row in &mut self.rows {
                row.fastest = row.fastest.min((row.round)());
                std::thread::sleep(PAUSE);
            }
        }
    }

    fn print(&self, rate: Option<f64>) {
        println!("| stack | ns per call | difference from the row above |");
        println!("| --- | ---: | ---: |");
        let nanos = |row: &Row| row.fastest.as_secs_f64() * 1e9 / f64::from(CALLS);
        let mut above = None;
        for row in &self.rows {
            let cost = nanos(row);
            let difference = above.map_or(String::new(), |above| format!("{:+.0}", cost - above));
            println!("| {} | {cost:.0} | {difference} |", row.name);
            above = Some(cost);
        }
        let lost = self.meters.spans_lost();
        if lost > 0 {
            println!("\n{lost} spans were dropped from a full queue: the last row is too low.");
        }
        let named = |name: &str| self.rows.iter().find(|row| row.name == name).map(nanos);
        let (Some(bare), Some(all), Some(rate)) = (named(BARE), named(ALL), rate) else {
            return;
        };
        let processors = std::thread::available_parallelism().map_or(1, usize::from);
        let budget = f64::from(u32::try_from(processors).unwrap_or(1)) * 1e9 / rate;
        let layers = all - bare;
        println!(
            "\nAll layers: {layers:.0} ns, {:.1} % of a call at {rate:.0} calls per second on {processors} processors, \
             {budget:.0} ns each.",
            100.0 * layers / (budget + layers)
        );
    }
}

fn main() {
    let rate = std::env::args().find_map(|argument| argument.parse().ok());
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build();
    let runtime = Arc::new(runtime.expect("a runtime"));
    let _entered = runtime.enter();
    let settings = LogSettings {
        filter: "info",
        format: Some(LogFormat::Json),
        audit: &AuditSink::Log,
    };
    logs::init_to(std::io::sink, settings, false).expect("a log");
    let collector = runtime.block_on(collector::Collector::start());
    let folder = tempfile::tempdir().expect("a folder");
    let identity = DevelopmentIdentity::load_or_create(folder.path()).expect("a key");
    let mut bench = Bench {
        runtime: Arc::clone(&runtime),
        meters: Arc::default(),
        rows: Vec::new(),
    };
    let verifier = Arc::new(identity.verifier());
    bench.add_rows(&call(&identity), &verifier, &collector.endpoint);
    bench.run();
    bench.print(rate);
    drop(bench);
}

fn call(identity: &DevelopmentIdentity) -> Call {
    let scopes = "second-opinion.submit";
    let now = chrono::Utc::now();
    let token = identity.token(
        "bench",
        scopes,
        ActorType::Service,
        TimeDelta::hours(1),
        now,
    );
    let message = v1::SubmitSecondOpinionRequest {
        request_id: uuid::Uuid::now_v7().to_string(),
        second_opinion: Some(request::request()),
    }
    .encode_to_vec();
    let mut frame = BytesMut::new();
    frame.put_u8(0);
    frame.put_u32(u32::try_from(message.len()).expect("short"));
    frame.put_slice(&message);
    Call {
        frame: frame.freeze(),
        authorization: format!("Bearer {token}").parse().expect("a header"),
        traceparent: None,
    }
}

impl Bench {
    /// Adds the stacks, from the bare echo to variants of the server's stack.
    fn add_rows(&mut self, call: &Call, verifier: &Arc<Verifier>, endpoint: &str) {
        let meters = Arc::clone(&self.meters);
        let stack = |traces, guarded, open| {
            let config = Config::default();
            let settings = Settings {
                authenticator: Authenticator {
                    verifier: Some(Arc::clone(verifier)),
                    clock: Arc::new(SystemClock),
                },
                max_deadline: config.max_deadline,
                max_calls: config.max_calls,
                meters: Arc::clone(&meters),
                traces,
                web_origins: Vec::new(),
            };
            middleware::stack(settings, guarded, open)
        };
        let (echo, other) = (Routes::new(NamedEcho(Echo)), Routes::new(Echo));
        let served = |traces| stack(traces, echo.clone(), other.clone());
        self.add_row(BARE, BoxCloneSyncService::new(echo.clone().prepare()), call);
        let open = stack(Traces::default(), other.clone(), echo.clone());
        self.add_row("without identity and audit line", open, call);
        self.add_row(ALL, served(Traces::default()), call);
        let in_trace = Call {
            traceparent: Some(http::HeaderValue::from_static(
                "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
            )),
            ..call.clone()
        };
        let name = "the same, in a caller's trace";
        self.add_row(name, served(Traces::default()), &in_trace);
        let traces =
            |ratio| Traces::export_to(endpoint, ratio, Arc::clone(&meters)).expect("an endpoint");
        let name = "all, with a collector, not sampled";
        self.add_row(name, served(traces(0.0)), call);
        let name = "all, with a collector, each call sampled";
        self.add_row(name, served(traces(1.0)), call);
    }
}

/// The echo under the service's name.
#[derive(Clone)]
struct NamedEcho(Echo);

impl NamedService for NamedEcho {
    const NAME: &'static str = SERVICE_NAME;
}

impl Service<http::Request<Body>> for NamedEcho {
    type Response = http::Response<Body>;
    type Error = Infallible;
    type Future = <Echo as Service<http::Request<Body>>>::Future;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        self.0.poll_ready(context)
    }

    fn call(&mut self, request: http::Request<Body>) -> Self::Future {
        self.0.call(request)
    }
}
