//! The reasons for which a command is rejected.

use thiserror::Error;

use super::State;
use crate::rules::Clause;

/// The rejection of a command by a rule, the case's state or the message itself.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub enum Refusal {
    /// The case's state does not allow the command.
    #[error("{message}")]
    State {
        /// The state.
        state: State,
        /// The command that is not allowed in it.
        message: String,
    },
    /// Rules forbid the command: one violation for each clause.
    #[error("{}", violations.iter().map(|v| format!("{}: {}", v.clause, v.message)).collect::<Vec<_>>().join("; "))]
    Rules {
        /// The violations, each clause once.
        violations: Vec<Violation>,
    },
    /// The message lacks information that the case requires.
    #[error("{}", violations.iter().map(|v| format!("{}: {}", v.field, v.message)).collect::<Vec<_>>().join("; "))]
    Invalid {
        /// The missing or wrong fields.
        violations: Vec<FieldViolation>,
    },
    /// The letter is not one of this case's.
    #[error("no notice `{0}` on this determination")]
    NoticeUnknown(uuid::Uuid),
    /// The case has the maximum number of events.
    #[error("the determination has {0} events, the maximum")]
    Full(u32),
}

/// A violated clause, and the fact that violates it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Violation {
    /// The clause.
    pub clause: Clause,
    /// The fact.
    pub message: String,
}

/// A wrong field of the message, and its expected value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FieldViolation {
    /// Its path: `reasons[0].evidence`.
    pub field: String,
    /// The expected value.
    pub message: String,
}

impl Refusal {
    /// The rejection by one clause.
    #[must_use]
    pub fn by(clause: Clause, message: impl Into<String>) -> Self {
        Self::Rules {
            violations: vec![Violation {
                clause,
                message: message.into(),
            }],
        }
    }

    /// The rejection of one field.
    #[must_use]
    pub fn field(field: impl Into<String>, message: impl Into<String>) -> Self {
        Self::Invalid {
            violations: vec![FieldViolation {
                field: field.into(),
                message: message.into(),
            }],
        }
    }

    /// The rejection by every violated clause, with one violation for each; `None`: no clause is violated.
    #[must_use]
    pub fn by_clauses(against: impl IntoIterator<Item = (Clause, String)>) -> Option<Self> {
        let mut violations: Vec<Violation> = Vec::new();
        for (clause, message) in against {
            match violations
                .iter_mut()
                .find(|violation| violation.clause == clause)
            {
                Some(held) if held.message.contains(&message) => {}
                Some(held) => {
                    held.message.push_str("; ");
                    held.message.push_str(&message);
                }
                None => violations.push(Violation { clause, message }),
            }
        }
        (!violations.is_empty()).then_some(Self::Rules { violations })
    }
}
