//! CORS: the permission for pages of other origins to call over gRPC-Web.

use http::{HeaderName, HeaderValue, Method};
use tower_http::cors::{AllowOrigin, Any, CorsLayer};

/// The headers of an answer that a page may read.
const EXPOSED: [&str; 5] = [
    "grpc-status",
    "grpc-message",
    "grpc-status-details-bin",
    "x-request-id",
    "traceparent",
];

/// The layer for these origins; `None`: no page may call.
pub(super) fn layer(origins: &[String]) -> Option<CorsLayer> {
    if origins.is_empty() {
        return None;
    }
    // INVARIANT: the configuration has checked the origins, and the names are lower-case ASCII.
    let origins = origins
        .iter()
        .filter_map(|origin| HeaderValue::from_str(origin).ok());
    Some(
        CorsLayer::new()
            .allow_origin(AllowOrigin::list(origins))
            .allow_methods([Method::POST])
            .allow_headers(Any)
            .expose_headers(EXPOSED.map(HeaderName::from_static)),
    )
}
