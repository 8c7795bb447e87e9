//! How large may a message be?
//!
//! tonic answers `OUT_OF_RANGE` where the contract says `RESOURCE_EXHAUSTED`, so the length that stands before a message
//! is looked at here, before a byte of it is kept.

use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use http::{Response, Version};
use http_body::{Frame, SizeHint};
use http_body_util::BodyExt as _;
use tonic::body::Body;

use super::around::{Inner, Middleware, Question};
use crate::wire::{MAX_MESSAGE_BYTES, status};

/// A flag, then the length in four bytes.
const PREFIX_BYTES: usize = 5;
/// As long as the rest of a refused call is waited for: a message that is under way comes at once.
const HEARD_FOR_MAX: Duration = Duration::from_secs(1);
/// As much of a message that is too large as is read all the same.
const POURED_BYTES_MAX: usize = 16 * MAX_MESSAGE_BYTES;

/// Refuses a message that is over the limit.
#[derive(Clone, Copy, Debug)]
pub struct Size;

impl Middleware for Size {
    async fn around(&self, mut request: Question, inner: impl Inner) -> Response<Body> {
        let reads_last = request.version() < Version::HTTP_2;
        match begin(std::mem::take(request.body_mut())).await {
            Beginning::TooLarge(rest) => {
                if reads_last {
                    pour_away(rest).await;
                }
                status::too_large().into_http()
            }
            Beginning::Fits(body) => {
                *request.body_mut() = body;
                inner.ask(request).await
            }
        }
    }
}

enum Beginning {
    TooLarge(Body),
    Fits(Body),
}

/// Reads as far as the length stands. Every call has one message; what comes after it, the codec refuses.
async fn begin(mut body: Body) -> Beginning {
    let mut read = BytesMut::new();
    let mut first: Option<Frame<Bytes>> = None;
    while read.len() < PREFIX_BYTES {
        match body.frame().await {
            Some(Ok(frame)) => match frame.into_data() {
                Ok(data) if read.is_empty() && data.len() >= PREFIX_BYTES => {
                    if is_too_large(&data) {
                        return Beginning::TooLarge(body);
                    }
                    return Beginning::Fits(Body::new(Resumed {
                        first: Some(Frame::data(data)),
                        rest: body,
                    }));
                }
                Ok(data) => read.extend_from_slice(&data),
                Err(trailers) => {
                    first = Some(trailers);
                    break;
                }
            },
            // What went wrong, or that nothing more comes, the codec will find out again.
            Some(Err(_)) | None => break,
        }
    }
    if is_too_large(&read) {
        return Beginning::TooLarge(body);
    }
    let first = first.or_else(|| (!read.is_empty()).then(|| Frame::data(read.freeze())));
    Beginning::Fits(Body::new(Resumed { first, rest: body }))
}

/// Reads what the caller of a refused call still sends, and keeps nothing of it. What comes for a call that has ended is a
/// breach of the protocol to HTTP/2, which ends a connection after some of them, with all the good calls on it; a caller
/// cannot know while it sends.
pub(super) async fn hear_out(body: Body) {
    // Whoever sends more, or takes longer, is cut off.
    let _ = tokio::time::timeout(HEARD_FOR_MAX, pour_away(body)).await;
}

/// Over HTTP/1.1 a browser looks for the answer once it has sent everything, and a connection that closes before is an
/// error of the network to it. So what it sends is read, and nothing of it is kept.
async fn pour_away(mut body: Body) {
    let mut poured = 0;
    while poured < POURED_BYTES_MAX
        && let Some(Ok(frame)) = body.frame().await
    {
        poured += frame.data_ref().map_or(0, Bytes::len);
    }
}

fn is_too_large(read: &[u8]) -> bool {
    match read {
        [_, a, b, c, d, ..] => u32::from_be_bytes([*a, *b, *c, *d]) as usize > MAX_MESSAGE_BYTES,
        _ => false,
    }
}

/// A body of which a part was read.
struct Resumed {
    first: Option<Frame<Bytes>>,
    rest: Body,
}

impl http_body::Body for Resumed {
    type Data = Bytes;
    type Error = tonic::Status;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, tonic::Status>>> {
        match self.first.take() {
            Some(frame) => Poll::Ready(Some(Ok(frame))),
            None => Pin::new(&mut self.rest).poll_frame(context),
        }
    }

    fn is_end_stream(&self) -> bool {
        self.first.is_none() && self.rest.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        if self.first.is_some() {
            SizeHint::default()
        } else {
            self.rest.size_hint()
        }
    }
}
