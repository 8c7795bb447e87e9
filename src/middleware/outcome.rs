//! The outcome of a call: the code in its headers, or in the trailers after its message.

use axum::body::Body;
use axum::response::Response;
use http::HeaderMap;
use http_body_util::BodyExt as _;
use tonic::{Code, Status};

/// Observes the end of a call. Dropped before, there was no answer: the caller went away.
pub(super) trait Observer: Send + 'static {
    /// The call ended with this code.
    fn ended(&mut self, code: Code);
}

/// Tells the observer the outcome of a call, at once or when its trailers are sent.
pub(super) fn observe(response: Response, mut observer: impl Observer) -> Response {
    if let Some(code) = code_in(response.headers()) {
        observer.ended(code);
        return response;
    }
    response.map(|body| {
        Body::new(body.map_frame(move |frame| {
            if let Some(trailers) = frame.trailers_ref() {
                observer.ended(code_in(trailers).unwrap_or(Code::Unknown));
            }
            frame
        }))
    })
}

fn code_in(headers: &HeaderMap) -> Option<Code> {
    let code = headers.get(Status::GRPC_STATUS)?;
    Some(Code::from_bytes(code.as_bytes()))
}
