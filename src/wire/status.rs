//! Maps every failure to a gRPC status. No other file makes one.
//!
//! Every status carries `google.rpc` details. Of the caller's data only ids and codes are quoted; a defect states only
//! the request's id.

use std::collections::HashMap;
use std::time::Duration;

use tonic::{Code, Status};
use tonic_types::{ErrorDetails, FieldViolation, PreconditionViolation, StatusExt as _};

use super::limits::MAX_MESSAGE_BYTES;
use crate::call;
use crate::case::Refusal;
use crate::error::{CallError, Malformed, Resource};
use crate::identity::AuthError;
use crate::store::StoreError;

/// The domain of every `ErrorInfo`.
pub const DOMAIN: &str = "um.secondopinion";
/// Retry delay when the store cannot be reached or the server is overloaded.
const RETRY_DELAY: Duration = Duration::from_secs(1);
/// Retry delay while the server drains: by then another replica or the next process answers.
const DRAIN_RETRY_DELAY: Duration = Duration::from_secs(5);

impl From<AuthError> for Status {
    fn from(error: AuthError) -> Self {
        with_info(
            Code::Unauthenticated,
            &error.to_string(),
            error.reason(),
            [],
        )
    }
}

impl From<CallError> for Status {
    fn from(error: CallError) -> Self {
        match error {
            CallError::Malformed(malformed) => invalid(malformed),
            CallError::ScopeMissing(scope) => {
                let message = format!("this call needs the scope `{}`", scope.as_str());
                with_info(
                    Code::PermissionDenied,
                    &message,
                    "SCOPE_MISSING",
                    [("scope", scope.as_str().to_owned())],
                )
            }
            CallError::PersonRequired => with_info(
                Code::PermissionDenied,
                "this call needs a person's token: claim `actor_type` = `person`",
                "PERSON_REQUIRED",
                [("scope", crate::identity::Scope::Review.as_str().to_owned())],
            ),
            CallError::NotFound(resource) => not_found(&resource),
            CallError::RequestIdReused(id) => with_info(
                Code::AlreadyExists,
                &format!(
                    "request_id `{id}` was already used with other content; a new request needs a new request_id"
                ),
                "REQUEST_ID_REUSED",
                [("request_id", id.to_string())],
            ),
            CallError::EtagStale { present } => with_info(
                Code::Aborted,
                &format!("the determination has changed; its present etag is `{present}`"),
                "ETAG_STALE",
                [("etag", present)],
            ),
            CallError::Refused(refusal) => refused(&refusal),
            CallError::CursorUnknown => with_info(
                Code::OutOfRange,
                "the cursor was never issued; start with `0` for the whole log, or without a cursor for new events only",
                "CURSOR_UNKNOWN",
                [],
            ),
            CallError::NoticeFormUnsupported(what) => with_info(
                Code::Unimplemented,
                &format!("this version does not render notices {what}"),
                "NOTICE_FORM_UNKNOWN",
                [],
            ),
            CallError::Store(error) => store(&error),
            CallError::Draining => with_retry(
                Code::Unavailable,
                "the server is shutting down; send the same request again",
                "DRAINING",
                DRAIN_RETRY_DELAY,
            ),
            CallError::Defect(reason) => defect(&reason),
        }
    }
}

fn with_info<const N: usize>(
    code: Code,
    message: &str,
    reason: &str,
    metadata: [(&str, String); N],
) -> Status {
    let metadata: HashMap<String, String> = metadata
        .into_iter()
        .map(|(key, value)| (key.to_owned(), value))
        .collect();
    Status::with_error_details(
        code,
        message,
        ErrorDetails::with_error_info(reason, DOMAIN, metadata),
    )
}

fn with_retry(code: Code, message: &str, reason: &str, delay: Duration) -> Status {
    let mut details = ErrorDetails::with_retry_info(Some(delay));
    details.set_error_info(reason, DOMAIN, HashMap::new());
    Status::with_error_details(code, message, details)
}

fn invalid(malformed: Malformed) -> Status {
    let fields: Vec<&str> = malformed
        .violations
        .iter()
        .map(|violation| violation.field.as_str())
        .collect();
    let message = format!("the message is invalid: see {}", fields.join(", "));
    let violations: Vec<FieldViolation> = malformed
        .violations
        .into_iter()
        .map(|violation| FieldViolation::new(violation.field, violation.message))
        .collect();
    Status::with_error_details(
        Code::InvalidArgument,
        message,
        ErrorDetails::with_bad_request(violations),
    )
}

fn not_found(resource: &Resource) -> Status {
    let details =
        ErrorDetails::with_resource_info(resource.kind(), resource.name(), "", "not found");
    Status::with_error_details(Code::NotFound, format!("there is no {resource}"), details)
}

fn refused(refusal: &Refusal) -> Status {
    let violations = match refusal {
        Refusal::State { state, message } => {
            vec![PreconditionViolation::new(
                "STATE",
                state.name(),
                message.clone(),
            )]
        }
        Refusal::Rules { violations } => violations
            .iter()
            .map(|violation| {
                PreconditionViolation::new(
                    violation.clause.id(),
                    violation.clause.source(),
                    violation.message.clone(),
                )
            })
            .collect(),
        Refusal::Invalid { violations } => {
            return invalid(Malformed {
                violations: violations.clone(),
            });
        }
        Refusal::NoticeUnknown(id) => return not_found(&Resource::Notice(*id)),
        Refusal::Full(events) => {
            return with_info(
                Code::ResourceExhausted,
                &refusal.to_string(),
                "CASE_FULL",
                [("events", events.to_string())],
            );
        }
    };
    let details = ErrorDetails::with_precondition_failure(violations);
    Status::with_error_details(Code::FailedPrecondition, refusal.to_string(), details)
}

fn store(error: &StoreError) -> Status {
    match error {
        StoreError::Unavailable(reason) => {
            tracing::warn!(reason, "the store cannot be reached");
            with_retry(
                Code::Unavailable,
                "the store cannot be reached; send the same request_id again",
                "STORE_UNAVAILABLE",
                RETRY_DELAY,
            )
        }
        StoreError::Schema(reason) => {
            tracing::error!(reason, "the store's schema is not known to this version");
            with_retry(
                Code::Unavailable,
                "the store cannot be used",
                "STORE_UNAVAILABLE",
                DRAIN_RETRY_DELAY,
            )
        }
        StoreError::Damaged {
            determination_id,
            reason,
        } => {
            tracing::error!(%determination_id, reason, "a stored record cannot be read");
            defect(error)
        }
    }
}

/// A defect of this program: it is logged, and the caller gets the request's id.
pub fn defect(error: &dyn std::fmt::Display) -> Status {
    tracing::error!(%error, "defect");
    internal()
}

/// The status of a panic. The panic hook has logged it already.
#[must_use]
pub fn internal() -> Status {
    let id = call::current_id();
    let details = ErrorDetails::with_request_info(id.to_string(), "");
    Status::with_error_details(
        Code::Internal,
        format!("internal error; report request `{id}` to the operator"),
        details,
    )
}

/// The status of bytes that cannot be decoded as a message.
#[must_use]
pub fn undecodable() -> Status {
    let violations = vec![FieldViolation::new(
        "",
        "the bytes are not a message of this call",
    )];
    let details = ErrorDetails::with_bad_request(violations);
    Status::with_error_details(
        Code::InvalidArgument,
        "the message cannot be decoded",
        details,
    )
}

/// The status of a message over the size limit.
#[must_use]
pub fn too_large() -> Status {
    with_info(
        Code::ResourceExhausted,
        &format!("a message may have at most {MAX_MESSAGE_BYTES} bytes"),
        "MESSAGE_TOO_LARGE",
        [("bytes_max", MAX_MESSAGE_BYTES.to_string())],
    )
}

/// The status of a path that names no service.
#[must_use]
pub fn unknown_call() -> Status {
    Status::unimplemented("this server has no such service")
}

/// The status of a call over the concurrency limit.
#[must_use]
pub fn overloaded() -> Status {
    with_retry(
        Code::ResourceExhausted,
        "too many calls at once; send the same request again later",
        "OVERLOADED",
        RETRY_DELAY,
    )
}

/// The status of a call that exceeds the caller's deadline or the server's own limit.
#[must_use]
pub fn deadline_exceeded() -> Status {
    Status::deadline_exceeded("the deadline expired before the reply was ready")
}

/// The name of a code in the gRPC specification, such as `FAILED_PRECONDITION`.
#[must_use]
pub fn code_name(code: Code) -> &'static str {
    match code {
        Code::Ok => "OK",
        Code::Cancelled => "CANCELLED",
        Code::Unknown => "UNKNOWN",
        Code::InvalidArgument => "INVALID_ARGUMENT",
        Code::DeadlineExceeded => "DEADLINE_EXCEEDED",
        Code::NotFound => "NOT_FOUND",
        Code::AlreadyExists => "ALREADY_EXISTS",
        Code::PermissionDenied => "PERMISSION_DENIED",
        Code::ResourceExhausted => "RESOURCE_EXHAUSTED",
        Code::FailedPrecondition => "FAILED_PRECONDITION",
        Code::Aborted => "ABORTED",
        Code::OutOfRange => "OUT_OF_RANGE",
        Code::Unimplemented => "UNIMPLEMENTED",
        Code::Internal => "INTERNAL",
        Code::Unavailable => "UNAVAILABLE",
        Code::DataLoss => "DATA_LOSS",
        Code::Unauthenticated => "UNAUTHENTICATED",
    }
}
