//! What does a caller learn of a panic? That there was an error, and the request's id.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;

use futures::FutureExt as _;
use http::Response;
use tonic::body::Body;

use super::around::{Inner, Middleware, Question};
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
