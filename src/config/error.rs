//! What is wrong with the configuration, all of it?

use std::fmt;

/// One value that cannot be taken.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Problem {
    source: String,
    message: String,
}

impl Problem {
    pub(super) fn new(source: impl fmt::Display, message: impl Into<String>) -> Self {
        Self {
            source: source.to_string(),
            message: message.into(),
        }
    }

    /// Where the value stands: a flag, a variable, or a key of the file.
    #[must_use]
    pub fn origin(&self) -> &str {
        &self.source
    }

    /// What is wrong with it, and what is expected.
    #[must_use]
    pub fn message(&self) -> &str {
        &self.message
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}: {}", self.source, self.message)
    }
}

/// Every value that cannot be taken, at least one. The text has a line for each.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub struct ConfigErrors(Vec<Problem>);

impl ConfigErrors {
    pub(super) fn new(problems: Vec<Problem>) -> Self {
        Self(problems)
    }

    /// The problems, in the order in which they were met.
    #[must_use]
    pub fn problems(&self) -> &[Problem] {
        &self.0
    }
}

impl fmt::Display for ConfigErrors {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "the configuration cannot be used")?;
        for problem in &self.0 {
            write!(formatter, "\n  {problem}")?;
        }
        Ok(())
    }
}
