//! By which id can a call be asked about, and to which trace does it belong?

use http::{HeaderName, HeaderValue, Response};
use opentelemetry::trace::TraceId;
use tonic::{Code, body::Body};
use uuid::Uuid;

use super::around::{Inner, Middleware, Question};
use super::outcome::{self, Ending};
use crate::traces::{CallSpan, Place, TRACEPARENT, Traces};

/// The header that tells the caller the id.
const HEADER: HeaderName = HeaderName::from_static("x-request-id");

tokio::task_local! {
    static CURRENT: Call;
}

/// What a call goes by.
#[derive(Clone, Copy, Debug)]
pub struct Call {
    /// The request's id, which this server made.
    pub id: Uuid,
    /// The trace that it belongs to.
    pub trace: Option<TraceId>,
}

/// Gives every call an id, which errors name and the answer's header carries, and its place in its trace.
#[derive(Clone)]
pub struct RequestId(pub Traces);

impl Middleware for RequestId {
    async fn around(&self, request: Question, inner: impl Inner) -> Response<Body> {
        let id = Uuid::now_v7();
        let (place, span) = self.0.begin(&request, id).unzip();
        let call = Call {
            id,
            trace: place.map(|place| place.trace),
        };
        let mut response = CURRENT.scope(call, inner.ask(request)).await;
        let mut text = Uuid::encode_buffer();
        // INVARIANT: a UUID is ASCII.
        if let Ok(value) = HeaderValue::from_str(id.hyphenated().encode_lower(&mut text)) {
            response.headers_mut().insert(HEADER, apart(value));
        }
        if let Some(value) = place.and_then(Place::header) {
            response.headers_mut().insert(TRACEPARENT, apart(value));
        }
        match span.flatten() {
            Some(span) => outcome::watched(response, span),
            None => response,
        }
    }
}

/// Keeps a value out of HPACK's table: no other answer has it, and it would push out what the others share.
fn apart(mut value: HeaderValue) -> HeaderValue {
    value.set_sensitive(true);
    value
}

impl Ending for Box<CallSpan> {
    fn ended(&mut self, code: Code) {
        self.end(code);
    }
}

/// The id of the call that is being answered; outside of one, the nil UUID.
#[must_use]
pub fn current() -> Uuid {
    current_call().map_or_else(Uuid::nil, |call| call.id)
}

/// The call that is being answered.
#[must_use]
pub fn current_call() -> Option<Call> {
    CURRENT.try_with(|call| *call).ok()
}
