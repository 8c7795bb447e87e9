//! A socket that hyper and TLS give back, so that a connection ends without a reset.
//!
//! A socket that is closed with unread input is reset, and the reset takes from the peer the answers that it has not read yet.
//! hyper drops its stream as soon as it has written everything. So it only borrows the socket: after a graceful end the
//! rest of the peer's input is read and discarded.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _, ReadBuf};
use tokio::net::TcpStream;
use tokio::sync::oneshot;

/// Maximum time that a peer has to read the last answers and to close: one that was asked to go away closes at once.
const CLOSE_TIMEOUT: Duration = Duration::from_secs(1);
/// Maximum input that is discarded, in bytes: a peer that was asked to go away sends little more.
const DISCARDED_BYTES_MAX: u64 = 1024 * 1024;

/// A socket that goes to its [`Owner`] when it is dropped.
pub(super) struct Lent {
    /// `None` once it was dropped.
    socket: Option<TcpStream>,
    back: Option<oneshot::Sender<TcpStream>>,
}

/// The owner of a lent socket.
pub(super) struct Owner(oneshot::Receiver<TcpStream>);

/// Lends a socket.
pub(super) fn lend(socket: TcpStream) -> (Lent, Owner) {
    let (back, owner) = oneshot::channel();
    let lent = Lent {
        socket: Some(socket),
        back: Some(back),
    };
    (lent, Owner(owner))
}

impl Owner {
    /// Closes the socket, which has been dropped, after the peer has closed its side.
    pub async fn close(self) {
        let close = async {
            let mut socket = self.0.await.map_err(io::Error::other)?;
            socket.shutdown().await?;
            let mut rest = socket.take(DISCARDED_BYTES_MAX);
            tokio::io::copy(&mut rest, &mut tokio::io::sink()).await
        };
        // An error or a timeout means that the peer is gone, or does not go: it is disconnected.
        let _ = tokio::time::timeout(CLOSE_TIMEOUT, close).await;
    }
}

impl Lent {
    /// Waits for the peer's first byte.
    pub async fn first_byte(&self) -> io::Result<()> {
        match &self.socket {
            Some(socket) => socket.peek(&mut [0]).await.map(drop),
            None => Err(io::ErrorKind::NotConnected.into()),
        }
    }

    fn socket(&mut self) -> io::Result<Pin<&mut TcpStream>> {
        let socket = self.socket.as_mut().map(Pin::new);
        socket.ok_or_else(|| io::ErrorKind::NotConnected.into())
    }
}

impl Drop for Lent {
    fn drop(&mut self) {
        if let (Some(socket), Some(back)) = (self.socket.take(), self.back.take()) {
            // An error means that the owner does not want it back.
            let _ = back.send(socket);
        }
    }
}

impl AsyncRead for Lent {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        self.socket()?.poll_read(context, buffer)
    }
}

impl AsyncWrite for Lent {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.socket()?.poll_write(context, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.socket()?.poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.socket()?.poll_shutdown(context)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        self.socket()?.poll_write_vectored(context, slices)
    }

    fn is_write_vectored(&self) -> bool {
        true
    }
}

#[cfg(test)]
mod tests {
    use tokio::net::TcpListener;

    use super::*;

    /// A peer that sends more after the last answer than the server reads still gets the answer.
    #[tokio::test]
    async fn unread_input_does_not_reset_the_last_answer() {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = listener.local_addr().expect("an address");
        let mut peer = TcpStream::connect(address).await.expect("a connection");
        let (ours, _) = listener.accept().await.expect("a peer");
        peer.write_all(b"unread input").await.expect("sent");
        ours.readable().await.expect("input");
        let (mut lent, owner) = lend(ours);
        lent.write_all(b"the last answer").await.expect("sent");
        drop(lent);
        let closing = tokio::spawn(owner.close());
        let mut answer = String::new();
        peer.read_to_string(&mut answer).await.expect("no reset");
        assert_eq!(answer, "the last answer");
        drop(peer);
        closing.await.expect("no panic");
    }

    #[tokio::test(start_paused = true)]
    async fn peer_that_does_not_go_is_disconnected() {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = listener.local_addr().expect("an address");
        let peer = TcpStream::connect(address).await.expect("a connection");
        let (ours, _) = listener.accept().await.expect("a peer");
        let (lent, owner) = lend(ours);
        drop(lent);
        let begun = tokio::time::Instant::now();
        owner.close().await;
        assert!(begun.elapsed() >= CLOSE_TIMEOUT);
        drop(peer);
    }
}
