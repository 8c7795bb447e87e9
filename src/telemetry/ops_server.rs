//! Who answers on the ops port? Plain HTTP for probes and scrapers: `/livez`, `/readyz` and `/metrics`, without PHI.

use std::convert::Infallible;
use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::header::{ALLOW, CACHE_CONTROL, CONTENT_TYPE};
use http::{HeaderValue, Method, Request, Response, StatusCode};
use http_body_util::Full;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use prometheus_client::encoding::prometheus_text;
use prometheus_client::registry::Registry;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;

use super::Health;
use super::metrics::Metrics;

/// As many connections as are open at once: probes and scrapers are few. Further ones wait to be accepted.
const CONNECTIONS_MAX: usize = 64;
/// A peer that does not come to a request in this time is no probe.
const HEADERS_MAX: Duration = Duration::from_secs(10);
/// A connection, whatever it does, ends after this time: one that does not read its answer holds no place.
const CONNECTION_MAX: Duration = Duration::from_mins(5);
/// After an error such as too many open files, accepting again at once would only fail again.
const ACCEPT_AGAIN: Duration = Duration::from_millis(100);
/// As many bytes as the metrics take at first: their text need not grow.
const USUAL_BYTES: usize = 64 * 1024;

/// What the ops port shows.
pub struct Exposed {
    registry: Registry,
    health: Arc<Health>,
}

impl Exposed {
    /// The figures and the health of one server.
    #[must_use]
    pub fn new(metrics: Metrics) -> Arc<Self> {
        let health = Arc::clone(&metrics.health);
        let mut registry = Registry::default();
        registry.register_collector(Box::new(metrics));
        Arc::new(Self { registry, health })
    }

    fn answer<B>(&self, request: &Request<B>) -> Response<Full<Bytes>> {
        if request.method() != Method::GET && request.method() != Method::HEAD {
            let mut refused = text(StatusCode::METHOD_NOT_ALLOWED, "expected GET\n");
            refused
                .headers_mut()
                .insert(ALLOW, HeaderValue::from_static("GET, HEAD"));
            return refused;
        }
        match request.uri().path() {
            "/livez" => text(StatusCode::OK, "alive\n"),
            "/readyz" => match self.health.not_ready() {
                None => text(StatusCode::OK, "ready\n"),
                Some(why) => text(StatusCode::SERVICE_UNAVAILABLE, format!("{why}\n")),
            },
            "/metrics" => self.metrics(),
            _ => text(
                StatusCode::NOT_FOUND,
                "expected /livez, /readyz or /metrics\n",
            ),
        }
    }

    fn metrics(&self) -> Response<Full<Bytes>> {
        let mut shown = String::with_capacity(USUAL_BYTES);
        match prometheus_text::encode(&mut shown, &self.registry) {
            Ok(()) => {
                let mut answer = text(StatusCode::OK, shown);
                let kind = HeaderValue::from_static(prometheus_text::CONTENT_TYPE);
                answer.headers_mut().insert(CONTENT_TYPE, kind);
                answer
            }
            Err(error) => {
                tracing::error!(%error, "the metrics cannot be shown");
                text(
                    StatusCode::INTERNAL_SERVER_ERROR,
                    "the metrics cannot be shown\n",
                )
            }
        }
    }
}

fn text(status: StatusCode, body: impl Into<Bytes>) -> Response<Full<Bytes>> {
    let mut answer = Response::new(Full::new(body.into()));
    *answer.status_mut() = status;
    let headers = answer.headers_mut();
    headers.insert(
        CONTENT_TYPE,
        HeaderValue::from_static("text/plain; charset=utf-8"),
    );
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    answer
}

/// Answers probes and scrapers until `end` is over. Draining is told here, so it goes on through the drain.
pub async fn serve(listener: TcpListener, exposed: Arc<Exposed>, end: impl Future<Output = ()>) {
    let places = Arc::new(Semaphore::new(CONNECTIONS_MAX));
    tokio::pin!(end);
    loop {
        let accepted = async {
            // INVARIANT: it is never closed.
            let place = Arc::clone(&places).acquire_owned().await.ok();
            (place, listener.accept().await)
        };
        let (place, accepted) = tokio::select! {
            accepted = accepted => accepted,
            () = &mut end => return,
        };
        match accepted {
            Ok((stream, _)) => {
                let exposed = Arc::clone(&exposed);
                tokio::spawn(async move {
                    let _place = place;
                    // Its outcome is the peer's concern.
                    let _ = tokio::time::timeout(CONNECTION_MAX, converse(stream, exposed)).await;
                });
            }
            Err(error) => {
                tracing::warn!(%error, "a connection to the ops port cannot be accepted");
                tokio::time::sleep(ACCEPT_AGAIN).await;
            }
        }
    }
}

async fn converse(stream: TcpStream, exposed: Arc<Exposed>) {
    let service = service_fn(|request: Request<hyper::body::Incoming>| {
        let answer = exposed.answer(&request);
        async move { Ok::<_, Infallible>(answer) }
    });
    let served = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEADERS_MAX)
        .serve_connection(TokioIo::new(stream), service)
        .await;
    if let Err(error) = served {
        tracing::debug!(%error, "a connection to the ops port ended");
    }
}
