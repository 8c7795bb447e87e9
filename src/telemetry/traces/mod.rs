//! Which trace does a call belong to, and who is told of its part in it?
//!
//! A caller names its trace in `traceparent` (W3C Trace Context). Log lines then name it too, and so does the answer. Where
//! a collector is configured, a call that is sampled becomes one span. It says which call that was, how it ended and its
//! request id: nothing of a message, a path or a token gets into it.

mod caller;
mod collector;
mod span;

use std::sync::Arc;
use std::time::Duration;

use http::{HeaderValue, Request};
use opentelemetry::Context;
use opentelemetry::trace::{
    Span as _, SpanBuilder, SpanContext, SpanId, SpanKind, TraceContextExt as _, TraceFlags,
    TraceId, Tracer as _,
};
use thiserror::Error;
use uuid::Uuid;

use crate::telemetry::metrics::{Meters, Method};
use collector::Collector;

pub use caller::TRACEPARENT;
pub use span::CallSpan;

/// Traces cannot be sent to where they are configured to go.
#[derive(Debug, Error)]
#[error("traces cannot be sent to the configured endpoint: {0}")]
pub struct TracesError(String);

/// Makes the span of each call, where spans are sent anywhere.
#[derive(Clone, Default)]
pub struct Traces(Option<Arc<Collector>>);

/// A call's place in a trace.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Place {
    /// The trace.
    pub trace: TraceId,
    /// The call's span; the caller's, where this server makes none.
    span: SpanId,
    flags: TraceFlags,
}

impl Traces {
    /// Sends spans to a collector over OTLP/gRPC. Of the calls whose callers did not decide, this share is sampled.
    ///
    /// Called within a runtime, which carries the connection.
    ///
    /// # Errors
    /// When the endpoint is none.
    pub fn to(endpoint: &str, ratio: f64, meters: Arc<Meters>) -> Result<Self, TracesError> {
        let collector = Collector::new(endpoint, ratio, meters)?;
        Ok(Self(Some(Arc::new(collector))))
    }

    /// A call begins. `None`: it belongs to no trace.
    #[must_use]
    pub fn begin<B>(
        &self,
        request: &Request<B>,
        id: Uuid,
    ) -> Option<(Place, Option<Box<CallSpan>>)> {
        let caller = caller::context(request.headers());
        let Some(collector) = &self.0 else {
            return Some((Place::of(&caller?), None));
        };
        let parent = match caller {
            Some(caller) => Context::new().with_remote_span_context(caller),
            None => Context::new(),
        };
        let method = Method::of(request.uri().path());
        let builder = SpanBuilder::from_name(method.name()).with_kind(SpanKind::Server);
        let span = collector.tracer.build_with_context(builder, &parent);
        let place = Place::of(span.span_context());
        let made = span
            .is_recording()
            .then(|| Box::new(CallSpan::new(span, method, id)));
        Some((place, made))
    }

    /// Sends what waits to be sent, for so long at the most, and no more after that.
    pub async fn end(&self, within: Duration) {
        if let Some(collector) = &self.0 {
            collector.end(within).await;
        }
    }
}

impl Place {
    fn of(context: &SpanContext) -> Self {
        Self {
            trace: context.trace_id(),
            span: context.span_id(),
            flags: context.trace_flags(),
        }
    }

    /// The place as `traceparent` says it.
    #[must_use]
    pub fn header(self) -> Option<HeaderValue> {
        let Self { trace, span, flags } = self;
        // INVARIANT: hexadecimal digits and dashes are ASCII.
        HeaderValue::from_str(&format!("00-{trace}-{span}-{flags:02x}")).ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn without_a_collector_a_call_is_in_its_callers_trace_or_in_none() {
        let mut request = Request::new(());
        let begin = |request: &Request<()>| Traces::default().begin(request, Uuid::now_v7());
        assert!(begin(&request).is_none());
        let given = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
        let headers = request.headers_mut();
        headers.insert(TRACEPARENT, HeaderValue::from_static(given));
        let (place, span) = begin(&request).expect("a place");
        assert_eq!(place.header().expect("it"), given);
        assert!(span.is_none());
    }
}
