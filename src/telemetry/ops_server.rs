//! The HTTP server of the ops port: `/livez`, `/readyz` and `/metrics` for probes and scrapers.

use std::future::Future;
use std::sync::Arc;

use axum::Router;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use http::StatusCode;
use http::header::{CACHE_CONTROL, CONTENT_TYPE};
use prometheus_client::encoding::prometheus_text;
use prometheus_client::registry::Registry;
use tokio::net::TcpListener;

use super::Health;
use super::metrics::Metrics;

/// The initial buffer of the metrics page, which is some 30 KiB of text.
const PAGE_BYTES: usize = 64 * 1024;

/// The state of the handlers.
struct Ops {
    registry: Registry,
    health: Arc<Health>,
}

/// Answers probes and scrapers until `shutdown` resolves, then finishes the requests that have begun.
///
/// Draining is reported here, so it must go on until the drain is over.
pub async fn serve(
    listener: TcpListener,
    metrics: Metrics,
    shutdown: impl Future<Output = ()> + Send + 'static,
) {
    let served = axum::serve(listener, router(metrics)).with_graceful_shutdown(shutdown);
    // INVARIANT: the library retries a failed accept by itself and returns no error.
    let _ = served.await;
}

fn router(metrics: Metrics) -> Router {
    let health = Arc::clone(&metrics.health);
    let mut registry = Registry::default();
    registry.register_collector(Box::new(metrics));
    Router::new()
        .route("/livez", get(text(StatusCode::OK, "alive\n")))
        .route("/readyz", get(ready))
        .route("/metrics", get(page))
        .fallback(async || {
            text(
                StatusCode::NOT_FOUND,
                "expected /livez, /readyz or /metrics\n",
            )
        })
        .method_not_allowed_fallback(async || {
            text(StatusCode::METHOD_NOT_ALLOWED, "expected GET\n")
        })
        .with_state(Arc::new(Ops { registry, health }))
}

async fn ready(State(ops): State<Arc<Ops>>) -> impl IntoResponse {
    match ops.health.unready_reason() {
        None => text(StatusCode::OK, "ready\n".to_owned()),
        Some(reason) => text(StatusCode::SERVICE_UNAVAILABLE, format!("{reason}\n")),
    }
}

async fn page(State(ops): State<Arc<Ops>>) -> Response {
    let mut page = String::with_capacity(PAGE_BYTES);
    match prometheus_text::encode(&mut page, &ops.registry) {
        Ok(()) => {
            let kind = [(CONTENT_TYPE, prometheus_text::CONTENT_TYPE)];
            (kind, text(StatusCode::OK, page)).into_response()
        }
        Err(error) => {
            tracing::error!(%error, "metrics cannot be encoded");
            let status = StatusCode::INTERNAL_SERVER_ERROR;
            text(status, "metrics cannot be encoded\n").into_response()
        }
    }
}

/// A plain text answer that no one caches.
fn text<B>(status: StatusCode, body: B) -> (StatusCode, [(http::HeaderName, &'static str); 1], B) {
    (status, [(CACHE_CONTROL, "no-store")], body)
}
