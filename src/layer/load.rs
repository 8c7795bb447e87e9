//! Are more calls being answered than the service takes at once? Then the rest are told to come back, at once and without
//! work: calls that queued up would run out of time together.

use std::sync::Arc;

use http::Response;
use tonic::body::Body;

use super::around::{Inner, Middleware, Question};
use super::size;
use crate::ops::Meters;
use crate::wire::status;

/// A balancer that asks for health under load must not take it for death.
const HEALTH: &str = "/grpc.health.v1.Health/";

/// Refuses calls above a limit.
#[derive(Clone, Debug)]
pub struct Load {
    /// As many as are answered at once.
    pub calls_max: usize,
    /// Who counts them.
    pub meters: Arc<Meters>,
}

impl Middleware for Load {
    async fn around(&self, request: Question, inner: impl Inner) -> Response<Body> {
        let place = self.meters.admit(self.calls_max);
        if place.is_none() && !request.uri().path().starts_with(HEALTH) {
            self.meters.shed();
            size::hear_out(request.into_body()).await;
            return status::overloaded().into_http();
        }
        inner.ask(request).await
    }
}
