//! Traces: one span for each call, and calls while the collector is unreachable.

use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};

use opentelemetry_proto::tonic::trace::v1::status::StatusCode;
use opentelemetry_proto::tonic::trace::v1::{Span, span::SpanKind};
use prost::Message as _;
use second_opinion::config::Config;
use second_opinion::identity::ActorType;
use second_opinion::wire::v1;
use tonic::Code;

use crate::faults::{FaultyStore, NO_FAULT, PANIC, SLOW};
use crate::ops::{value, wait_for};
use crate::support::collector::{Collector, attribute, hex};
use crate::support::messages::{get, id};
use crate::support::raw::{Answer, exchange, frame};
use crate::support::server::{EVERY_SCOPE, TestServer};

const TRACE: &str = "0af7651916cd43dd8448eb211c80319c";
const PARENT: &str = "b7ad6b7169203331";

fn traced_to(endpoint: &str) -> Config {
    Config {
        otlp_endpoint: Some(endpoint.to_owned()),
        ..Config::default()
    }
}

fn parent(flags: &str) -> (&'static str, String) {
    ("traceparent", format!("00-{TRACE}-{PARENT}-{flags}"))
}

/// Requests an unknown determination.
async fn call(server: &TestServer, headers: &[(&'static str, String)]) -> Answer {
    call_as(server, "GetDetermination", headers).await
}

async fn call_as(server: &TestServer, rpc: &str, headers: &[(&'static str, String)]) -> Answer {
    let token = server.token("raw", EVERY_SCOPE, ActorType::Person);
    let mut all = vec![("authorization", format!("Bearer {token}"))];
    all.extend_from_slice(headers);
    let message = get(&id(), v1::View::Basic).encode_to_vec();
    let path = format!("/um.secondopinion.v1.SecondOpinionService/{rpc}");
    exchange(&server.address, &path, frame(0, &message), &all).await
}

fn header(answer: &Answer, name: &str) -> Option<String> {
    let value = answer.headers.get(name)?;
    Some(value.to_str().expect("text").to_owned())
}

fn code(span: &Span) -> String {
    attribute(span, "rpc.grpc.status_code").expect("a code")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn call_is_one_span_in_its_callers_trace_and_its_answer_names_it() {
    let collector = Collector::start().await;
    let mut server = TestServer::start_with(&traced_to(&collector.endpoint), |store| store).await;
    let state = ("tracestate", "vendor=1".to_owned());
    let answer = call(&server, &[parent("01"), state]).await;
    assert_eq!(answer.status.code(), Code::NotFound);
    assert!(server.stop().await, "every call finished");

    let spans = collector.spans_of(TRACE);
    assert_eq!(spans.len(), 1, "{spans:?}");
    let span = &spans[0];
    assert_eq!(hex(&span.parent_span_id), PARENT);
    assert_eq!(span.trace_state, "vendor=1");
    assert_eq!(span.kind(), SpanKind::Server);
    assert_eq!(
        span.name,
        "um.secondopinion.v1.SecondOpinionService/GetDetermination"
    );
    let attributes = [
        ("rpc.system", "grpc"),
        ("rpc.service", "um.secondopinion.v1.SecondOpinionService"),
        ("rpc.method", "GetDetermination"),
        ("rpc.grpc.status_code", "5"),
    ];
    for (name, expected) in attributes {
        assert_eq!(attribute(span, name).as_deref(), Some(expected), "{name}");
    }
    assert_eq!(
        attribute(span, "second_opinion.request_id"),
        header(&answer, "x-request-id")
    );
    assert_eq!(span.attributes.len(), 5, "nothing else: {span:?}");
    // NOT_FOUND is no error of the server.
    let status = span.status.clone().unwrap_or_default();
    assert_eq!(status.code(), StatusCode::Unset);
    assert!(span.end_time_unix_nano >= span.start_time_unix_nano);
    let traceparent = format!("00-{TRACE}-{}-01", hex(&span.span_id));
    assert_eq!(header(&answer, "traceparent"), Some(traceparent));
    let resource = &collector.requests()[0].resource_spans[0].resource;
    assert!(format!("{resource:?}").contains("second-opinion"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn failed_call_is_a_span_with_its_code_and_no_message() {
    let collector = Collector::start().await;
    let fault = Arc::new(AtomicU8::new(NO_FAULT));
    let switch = Arc::clone(&fault);
    let mut server = TestServer::start_with(&traced_to(&collector.endpoint), |store| {
        Arc::new(FaultyStore { store, fault })
    })
    .await;
    switch.store(PANIC, Ordering::SeqCst);
    let panicked = call(&server, &[]).await;
    assert_eq!(panicked.status.code(), Code::Internal);
    switch.store(SLOW, Ordering::SeqCst);
    let late = call(&server, &[("grpc-timeout", "50m".to_owned())]).await;
    assert_eq!(late.status.code(), Code::DeadlineExceeded);
    // The caller cancels, which ends the span as CANCELLED.
    let parents = [parent("01")];
    tokio::select! {
        answer = call(&server, &parents) => panic!("the store is slow: {}", answer.status),
        _ = wait_for(&server, "second_opinion_calls_in_flight", 1.0) => {}
    }
    let unknown = call_as(&server, "CanaryMethod", &[]).await;
    assert_eq!(unknown.status.code(), Code::Unimplemented);
    wait_for(&server, "second_opinion_calls_in_flight", 0.0).await;
    // Only now: an earlier repair could let the canceled call finish.
    switch.store(NO_FAULT, Ordering::SeqCst);
    server.stop().await;

    let spans = collector.spans();
    let mut codes: Vec<String> = spans.iter().map(code).collect();
    codes.sort();
    assert_eq!(codes, ["1", "12", "13", "4"]);
    for span in &spans {
        let status = span.status.clone().unwrap_or_default();
        let failed = status.code() == StatusCode::Error;
        assert_eq!(failed, code(span) != "1", "{span:?}");
        assert_eq!(status.message, "");
    }
    assert!(!format!("{spans:?}").to_lowercase().contains("canary"));
    let other = spans
        .iter()
        .find(|span| code(span) == "12")
        .expect("a span");
    assert_eq!(other.name, "_OTHER");
    let hung_up = collector.spans_of(TRACE);
    assert_eq!((hung_up.len(), code(&hung_up[0]).as_str()), (1, "1"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn callers_decide_on_sampling_and_the_ratio_on_the_rest() {
    let collector = Collector::start().await;
    let config = Config {
        trace_ratio: 0.0,
        ..traced_to(&collector.endpoint)
    };
    let mut server = TestServer::start_with(&config, |store| store).await;
    let undecided = call(&server, &[]).await;
    let traceparent = header(&undecided, "traceparent").expect("a trace");
    assert!(traceparent.ends_with("-00"), "{traceparent}");
    let left_out = call(&server, &[parent("00")]).await;
    let traceparent = header(&left_out, "traceparent").expect("the caller's trace");
    assert!(traceparent.starts_with(&format!("00-{TRACE}-")) && traceparent.ends_with("-00"));
    call(&server, &[parent("01")]).await;
    // A malformed traceparent is ignored.
    let no_parent = ("traceparent", "00-1-1-01".to_owned());
    call(&server, &[no_parent]).await;
    server.stop().await;
    let spans = collector.spans();
    assert_eq!(spans.len(), 1, "{spans:?}");
    assert_eq!(hex(&spans[0].parent_span_id), PARENT);
}

#[tokio::test]
async fn without_a_collector_the_callers_traceparent_is_returned() {
    let server = TestServer::start().await;
    let (name, traceparent) = parent("01");
    let answer = call(&server, &[(name, traceparent.clone())]).await;
    assert_eq!(header(&answer, "traceparent"), Some(traceparent));
    assert_eq!(header(&call(&server, &[]).await, "traceparent"), None);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn unreachable_collector_fails_no_call_and_delays_no_shutdown() {
    let closed = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = closed.local_addr().expect("an address");
    drop(closed);
    let config = traced_to(&format!("http://{address}"));
    let mut server = TestServer::start_with(&config, |store| store).await;
    for _ in 0..3 {
        let answer = call(&server, &[]).await;
        assert_eq!(answer.status.code(), Code::NotFound);
    }
    let lost = "second_opinion_spans_total{outcome=\"lost\"}";
    let seen = wait_for(&server, lost, 3.0).await;
    let sent = "second_opinion_spans_total{outcome=\"sent\"}";
    assert_eq!(value(&seen, sent), Some(0.0));
    call(&server, &[]).await;
    assert!(server.stop().await, "every call finished");
}
