//! How does a value of ours stand in a column, and back?
//!
//! A number that this version does not know is damage, told by the case that it stands on; never a panic.

use chrono::{DateTime, Utc};
use rusqlite::Row;
use uuid::Uuid;

use crate::StoreError;
use crate::codes::{self, KINDS, STATES, URGENCIES, kind_code, state_code, urgency_code};
use second_opinion_rules::case::{Digest, EventKind, State};
use second_opinion_rules::rules::Urgency;

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
        code: impl Fn(T) -> i16,
    ) -> Result<T, StoreError> {
        codes::known(self.get(column)?, all, code).ok_or_else(|| self.damaged(column))
    }
}

/// What `SQLite` says by its code alone: its longer text could name what a row holds.
pub(super) fn unavailable(error: &rusqlite::Error) -> StoreError {
    StoreError::Unavailable(match error {
        rusqlite::Error::SqliteFailure(failure, _) => failure.to_string(),
        _ => "a statement and its rows do not fit together".to_owned(),
    })
}
