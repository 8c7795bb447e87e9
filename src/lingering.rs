//! How does a connection end, so that its peer reads all that was said to it?
//!
//! A socket that is closed while there is something in it that no one has read is reset, and a reset takes from the peer
//! what it has not read itself: the last answers, and the word to go away. So the server says that it has said everything,
//! and reads on for a moment what the peer still sends.

use std::io::{self, IoSlice};
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _, ReadBuf};
use tokio::net::TcpStream;
use tokio::runtime::Handle;

/// As long as the server reads on: a peer that was told to go away closes at once.
const LINGER_MAX: Duration = Duration::from_secs(1);
/// As much as it reads: more is no farewell.
const LINGER_BYTES_MAX: u64 = 1024 * 1024;

/// A stream that lingers once it is dropped. What it holds besides is kept as long: whoever waits for the connection to end
/// waits for its peer to have heard.
pub struct Lingering<T: Send + 'static> {
    /// `None`: it was dropped.
    held: Option<(TcpStream, T)>,
}

impl<T: Send> Lingering<T> {
    /// A stream, with something to be let go of after it.
    pub fn new(stream: TcpStream, besides: T) -> Self {
        Self {
            held: Some((stream, besides)),
        }
    }

    fn stream(&mut self) -> io::Result<Pin<&mut TcpStream>> {
        match &mut self.held {
            Some((stream, _)) => Ok(Pin::new(stream)),
            None => Err(io::ErrorKind::NotConnected.into()),
        }
    }
}

impl<T: Send> Drop for Lingering<T> {
    fn drop(&mut self) {
        // Without a runtime the process ends, and every socket with it.
        if let (Some((stream, besides)), Ok(runtime)) = (self.held.take(), Handle::try_current()) {
            runtime.spawn(async move {
                // A peer that goes on for longer is cut off.
                let _ = tokio::time::timeout(LINGER_MAX, linger(stream)).await;
                drop(besides);
            });
        }
    }
}

async fn linger(mut stream: TcpStream) -> io::Result<()> {
    stream.shutdown().await?;
    let mut rest = stream.take(LINGER_BYTES_MAX);
    let mut heard = [0; 4 * 1024];
    while rest.read(&mut heard).await? > 0 {}
    Ok(())
}

// === as the stream inside ===

impl<T: Send + Unpin> AsyncRead for Lingering<T> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        self.stream()?.poll_read(context, buffer)
    }
}

impl<T: Send + Unpin> AsyncWrite for Lingering<T> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.stream()?.poll_write(context, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.stream()?.poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.stream()?.poll_shutdown(context)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        self.stream()?.poll_write_vectored(context, slices)
    }

    fn is_write_vectored(&self) -> bool {
        self.held
            .as_ref()
            .is_some_and(|(stream, _)| stream.is_write_vectored())
    }
}

#[cfg(test)]
mod tests {
    use tokio::net::TcpListener;
    use tokio::sync::oneshot;

    use super::*;

    #[tokio::test]
    async fn a_peer_that_still_sends_reads_the_last_words() {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = listener.local_addr().expect("an address");
        let mut peer = TcpStream::connect(address).await.expect("a connection");
        let (stream, _) = listener.accept().await.expect("a peer");
        peer.write_all(b"what no one reads").await.expect("sent");
        stream.readable().await.expect("it has come");
        let (besides, gone) = oneshot::channel::<()>();
        let mut ours = Lingering::new(stream, besides);
        ours.write_all(b"go away").await.expect("sent");
        drop(ours);
        peer.write_all(b"and more").await.expect("no broken pipe");
        let mut heard = String::new();
        peer.read_to_string(&mut heard).await.expect("no reset");
        assert_eq!(heard, "go away");
        drop(peer);
        gone.await.expect_err("the connection has ended");
    }
}
