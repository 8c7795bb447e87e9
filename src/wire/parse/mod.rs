//! Is a message well formed? A message in, a command out, or every violation at once.
//!
//! Past this module an identifier cannot be wrong in shape, and no handler checks again.

mod changes;
mod decision;
mod people;
mod provider;
mod query;
mod request;
mod scalar;

use crate::case::FieldViolation;

pub use changes::{expedite, record_verification, withdraw};
pub use decision::{issue_approval, issue_denial, record_notification};
pub use query::{Cursor, DeterminationQuery, ListQuery, NoticeQuery};
pub use query::{
    evaluate, get_determination, get_notice, get_policy, list_determinations, page_token,
    page_token_fingerprint, watch,
};
pub use request::{second_opinion, submit};

/// Everything that is wrong with a message.
#[derive(Debug, PartialEq, Eq)]
pub struct Malformed {
    /// Each field with what is expected of it; never empty.
    pub violations: Vec<FieldViolation>,
}

/// What a changing call says beside its own content.
#[derive(Clone, Debug)]
pub struct Change<T> {
    /// The caller's id for it.
    pub request_id: uuid::Uuid,
    /// The case; nil for a submission.
    pub determination_id: uuid::Uuid,
    /// The etag that the caller saw; empty: whatever the version.
    pub etag: String,
    /// The call's own content.
    pub command: T,
}

/// Where in a message something stands: a path that costs nothing until it is printed.
#[derive(Clone, Copy)]
pub struct At<'a> {
    parent: Option<&'a At<'a>>,
    step: Step,
}

#[derive(Clone, Copy)]
enum Step {
    Field(&'static str),
    Index(usize),
}

impl At<'static> {
    /// A field of the message itself.
    const fn top(field: &'static str) -> Self {
        Self {
            parent: None,
            step: Step::Field(field),
        }
    }
}

impl<'a> At<'a> {
    const fn field(&'a self, field: &'static str) -> Self {
        Self {
            parent: Some(self),
            step: Step::Field(field),
        }
    }

    const fn index(&'a self, index: usize) -> Self {
        Self {
            parent: Some(self),
            step: Step::Index(index),
        }
    }
}

impl std::fmt::Display for At<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        if let Some(parent) = self.parent {
            parent.fmt(f)?;
        }
        match self.step {
            Step::Field(name) if self.parent.is_some() => write!(f, ".{name}"),
            Step::Field(name) => f.write_str(name),
            Step::Index(index) => write!(f, "[{index}]"),
        }
    }
}

/// Collects what is wrong.
#[derive(Default)]
pub struct Violations {
    list: Vec<FieldViolation>,
}

impl Violations {
    fn add(&mut self, at: At<'_>, message: impl Into<String>) {
        self.list.push(FieldViolation {
            field: at.to_string(),
            message: message.into(),
        });
    }

    /// The value, if nothing was wrong. A value is only missing where a violation says why.
    fn finish<T>(self, value: Option<T>) -> Result<T, Malformed> {
        match value {
            Some(value) if self.list.is_empty() => Ok(value),
            _ => Err(Malformed {
                violations: self.list,
            }),
        }
    }
}
