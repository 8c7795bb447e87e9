//! Is the provider asked for qualified to give the opinion (VI.B)?

use serde::{Deserialize, Serialize};

use super::clause::Clause;
use super::facts::{Answer, Facts, Role};
use super::finding::{Finding, Note, Outcome};

/// Whether the provider is qualified.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Qualification {
    /// A primary care provider or specialist, within scope, with fitting expertise.
    Qualified,
    /// One of the three is known to be missing.
    NotQualified,
    /// None is known to be missing, and one is not known.
    Unknown,
    /// No provider was named.
    NotApplicable,
}

/// The qualification by role, scope and expertise alone, of a provider that was named.
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

/// The qualification, with its finding where a provider was named.
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
