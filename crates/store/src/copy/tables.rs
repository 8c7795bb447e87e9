//! The tables of a copy: their columns by name and type, which both stores have. Neither side interprets a value.

use std::fmt;

use rusqlite::types::Value;
use tokio_postgres::types::Type;

/// A table that is copied.
pub struct Table {
    /// Its name, which is also that of the column of `copying` that says how far its copy has come.
    pub name: &'static str,
    /// The key by which the source orders its rows. A letter or a rendering is never removed, so that row ids are in the
    /// order in which they came.
    pub key: &'static str,
    /// Its columns.
    pub columns: &'static [(&'static str, Type)],
}

impl Table {
    /// The names of its columns, for a statement.
    #[must_use]
    pub fn column_names(&self) -> String {
        let names: Vec<&str> = self.columns.iter().map(|(name, _)| *name).collect();
        names.join(", ")
    }
}

/// The tables in the order in which they are copied: a letter before its renderings, and the events last, so that a reader
/// that sees an event sees its case too.
pub static TABLES: [Table; 4] = [
    Table {
        name: "cases",
        key: "opened_at",
        columns: &[
            ("opened_at", Type::INT8),
            ("first_due_us", Type::INT8),
            ("due_at_us", Type::INT8),
            ("sweep_at_us", Type::INT8),
            ("determination_due_us", Type::INT8),
            ("member_notification_due_us", Type::INT8),
            ("provider_notification_due_us", Type::INT8),
            ("undecided_since_us", Type::INT8),
            ("created_at_us", Type::INT8),
            ("updated_at_us", Type::INT8),
            ("last_position", Type::INT8),
            ("version", Type::INT4),
            ("state", Type::INT2),
            ("urgency", Type::INT2),
            ("id", Type::UUID),
            ("member_id", Type::TEXT),
            ("referral_number", Type::TEXT),
            ("treatment_authorization_number", Type::TEXT),
            ("head", Type::BYTEA),
            ("command_head", Type::BYTEA),
            ("snapshot", Type::BYTEA),
        ],
    },
    Table {
        name: "notices",
        key: "rowid",
        columns: &[
            ("notice_id", Type::UUID),
            ("opened_at", Type::INT8),
            ("reference", Type::TEXT),
            ("bytes", Type::BYTEA),
        ],
    },
    Table {
        name: "renderings",
        key: "rowid",
        columns: &[
            ("notice_id", Type::UUID),
            ("form", Type::INT2),
            ("language", Type::TEXT),
            ("large_print", Type::BOOL),
            ("sha256", Type::BYTEA),
            ("bytes", Type::BYTEA),
        ],
    },
    Table {
        name: "events",
        key: "position",
        columns: &[
            ("position", Type::INT8),
            ("opened_at", Type::INT8),
            ("occurred_at_us", Type::INT8),
            ("previous_position", Type::INT8),
            ("due_at_us", Type::INT8),
            ("state", Type::INT2),
            ("urgency", Type::INT2),
            ("kind", Type::INT2),
            ("version", Type::INT4),
            ("determination_id", Type::UUID),
            ("sha256", Type::BYTEA),
            ("request_id", Type::UUID),
            ("caller", Type::TEXT),
            ("content", Type::BYTEA),
            ("bytes", Type::BYTEA),
        ],
    },
];

/// Rows of one table, in the order of the source's keys.
pub struct Batch {
    /// The table.
    pub table: &'static Table,
    /// The rows: a value a column.
    pub rows: Vec<Vec<Value>>,
    /// The source's key of the last of them.
    pub last_key: i64,
}

/// The rows of each table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Counts {
    /// Events.
    pub events: u64,
    /// Cases.
    pub cases: u64,
    /// Letters.
    pub letters: u64,
    /// Renderings of letters.
    pub renderings: u64,
}

impl Counts {
    /// All of them.
    #[must_use]
    pub const fn rows(self) -> u64 {
        self.events + self.cases + self.letters + self.renderings
    }
}

impl fmt::Display for Counts {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            events,
            cases,
            letters,
            renderings,
        } = self;
        write!(
            formatter,
            "{events} events, {cases} determinations, {letters} letters and {renderings} renderings"
        )
    }
}
