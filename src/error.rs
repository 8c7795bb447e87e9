//! The service's error type: every way that a call can fail.
//!
//! `wire/status.rs` alone makes a status of it.

use thiserror::Error;
use uuid::Uuid;

use crate::case::{FieldViolation, Refusal};
use crate::identity::Scope;
use crate::notice::NoticeError;
use crate::store::StoreError;

/// A call that failed after its caller was authenticated.
#[derive(Debug, Error)]
pub enum CallError {
    /// The message itself is wrong.
    #[error("the message is malformed")]
    Malformed(Malformed),
    /// The identity lacks a scope.
    #[error("the identity lacks a scope")]
    ScopeMissing(Scope),
    /// The identity is not a person's.
    #[error("the call needs a person")]
    PersonRequired,
    /// The resource does not exist.
    #[error("no such {0}")]
    NotFound(Resource),
    /// The request id was used with other content.
    #[error("the request id was used with other content")]
    RequestIdReused(Uuid),
    /// The etag given is not the present one.
    #[error("the etag is stale")]
    EtagStale {
        /// The present one.
        present: String,
    },
    /// A rule, the case's state or the message forbids it.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// The watch cursor was never issued.
    #[error("the cursor was never issued")]
    CursorUnknown,
    /// This version does not make the form of notice.
    #[error("the form of notice is not one that this version has")]
    NoticeFormUnsupported(&'static str),
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The server drains.
    #[error("the server is shutting down")]
    Draining,
    /// A defect of this program.
    #[error("a defect: {0}")]
    Defect(String),
}

/// A message that is not well formed.
#[derive(Debug, PartialEq, Eq)]
pub struct Malformed {
    /// Each field with what is expected of it; never empty.
    pub violations: Vec<FieldViolation>,
}

/// A resource that does not exist.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Resource {
    /// A determination.
    Determination(Uuid),
    /// A notice.
    Notice(Uuid),
    /// A version of the policy.
    PolicyVersion(chrono::NaiveDate),
}

impl std::fmt::Display for Resource {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Determination(id) => write!(f, "determination `{id}`"),
            Self::Notice(id) => write!(f, "notice `{id}`"),
            Self::PolicyVersion(version) => write!(f, "policy version `{version}`"),
        }
    }
}

impl Resource {
    /// The type of the resource, for `ResourceInfo.resource_type`.
    #[must_use]
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Determination(_) => "um.secondopinion.v1.Determination",
            Self::Notice(_) => "um.secondopinion.v1.NoticeReference",
            Self::PolicyVersion(_) => "um.secondopinion.v1.Policy",
        }
    }

    /// The name of the resource, for `ResourceInfo.resource_name`.
    #[must_use]
    pub fn name(&self) -> String {
        match self {
            Self::Determination(id) | Self::Notice(id) => id.to_string(),
            Self::PolicyVersion(version) => version.to_string(),
        }
    }
}

impl From<NoticeError> for CallError {
    /// The plan's contact points and templates are checked before the server starts, so a letter that cannot be made is
    /// a defect, except where the reviewer has not given the words in the member's language.
    fn from(error: NoticeError) -> Self {
        match error {
            NoticeError::TranslationMissing { language, reasons } => {
                let missing = |index: usize| FieldViolation {
                    field: format!("reasons[{index}].translations"),
                    message: format!(
                        "the member's language is `{language}`: the explanation, and the clinical rationale where there \
                         is one, are required in it"
                    ),
                };
                let violations = reasons.into_iter().map(missing).collect();
                Self::Malformed(Malformed { violations })
            }
            NoticeError::NoContactMethod(_)
            | NoticeError::NoReason
            | NoticeError::Unreadable
            | NoticeError::UnknownSchema(_)
            | NoticeError::LanguageNotShipped(_)
            | NoticeError::FormUnsupported
            | NoticeError::Template(_) => Self::Defect(error.to_string()),
        }
    }
}

impl From<Malformed> for CallError {
    fn from(malformed: Malformed) -> Self {
        Self::Malformed(malformed)
    }
}
