//! What stands around the calls, and in which order?

mod around;
pub mod audit;
mod auth;
mod deadline;
mod load;
mod metered;
mod outcome;
mod packing;
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

use crate::identity::Authenticator;
use crate::ops::Meters;
use crate::traces::Traces;

pub use around::{Answer, Answering, Around, AroundLayer, Inner, Middleware, Question, Then};
pub use auth::Auth;
pub use deadline::Deadline;
pub use load::Load;
pub use metered::Metered;
pub use packing::Packing;
pub use size::Size;

/// The layers of our own around every service, outermost first.
pub type Own = Then<
    request_id::RequestId,
    Then<
        metered::Metered,
        Then<panics::Panics, Then<load::Load, Then<deadline::Deadline, size::Size>>>,
    >,
>;

/// The layers around every service, outermost first.
pub type Outer =
    Stack<AroundLayer<Own>, Stack<GrpcWebLayer, Stack<Either<CorsLayer, Identity>, Identity>>>;

/// What the layers around every service are told.
pub struct Limits {
    /// The longest that a call gets.
    pub longest: Duration,
    /// As many calls as are answered at once.
    pub calls_max: usize,
    /// Who counts.
    pub meters: Arc<Meters>,
    /// Who makes spans.
    pub traces: Traces,
}

/// The layers around every service, health and reflection included, outermost first.
#[must_use]
pub fn outer(limits: Limits, web_origins: &[String]) -> ServiceBuilder<Outer> {
    ServiceBuilder::new()
        // Browsers ask before they call; where no origin is configured, none is told that it may.
        .layer(tower::util::option_layer(cors(web_origins)))
        // From here on a call from a browser is a gRPC call like any other.
        .layer(GrpcWebLayer::new())
        .layer(AroundLayer::new(own(limits)))
}

fn own(limits: Limits) -> Own {
    let Limits {
        longest,
        calls_max,
        meters,
        traces,
    } = limits;
    // Nothing of a message that is too large is kept.
    let size = size::Size;
    // Before the message is read, so that a caller that sends it slowly has no longer.
    let deadline = deadline::Deadline {
        longest,
        meters: Arc::clone(&meters),
    }
    .then(size);
    // Before a byte of the message is waited for: what is too much costs nothing.
    let load = load::Load {
        calls_max,
        meters: Arc::clone(&meters),
    }
    .then(deadline);
    // A defect in one call ends that call alone.
    let panics = panics::Panics(Arc::clone(&meters)).then(load);
    // Outside of all that answers by itself: a call that is refused for load or time, or hits a defect, is counted too.
    let metered = metered::Metered(meters).then(panics);
    // Whatever goes wrong inside can name the call, and its trace.
    request_id::RequestId(traces).then(metered)
}

/// The layers around the medical-opinion services alone: health and reflection need no identity.
#[derive(Clone)]
pub struct Guard(AroundLayer<Guards>);

/// The layers of the guard, outermost first.
pub type Guards = Then<audit::Audit, Then<auth::Auth, packing::Packing>>;

/// A service that only callers with a good identity reach.
pub type Guarded<S> = Around<Guards, S>;

impl Guard {
    /// A guard that takes the tokens of a verifier, if there is one, and known certificates.
    #[must_use]
    pub fn new(authenticator: Authenticator) -> Self {
        // Last, so that the audit tells of the same outcome as the caller is told.
        let auth = auth::Auth(authenticator).then(packing::Packing);
        // The audit is outside: a caller that is refused leaves its line too.
        Self(AroundLayer::new(audit::Audit.then(auth)))
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
        "traceparent",
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
