//! The violations of a message, collected while it is parsed.

use super::path::At;
use crate::case::FieldViolation;
use crate::error::Malformed;

/// Collects the violations of a message.
#[derive(Default)]
pub struct Violations {
    list: Vec<FieldViolation>,
}

impl Violations {
    pub(super) fn add(&mut self, at: At<'_>, message: impl Into<String>) {
        self.list.push(FieldViolation {
            field: at.to_string(),
            message: message.into(),
        });
    }

    /// The value, if there are no violations. A value is missing only if a violation says why.
    pub(super) fn finish<T>(self, value: Option<T>) -> Result<T, Malformed> {
        match value {
            Some(value) if self.list.is_empty() => Ok(value),
            _ => Err(Malformed {
                violations: self.list,
            }),
        }
    }
}
