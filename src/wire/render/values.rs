//! Renders instants and days.

use chrono::{DateTime, NaiveDate, Utc};
use prost_types::Timestamp;

/// Renders an instant.
#[must_use]
pub fn timestamp(instant: DateTime<Utc>) -> Timestamp {
    // INVARIANT: nanoseconds below a second are less than 1,000,000,000, and fit.
    let nanos = i32::try_from(instant.timestamp_subsec_nanos() % 1_000_000_000).unwrap_or_default();
    Timestamp {
        seconds: instant.timestamp(),
        nanos,
    }
}

/// Renders a day as `YYYY-MM-DD`. chrono displays the days of the years 0 to 9999 so.
pub(super) fn date(day: NaiveDate) -> String {
    day.to_string()
}
