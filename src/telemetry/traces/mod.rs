//! Traces: the place of each call in its caller's trace, and one span a sampled call where a collector is configured.
//!
//! A span holds the call's name, its outcome and its request id: nothing of a message, a path or a token gets into it.

mod collector;

use std::sync::Arc;
use std::time::Duration;

use http::{HeaderMap, HeaderName, HeaderValue, Request};
use opentelemetry::propagation::{Extractor, TextMapPropagator as _};
use opentelemetry::trace::{
    Span as _, SpanBuilder, SpanContext, SpanKind, Status, TraceContextExt as _, TraceId,
    Tracer as _,
};
use opentelemetry::{Context, KeyValue};
use opentelemetry_sdk::propagation::TraceContextPropagator;
use opentelemetry_sdk::trace::Span;
use thiserror::Error;
use tonic::Code;
use uuid::Uuid;

use super::metrics::{Meters, Method};
use collector::Collector;

/// The header of W3C Trace Context that names a call's trace and its span.
pub const TRACEPARENT: HeaderName = HeaderName::from_static("traceparent");
/// The length of a `traceparent` in bytes, to which later versions only add. The SDK's reader takes shorter ids too.
const TRACEPARENT_BYTES_MIN: usize = 55;
/// The longest `tracestate` that is carried on, in bytes: the standard asks for no more, and spans wait in memory.
const TRACESTATE_BYTES_MAX: usize = 512;

/// A collector that traces cannot be sent to.
#[derive(Debug, Error)]
#[error("traces cannot be sent to the configured endpoint: {0}")]
pub struct TracesError(String);

/// The source of call spans. By default it makes none.
#[derive(Clone, Default)]
pub struct Traces(Option<Arc<Collector>>);

impl Traces {
    /// Sends spans to a collector over OTLP/gRPC; `ratio` is the share of calls to sample where their callers did not
    /// decide.
    ///
    /// Must be called within a runtime, which carries the connection.
    ///
    /// # Errors
    /// When the endpoint cannot be used.
    pub fn export_to(endpoint: &str, ratio: f64, meters: Arc<Meters>) -> Result<Self, TracesError> {
        let collector = Collector::new(endpoint, ratio, meters)?;
        Ok(Self(Some(Arc::new(collector))))
    }

    /// Places a call in its trace and starts its span. `None`: the call belongs to no trace.
    #[must_use]
    pub fn start<B>(&self, request: &Request<B>, request_id: Uuid) -> Option<CallTrace> {
        let parent = TraceContextPropagator::new()
            .extract_with_context(&Context::new(), &Headers(request.headers()));
        let Some(collector) = &self.0 else {
            let context = parent.span().span_context().clone();
            return context.is_valid().then(|| CallTrace {
                context,
                span: None,
            });
        };
        let method = Method::of(request.uri().path());
        let builder = SpanBuilder::from_name(method.name()).with_kind(SpanKind::Server);
        let mut span = collector.tracer.build_with_context(builder, &parent);
        if span.is_recording() {
            let (service, name) = method.parts();
            let service = service.map(|service| KeyValue::new("rpc.service", service));
            span.set_attributes(service.into_iter().chain([
                KeyValue::new("rpc.system", "grpc"),
                KeyValue::new("rpc.method", name),
                KeyValue::new("second_opinion.request_id", request_id.to_string()),
            ]));
        }
        Some(CallTrace {
            context: span.span_context().clone(),
            span: span.is_recording().then(|| Box::new(span)),
        })
    }

    /// Sends the spans that are queued, for at most this time, and none after that.
    pub async fn shutdown(&self, time_max: Duration) {
        if let Some(collector) = &self.0 {
            collector.shutdown(time_max).await;
        }
    }
}

/// A call's place in its trace, with its span if it is sampled.
///
/// Dropped before its end, the span ends as CANCELLED: the caller hung up.
pub struct CallTrace {
    context: SpanContext,
    span: Option<Box<Span>>,
}

impl CallTrace {
    /// The trace's id.
    #[must_use]
    pub fn trace_id(&self) -> TraceId {
        self.context.trace_id()
    }

    /// The place as `traceparent` has it. Without a span of this server's it is the caller's.
    #[must_use]
    pub fn header(&self) -> Option<HeaderValue> {
        let (trace, span) = (self.context.trace_id(), self.context.span_id());
        let flags = self.context.trace_flags();
        // INVARIANT: hexadecimal digits and dashes are ASCII.
        HeaderValue::from_str(&format!("00-{trace}-{span}-{flags:02x}")).ok()
    }

    /// Ends the span with the call's outcome; later outcomes change nothing.
    pub fn end(&mut self, code: Code) {
        let Some(mut span) = self.span.take() else {
            return;
        };
        let number = i64::from(i32::from(code));
        span.set_attribute(KeyValue::new("rpc.grpc.status_code", number));
        if is_failure(code) {
            // The reason is in the log, under the request id: a status may quote the caller.
            span.set_status(Status::error(""));
        }
        span.end();
    }
}

impl Drop for CallTrace {
    fn drop(&mut self) {
        self.end(Code::Cancelled);
    }
}

/// The headers of Trace Context, for the SDK's reader.
struct Headers<'a>(&'a HeaderMap);

impl Extractor for Headers<'_> {
    fn get(&self, key: &str) -> Option<&str> {
        let value = self.0.get(key)?.to_str().ok()?;
        let is_accepted = if key == TRACEPARENT {
            value.len() >= TRACEPARENT_BYTES_MIN
        } else {
            value.len() <= TRACESTATE_BYTES_MAX
        };
        is_accepted.then_some(value)
    }

    fn keys(&self) -> Vec<&str> {
        self.0.keys().map(HeaderName::as_str).collect()
    }
}

/// Whether a code is the server's failure, by OpenTelemetry's conventions for gRPC servers, and not a refusal.
fn is_failure(code: Code) -> bool {
    match code {
        Code::Unknown
        | Code::DeadlineExceeded
        | Code::Unimplemented
        | Code::Internal
        | Code::Unavailable
        | Code::DataLoss => true,
        Code::Ok
        | Code::Cancelled
        | Code::InvalidArgument
        | Code::NotFound
        | Code::AlreadyExists
        | Code::PermissionDenied
        | Code::ResourceExhausted
        | Code::FailedPrecondition
        | Code::Aborted
        | Code::OutOfRange
        | Code::Unauthenticated => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PARENT: &str = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";

    fn place(traceparent: &str, tracestate: &str) -> Option<CallTrace> {
        let mut request = Request::new(());
        let headers = request.headers_mut();
        headers.insert(TRACEPARENT, traceparent.parse().expect("a header"));
        headers.insert("tracestate", tracestate.parse().expect("a header"));
        Traces::default().start(&request, Uuid::nil())
    }

    #[test]
    fn without_a_collector_a_call_is_in_its_callers_trace_or_in_none() {
        let none = Traces::default().start(&Request::new(()), Uuid::nil());
        assert!(none.is_none());
        let trace = place(PARENT, "").expect("a trace");
        assert_eq!(trace.header().expect("a header"), PARENT);
        assert!(trace.span.is_none());
    }

    #[test]
    fn malformed_traceparent_is_ignored() {
        for malformed in [
            "",
            "00",
            "00-1-1-01",
            "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-0",
            "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01-more",
            "ff-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
            "00-0AF7651916CD43DD8448EB211C80319C-b7ad6b7169203331-01",
            "00-00000000000000000000000000000000-b7ad6b7169203331-01",
            "00-0af7651916cd43dd8448eb211c80319c-0000000000000000-01",
            "00_0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
        ] {
            assert!(place(malformed, "").is_none(), "{malformed}");
        }
    }

    #[test]
    fn tracestate_is_carried_on_up_to_its_maximum() {
        let state = |state: &str| {
            let trace = place(PARENT, state).expect("a trace");
            trace.context.trace_state().header()
        };
        assert_eq!(state("a=1,b=2"), "a=1,b=2");
        assert_eq!(state("no list"), "");
        assert_eq!(state(&format!("a={}", "x".repeat(511))), "");
    }
}
