//! How do connections become calls, and how do they end when the server drains?
//!
//! tonic's own server would put a timeout of its own around every layer, which answers CANCELLED where the contract
//! says `DEADLINE_EXCEEDED`; so the connections are served here, by the same library below it.

mod request_body;

use std::convert::Infallible;
use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use http::{Request, Response};
use hyper::body::Incoming;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto;
use hyper_util::service::TowerToHyperService;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::time::Instant;
use tonic::body::Body;
use tower::{Service, ServiceExt as _};

use crate::call::Connection;
use crate::identity::{Callers, Certified};
use crate::tls::Certificates;
use request_body::ReadToEnd;

/// As many calls as one connection may have open: a caller may use all that the server answers at once, and watch besides.
const STREAMS_MAX: u32 = 1_024;
/// As much of headers as a request may have: a token is the largest of them.
const HEADER_BYTES_MAX: u32 = 16 * 1024;
/// As much of its calls' messages as a connection may send ahead of the server: one message over the limit shows itself
/// by its first bytes, and is never kept.
const CONNECTION_WINDOW_BYTES: u32 = 1024 * 1024;
/// As much of one call's message as a caller may send ahead.
const STREAM_WINDOW_BYTES: u32 = 256 * 1024;
/// As much of an answer as waits for a caller that does not read.
const SEND_BYTES_MAX: usize = 256 * 1024;
/// As many calls that their caller took back before the server had looked at them as end the connection: a caller in its
/// right mind has none, and a flood of them (rapid reset) costs more to answer than to send.
const RESETS_PENDING_MAX: usize = 20;
/// As many calls that the server broke off for a breach of the protocol as end the connection.
const RESETS_OWN_MAX: usize = 256;
/// A peer that is gone without a word is noticed after this time, twice.
const KEEPALIVE: Duration = Duration::from_mins(1);
/// A peer that does not come to a request in this time is no caller.
const HANDSHAKE_MAX: Duration = Duration::from_secs(10);
/// After this time a caller is asked to connect anew: load spreads over new replicas, and no connection outlives by much
/// the certificates that it began with. Up to a tenth more, so that not all come back at once.
const AGE_MAX: Duration = Duration::from_mins(30);
/// As long as an old connection's calls have to finish. None takes longer than its deadline, and a watch is told to end.
const AGE_GRACE: Duration = Duration::from_mins(2);
/// As long as a drain waits for the first call of a connection that has just begun.
const LATE_MAX: Duration = Duration::from_millis(250);
/// After an error such as too many open files, accepting again at once would only fail again.
const ACCEPT_AGAIN: Duration = Duration::from_millis(100);

/// How connections are secured.
#[derive(Clone)]
pub struct Security {
    /// The certificate to show, and whose to take.
    pub certificates: Arc<Certificates>,
    /// Whom certificates name.
    pub callers: Arc<Callers>,
}

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
    security: Option<Security>,
    service: impl Answers<B>,
    drain: impl Future<Output = ()>,
) where
    B: http_body::Body<Data = bytes::Bytes, Error: Into<tonic::codegen::StdError>> + Send + 'static,
{
    // Every connection holds a receiver for as long as it is open.
    let (drained, draining) = watch::channel(false);
    let begin = |stream: TcpStream| {
        let (security, service) = (security.clone(), service.clone());
        tokio::spawn(answer(stream, security, service, draining.clone()));
    };
    tokio::pin!(drain);
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            () = &mut drain => break,
        };
        match accepted {
            Ok((stream, _)) => begin(stream),
            Err(error) => {
                tracing::warn!(%error, "a connection cannot be accepted");
                tokio::time::sleep(ACCEPT_AGAIN).await;
            }
        }
    }
    come_by_now(listener).for_each(begin);
    drop(draining);
    drained.send_replace(true);
    drained.closed().await;
}

/// The connections that no one has accepted yet. They would be reset with the listener, and their callers not told why.
fn come_by_now(listener: TcpListener) -> impl Iterator<Item = TcpStream> {
    let listener = listener.into_std().ok();
    std::iter::from_fn(move || {
        let (stream, _) = listener.as_ref()?.accept().ok()?;
        stream.set_nonblocking(true).ok()?;
        TcpStream::from_std(stream).ok()
    })
}

/// Answers a connection to its end.
async fn answer<B>(
    stream: TcpStream,
    security: Option<Security>,
    service: impl Answers<B>,
    mut draining: watch::Receiver<bool>,
) where
    B: http_body::Body<Data = bytes::Bytes, Error: Into<tonic::codegen::StdError>> + Send + 'static,
{
    let secured = tokio::select! {
        secured = secured(stream, security) => secured,
        () = late(&mut draining) => None,
    };
    match secured {
        Some(Secured::Clear(stream)) => {
            converse(stream, None, service, draining).await;
        }
        Some(Secured::Tls(stream, certified)) => {
            converse(*stream, certified, service, draining).await;
        }
        None => {}
    }
}

/// The server drains, and has for as long as it waits for those who came late.
async fn late(draining: &mut watch::Receiver<bool>) {
    // An error means that the sender is gone, and the server with it.
    let _ = draining.wait_for(|draining| *draining).await;
    tokio::time::sleep(LATE_MAX).await;
}

enum Secured {
    Clear(TcpStream),
    Tls(
        Box<tokio_rustls::server::TlsStream<TcpStream>>,
        Option<Certified>,
    ),
}

/// The stream after its handshake, or once the peer has said anything; `None`: it did not come to that.
async fn secured(stream: TcpStream, security: Option<Security>) -> Option<Secured> {
    if let Err(error) = stream.set_nodelay(true) {
        tracing::debug!(%error, "a connection is gone already");
        return None;
    }
    let Some(Security {
        certificates,
        callers,
    }) = security
    else {
        let mut first = [0];
        let spoke = tokio::time::timeout(HANDSHAKE_MAX, stream.peek(&mut first)).await;
        let spoke = matches!(spoke, Ok(Ok(1)));
        return spoke.then(|| Secured::Clear(stream));
    };
    let handshake = certificates.acceptor().accept(stream);
    match tokio::time::timeout(HANDSHAKE_MAX, handshake).await {
        Ok(Ok(stream)) => {
            let shown = stream.get_ref().1.peer_certificates();
            let certified = shown
                .and_then(<[_]>::first)
                .map(|certificate| callers.identify(certificate));
            Some(Secured::Tls(Box::new(stream), certified))
        }
        Ok(Err(error)) => {
            tracing::debug!(%error, "a TLS handshake failed");
            None
        }
        Err(_) => None,
    }
}

/// Answers a peer's calls until it goes, the server drains or the connection has grown old.
async fn converse<B>(
    stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static,
    certified: Option<Certified>,
    service: impl Answers<B>,
    mut draining: watch::Receiver<bool>,
) where
    B: http_body::Body<Data = bytes::Bytes, Error: Into<tonic::codegen::StdError>> + Send + 'static,
{
    let begun = Instant::now();
    let (end, ending) = watch::channel(false);
    let about = Arc::new(Connection { certified, ending });
    let service = service.map_request(move |mut request: Request<Incoming>| {
        request.extensions_mut().insert(Arc::clone(&about));
        request.map(|body| Body::new(ReadToEnd::new(body)))
    });
    let builder = builder();
    let connection =
        builder.serve_connection(TokioIo::new(stream), TowerToHyperService::new(service));
    tokio::pin!(connection);
    let ended = tokio::select! {
        biased;
        ended = connection.as_mut() => ended,
        () = to_be_ended(&mut draining, begun) => {
            connection.as_mut().graceful_shutdown();
            connection.await
        }
        () = tokio::time::sleep(age_max()) => {
            end.send_replace(true);
            connection.as_mut().graceful_shutdown();
            tokio::select! {
                ended = connection.as_mut() => ended,
                () = tokio::time::sleep(AGE_GRACE) => Ok(()),
            }
        }
    };
    // Most ends are no one's concern: calls have their own outcome.
    if let Err(error) = ended {
        tracing::debug!(error, "a connection ended");
    }
}

/// The server drains, and the peer has had the time for a first call: before its first bytes, hyper would end the
/// connection without a word.
async fn to_be_ended(draining: &mut watch::Receiver<bool>, begun: Instant) {
    // An error means that the sender is gone, and the server with it.
    let _ = draining.wait_for(|draining| *draining).await;
    tokio::time::sleep_until(begun + LATE_MAX).await;
}

/// How old a connection may become: another one each time.
fn age_max() -> Duration {
    use std::hash::{BuildHasher as _, RandomState};
    // Keyed at random, which is as much chance as this needs.
    let chance = RandomState::new().hash_one(()) % 1_000;
    AGE_MAX + AGE_MAX * u32::try_from(chance).unwrap_or_default() / 10_000
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
        .max_pending_accept_reset_streams(RESETS_PENDING_MAX)
        .max_local_error_reset_streams(RESETS_OWN_MAX)
        .max_header_list_size(HEADER_BYTES_MAX)
        .initial_connection_window_size(CONNECTION_WINDOW_BYTES)
        .initial_stream_window_size(STREAM_WINDOW_BYTES)
        .max_send_buf_size(SEND_BYTES_MAX)
        .keep_alive_interval(KEEPALIVE)
        .keep_alive_timeout(KEEPALIVE);
    builder
}

#[cfg(test)]
mod tests;
