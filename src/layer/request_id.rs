//! By which id can a call be asked about?

use http::{HeaderName, HeaderValue, Request, Response};
use tonic::body::Body;
use uuid::Uuid;

use super::around::{Inner, Middleware};

/// The header that tells the caller the id.
const HEADER: HeaderName = HeaderName::from_static("x-request-id");

tokio::task_local! {
    static CURRENT: Uuid;
}

/// Gives every call an id, which errors name and the answer's header carries.
#[derive(Clone, Copy, Debug)]
pub struct RequestId;

impl Middleware for RequestId {
    async fn around(self, request: Request<Body>, inner: impl Inner) -> Response<Body> {
        let id = Uuid::now_v7();
        let mut response = CURRENT.scope(id, inner.ask(request)).await;
        let mut text = Uuid::encode_buffer();
        // INVARIANT: a UUID is ASCII.
        if let Ok(mut value) = HeaderValue::from_str(id.hyphenated().encode_lower(&mut text)) {
            // Kept out of HPACK's table: no other answer has it, and it would push out what the others share.
            value.set_sensitive(true);
            response.headers_mut().insert(HEADER, value);
        }
        response
    }
}

/// The id of the call that is being answered; outside of one, the nil UUID.
#[must_use]
pub fn current() -> Uuid {
    CURRENT.try_get().unwrap_or_else(|_| Uuid::nil())
}
