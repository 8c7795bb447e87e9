//! How is a value of ours read from a column?
//!
//! What this version does not know is damage, told by the case that it stands on; never a panic.

use chrono::{DateTime, Utc};
use tokio_postgres::Row;
use tokio_postgres::types::FromSql;
use uuid::Uuid;

use crate::StoreError;
use crate::codes::{self, KINDS, STATES, URGENCIES, kind_code, state_code, urgency_code};
use second_opinion_rules::case::{Digest, EventKind, State};
use second_opinion_rules::rules::Urgency;

/// Reads the columns of one row, and says of which case it is when one cannot be read.
pub(super) struct Columns<'a> {
    row: &'a Row,
    determination_id: Uuid,
}

impl<'a> Columns<'a> {
    pub(super) const fn of(determination_id: Uuid, row: &'a Row) -> Self {
        Self {
            row,
            determination_id,
        }
    }

    /// The columns of a row that holds its case's id.
    pub(super) fn with_id_in(row: &'a Row, column: &str) -> Result<Self, StoreError> {
        let determination_id = Self::of(Uuid::nil(), row).get(column)?;
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

    pub(super) fn get<T: FromSql<'a>>(&self, column: &str) -> Result<T, StoreError> {
        self.row.try_get(column).map_err(|_| self.damaged(column))
    }

    pub(super) fn digest(&self, column: &str) -> Result<Digest, StoreError> {
        Digest::from_slice(self.get(column)?).ok_or_else(|| self.damaged(column))
    }

    pub(super) fn position(&self, column: &str) -> Result<u64, StoreError> {
        u64::try_from(self.get::<i64>(column)?).map_err(|_| self.damaged(column))
    }

    pub(super) fn version(&self, column: &str) -> Result<u32, StoreError> {
        u32::try_from(self.get::<i32>(column)?).map_err(|_| self.damaged(column))
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
