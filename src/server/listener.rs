//! The listener: accepts connections until the server drains, and waits until all have ended.

use std::future::Future;
use std::time::Duration;

use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;

use super::connection::{self, Security};
use crate::middleware::Stack;

/// After an error such as too many open files, accepting again at once would only fail again.
const ACCEPT_RETRY_DELAY: Duration = Duration::from_millis(100);

/// Accepts connections until `drain` completes; then asks every peer to go away, and waits until their calls are done.
pub(super) async fn serve(
    listener: TcpListener,
    security: Option<Security>,
    stack: Stack,
    drain: impl Future<Output = ()>,
) {
    // Every connection holds a receiver for as long as it is open.
    let (drain_connections, draining) = watch::channel(false);
    let spawn = |stream: TcpStream| {
        let (security, stack) = (security.clone(), stack.clone());
        tokio::spawn(connection::serve(stream, security, stack, draining.clone()));
    };
    tokio::pin!(drain);
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            () = &mut drain => break,
        };
        match accepted {
            Ok((stream, _)) => spawn(stream),
            Err(error) => {
                tracing::warn!(%error, "a connection cannot be accepted");
                tokio::time::sleep(ACCEPT_RETRY_DELAY).await;
            }
        }
    }
    backlog(listener).for_each(spawn);
    drop(draining);
    drain_connections.send_replace(true);
    drain_connections.closed().await;
}

/// The connections that the system has accepted and the server has not. They would be reset with the listener, without
/// a word to their callers.
fn backlog(listener: TcpListener) -> impl Iterator<Item = TcpStream> {
    let listener = listener.into_std().ok();
    std::iter::from_fn(move || {
        let (stream, _) = listener.as_ref()?.accept().ok()?;
        stream.set_nonblocking(true).ok()?;
        TcpStream::from_std(stream).ok()
    })
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use http_body_util::Empty;
    use hyper_util::rt::{TokioExecutor, TokioIo};

    use super::super::connection::tests::{Seen, recording};
    use super::*;

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn backlog_is_served_and_told_to_go_away() {
        for _ in 0..20 {
            let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
            let address = listener.local_addr().expect("an address");
            let stream = TcpStream::connect(address).await.expect("a connection");
            let (mut sender, connection) = hyper::client::conn::http2::handshake::<
                _,
                _,
                Empty<Bytes>,
            >(TokioExecutor::new(), TokioIo::new(stream))
            .await
            .expect("a handshake");
            let connection = tokio::spawn(connection);
            // The drain begins before anyone was accepted.
            let drained = std::future::ready(());
            let serving = tokio::spawn(serve(listener, None, recording(&Seen::default()), drained));
            let request = http::Request::post("http://a/")
                .body(Empty::new())
                .expect("a request");
            sender.send_request(request).await.expect("an answer");
            connection.await.expect("no panic").expect("no error");
            serving.await.expect("no panic");
        }
    }
}
