//! Instants and days as the contract writes them.

use chrono::{DateTime, NaiveDate, Utc};
use prost_types::Timestamp;

/// An instant on the wire.
#[must_use]
pub fn timestamp(instant: DateTime<Utc>) -> Timestamp {
    // INVARIANT: nanoseconds below a second are less than 1,000,000,000, and fit.
    let nanos = i32::try_from(instant.timestamp_subsec_nanos() % 1_000_000_000).unwrap_or_default();
    Timestamp {
        seconds: instant.timestamp(),
        nanos,
    }
}

/// `YYYY-MM-DD`, which is how chrono shows the days of the years 0 to 9999.
pub(super) fn date(day: NaiveDate) -> String {
    day.to_string()
}
