//! Columns: the values of a row, read in the same way from every database.
//!
//! A value that this version does not know is damage, reported with the case that the row is about; never a panic.

use chrono::{DateTime, Utc};
use uuid::Uuid;

use super::StoreError;
use super::codes::{self, KINDS, STATES, URGENCIES, kind_code, state_code, urgency_code};
use second_opinion_rules::case::{Digest, EventKind, State};
use second_opinion_rules::rules::Urgency;

/// A row as a database's driver gives it. Each method gives `None` where the value is of another type.
pub trait Row {
    fn small(&self, column: &str) -> Option<i16>;
    fn integer(&self, column: &str) -> Option<i32>;
    fn big(&self, column: &str) -> Option<i64>;
    #[allow(
        clippy::option_option,
        reason = "the outer one is a wrong type, the inner one is NULL"
    )]
    fn big_or_null(&self, column: &str) -> Option<Option<i64>>;
    fn text(&self, column: &str) -> Option<&str>;
    fn bytes(&self, column: &str) -> Option<&[u8]>;
    fn id(&self, column: &str) -> Option<Uuid>;
}

/// The columns of one row.
pub(super) struct Columns<'r> {
    row: &'r dyn Row,
    determination_id: Uuid,
}

impl<'r> Columns<'r> {
    /// The columns of a row about a case.
    pub(super) fn of(determination_id: Uuid, row: &'r dyn Row) -> Self {
        Self {
            row,
            determination_id,
        }
    }

    /// The columns of a row that is about no single case.
    pub(super) fn of_no_case(row: &'r dyn Row) -> Self {
        Self::of(Uuid::nil(), row)
    }

    /// The columns of a row that holds its case's id.
    pub(super) fn with_id_in(row: &'r dyn Row, column: &str) -> Result<Self, StoreError> {
        let determination_id = Self::of_no_case(row).id(column)?;
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

    fn held<T>(&self, column: &str, value: Option<T>) -> Result<T, StoreError> {
        value.ok_or_else(|| self.damaged(column))
    }

    pub(super) fn integer(&self, column: &str) -> Result<i32, StoreError> {
        self.held(column, self.row.integer(column))
    }

    pub(super) fn big(&self, column: &str) -> Result<i64, StoreError> {
        self.held(column, self.row.big(column))
    }

    pub(super) fn big_or_null(&self, column: &str) -> Result<Option<i64>, StoreError> {
        self.held(column, self.row.big_or_null(column))
    }

    pub(super) fn text(&self, column: &str) -> Result<&'r str, StoreError> {
        self.held(column, self.row.text(column))
    }

    pub(super) fn bytes(&self, column: &str) -> Result<&'r [u8], StoreError> {
        self.held(column, self.row.bytes(column))
    }

    pub(super) fn id(&self, column: &str) -> Result<Uuid, StoreError> {
        self.held(column, self.row.id(column))
    }

    pub(super) fn digest(&self, column: &str) -> Result<Digest, StoreError> {
        self.held(column, Digest::from_slice(self.bytes(column)?))
    }

    pub(super) fn position(&self, column: &str) -> Result<u64, StoreError> {
        self.held(column, u64::try_from(self.big(column)?).ok())
    }

    pub(super) fn version(&self, column: &str) -> Result<u32, StoreError> {
        self.held(column, u32::try_from(self.integer(column)?).ok())
    }

    pub(super) fn instant(&self, column: &str) -> Result<DateTime<Utc>, StoreError> {
        self.held(column, DateTime::from_timestamp_micros(self.big(column)?))
    }

    pub(super) fn instant_or_null(
        &self,
        column: &str,
    ) -> Result<Option<DateTime<Utc>>, StoreError> {
        let held = self.big_or_null(column)?;
        held.map(|_| self.instant(column)).transpose()
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
        let number = self.held(column, self.row.small(column))?;
        self.held(column, codes::known(number, all, code))
    }
}
