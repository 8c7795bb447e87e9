//! How do the answers of many calls go out in one packet?
//!
//! The library that speaks HTTP/2 writes an answer's frames to the socket as soon as the call has made it, in one system
//! call each or two. Where many calls are answered at once that costs more than to answer them. So what a connection has to
//! say is gathered until the runtime has gone through its other work, some microseconds later, and goes out together. Of
//! a server that is quiet the only answer goes out at once.

use std::future::Future as _;
use std::io::{self, IoSlice};
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll, Wake, Waker, ready};

use futures::task::AtomicWaker;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// As much as is gathered. What is more is written first.
const BUNDLE_BYTES_MAX: usize = 32 * 1024;

/// A stream whose writes are gathered.
///
/// To flush it is to have them written once the runtime has come round, and the task that flushed is polled then: it must
/// flush whenever it is polled, as hyper does. What was gathered when the stream is dropped is lost; to shut it down writes
/// it.
pub struct Bundled<S> {
    stream: S,
    /// What is to be written. Holds no memory while there is nothing.
    gathered: Vec<u8>,
    /// So much of it was written.
    written: usize,
    stage: Stage,
    round: Arc<Round>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stage {
    /// No one has flushed what was gathered, if anything.
    Gathering,
    /// It is to be written once the runtime has come round.
    Waiting,
    /// It is being written.
    Writing,
}

/// A round of the runtime, and who waits for its end.
#[derive(Debug, Default)]
struct Round {
    over: AtomicBool,
    task: AtomicWaker,
}

impl Wake for Round {
    fn wake(self: Arc<Self>) {
        self.over.store(true, Ordering::Release);
        self.task.wake();
    }
}

impl Round {
    /// Has the task polled once the runtime has gone through what is ready.
    fn begin(self: &Arc<Self>, context: &Context<'_>) {
        self.over.store(false, Ordering::Release);
        self.task.register(context.waker());
        let at_its_end = Waker::from(Arc::clone(self));
        // The first poll hands the waker to the runtime.
        let yielding = pin!(tokio::task::yield_now());
        let _ = yielding.poll(&mut Context::from_waker(&at_its_end));
    }

    /// Whether it is over; if not, the task is polled then.
    fn is_over(&self, context: &Context<'_>) -> bool {
        // In this order: what ends it meanwhile wakes the task.
        self.task.register(context.waker());
        self.over.load(Ordering::Acquire)
    }
}

impl<S> Bundled<S> {
    /// Gathers what is written to a stream.
    pub fn new(stream: S) -> Self {
        Self {
            stream,
            gathered: Vec::new(),
            written: 0,
            stage: Stage::Gathering,
            round: Arc::default(),
        }
    }

    /// Takes as much as there is room for.
    fn gather(&mut self, bytes: &[u8]) -> usize {
        if self.gathered.capacity() == 0 {
            self.gathered.reserve_exact(BUNDLE_BYTES_MAX);
        }
        let taken = bytes.len().min(BUNDLE_BYTES_MAX - self.gathered.len());
        self.gathered.extend_from_slice(&bytes[..taken]);
        taken
    }
}

impl<S: AsyncWrite + Unpin> Bundled<S> {
    /// Writes all that was gathered.
    fn poll_write_out(&mut self, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        while let rest = &self.gathered[self.written..]
            && !rest.is_empty()
        {
            let written = ready!(Pin::new(&mut self.stream).poll_write(context, rest))?;
            if written == 0 {
                return Poll::Ready(Err(io::ErrorKind::WriteZero.into()));
            }
            self.written += written;
        }
        self.gathered = Vec::new();
        self.written = 0;
        Poll::Ready(Ok(()))
    }

    /// Makes room where there is none.
    fn poll_room(&mut self, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        if self.gathered.len() < BUNDLE_BYTES_MAX {
            return Poll::Ready(Ok(()));
        }
        self.poll_write_out(context)
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Bundled<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(context, buffer)
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Bundled<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        ready!(self.poll_room(context))?;
        Poll::Ready(Ok(self.gather(bytes)))
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        ready!(self.poll_room(context))?;
        Poll::Ready(Ok(slices.iter().map(|bytes| self.gather(bytes)).sum()))
    }

    fn is_write_vectored(&self) -> bool {
        true
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.stage {
            Stage::Gathering if self.gathered.is_empty() => {}
            Stage::Gathering => {
                self.stage = Stage::Waiting;
                self.round.begin(context);
                return Poll::Ready(Ok(()));
            }
            Stage::Waiting if !self.round.is_over(context) => return Poll::Ready(Ok(())),
            Stage::Waiting | Stage::Writing => {
                self.stage = Stage::Writing;
                ready!(self.poll_write_out(context))?;
            }
        }
        ready!(Pin::new(&mut self.stream).poll_flush(context))?;
        self.stage = Stage::Gathering;
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        ready!(self.poll_write_out(context))?;
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::VecDeque;

    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

    use super::*;

    /// What was written, write by write, by a peer that takes so much of each. `None`: the next one waits.
    #[derive(Default)]
    struct Peer {
        heard: Vec<Vec<u8>>,
        takes: VecDeque<Option<usize>>,
        flushed: usize,
        shut: bool,
    }

    impl AsyncWrite for Peer {
        fn poll_write(
            mut self: Pin<&mut Self>,
            context: &mut Context<'_>,
            bytes: &[u8],
        ) -> Poll<io::Result<usize>> {
            match self.takes.pop_front() {
                Some(None) => {
                    context.waker().wake_by_ref();
                    Poll::Pending
                }
                some => {
                    let taken = some.flatten().unwrap_or(usize::MAX).min(bytes.len());
                    self.heard.push(bytes[..taken].to_vec());
                    Poll::Ready(Ok(taken))
                }
            }
        }

        fn poll_flush(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
            self.flushed += 1;
            Poll::Ready(Ok(()))
        }

        fn poll_shutdown(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
            self.shut = true;
            Poll::Ready(Ok(()))
        }
    }

    /// Flushes whenever it is polled, until all was written.
    async fn written_out(stream: &mut Bundled<Peer>) {
        std::future::poll_fn(|context| {
            ready!(Pin::new(&mut *stream).poll_flush(context)).expect("written");
            match stream.stage {
                Stage::Gathering => Poll::Ready(()),
                Stage::Waiting | Stage::Writing => Poll::Pending,
            }
        })
        .await;
    }

    #[tokio::test]
    async fn what_is_flushed_within_a_round_is_one_write() {
        let mut stream = Bundled::new(Peer::default());
        for answer in [b"one ", b"two ", b"six "] {
            stream.write_all(answer).await.expect("room");
            stream.flush().await.expect("taken note of");
            assert!(stream.stream.heard.is_empty());
        }
        let both = [IoSlice::new(b"head "), IoSlice::new(b"payload")];
        let taken = stream.write_vectored(&both).await.expect("room");
        assert_eq!(taken, 12);
        written_out(&mut stream).await;
        assert_eq!(
            stream.stream.heard,
            [b"one two six head payload".to_vec()],
            "one write"
        );
        assert_eq!(stream.stream.flushed, 1);
        assert_eq!(stream.gathered.capacity(), 0, "memory for nothing");
        stream.write_all(b"again").await.expect("room");
        written_out(&mut stream).await;
        assert_eq!(stream.stream.heard[1], b"again");
    }

    #[tokio::test]
    async fn more_than_there_is_room_for_is_written_in_its_order() {
        let said: Vec<u8> = (0..200_000_u32).map(|at| (at % 251) as u8).collect();
        let mut stream = Bundled::new(Peer {
            takes: [Some(10), None, None, Some(20_000), None].into(),
            ..Peer::default()
        });
        for part in said.chunks(7_001) {
            stream.write_all(part).await.expect("room in the end");
            assert!(stream.gathered.len() <= BUNDLE_BYTES_MAX);
        }
        stream.stream.takes = [None, Some(1), None].into();
        written_out(&mut stream).await;
        assert_eq!(stream.stream.heard.concat(), said);
    }

    #[tokio::test]
    async fn a_stream_that_is_shut_down_has_written_all() {
        let mut stream = Bundled::new(Peer {
            takes: [Some(3), None].into(),
            ..Peer::default()
        });
        stream.write_all(b"go away").await.expect("room");
        stream.shutdown().await.expect("written");
        assert_eq!(stream.stream.heard.concat(), b"go away");
        assert!(stream.stream.shut);
    }

    #[tokio::test]
    async fn a_peer_that_has_gone_is_found_out() {
        let (ours, theirs) = tokio::io::duplex(16);
        let mut stream = Bundled::new(ours);
        stream.write_all(b"to no one").await.expect("room");
        drop(theirs);
        stream.flush().await.expect("taken note of");
        tokio::task::yield_now().await;
        let error = stream.flush().await.expect_err("no one is there");
        assert_eq!(error.kind(), io::ErrorKind::BrokenPipe);
    }

    #[tokio::test]
    async fn what_the_peer_says_is_read_as_it_comes() {
        let (ours, mut theirs) = tokio::io::duplex(16);
        theirs.write_all(b"hello").await.expect("room");
        let mut heard = [0; 5];
        let mut stream = Bundled::new(ours);
        stream.read_exact(&mut heard).await.expect("read");
        assert_eq!(&heard, b"hello");
    }

    /// The task that flushed sleeps meanwhile, and is woken by nothing else.
    #[tokio::test]
    async fn the_end_of_the_round_wakes_the_task() {
        let (ours, mut theirs) = tokio::io::duplex(64);
        let mut stream = Bundled::new(ours);
        stream.write_all(b"an answer").await.expect("room");
        let connection = tokio::spawn(std::future::poll_fn(move |context| {
            let flushed = Pin::new(&mut stream).poll_flush(context);
            assert!(matches!(flushed, Poll::Ready(Ok(()))));
            Poll::<()>::Pending
        }));
        let mut heard = [0; 9];
        theirs.read_exact(&mut heard).await.expect("read");
        assert_eq!(&heard, b"an answer");
        connection.abort();
    }
}
