//! One connection: TLS handshake, HTTP/2 and HTTP/1.1 within their limits, maximum age, and graceful end.
//!
//! tonic's own server answers its timeout with `CANCELLED`, where the contract says `DEADLINE_EXCEEDED`; so the connections
//! are served here, by the library below it.

use std::sync::Arc;
use std::time::Duration;

use hyper::body::Incoming;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto;
use hyper_util::service::TowerToHyperService;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio::sync::watch;
use tokio::time::Instant;
use tonic::body::Body;
use tower::ServiceExt as _;

use super::lent::{Lent, lend};
use super::request_body::ReadToEnd;
use super::tls::Certificates;
use crate::call::Connection;
use crate::identity::{Callers, Certified};
use crate::middleware::Stack;

/// Maximum open calls on one connection: a caller may use all that the server answers at once, and watch besides.
const STREAMS_MAX: u32 = 1_024;
/// Maximum size of a request's headers, in bytes: a token is the largest of them.
const HEADER_BYTES_MAX: u32 = 16 * 1024;
/// HTTP/2 connection receive window, in bytes: one message of the maximum size.
const CONNECTION_WINDOW_BYTES: u32 = 1024 * 1024;
/// HTTP/2 stream receive window, in bytes.
const STREAM_WINDOW_BYTES: u32 = 256 * 1024;
/// Maximum bytes of an answer that are buffered for a caller that does not read.
const SEND_BUFFER_BYTES: usize = 256 * 1024;
/// Maximum pending client resets before the connection is closed (rapid reset): a well-behaved client has none, and a
/// flood of them costs more to answer than to send.
const PENDING_RESETS_MAX: usize = 20;
/// Maximum resets by the server for breaches of the protocol before the connection is closed.
const LOCAL_RESETS_MAX: usize = 256;
/// A peer that is gone without a word is noticed after this time, twice.
const KEEP_ALIVE: Duration = Duration::from_mins(1);
/// Maximum time for the TLS handshake, and for the headers of a request over HTTP/1.1.
const HANDSHAKE_TIMEOUT: Duration = Duration::from_secs(10);
/// After this time a caller is asked to reconnect: load spreads over new replicas, and no connection outlives by much
/// the certificates that it began with. Up to a tenth more, so that not all come back at once.
const AGE_MAX: Duration = Duration::from_mins(30);
/// The time that an old connection's calls have to finish. None takes longer than its deadline, and watches end.
const AGE_GRACE: Duration = Duration::from_mins(2);
/// The time that a new connection has for its first request while the server drains.
const FIRST_REQUEST_TIMEOUT: Duration = Duration::from_millis(250);

/// The TLS side of connections.
#[derive(Clone)]
pub(super) struct Security {
    /// The server's certificate and the callers' authority.
    pub certificates: Arc<Certificates>,
    /// The identities in certificates.
    pub callers: Arc<Callers>,
}

/// The bytes of a connection, in the clear or inside TLS.
trait Stream: AsyncRead + AsyncWrite + Unpin + Send {}

impl<S: AsyncRead + AsyncWrite + Unpin + Send> Stream for S {}

/// Serves a connection to its end.
pub(super) async fn serve(
    socket: TcpStream,
    security: Option<Security>,
    stack: Stack,
    mut draining: watch::Receiver<bool>,
) {
    let accepted = Instant::now();
    if let Err(error) = socket.set_nodelay(true) {
        tracing::debug!(%error, "a connection is already gone");
        return;
    }
    let (socket, owner) = lend(socket);
    let opened = tokio::select! {
        opened = tokio::time::timeout(HANDSHAKE_TIMEOUT, open(socket, security)) => opened,
        () = drained(&mut draining, accepted) => return owner.close().await,
    };
    let ended = match opened {
        Ok(Ok((stream, certified))) => {
            serve_calls(stream, certified, stack, draining.clone()).await
        }
        Ok(Err(error)) => Err(error.into()),
        Err(timeout) => Err(timeout.into()),
    };
    match ended {
        Ok(()) => owner.close().await,
        // Most errors concern no one: calls have outcomes of their own.
        Err(error) => tracing::debug!(error, "a connection ended"),
    }
}

/// Waits for the TLS handshake; in the clear, for the peer's first byte, for which hyper has no timeout.
async fn open(
    socket: Lent,
    security: Option<Security>,
) -> std::io::Result<(Box<dyn Stream>, Option<Certified>)> {
    let Some(security) = security else {
        socket.first_byte().await?;
        return Ok((Box::new(socket), None));
    };
    let stream = security.certificates.acceptor().accept(socket).await?;
    let chain = stream.get_ref().1.peer_certificates();
    let certified = chain
        .and_then(<[_]>::first)
        .map(|certificate| security.callers.identify(certificate));
    Ok((Box::new(stream), certified))
}

/// Completes once the server drains and the connection has had the time for its first request: before that, hyper would
/// end it without a word.
async fn drained(draining: &mut watch::Receiver<bool>, begun: Instant) {
    // An error means that the sender is gone, and the server with it.
    let _ = draining.wait_for(|draining| *draining).await;
    tokio::time::sleep_until(begun + FIRST_REQUEST_TIMEOUT).await;
}

/// Serves the calls of a peer until it goes, the server drains or the connection is old.
///
/// hyper-util's `GracefulShutdown` is not used: it takes the connection away, and the maximum age asks for a graceful end
/// too.
async fn serve_calls(
    stream: Box<dyn Stream>,
    certified: Option<Certified>,
    stack: Stack,
    mut draining: watch::Receiver<bool>,
) -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
    let begun = Instant::now();
    let (end, ending) = watch::channel(false);
    let record = Arc::new(Connection { certified, ending });
    let service = stack.map_request(move |mut request: http::Request<Incoming>| {
        request.extensions_mut().insert(Arc::clone(&record));
        request.map(|body| Body::new(ReadToEnd::new(body)))
    });
    let builder = http_builder();
    let connection =
        builder.serve_connection(TokioIo::new(stream), TowerToHyperService::new(service));
    tokio::pin!(connection);
    tokio::select! {
        biased;
        ended = connection.as_mut() => ended,
        () = drained(&mut draining, begun) => {
            connection.as_mut().graceful_shutdown();
            connection.await
        }
        () = tokio::time::sleep(age_max()) => {
            end.send_replace(true);
            connection.as_mut().graceful_shutdown();
            let rest = tokio::time::timeout(AGE_GRACE, connection).await;
            rest.unwrap_or(Ok(()))
        }
    }
}

/// The maximum age of a connection, with a random part.
fn age_max() -> Duration {
    use std::hash::{BuildHasher as _, RandomState};
    // Its keys are random, which is random enough here.
    let per_mille = RandomState::new().hash_one(()) % 1_000;
    AGE_MAX + AGE_MAX * u32::try_from(per_mille).unwrap_or_default() / 10_000
}

/// HTTP/2 with limits against floods, and HTTP/1.1 for browsers.
fn http_builder() -> auto::Builder<TokioExecutor> {
    let mut builder = auto::Builder::new(TokioExecutor::new());
    builder
        .http1()
        .timer(TokioTimer::new())
        .header_read_timeout(HANDSHAKE_TIMEOUT);
    builder
        .http2()
        .timer(TokioTimer::new())
        .max_concurrent_streams(STREAMS_MAX)
        .max_pending_accept_reset_streams(PENDING_RESETS_MAX)
        .max_local_error_reset_streams(LOCAL_RESETS_MAX)
        .max_header_list_size(HEADER_BYTES_MAX)
        .initial_connection_window_size(CONNECTION_WINDOW_BYTES)
        .initial_stream_window_size(STREAM_WINDOW_BYTES)
        .max_send_buf_size(SEND_BUFFER_BYTES)
        .keep_alive_interval(KEEP_ALIVE)
        .keep_alive_timeout(KEEP_ALIVE);
    builder
}

#[cfg(test)]
pub(super) mod tests {
    use std::convert::Infallible;
    use std::sync::Mutex;

    use bytes::Bytes;
    use http_body_util::Empty;
    use hyper::client::conn::http2;
    use tokio::net::TcpListener;

    use super::*;

    /// The record of the connection that the last call came by.
    pub(in crate::server) type Seen = Arc<Mutex<Option<Arc<Connection>>>>;

    /// A service that records its connection and answers nothing.
    pub(in crate::server) fn recording(seen: &Seen) -> Stack {
        let seen = Arc::clone(seen);
        Stack::new(tower::service_fn(move |request: http::Request<Body>| {
            let record = request.extensions().get::<Arc<Connection>>().cloned();
            *seen.lock().expect("sound") = record;
            async { Ok::<_, Infallible>(http::Response::new(Body::empty())) }
        }))
    }

    fn request() -> http::Request<Empty<Bytes>> {
        let request = http::Request::post("http://a/").body(Empty::new());
        request.expect("a request")
    }

    #[tokio::test(start_paused = true)]
    async fn old_connection_ends_with_its_streams() {
        let (ours, theirs) = tokio::io::duplex(64 * 1024);
        let seen = Seen::default();
        let (_drain, draining) = watch::channel(false);
        let serving = tokio::spawn(serve_calls(
            Box::new(ours),
            None,
            recording(&seen),
            draining,
        ));
        let (mut sender, connection) =
            http2::handshake::<_, _, Empty<Bytes>>(TokioExecutor::new(), TokioIo::new(theirs))
                .await
                .expect("a handshake");
        let connection = tokio::spawn(connection);
        let begun = Instant::now();
        sender.send_request(request()).await.expect("an answer");
        let record = seen.lock().expect("sound").clone().expect("a connection");
        assert!(!*record.ending.borrow() && record.certified.is_none());
        // To a caller without an open call the connection ends well.
        connection.await.expect("no panic").expect("no error");
        // The peer closes first, which may be an error to this end.
        let _ = serving.await.expect("no panic");
        let age = begun.elapsed();
        assert!(
            age >= AGE_MAX && age <= AGE_MAX * 11 / 10 + KEEP_ALIVE,
            "{age:?}"
        );
        assert!(*record.ending.borrow());
        let late = sender.send_request(request()).await;
        late.expect_err("the connection has ended");
    }

    #[tokio::test(start_paused = true)]
    async fn silent_peer_is_disconnected() {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = listener.local_addr().expect("an address");
        let silent = TcpStream::connect(address).await.expect("a connection");
        let (stream, _) = listener.accept().await.expect("a peer");
        let begun = Instant::now();
        let (_drain, draining) = watch::channel(false);
        serve(stream, None, recording(&Seen::default()), draining).await;
        assert!(begun.elapsed() >= HANDSHAKE_TIMEOUT);
        drop(silent);
    }
}
