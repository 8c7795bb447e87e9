//! The request id and the trace of a call.

use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::Response;
use http::{HeaderName, HeaderValue};
use tonic::Code;
use tracing::Instrument as _;
use uuid::Uuid;

use super::outcome::{self, Observer};
use crate::call::CallId;
use crate::telemetry::logs;
use crate::telemetry::traces::{CallTrace, TRACEPARENT, Traces};

/// The response header with the id.
const HEADER: HeaderName = HeaderName::from_static("x-request-id");

/// Gives the call an id, which errors name and the response carries, and its place in its trace.
pub(super) async fn assign(State(traces): State<Traces>, request: Request, next: Next) -> Response {
    let id = Uuid::now_v7();
    let trace = traces.start(&request, id);
    let call = CallId {
        id,
        trace: trace.as_ref().map(CallTrace::trace_id),
    };
    let mut response = call
        .scope(next.run(request))
        .instrument(logs::call_span(id, call.trace))
        .await;
    let mut text = Uuid::encode_buffer();
    // INVARIANT: a UUID is ASCII.
    if let Ok(value) = HeaderValue::from_str(id.hyphenated().encode_lower(&mut text)) {
        response.headers_mut().insert(HEADER, unindexed(value));
    }
    if let Some(value) = trace.as_ref().and_then(CallTrace::header) {
        response.headers_mut().insert(TRACEPARENT, unindexed(value));
    }
    match trace {
        Some(trace) => outcome::observe(response, trace),
        None => response,
    }
}

/// Keeps a value out of HPACK's table: it occurs once, and would push out the values that all responses share.
fn unindexed(mut value: HeaderValue) -> HeaderValue {
    value.set_sensitive(true);
    value
}

impl Observer for CallTrace {
    fn ended(&mut self, code: Code) {
        self.end(code);
    }
}
