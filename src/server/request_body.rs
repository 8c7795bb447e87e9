//! Request bodies that are read to their end, whatever becomes of the call.
//!
//! A call that is refused early drops its body unread, which has a cost to its caller. Over HTTP/2, what still arrives for
//! the call counts as a breach of the protocol, and after some hundreds of them h2 ends the connection with all the good
//! calls on it. Over HTTP/1.1 hyper closes the connection, and a browser that is still sending reports a network error
//! in place of the answer. A caller cannot know while it sends, so what it sends is read and discarded.

use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use http_body_util::BodyExt as _;
use hyper::body::{Body, Frame, Incoming, SizeHint};
use tokio::runtime::Handle;

use crate::wire::MAX_MESSAGE_BYTES;

/// Maximum time to wait for the rest of a refused message: one that is being sent arrives at once.
const DISCARD_TIMEOUT: Duration = Duration::from_secs(5);
/// Maximum size of a rest, in bytes. A caller that sends more, or takes longer, is cut off.
const DISCARD_BYTES_MAX: usize = 16 * MAX_MESSAGE_BYTES;

/// A request body that reads and discards its rest when it is dropped.
pub(super) struct ReadToEnd {
    /// `None`: it was read to its end.
    unread: Option<Incoming>,
}

impl ReadToEnd {
    /// Wraps the body of a request.
    pub(super) fn new(body: Incoming) -> Self {
        Self { unread: Some(body) }
    }
}

impl Body for ReadToEnd {
    type Data = Bytes;
    type Error = hyper::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, hyper::Error>>> {
        let Some(body) = &mut self.unread else {
            return Poll::Ready(None);
        };
        let polled = Pin::new(body).poll_frame(context);
        if matches!(polled, Poll::Ready(None | Some(Err(_)))) {
            self.unread = None;
        }
        polled
    }

    fn is_end_stream(&self) -> bool {
        self.unread.as_ref().is_none_or(Body::is_end_stream)
    }

    fn size_hint(&self) -> SizeHint {
        self.unread
            .as_ref()
            .map_or_else(|| SizeHint::with_exact(0), Body::size_hint)
    }
}

impl Drop for ReadToEnd {
    fn drop(&mut self) {
        // Without a runtime the process ends, and every connection with it.
        if let (false, Some(body), Ok(runtime)) = (
            self.is_end_stream(),
            self.unread.take(),
            Handle::try_current(),
        ) {
            runtime.spawn(tokio::time::timeout(DISCARD_TIMEOUT, discard(body)));
        }
    }
}

async fn discard(mut body: Incoming) {
    let mut discarded = 0;
    while discarded < DISCARD_BYTES_MAX
        && let Some(Ok(frame)) = body.frame().await
    {
        discarded += frame.data_ref().map_or(0, Bytes::len);
    }
}
