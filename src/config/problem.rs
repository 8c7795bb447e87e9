//! The problems of a configuration, all of them reported at once.

use std::fmt;

/// The maximum edit distance of a suggestion: a typing error, not another word.
const EDITS_MAX: usize = 2;

/// One value that is refused.
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

    /// A problem with the value at a key of the file.
    pub(super) fn at(key: &str, message: impl Into<String>) -> Self {
        Self::new(format!("file key `{}`", key.escape_debug()), message)
    }

    /// The place of the value: a flag, a variable, or a key of the file.
    #[must_use]
    pub fn origin(&self) -> &str {
        &self.source
    }

    /// The defect, and the expected value.
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

/// Every value that is refused, at least one. The text has a line for each.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub struct ConfigErrors(Vec<Problem>);

impl ConfigErrors {
    pub(super) fn new(problems: Vec<Problem>) -> Self {
        Self(problems)
    }

    /// The problems, in the order in which they were found.
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

/// `, did you mean …?` with the known name nearest to an unknown one, or nothing where none is near.
pub(super) fn did_you_mean<'a>(given: &str, known: impl IntoIterator<Item = &'a str>) -> String {
    known
        .into_iter()
        .map(|name| (strsim::levenshtein(given, name), name))
        .filter(|(edits, name)| *edits <= EDITS_MAX && edits * 2 < name.len())
        .min()
        .map_or_else(String::new, |(_, name)| format!(", did you mean `{name}`?"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn near_names_are_suggested_and_distant_ones_are_not() {
        assert_eq!(
            did_you_mean("lisen", ["log", "listen"]),
            ", did you mean `listen`?"
        );
        assert_eq!(did_you_mean("elsewhere", ["log", "listen"]), "");
    }
}
