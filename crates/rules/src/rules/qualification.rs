//! Section VI.B: the qualification of the provider that would give the opinion.

use serde::{Deserialize, Serialize};

use super::clause::Clause;
use super::facts::{Answer, Facts, Role};
use super::finding::{Finding, Note, Outcome};

/// Whether the provider is qualified.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Qualification {
    /// A primary care provider or specialist, within scope of practice, with relevant expertise.
    Qualified,
    /// One of the three is known not to hold.
    NotQualified,
    /// None is known not to hold, and one is not known.
    Unknown,
    /// No provider was named.
    NotApplicable,
}

/// The qualification of a named provider, by role, scope and expertise.
#[must_use]
pub fn qualification_of(
    role: Role,
    within_scope: Answer,
    relevant_expertise: Answer,
) -> Qualification {
    let missing =
        role == Role::Other || within_scope == Answer::No || relevant_expertise == Answer::No;
    let unknown = role == Role::Unknown
        || within_scope == Answer::Unknown
        || relevant_expertise == Answer::Unknown;
    match (missing, unknown) {
        (true, _) => Qualification::NotQualified,
        (false, true) => Qualification::Unknown,
        (false, false) => Qualification::Qualified,
    }
}

/// The qualification of the requested provider, with its finding where one was named.
#[must_use]
pub fn qualification(facts: &Facts) -> (Qualification, Option<Finding>) {
    let value = match facts.provider {
        None => Qualification::NotApplicable,
        Some(_) => qualification_of(facts.role, facts.within_scope, facts.relevant_expertise),
    };
    let (outcome, note) = match value {
        Qualification::NotApplicable => return (value, None),
        Qualification::Qualified => (Outcome::Satisfied, Note::Qualified),
        Qualification::NotQualified => (Outcome::NotSatisfied, Note::NotQualified),
        Qualification::Unknown => (Outcome::Unknown, Note::QualificationUnknown),
    };
    (
        value,
        Some(Finding::new(Clause::Qualification, outcome, note)),
    )
}
