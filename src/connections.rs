//! How do connections become calls, and how do they end when the server drains?
//!
//! tonic's own server would put a timeout of its own around every layer, which answers CANCELLED where the contract
//! says `DEADLINE_EXCEEDED`; so the connections are served here, by the same library below it.

use std::convert::Infallible;
use std::future::Future;
use std::time::Duration;

use http::{Request, Response};
use hyper::body::Incoming;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto;
use hyper_util::server::graceful::GracefulShutdown;
use hyper_util::service::TowerToHyperService;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio_rustls::TlsAcceptor;
use tonic::body::Body;
use tower::{Service, ServiceExt as _};

/// As many calls as one connection may have open.
const STREAMS_MAX: u32 = 1_024;
/// As much of headers as a request may have: a token is the largest of them.
const HEADER_BYTES_MAX: u32 = 16 * 1024;
/// A peer that is gone without a word is noticed after this time, twice.
const KEEPALIVE: Duration = Duration::from_mins(1);
/// A peer that does not come to a request in this time is no caller.
const HANDSHAKE_MAX: Duration = Duration::from_secs(10);
/// After an error such as too many open files, accepting again at once would only fail again.
const ACCEPT_AGAIN: Duration = Duration::from_millis(100);

/// A service that connections can be given to.
pub trait Answers<B>:
    Service<Request<Body>, Response = Response<B>, Error = Infallible, Future: Send>
    + Clone
    + Send
    + 'static
{
}

impl<S, B> Answers<B> for S where
    S: Service<Request<Body>, Response = Response<B>, Error = Infallible, Future: Send>
        + Clone
        + Send
        + 'static
{
}

/// Takes connections until `drain` is over, then tells every peer to go away and waits until their calls are done.
pub async fn serve<B>(
    listener: TcpListener,
    tls: Option<TlsAcceptor>,
    service: impl Answers<B>,
    drain: impl Future<Output = ()>,
) where
    B: http_body::Body<Data = bytes::Bytes, Error: Into<tonic::codegen::StdError>> + Send + 'static,
{
    let open = GracefulShutdown::new();
    let (draining, drained) = watch::channel(());
    tokio::pin!(drain);
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            () = &mut drain => break,
        };
        let stream = match accepted {
            Ok((stream, _)) => stream,
            Err(error) => {
                tracing::warn!(%error, "a connection cannot be accepted");
                tokio::time::sleep(ACCEPT_AGAIN).await;
                continue;
            }
        };
        let (tls, service, watcher) = (tls.clone(), service.clone(), open.watcher());
        let mut drained = drained.clone();
        tokio::spawn(async move {
            // No call can be cut off before the handshake, so the drain does not wait for it.
            let secured = tokio::select! {
                secured = secured(stream, tls) => secured,
                _ = drained.changed() => None,
            };
            match secured {
                Some(Secured::Clear(stream)) => converse(stream, service, watcher).await,
                Some(Secured::Tls(stream)) => converse(*stream, service, watcher).await,
                None => {}
            }
        });
    }
    drop(listener);
    drop(draining);
    open.shutdown().await;
}

enum Secured {
    Clear(TcpStream),
    Tls(Box<tokio_rustls::server::TlsStream<TcpStream>>),
}

/// The stream after its handshake; `None`: the peer did not come to one.
async fn secured(stream: TcpStream, tls: Option<TlsAcceptor>) -> Option<Secured> {
    if let Err(error) = stream.set_nodelay(true) {
        tracing::debug!(%error, "a connection is gone already");
        return None;
    }
    let Some(tls) = tls else {
        return Some(Secured::Clear(stream));
    };
    match tokio::time::timeout(HANDSHAKE_MAX, tls.accept(stream)).await {
        Ok(Ok(stream)) => Some(Secured::Tls(Box::new(stream))),
        Ok(Err(error)) => {
            tracing::debug!(%error, "a TLS handshake failed");
            None
        }
        Err(_) => None,
    }
}

async fn converse<B>(
    stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static,
    service: impl Answers<B>,
    watcher: hyper_util::server::graceful::Watcher,
) where
    B: http_body::Body<Data = bytes::Bytes, Error: Into<tonic::codegen::StdError>> + Send + 'static,
{
    let service = service.map_request(|request: Request<Incoming>| request.map(Body::new));
    let builder = builder();
    let connection = builder
        .serve_connection(TokioIo::new(stream), TowerToHyperService::new(service))
        .into_owned();
    // Peers end connections in many ways, and none of them concerns us: calls have their own outcome.
    if let Err(error) = watcher.watch(connection).await {
        tracing::debug!(error, "a connection ended");
    }
}

/// HTTP/2 with limits against floods, and HTTP/1.1 for browsers.
fn builder() -> auto::Builder<TokioExecutor> {
    let mut builder = auto::Builder::new(TokioExecutor::new());
    builder
        .http1()
        .timer(TokioTimer::new())
        .header_read_timeout(HANDSHAKE_MAX);
    builder
        .http2()
        .timer(TokioTimer::new())
        .max_concurrent_streams(STREAMS_MAX)
        .max_header_list_size(HEADER_BYTES_MAX)
        .keep_alive_interval(KEEPALIVE)
        .keep_alive_timeout(KEEPALIVE);
    builder
}
