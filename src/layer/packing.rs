//! Which answers may be compressed, and what is said of a message that cannot be unpacked?
//!
//! tonic unpacks and packs messages itself. What it says of one that it cannot read carries no details, and takes the
//! caller's error for ours; here it is put into the words of the contract.

use http::Response;
use tonic::body::Body;
use tonic::{Code, Status};

use super::around::{Inner, Middleware, Question};
use super::deadline::STREAM;
use crate::wire::{ACCEPT_ENCODING, status};

/// Stands directly around the calls.
#[derive(Clone, Copy, Debug)]
pub struct Packing;

impl Middleware for Packing {
    async fn around(&self, mut request: Question, inner: impl Inner) -> Response<Body> {
        // Events are short and many: to compress each by itself would cost more than it saves.
        if request.uri().path() == STREAM {
            request.headers_mut().remove(ACCEPT_ENCODING);
        }
        let response = inner.ask(request).await;
        match unread(&response) {
            None => response,
            Some(status) => status.into_http(),
        }
    }
}

/// What is said in place of an answer of tonic's own: every failure of ours with one of these codes carries details.
fn unread(response: &Response<Body>) -> Option<Status> {
    let headers = response.headers();
    let code = headers.get(Status::GRPC_STATUS)?;
    if headers.contains_key(Status::GRPC_STATUS_DETAILS) {
        return None;
    }
    let code = Code::from_bytes(code.as_bytes());
    if code == Code::ResourceExhausted {
        // It is within the limit as it came, and over it once it is unpacked.
        return Some(status::too_large());
    }
    // No message, a broken one, or one that is not compressed as it says.
    (code == Code::Internal).then(status::undecodable)
}
