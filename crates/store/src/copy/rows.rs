//! What is a row on its way from one store to another? Its columns as they stand, read by neither side.

use std::fmt;

use uuid::Uuid;

/// The tables, in the order in which they are copied: a letter before its renderings, and the events last, so that
/// whoever sees an event sees its case too.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Table {
    /// The cases as they stand.
    Cases,
    /// The letters.
    Letters,
    /// What was given out of them.
    Renderings,
    /// The log.
    Events,
}

impl Table {
    /// Every table, in the order of copying.
    pub const ALL: [Self; 4] = [Self::Cases, Self::Letters, Self::Renderings, Self::Events];
}

/// As many rows as each table has.
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

/// Rows of one table, one after the other in the order of the source's keys.
pub struct Batch {
    /// The rows.
    pub rows: Rows,
    /// The source's key of the last of them.
    pub upto: i64,
}

/// The rows of a batch.
pub enum Rows {
    /// Of [`Table::Cases`].
    Cases(Vec<CaseRow>),
    /// Of [`Table::Letters`].
    Letters(Vec<LetterRow>),
    /// Of [`Table::Renderings`].
    Renderings(Vec<RenderingRow>),
    /// Of [`Table::Events`].
    Events(Vec<EventRow>),
}

impl Rows {
    /// As many as there are.
    #[must_use]
    pub fn count(&self) -> u64 {
        let count = match self {
            Self::Cases(rows) => rows.len(),
            Self::Letters(rows) => rows.len(),
            Self::Renderings(rows) => rows.len(),
            Self::Events(rows) => rows.len(),
        };
        count as u64
    }
}

/// A row of `cases`. What its columns are the migrations say; so for those below.
pub struct CaseRow {
    pub opened_at: i64,
    pub first_due_us: i64,
    pub due_at_us: Option<i64>,
    pub sweep_at_us: Option<i64>,
    pub determination_due_us: Option<i64>,
    pub member_notification_due_us: Option<i64>,
    pub provider_notification_due_us: Option<i64>,
    pub undecided_since_us: Option<i64>,
    pub created_at_us: i64,
    pub updated_at_us: i64,
    pub last_position: i64,
    pub version: i32,
    pub state: i16,
    pub urgency: i16,
    pub id: Uuid,
    pub member_id: String,
    pub referral_number: String,
    pub treatment_authorization_number: String,
    pub head: Vec<u8>,
    pub command_head: Vec<u8>,
    pub snapshot: Vec<u8>,
}

/// A row of `events`.
pub struct EventRow {
    pub position: i64,
    pub opened_at: i64,
    pub occurred_at_us: i64,
    pub previous_position: Option<i64>,
    pub due_at_us: Option<i64>,
    pub state: i16,
    pub urgency: i16,
    pub kind: i16,
    pub version: i32,
    pub determination_id: Uuid,
    pub sha256: Vec<u8>,
    pub request_id: Option<Uuid>,
    pub caller: Option<String>,
    pub content: Option<Vec<u8>>,
    pub bytes: Vec<u8>,
}

/// A row of `notices`.
pub struct LetterRow {
    pub notice_id: Uuid,
    pub opened_at: i64,
    pub reference: String,
    pub bytes: Vec<u8>,
}

/// A row of `renderings`.
pub struct RenderingRow {
    pub notice_id: Uuid,
    pub form: i16,
    pub language: String,
    pub large_print: bool,
    pub sha256: Vec<u8>,
    pub bytes: Vec<u8>,
}
