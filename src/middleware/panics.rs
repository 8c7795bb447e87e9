//! The answer to a call that panicked: INTERNAL with the request's id. The panic hook has logged the place.

use std::any::Any;
use std::sync::Arc;

use axum::body::Body;
use axum::response::Response;
use tower_http::catch_panic::ResponseForPanic;

use crate::telemetry::metrics::Meters;
use crate::wire::status;

/// Counts a panic and answers its call.
#[derive(Clone)]
pub(super) struct Handler(pub Arc<Meters>);

impl ResponseForPanic for Handler {
    type ResponseBody = Body;

    fn response_for_panic(&mut self, _text: Box<dyn Any + Send>) -> Response {
        self.0.count_panic();
        status::internal().into_http()
    }
}
