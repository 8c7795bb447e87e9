//! Requests as their callers know them, and the results of sending them.

use std::sync::Arc;

use second_opinion::rpc::Calls;
use second_opinion::store::ReplayKey;
use tonic::{Code, Status};

use crate::requests::{Reply, Request};
use crate::service::identity;
use crate::turns::CallerKind;

/// A request with its request id, sent any number of times.
pub struct ClientRequest {
    pub caller: CallerKind,
    pub request: Request,
    /// The case that it changes; `None`: it opens one.
    pub case: Option<usize>,
    /// The first answer. Every later one must be the same.
    pub answer: Option<Vec<u8>>,
    /// The number of times that it was sent and its outcome is still unknown.
    pub unresolved: u32,
}

impl ClientRequest {
    pub fn replay_key(&mut self) -> ReplayKey {
        let request_id = self.request.request_id().parse();
        ReplayKey {
            caller: identity(self.caller).key(),
            request_id: request_id.expect("a UUID"),
        }
    }
}

/// The result of sending a request once.
pub struct CallResult {
    /// The index of the [`ClientRequest`].
    pub request: usize,
    /// Whether it was sent with other content under its request id.
    pub is_altered: bool,
    /// Whether the database had committed it before it was sent.
    pub was_committed: bool,
    /// The database's count of failures when it was sent.
    pub failures_before: u32,
    pub result: Result<Reply, Status>,
}

pub async fn send(
    calls: Arc<Calls>,
    caller: CallerKind,
    request: Request,
) -> Result<Reply, Status> {
    request.send(&calls, identity(caller)).await
}

/// The outcome of a request that a failed call reports.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// It was rejected and changed nothing.
    Rejected,
    /// It may have been committed or not.
    Unknown,
    /// Its request id was used with other content.
    RequestIdReused,
}

impl Outcome {
    /// The outcome by status code. A service with a failing store returns no other codes.
    pub fn of(status: &Status) -> Self {
        let rejections = [
            Code::InvalidArgument,
            Code::PermissionDenied,
            Code::NotFound,
            Code::Aborted,
            Code::FailedPrecondition,
        ];
        match status.code() {
            Code::Unavailable => Self::Unknown,
            Code::AlreadyExists => Self::RequestIdReused,
            code => {
                assert!(rejections.contains(&code), "{status:?}");
                Self::Rejected
            }
        }
    }
}

/// The name under which a rejection is counted.
pub fn rejection_name(status: &Status) -> &'static str {
    match status.code() {
        Code::Aborted => "stale etags",
        Code::PermissionDenied => "permission denied",
        _ => "rejected",
    }
}
