//! How does a value of ours stand in a column, and back?
//!
//! A number that this version does not know is damage, told by the case that it stands on; never a panic.

use chrono::{DateTime, Utc};
use rusqlite::Row;
use uuid::Uuid;

use crate::case::{Digest, EventKind, State};
use crate::notice::Form;
use crate::rules::Urgency;
use crate::store::StoreError;

/// Stands for "no clock" where cases are sorted: after every instant.
pub(super) const NO_CLOCK_US: i64 = i64::MAX;

/// Every state.
pub(super) const STATES: [State; 5] = [
    State::NoAuthorizationRequired,
    State::PendingReview,
    State::Approved,
    State::Denied,
    State::Withdrawn,
];

const URGENCIES: [Urgency; 2] = [Urgency::Routine, Urgency::Urgent];

const KINDS: [EventKind; 9] = [
    EventKind::Submitted,
    EventKind::Verified,
    EventKind::Expedited,
    EventKind::Withdrawn,
    EventKind::Approved,
    EventKind::Denied,
    EventKind::Notified,
    EventKind::DueSoon,
    EventKind::Overdue,
];

pub(super) const fn state_code(state: State) -> i64 {
    match state {
        State::NoAuthorizationRequired => 1,
        State::PendingReview => 2,
        State::Approved => 3,
        State::Denied => 4,
        State::Withdrawn => 5,
    }
}

pub(super) const fn urgency_code(urgency: Urgency) -> i64 {
    match urgency {
        Urgency::Routine => 1,
        Urgency::Urgent => 2,
    }
}

pub(super) const fn kind_code(kind: EventKind) -> i64 {
    match kind {
        EventKind::Submitted => 1,
        EventKind::Verified => 2,
        EventKind::Expedited => 3,
        EventKind::Withdrawn => 4,
        EventKind::Approved => 5,
        EventKind::Denied => 6,
        EventKind::Notified => 7,
        EventKind::DueSoon => 8,
        EventKind::Overdue => 9,
    }
}

pub(super) const fn form_code(form: Form) -> i64 {
    match form {
        Form::Text => 1,
        Form::Html => 2,
        Form::Pdf => 3,
    }
}

/// Reads the columns of one row, and says of which case it is when one cannot be read.
pub(super) struct Columns<'a, 'stmt> {
    row: &'a Row<'stmt>,
    determination_id: Uuid,
}

impl<'a, 'stmt> Columns<'a, 'stmt> {
    pub(super) const fn of(determination_id: Uuid, row: &'a Row<'stmt>) -> Self {
        Self {
            row,
            determination_id,
        }
    }

    /// The columns of a row that holds its case's id.
    pub(super) fn with_id_in(row: &'a Row<'stmt>, column: &str) -> Result<Self, StoreError> {
        let unnamed = Self::of(Uuid::nil(), row);
        let determination_id = unnamed.id(column)?;
        Ok(Self::of(determination_id, row))
    }

    pub(super) const fn determination_id(&self) -> Uuid {
        self.determination_id
    }

    pub(super) fn damaged(&self, column: &str) -> StoreError {
        StoreError::damaged(
            self.determination_id,
            format!("column {column} holds what this version does not know"),
        )
    }

    pub(super) fn get<T: rusqlite::types::FromSql>(&self, column: &str) -> Result<T, StoreError> {
        self.row.get(column).map_err(|error| match error {
            rusqlite::Error::SqliteFailure(..) => unavailable(&error),
            _ => self.damaged(column),
        })
    }

    pub(super) fn id(&self, column: &str) -> Result<Uuid, StoreError> {
        self.get(column).map(Uuid::from_bytes)
    }

    pub(super) fn digest(&self, column: &str) -> Result<Digest, StoreError> {
        self.get(column).map(Digest)
    }

    pub(super) fn position(&self, column: &str) -> Result<u64, StoreError> {
        u64::try_from(self.get::<i64>(column)?).map_err(|_| self.damaged(column))
    }

    pub(super) fn version(&self, column: &str) -> Result<u32, StoreError> {
        self.get(column)
    }

    pub(super) fn instant(&self, column: &str) -> Result<DateTime<Utc>, StoreError> {
        DateTime::from_timestamp_micros(self.get(column)?).ok_or_else(|| self.damaged(column))
    }

    pub(super) fn instant_if_any(&self, column: &str) -> Result<Option<DateTime<Utc>>, StoreError> {
        match self.get::<Option<i64>>(column)? {
            None => Ok(None),
            Some(_) => self.instant(column).map(Some),
        }
    }

    pub(super) fn state(&self, column: &str) -> Result<State, StoreError> {
        self.known(column, &STATES, state_code)
    }

    pub(super) fn urgency(&self, column: &str) -> Result<Urgency, StoreError> {
        self.known(column, &URGENCIES, urgency_code)
    }

    pub(super) fn kind(&self, column: &str) -> Result<EventKind, StoreError> {
        self.known(column, &KINDS, kind_code)
    }

    fn known<T: Copy>(
        &self,
        column: &str,
        all: &[T],
        code: impl Fn(T) -> i64,
    ) -> Result<T, StoreError> {
        let held: i64 = self.get(column)?;
        all.iter()
            .copied()
            .find(|value| code(*value) == held)
            .ok_or_else(|| self.damaged(column))
    }
}

/// A position in the form in which `SQLite` keeps it. One that it cannot keep is after every one that it can.
pub(super) fn position_column(position: u64) -> i64 {
    i64::try_from(position).unwrap_or(i64::MAX)
}

/// As many rows in the form in which `SQLite` counts them.
pub(super) fn limit_column(limit: usize) -> i64 {
    i64::try_from(limit).unwrap_or(i64::MAX)
}

/// What `SQLite` says by its code alone: its longer text could name what a row holds.
pub(super) fn unavailable(error: &rusqlite::Error) -> StoreError {
    StoreError::Unavailable(match error {
        rusqlite::Error::SqliteFailure(failure, _) => failure.to_string(),
        _ => "a statement and its rows do not fit together".to_owned(),
    })
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn every_code_is_one_value_s() {
        let states: BTreeSet<i64> = STATES.map(state_code).into();
        let urgencies: BTreeSet<i64> = URGENCIES.map(urgency_code).into();
        let kinds: BTreeSet<i64> = KINDS.map(kind_code).into();
        assert_eq!(states, (1..=5).collect());
        assert_eq!(urgencies, (1..=2).collect());
        assert_eq!(kinds, (1..=9).collect());
    }

    #[test]
    fn a_position_too_large_is_after_all_others() {
        assert_eq!(position_column(u64::MAX), i64::MAX);
        assert_eq!(position_column(7), 7);
    }
}
