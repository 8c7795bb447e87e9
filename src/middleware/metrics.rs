//! The duration and outcome of every call, by method and code. A method of the caller's own making is counted as unknown.

use std::sync::Arc;
use std::time::Instant;

use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::Response;
use tonic::Code;

use super::outcome::{self, Observer};
use crate::telemetry::metrics::{Meters, Method};

/// Counts the call once its outcome is known.
pub(super) async fn count(
    State(meters): State<Arc<Meters>>,
    request: Request,
    next: Next,
) -> Response {
    let timing = Timing {
        method: Method::of(request.uri().path()),
        begun: Instant::now(),
        meters: Some(meters),
    };
    outcome::observe(next.run(request).await, timing)
}

/// A call under way.
struct Timing {
    method: Method,
    begun: Instant,
    /// `None`: the call was counted.
    meters: Option<Arc<Meters>>,
}

impl Observer for Timing {
    fn ended(&mut self, code: Code) {
        if let Some(meters) = self.meters.take() {
            meters.record_call(self.method, code, self.begun.elapsed());
        }
    }
}

impl Drop for Timing {
    /// The caller went away before its answer was sent.
    fn drop(&mut self) {
        self.ended(Code::Cancelled);
    }
}
