//! What stands around the calls, and in which order?

mod around;
pub mod audit;
mod auth;
mod deadline;
pub mod panics;
pub mod request_id;
mod size;

use std::sync::Arc;
use std::time::Duration;

use http::{HeaderName, HeaderValue};
use tonic_web::GrpcWebLayer;
use tower::ServiceBuilder;
use tower::layer::util::{Identity, Stack};
use tower::util::Either;
use tower_http::cors::{AllowOrigin, Any, CorsLayer};

use crate::clock::Clock;
use crate::identity::Verifier;
use around::AroundLayer;

pub use around::{Answering, Around, Inner, Middleware, Then};

/// The layers of our own around every service, outermost first.
pub type Own =
    Then<request_id::RequestId, Then<panics::Panics, Then<deadline::Deadline, size::Size>>>;

/// The layers around every service, outermost first.
pub type Outer =
    Stack<AroundLayer<Own>, Stack<GrpcWebLayer, Stack<Either<CorsLayer, Identity>, Identity>>>;

/// The layers around every service, health and reflection included, outermost first.
#[must_use]
pub fn outer(longest: Duration, web_origins: &[String]) -> ServiceBuilder<Outer> {
    ServiceBuilder::new()
        // Browsers ask before they call; where no origin is configured, none is told that it may.
        .layer(tower::util::option_layer(cors(web_origins)))
        // From here on a call from a browser is a gRPC call like any other.
        .layer(GrpcWebLayer::new())
        .layer(AroundLayer(own(longest)))
}

fn own(longest: Duration) -> Own {
    // Nothing of a message that is too large is kept.
    let size = size::Size;
    // Before the message is read, so that a caller that sends it slowly has no longer.
    let deadline = deadline::Deadline { longest }.then(size);
    // A defect in one call ends that call alone.
    let panics = panics::Panics.then(deadline);
    // Whatever goes wrong inside can name the call.
    request_id::RequestId.then(panics)
}

/// The layers around the medical-opinion services alone: health and reflection need no identity.
#[derive(Clone)]
pub struct Guard(AroundLayer<Then<audit::Audit, auth::Auth>>);

/// A service that only callers with a good identity reach.
pub type Guarded<S> = Around<Then<audit::Audit, auth::Auth>, S>;

impl Guard {
    /// A guard that takes the tokens of a verifier.
    #[must_use]
    pub fn new(verifier: Arc<Verifier>, clock: Arc<dyn Clock>) -> Self {
        // The audit is outside: a caller that is refused leaves its line too.
        Self(AroundLayer(
            audit::Audit.then(auth::Auth { verifier, clock }),
        ))
    }

    /// A service behind the guard.
    pub fn around<S>(&self, service: S) -> Guarded<S> {
        tower::Layer::layer(&self.0, service)
    }
}

fn cors(origins: &[String]) -> Option<CorsLayer> {
    if origins.is_empty() {
        return None;
    }
    let headers = [
        "grpc-status",
        "grpc-message",
        "grpc-status-details-bin",
        "x-request-id",
    ];
    // INVARIANT: the configuration has judged the origins, and the names are lower-case ASCII.
    let origins = origins
        .iter()
        .filter_map(|origin| HeaderValue::from_str(origin).ok());
    Some(
        CorsLayer::new()
            .allow_origin(AllowOrigin::list(origins))
            .allow_methods([http::Method::POST])
            .allow_headers(Any)
            .expose_headers(headers.map(HeaderName::from_static)),
    )
}
