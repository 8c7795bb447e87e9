//! What did callers ask for, and what do they know became of it?

use std::sync::Arc;

use second_opinion::rpc::Calls;
use second_opinion::store::ReplayKey;
use tonic::{Code, Status};

use crate::requests::{Answer, Request};
use crate::service::identity;
use crate::turns::Who;

/// A request, however often it is sent.
pub struct Asked {
    pub who: Who,
    pub request: Request,
    /// The case that it is about; `None`: it opens one.
    pub case: Option<usize>,
    /// The first answer; from then on there is no other.
    pub answer: Option<Vec<u8>>,
    /// As many times as it was sent and nothing is known of what became of it.
    pub open: u32,
}

impl Asked {
    /// What it is remembered by.
    pub fn key(&mut self) -> ReplayKey {
        let request_id = self.request.request_id().parse();
        ReplayKey {
            caller: identity(self.who).key(),
            request_id: request_id.expect("a UUID"),
        }
    }
}

/// A request was sent, and this came back.
pub struct Called {
    pub asked: usize,
    /// Whether it was sent with other content under its id.
    pub otherwise: bool,
    /// Whether it had been carried out when it was sent, whether anyone was told of it or not.
    pub again: bool,
    /// As often as something had gone wrong by then.
    pub failures_before: u32,
    pub result: Result<Answer, Status>,
}

pub async fn send(calls: Arc<Calls>, who: Who, request: Request) -> Result<Answer, Status> {
    request.send(&calls, identity(who)).await
}

/// What a status says of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Said {
    /// It was judged, and nothing was done.
    Refused,
    /// It may have been done or not.
    Unknown,
    /// Its id was used with other content.
    Reused,
}

impl Said {
    /// No other code comes from a service whose store fails now and then.
    pub fn by(status: &Status) -> Self {
        let refusals = [
            Code::InvalidArgument,
            Code::PermissionDenied,
            Code::NotFound,
            Code::Aborted,
            Code::FailedPrecondition,
        ];
        match status.code() {
            Code::Unavailable => Self::Unknown,
            Code::AlreadyExists => Self::Reused,
            code => {
                assert!(refusals.contains(&code), "{status:?}");
                Self::Refused
            }
        }
    }
}

/// What a refusal is counted as.
pub fn counted(status: &Status) -> &'static str {
    match status.code() {
        Code::Aborted => "stale",
        Code::PermissionDenied => "not permitted",
        _ => "refused",
    }
}
