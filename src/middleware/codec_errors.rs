//! The statuses of tonic's codec, in the contract's words.
//!
//! tonic decodes messages itself. For one that it cannot decode it answers `INTERNAL`, and for one over the size limit
//! `OUT_OF_RANGE`, without details; the contract says `INVALID_ARGUMENT` and `RESOURCE_EXHAUSTED`.

use axum::extract::Request;
use axum::middleware::Next;
use axum::response::Response;
use tonic::{Code, Status};

use crate::wire::status;

/// Replaces a status that the codec made.
pub(super) async fn replace(request: Request, next: Next) -> Response {
    let response = next.run(request).await;
    match replacement(&response) {
        Some(status) => status.into_http(),
        None => response,
    }
}

/// The status in place of the codec's. A status of ours with one of these codes carries details, and is kept.
fn replacement(response: &Response) -> Option<Status> {
    let headers = response.headers();
    let code = headers.get(Status::GRPC_STATUS)?;
    if headers.contains_key(Status::GRPC_STATUS_DETAILS) {
        return None;
    }
    match Code::from_bytes(code.as_bytes()) {
        // Over the limit as it came, or once it is decompressed.
        Code::OutOfRange | Code::ResourceExhausted => Some(status::too_large()),
        // No message, a broken one, or one that is not compressed as it says.
        Code::Internal => Some(status::undecodable()),
        _ => None,
    }
}
