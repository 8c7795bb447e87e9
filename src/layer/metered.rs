//! How long did a call take, and how did it end? Counted by method and code, caller-made names left out.

use std::sync::Arc;
use std::time::Instant;

use http::Response;
use tonic::{Code, body::Body};

use super::around::{Inner, Middleware, Question};
use super::outcome::{self, Ending};
use crate::ops::{Meters, Method};

/// Counts every call.
#[derive(Clone, Debug)]
pub struct Metered(pub Arc<Meters>);

impl Middleware for Metered {
    async fn around(&self, request: Question, inner: impl Inner) -> Response<Body> {
        let timing = Timing {
            method: Method::of(request.uri().path()),
            begun: Instant::now(),
            meters: Some(Arc::clone(&self.0)),
        };
        outcome::watched(inner.ask(request).await, timing)
    }
}

/// A call under way.
struct Timing {
    method: Method,
    begun: Instant,
    /// `None`: it was counted.
    meters: Option<Arc<Meters>>,
}

impl Ending for Timing {
    fn ended(&mut self, code: Code) {
        if let Some(meters) = self.meters.take() {
            meters.ended(self.method, code, self.begun.elapsed());
        }
    }
}

impl Drop for Timing {
    /// The caller hung up before its answer had gone out.
    fn drop(&mut self) {
        self.ended(Code::Cancelled);
    }
}
