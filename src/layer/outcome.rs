//! How did a call end? As its answer says at once, or in the trailers behind it.

use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use http::{HeaderMap, Response};
use http_body::{Frame, SizeHint};
use tonic::body::Body;
use tonic::{Code, Status};

/// Whoever is told of a call's end. Dropped untold, there was no answer: the caller hung up.
pub(super) trait Ending: Send + Unpin + 'static {
    /// The call ended so. Only the first of these counts.
    fn ended(&mut self, code: Code);
}

/// Tells of the end of a call, now or once its answer has gone out.
pub(super) fn watched(response: Response<Body>, mut ending: impl Ending) -> Response<Body> {
    match known(&response) {
        Some(code) => {
            ending.ended(code);
            response
        }
        None => response.map(|body| Body::new(Watched { body, ending })),
    }
}

/// The outcome of a call that was answered without a message; `None`: it stands in the trailers that are still to come.
pub(super) fn known(response: &Response<Body>) -> Option<Code> {
    match response.extensions().get::<Status>() {
        Some(status) => Some(status.code()),
        None => response
            .headers()
            .get(Status::GRPC_STATUS)
            .map(|code| Code::from_bytes(code.as_bytes())),
    }
}

/// An answer whose outcome stands in its trailers.
struct Watched<E> {
    body: Body,
    ending: E,
}

impl<E: Ending> http_body::Body for Watched<E> {
    type Data = Bytes;
    type Error = Status;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Status>>> {
        let polled = Pin::new(&mut self.body).poll_frame(context);
        match &polled {
            Poll::Ready(Some(Ok(frame))) => {
                if let Some(trailers) = frame.trailers_ref() {
                    self.ending.ended(code_in(trailers));
                }
            }
            Poll::Ready(Some(Err(status))) => self.ending.ended(status.code()),
            // An answer without trailers is no answer of gRPC's.
            Poll::Ready(None) => self.ending.ended(Code::Unknown),
            Poll::Pending => {}
        }
        polled
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

fn code_in(trailers: &HeaderMap) -> Code {
    let code = trailers.get(Status::GRPC_STATUS);
    code.map_or(Code::Unknown, |code| Code::from_bytes(code.as_bytes()))
}
