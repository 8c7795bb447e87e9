//! Why was a command not carried out?

use thiserror::Error;

use super::State;
use crate::rules::Clause;

/// A command that a rule, the case's state or the message itself forbids.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub enum Refusal {
    /// The case's state does not allow the command.
    #[error("{message}")]
    State {
        /// The state.
        state: State,
        /// Which command is not allowed in it, and why.
        message: String,
    },
    /// A rule forbids it: one violation a clause.
    #[error("{}", violations.iter().map(|v| format!("{}: {}", v.clause, v.message)).collect::<Vec<_>>().join("; "))]
    Rules {
        /// What is violated, each clause once.
        violations: Vec<Violation>,
    },
    /// The message lacks what this case asks of it.
    #[error("{}", violations.iter().map(|v| format!("{}: {}", v.field, v.message)).collect::<Vec<_>>().join("; "))]
    Invalid {
        /// What is missing or wrong.
        violations: Vec<FieldViolation>,
    },
    /// The letter named is not one of this case's.
    #[error("no notice `{0}` on this determination")]
    NoticeUnknown(uuid::Uuid),
    /// The case holds as many events as a case takes.
    #[error("the determination holds {0} events, as many as one takes")]
    Full(u32),
}

/// A clause, and the fact that does not fit it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Violation {
    /// The clause.
    pub clause: Clause,
    /// The fact.
    pub message: String,
}

/// A field of the message, and what is wrong with it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FieldViolation {
    /// Its path: `reasons[0].evidence`.
    pub field: String,
    /// What is expected.
    pub message: String,
}

impl Refusal {
    /// A refusal by one clause.
    #[must_use]
    pub fn by(clause: Clause, message: impl Into<String>) -> Self {
        Self::Rules {
            violations: vec![Violation {
                clause,
                message: message.into(),
            }],
        }
    }

    /// A refusal by one field.
    #[must_use]
    pub fn field(field: impl Into<String>, message: impl Into<String>) -> Self {
        Self::Invalid {
            violations: vec![FieldViolation {
                field: field.into(),
                message: message.into(),
            }],
        }
    }

    /// A refusal by as many clauses as are violated; none where none is. What concerns one clause becomes one
    /// violation.
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
