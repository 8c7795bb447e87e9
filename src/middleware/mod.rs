//! The layers around the calls, in one stack.

mod audit;
mod auth;
mod codec_errors;
mod cors;
mod deadline;
mod load_shed;
mod metrics;
mod outcome;
mod panics;
mod request_id;

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use axum::extract::Request;
use axum::middleware::{from_fn, from_fn_with_state};
use http::Response;
use tonic::body::Body;
use tonic::service::Routes;
use tonic_web::GrpcWebLayer;
use tower::ServiceBuilder;
use tower::util::{BoxCloneSyncService, option_layer};
use tower_http::catch_panic::CatchPanicLayer;

use crate::identity::Authenticator;
use crate::telemetry::metrics::Meters;
use crate::telemetry::traces::Traces;
use crate::wire::{ACCEPT_ENCODING, status};

/// The path of the only call without a deadline: its reply is a stream.
const WATCH_PATH: &str = "/um.secondopinion.v1.SecondOpinionService/WatchDeterminations";

/// The services with every layer around them.
pub type Stack = BoxCloneSyncService<http::Request<Body>, Response<Body>, Infallible>;

/// The parameters of the layers.
pub struct Settings {
    /// Identifies callers.
    pub authenticator: Authenticator,
    /// The longest deadline that a call gets.
    pub max_deadline: Duration,
    /// Maximum calls that are answered at once.
    pub max_calls: usize,
    /// Counts calls.
    pub meters: Arc<Meters>,
    /// Makes the spans of calls.
    pub traces: Traces,
    /// The origins of the pages that may call.
    pub web_origins: Vec<String>,
}

/// Puts the layers around the services: `guarded` ones need an identity, `open` ones (health and reflection) none.
///
/// Read from the top down, the outermost layer comes first.
#[must_use]
pub fn stack(settings: Settings, guarded: Routes, open: Routes) -> Stack {
    let Settings {
        authenticator,
        max_deadline,
        max_calls,
        meters,
        traces,
        web_origins,
    } = settings;
    let guard = ServiceBuilder::new()
        // Outside of authentication: a refused caller leaves its audit line too.
        .layer(from_fn(audit::write_line))
        // Without a good identity no handler is reached.
        .layer(from_fn_with_state(authenticator, auth::authenticate))
        // Inside the audit, which then tells the same outcome as the caller gets.
        .layer(from_fn(codec_errors::replace))
        // Events are short and many: to compress each by itself costs more than it saves.
        .map_request(without_compressed_watch);
    let routes = guarded
        .into_axum_router()
        .route_layer(guard)
        .merge(
            open.into_axum_router()
                .reset_fallback()
                .route_layer(from_fn(codec_errors::replace)),
        )
        .fallback(unknown_service);
    let stack = ServiceBuilder::new()
        // Browsers ask before they call; without configured origins no page may.
        .layer(option_layer(cors::layer(&web_origins)))
        // From here on a call of gRPC-Web is a gRPC call like any other.
        .layer(GrpcWebLayer::new())
        .map_request(|request: http::Request<Body>| request.map(axum::body::Body::new))
        // Outside of all that can fail: every error and log line can name the request and its trace.
        .layer(from_fn_with_state(traces, request_id::assign))
        // Outside of all layers that answer by themselves: what they refuse is counted too.
        .layer(from_fn_with_state(Arc::clone(&meters), metrics::count))
        // A defect in one call ends that call alone.
        .layer(CatchPanicLayer::custom(panics::Handler(Arc::clone(
            &meters,
        ))))
        // Before a byte of the message is read: a call over the limit costs nothing.
        .layer(from_fn_with_state(
            load_shed::Limit {
                max_calls,
                meters: Arc::clone(&meters),
            },
            load_shed::refuse_excess,
        ))
        // Before the message is read: a caller that sends it slowly has no longer.
        .layer(from_fn_with_state(
            deadline::Limit {
                max_deadline,
                meters,
            },
            deadline::enforce,
        ))
        .service(routes.with_state(()));
    BoxCloneSyncService::new(stack)
}

/// A watch of events, without the compressions that its caller can read.
fn without_compressed_watch(mut request: Request) -> Request {
    if request.uri().path() == WATCH_PATH {
        request.headers_mut().remove(ACCEPT_ENCODING);
    }
    request
}

/// The answer to a path that names no service.
async fn unknown_service() -> axum::response::Response {
    status::unknown_call().into_http()
}
