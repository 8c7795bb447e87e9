//! By which id can a call be asked about, and to which trace does it belong?

use http::{HeaderName, HeaderValue, Response};
use tonic::{Code, body::Body};
use uuid::Uuid;

use super::around::{Inner, Middleware, Question};
use super::outcome::{self, Ending};
use crate::call::CallId;
use crate::traces::{CallSpan, Place, TRACEPARENT, Traces};

/// The header that tells the caller the id.
const HEADER: HeaderName = HeaderName::from_static("x-request-id");

/// Gives every call an id, which errors name and the answer's header carries, and its place in its trace.
#[derive(Clone)]
pub struct RequestId(pub Traces);

impl Middleware for RequestId {
    async fn around(&self, request: Question, inner: impl Inner) -> Response<Body> {
        let id = Uuid::now_v7();
        let (place, span) = self.0.begin(&request, id).unzip();
        let call = CallId {
            id,
            trace: place.map(|place| place.trace),
        };
        let mut response = call.scope(inner.ask(request)).await;
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
