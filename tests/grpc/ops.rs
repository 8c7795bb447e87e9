//! Probes, metrics, calls rejected under load, and rapid reset.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};
use std::time::Duration;

use prost::Message as _;
use second_opinion::identity::ActorType;
use second_opinion::store::Store;
use second_opinion::wire::v1;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tonic::Code;
use tonic_health::pb::health_client::HealthClient;
use tonic_types::StatusExt as _;

use crate::decisions::submit;
use crate::faults::{FaultyStore, NO_FAULT, PANIC, SLOW, UNAVAILABLE};
use crate::support::frames::{self, ENHANCE_YOUR_CALM, GOAWAY};
use crate::support::messages::{get, id, second_opinion};
use crate::support::raw::call_raw;
use crate::support::server::{EVERY_SCOPE, TestServer};
use crate::support::status::code_and_reason;

/// Maximum attempts to see an asynchronous change.
const TRIES: usize = 500;

fn ops_of(server: &TestServer) -> SocketAddr {
    let running = server.running.as_ref().expect("a running server");
    running.ops_address
}

async fn request(server: &TestServer, request: &str) -> String {
    request_at(ops_of(server), request).await
}

async fn request_at(ops: SocketAddr, request: &str) -> String {
    let mut stream = TcpStream::connect(ops).await.expect("a connection");
    let request = format!("{request} HTTP/1.1\r\nhost: ops\r\nconnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).await.expect("sent");
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.expect("text");
    answer
}

async fn metrics(server: &TestServer) -> String {
    request(server, "GET /metrics").await
}

/// The value of a series, named as in `/metrics`.
pub fn value(metrics: &str, series: &str) -> Option<f64> {
    let line = metrics.lines().find_map(|line| {
        let rest = line.strip_prefix(series)?;
        rest.strip_prefix(' ')
    })?;
    Some(line.parse().expect("a number"))
}

/// Waits until a series has a value; returns the metrics.
pub async fn wait_for(server: &TestServer, series: &str, expected: f64) -> String {
    let mut seen = String::new();
    for _ in 0..TRIES {
        seen = metrics(server).await;
        if value(&seen, series).is_some_and(|held| (held - expected).abs() < 0.5) {
            return seen;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    panic!("{series} does not become {expected}:\n{seen}");
}

fn calls(method: &str, code: &str) -> String {
    format!(
        "rpc_server_call_duration_seconds_count{{rpc_system=\"grpc\",\
         rpc_method=\"um.secondopinion.v1.SecondOpinionService/{method}\",rpc_response_status_code=\"{code}\"}}"
    )
}

/// Starts a server on a store with a switch for faults.
pub async fn start_with_faults(calls_max: usize) -> (TestServer, Arc<AtomicU8>) {
    let fault = Arc::new(AtomicU8::new(NO_FAULT));
    let switch = Arc::clone(&fault);
    let wrap = |store: Arc<dyn Store>| Arc::new(FaultyStore { store, fault }) as Arc<dyn Store>;
    (
        TestServer::start_with_max_calls(calls_max, wrap).await,
        switch,
    )
}

/// An answer's status, its headers in lower case, and its body.
async fn answer(server: &TestServer, line: &str) -> (u16, String, String) {
    let answer = request(server, line).await;
    let (head, body) = answer.split_once("\r\n\r\n").expect("a head and a body");
    let status = head.split(' ').nth(1).expect("a status");
    let status = status.parse().expect("a number");
    (status, head.to_lowercase(), body.to_owned())
}

#[tokio::test]
async fn each_path_has_its_status_body_and_headers() {
    let (server, _) = start_with_faults(9).await;
    for (line, status, body) in [
        ("GET /livez", 200, "alive\n"),
        ("GET /readyz", 200, "ready\n"),
        ("HEAD /readyz", 200, ""),
        ("GET /", 404, "expected /livez, /readyz or /metrics\n"),
        ("POST /metrics", 405, "expected GET\n"),
    ] {
        let (found, head, text) = answer(&server, line).await;
        assert_eq!((found, text.as_str()), (status, body), "{line}");
        for header in [
            "content-type: text/plain; charset=utf-8",
            "cache-control: no-store",
        ] {
            assert!(head.contains(header), "{line}: {head}");
        }
        assert_eq!(head.contains("allow: get,head"), status == 405, "{head}");
    }
    let (status, head, _) = answer(&server, "GET /metrics").await;
    assert_eq!(status, 200);
    for header in [
        "content-type: text/plain; version=",
        "cache-control: no-store",
    ] {
        assert!(head.contains(header), "{head}");
    }
}

#[tokio::test]
async fn readiness_follows_the_store_and_liveness_does_not() {
    let (server, fault) = start_with_faults(9).await;
    assert_eq!(answer(&server, "GET /readyz").await.0, 200);
    fault.store(UNAVAILABLE, Ordering::SeqCst);
    wait_for(&server, "second_opinion_store_up", 0.0).await;
    let (status, _, body) = answer(&server, "GET /readyz").await;
    assert_eq!((status, &*body), (503, "the store does not answer\n"));
    assert_eq!(answer(&server, "GET /livez").await.0, 200);
    fault.store(NO_FAULT, Ordering::SeqCst);
    wait_for(&server, "second_opinion_store_up", 1.0).await;
    assert_eq!(answer(&server, "GET /readyz").await.0, 200);
}

#[tokio::test]
async fn excess_calls_are_resource_exhausted_with_retry_info_and_health_is_exempt() {
    let (server, fault) = start_with_faults(1).await;
    let mut client = server.reviewer().await;
    let mut other = server.reviewer().await;
    fault.store(SLOW, Ordering::SeqCst);
    let held = tokio::spawn(async move {
        let mut request = tonic::Request::new(get(&id(), v1::View::Basic));
        request.set_timeout(Duration::from_secs(20));
        client.get_determination(request).await
    });
    wait_for(&server, "second_opinion_calls_in_flight", 1.0).await;
    let shed = other.get_determination(get(&id(), v1::View::Basic)).await;
    let shed = shed.expect_err("a refusal");
    let expected = (Code::ResourceExhausted, "OVERLOADED".to_owned());
    assert_eq!(code_and_reason(&shed), expected);
    let details = shed.get_error_details();
    assert!(details.retry_info().expect("a delay").retry_delay.is_some());
    HealthClient::new(server.channel().await)
        .check(tonic_health::pb::HealthCheckRequest::default())
        .await
        .expect("health");
    let seen = metrics(&server).await;
    assert_eq!(value(&seen, "second_opinion_calls_shed_total"), Some(1.0));
    let refused = calls("GetDetermination", "RESOURCE_EXHAUSTED");
    assert_eq!(value(&seen, &refused), Some(1.0));
    // A canceled call makes room for another.
    held.abort();
    wait_for(&server, "second_opinion_calls_in_flight", 0.0).await;
    fault.store(NO_FAULT, Ordering::SeqCst);
    let found = other.get_determination(get(&id(), v1::View::Basic)).await;
    assert_eq!(found.expect_err("none").code(), Code::NotFound);
    let seen = metrics(&server).await;
    assert_eq!(
        value(&seen, &calls("GetDetermination", "CANCELLED")),
        Some(1.0)
    );
}

#[tokio::test]
async fn calls_are_counted_by_outcome_and_deadline() {
    let (server, fault) = start_with_faults(9).await;
    let mut client = server.reviewer().await;
    submit(&mut client, second_opinion()).await;
    let token = server.token("x", EVERY_SCOPE, ActorType::Person);
    let timed = |timeout: &str| {
        [
            ("authorization", format!("Bearer {token}")),
            ("grpc-timeout", timeout.to_owned()),
        ]
    };
    // A call does nothing if its deadline has passed on arrival.
    let answer = call_raw(&server.address, "GetDetermination", b"", &timed("0n")).await;
    assert_eq!(answer.code(), Code::DeadlineExceeded);
    let answer = call_raw(&server.address, "GetDetermination", b"", &timed("2S")).await;
    assert_eq!(answer.code(), Code::InvalidArgument);
    fault.store(PANIC, Ordering::SeqCst);
    let defect = client.get_determination(get(&id(), v1::View::Basic)).await;
    assert_eq!(defect.expect_err("a panic").code(), Code::Internal);
    fault.store(NO_FAULT, Ordering::SeqCst);
    let unknown = call_raw(&server.address, "CanaryMethod", b"", &timed("2S")).await;
    assert_eq!(unknown.code(), Code::Unimplemented);
    let seen = metrics(&server).await;
    for (method, code, count) in [
        ("SubmitSecondOpinion", "OK", 1.0),
        ("GetDetermination", "DEADLINE_EXCEEDED", 1.0),
        ("GetDetermination", "INVALID_ARGUMENT", 1.0),
        ("GetDetermination", "INTERNAL", 1.0),
    ] {
        assert_eq!(
            value(&seen, &calls(method, code)),
            Some(count),
            "{method} {code}"
        );
    }
    assert!(!seen.contains("Canary") && seen.contains("rpc_method=\"_OTHER\""));
    assert_eq!(value(&seen, "second_opinion_panics_total"), Some(1.0));
    for (series, count) in [
        ("_count", 3.0),
        ("_bucket{le=\"0.005\"}", 1.0),
        ("_bucket{le=\"2.5\"}", 3.0),
    ] {
        for name in [
            "second_opinion_call_budget_seconds",
            "second_opinion_call_budget_left_seconds",
        ] {
            assert_eq!(
                value(&seen, &format!("{name}{series}")),
                Some(count),
                "{name}{series}"
            );
        }
    }
}

#[tokio::test]
async fn open_watches_are_counted() {
    let server = TestServer::start().await;
    let mut client = server.reviewer().await;
    let stream = client.watch_determinations(v1::WatchDeterminationsRequest::default());
    let mut stream = stream.await.expect("a stream").into_inner();
    stream
        .message()
        .await
        .expect("no error")
        .expect("a greeting");
    wait_for(&server, "second_opinion_watchers", 1.0).await;
    // A watch is no call in flight: open watches never cause a rejection.
    let seen = metrics(&server).await;
    assert_eq!(value(&seen, "second_opinion_calls_in_flight"), Some(0.0));
    drop(stream);
    drop(client);
    wait_for(&server, "second_opinion_watchers", 0.0).await;
}

#[tokio::test]
async fn draining_server_is_alive_and_not_ready() {
    let (mut server, fault) = start_with_faults(9).await;
    let ops = ops_of(&server);
    let token = server.token("x", EVERY_SCOPE, ActorType::Person);
    fault.store(SLOW, Ordering::SeqCst);
    let address = server.address.clone();
    let held = tokio::spawn(async move {
        let request = get(&id(), v1::View::Basic).encode_to_vec();
        let headers = [
            ("authorization", format!("Bearer {token}")),
            ("grpc-timeout", "2S".to_owned()),
        ];
        call_raw(&address, "GetDetermination", &request, &headers).await
    });
    wait_for(&server, "second_opinion_calls_in_flight", 1.0).await;
    let stopping = tokio::spawn(async move { server.stop().await });
    let mut ready = String::new();
    for _ in 0..TRIES {
        ready = request_at(ops, "GET /readyz").await;
        if ready.starts_with("HTTP/1.1 503 ") {
            break;
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    assert!(ready.ends_with("the server drains\n"), "{ready}");
    assert!(
        request_at(ops, "GET /livez")
            .await
            .starts_with("HTTP/1.1 200 ")
    );
    let status = held.await.expect("no panic");
    assert_eq!(status.code(), Code::DeadlineExceeded);
    assert!(stopping.await.expect("no panic"), "every call could finish");
    TcpStream::connect(ops).await.expect_err("the end");
}

#[tokio::test]
async fn unfinished_request_to_the_ops_port_does_not_delay_the_shutdown() {
    let mut server = TestServer::start().await;
    let mut stream = TcpStream::connect(ops_of(&server))
        .await
        .expect("a connection");
    stream
        .write_all(b"GET /metrics HTTP/1.1\r\n")
        .await
        .expect("sent");
    // Served, so that the server has accepted the connection before it.
    assert_eq!(answer(&server, "GET /livez").await.0, 200);
    let stopped = tokio::time::timeout(Duration::from_secs(10), server.stop()).await;
    assert!(stopped.expect("an end"), "every call could finish");
}

#[tokio::test]
async fn rapid_reset_closes_its_own_connection_only() {
    let server = TestServer::start().await;
    let mut client = server.reviewer().await;
    let address = server.address.trim_start_matches("http://");
    let mut stream = TcpStream::connect(address).await.expect("a connection");
    let mut flood = frames::preface();
    flood.extend(frames::reset_calls(500));
    frames::send(&mut stream, &flood).await;
    let goaway = frames::read_until(&mut stream, GOAWAY)
        .await
        .expect("a GOAWAY");
    assert_eq!(frames::goaway_error(&goaway), ENHANCE_YOUR_CALM);
    submit(&mut client, second_opinion()).await;
}
