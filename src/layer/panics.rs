//! What does a caller learn of a panic? That there was an error, and the request's id.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;

use futures::FutureExt as _;
use http::Response;
use tonic::body::Body;

use super::around::{Inner, Middleware, Question};
use super::request_id;
use crate::ops::Meters;
use crate::wire::status;

/// Turns a panic into INTERNAL; the panic hook has logged where it was.
#[derive(Clone, Debug)]
pub struct Panics(pub Arc<Meters>);

impl Middleware for Panics {
    async fn around(&self, request: Question, inner: impl Inner) -> Response<Body> {
        AssertUnwindSafe(inner.ask(request))
            .catch_unwind()
            .await
            .unwrap_or_else(|_| {
                self.0.panicked();
                status::internal().into_http()
            })
    }
}

/// Logs where a panic was and never what it said: its text may hold a person's data.
pub fn log_place_only() {
    std::panic::set_hook(Box::new(|info| {
        let place = info.location().map(ToString::to_string);
        let trace = request_id::current_call().and_then(|call| call.trace);
        tracing::error!(
            place = place.as_deref().unwrap_or("unknown"),
            request_id = %request_id::current(),
            trace_id = trace.map(tracing::field::display),
            "panic"
        );
    }));
}
