//! How does a connection end, so that its peer reads all that was said to it?
//!
//! A socket that is closed while there is something in it that no one has read is reset, and a reset takes from the peer
//! what it has not read itself: the last answers, and the word to go away. So the server says that it has said everything,
//! and reads on for a moment what the peer still sends.

use std::io::{self, IoSlice};
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _, ReadBuf};
use tokio::net::TcpStream;
use tokio::runtime::Handle;

use crate::refusals::Refusals;

/// As long as the server reads on: a peer that was told to go away closes at once.
const LINGER_MAX: Duration = Duration::from_secs(1);
/// As much as it reads: more is no farewell.
const LINGER_BYTES_MAX: u64 = 1024 * 1024;
/// As much as it reads of a peer that broke the protocol: one that did so by mistake has little more to send; one that floods
/// would have the server read what no one wants.
const CURT_BYTES_MAX: u64 = 64 * 1024;

/// How a connection is to end. Copies speak of the same one.
#[derive(Clone, Debug)]
pub struct Farewell(Arc<Manner>);

#[derive(Debug)]
struct Manner {
    curt: AtomicBool,
    refusals: Arc<Refusals>,
}

impl Farewell {
    /// The end of a connection; `refusals` are those that broke the protocol.
    pub fn new(refusals: &Arc<Refusals>) -> Self {
        Self(Arc::new(Manner {
            curt: AtomicBool::new(false),
            refusals: Arc::clone(refusals),
        }))
    }

    /// Whether the peer has broken the protocol. If so it waits where many do, and little is heard of what it still sends.
    pub fn be_curt(&self, curt: bool) {
        self.0.curt.store(curt, Ordering::Relaxed);
    }

    /// Lets a peer go.
    async fn say(&self, mut stream: TcpStream) -> io::Result<()> {
        let bytes_max = if self.0.curt.load(Ordering::Relaxed) {
            tokio::select! {
                biased;
                () = self.0.refusals.wait() => {}
                () = gone(&mut stream, CURT_BYTES_MAX) => return Ok(()),
            }
            CURT_BYTES_MAX
        } else {
            LINGER_BYTES_MAX
        };
        stream.shutdown().await?;
        // A peer that goes on for longer is cut off.
        let _ = tokio::time::timeout(LINGER_MAX, hear(&mut stream, bytes_max)).await;
        Ok(())
    }
}

/// Reads what a peer still sends. Gives whether there may be more.
async fn hear(stream: &mut TcpStream, bytes_max: u64) -> io::Result<bool> {
    let mut rest = stream.take(bytes_max);
    let mut heard = [0; 4 * 1024];
    while rest.read(&mut heard).await? > 0 {}
    Ok(rest.limit() == 0)
}

/// Waits until a peer has gone, which does not show of one that has sent more before.
async fn gone(stream: &mut TcpStream, bytes_max: u64) {
    // An error says that it has.
    if matches!(hear(stream, bytes_max).await, Ok(true)) {
        std::future::pending::<()>().await;
    }
}

/// A stream that lingers once it is dropped. What it holds besides is kept as long: whoever waits for the connection to end
/// waits for its peer to have heard.
pub struct Lingering<T: Send + 'static> {
    /// `None`: it was dropped.
    held: Option<(TcpStream, T)>,
    farewell: Farewell,
}

impl<T: Send> Lingering<T> {
    /// A stream, with something to be let go of after it.
    pub fn new(stream: TcpStream, besides: T, farewell: Farewell) -> Self {
        Self {
            held: Some((stream, besides)),
            farewell,
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
            let farewell = self.farewell.clone();
            runtime.spawn(async move {
                // An error says that the peer has gone.
                let _ = farewell.say(stream).await;
                drop(besides);
            });
        }
    }
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

    /// Says what there is to say. TCP says that nothing more comes when this is dropped: by then it is known how it ended.
    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.stream()?.poll_flush(context)
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
    use tokio::sync::oneshot::{self, error::TryRecvError};
    use tokio::time::Instant;

    use super::*;

    fn refusals(apart: Duration) -> Arc<Refusals> {
        Arc::new(Refusals::new(apart, 1_000))
    }

    /// Both ends of a connection.
    async fn ends() -> (TcpStream, TcpStream) {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = listener.local_addr().expect("an address");
        let peer = TcpStream::connect(address).await.expect("a connection");
        let (stream, _) = listener.accept().await.expect("a peer");
        (stream, peer)
    }

    #[tokio::test]
    async fn a_peer_that_still_sends_reads_the_last_words() {
        for curt in [false, true] {
            let (stream, mut peer) = ends().await;
            peer.write_all(b"what no one reads").await.expect("sent");
            stream.readable().await.expect("it has come");
            let (besides, gone) = oneshot::channel::<()>();
            let farewell = Farewell::new(&refusals(Duration::ZERO));
            let mut ours = Lingering::new(stream, besides, farewell.clone());
            ours.write_all(b"go away").await.expect("sent");
            farewell.be_curt(curt);
            drop(ours);
            peer.write_all(b"and more").await.expect("no broken pipe");
            let mut heard = String::new();
            peer.read_to_string(&mut heard).await.expect("no reset");
            assert_eq!(heard, "go away");
            drop(peer);
            gone.await.expect_err("the connection has ended");
        }
    }

    /// How much a peer can send after the end, which no one wants.
    async fn sent_after(farewell: Farewell) -> usize {
        let (stream, mut peer) = ends().await;
        let (besides, mut gone) = oneshot::channel::<()>();
        drop(Lingering::new(stream, besides, farewell));
        let mut sent = 0;
        // What the system has room for goes too, so the peer sends no faster than it is read.
        while matches!(gone.try_recv(), Err(TryRecvError::Empty)) {
            if peer.write_all(&[0; 1024]).await.is_err() {
                break;
            }
            sent += 1024;
            tokio::task::yield_now().await;
        }
        sent
    }

    #[tokio::test]
    async fn little_is_heard_of_a_peer_that_broke_the_protocol() {
        let [patient, curt] = [false, true].map(|curt| {
            let farewell = Farewell::new(&refusals(Duration::ZERO));
            farewell.be_curt(curt);
            farewell
        });
        let (long, short) = (sent_after(patient).await, sent_after(curt).await);
        assert!(short < long / 4, "{short} of {long} bytes");
    }

    #[tokio::test]
    async fn many_that_broke_the_protocol_wait_for_their_end() {
        let (refusals, begun) = (refusals(Duration::from_millis(2)), Instant::now());
        let mut peers = Vec::new();
        for _ in 0..120 {
            let (stream, peer) = ends().await;
            let farewell = Farewell::new(&refusals);
            farewell.be_curt(true);
            let mut ours = Lingering::new(stream, (), farewell);
            ours.shutdown().await.expect("said");
            peers.push(peer);
        }
        for mut peer in peers {
            assert_eq!(peer.read(&mut [0]).await.expect("the end"), 0);
        }
        // Before there was any quiet none is let go at once.
        assert!(begun.elapsed() >= Duration::from_millis(2 * 120 - 1));
    }

    #[tokio::test]
    async fn who_has_gone_is_not_held() {
        let (stream, peer) = ends().await;
        let farewell = Farewell::new(&refusals(Duration::from_secs(1)));
        farewell.be_curt(true);
        let (besides, gone) = oneshot::channel::<()>();
        let begun = Instant::now();
        drop(Lingering::new(stream, besides, farewell));
        drop(peer);
        gone.await.expect_err("the connection has ended");
        assert!(begun.elapsed() < Duration::from_millis(900));
    }
}
