//! The limit on calls in flight. What is over it is refused at once and without work: queued calls would run out of time
//! together.

use std::sync::Arc;

use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::Response;

use crate::telemetry::metrics::Meters;
use crate::wire::status;

/// The paths of health, which is exempt: a balancer that asks under load must not take a refusal for death.
const HEALTH: &str = "/grpc.health.v1.Health/";

/// The limit.
#[derive(Clone)]
pub(super) struct Limit {
    /// Maximum calls that are answered at once. A watch counts until its stream has begun.
    pub max_calls: usize,
    /// Counts calls in flight.
    pub meters: Arc<Meters>,
}

/// Refuses a call over the limit with `RESOURCE_EXHAUSTED` and a time to try again.
pub(super) async fn refuse_excess(
    State(limit): State<Limit>,
    request: Request,
    next: Next,
) -> Response {
    let place = limit.meters.admit(limit.max_calls);
    if place.is_none() && !request.uri().path().starts_with(HEALTH) {
        limit.meters.count_shed();
        return status::overloaded().into_http();
    }
    next.run(request).await
}
