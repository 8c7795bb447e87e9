//! The stored form of an instant, for `#[serde(with)]`: RFC 3339 in UTC to the microsecond, as
//! `2026-11-16T18:00:00.000000Z`, in text; microseconds since the epoch in a binary format.
//!
//! The text is part of the bytes of an event that are hashed, so it never changes. chrono's own serde form drops zeros
//! at the end of the second and cannot stand in.

use chrono::{DateTime, Datelike, SecondsFormat, SubsecRound, Utc};
use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serializer};

/// An instant cut to the microsecond, the precision of the record.
#[must_use]
pub fn to_microsecond(at: DateTime<Utc>) -> DateTime<Utc> {
    at.trunc_subsecs(6)
}

/// Serializes an instant.
///
/// # Errors
/// Those of the serializer.
pub fn serialize<S: Serializer>(at: &DateTime<Utc>, serializer: S) -> Result<S::Ok, S::Error> {
    if serializer.is_human_readable() {
        serializer.serialize_str(&at.to_rfc3339_opts(SecondsFormat::Micros, true))
    } else {
        serializer.serialize_i64(at.timestamp_micros())
    }
}

/// Deserializes an instant.
///
/// # Errors
/// When the value is no instant, or is before the year 1 or after 9999: no request can state it, and days could not be
/// counted from it.
pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<DateTime<Utc>, D::Error> {
    let instant = if deserializer.is_human_readable() {
        Some(DateTime::deserialize(deserializer)?)
    } else {
        DateTime::from_timestamp_micros(i64::deserialize(deserializer)?)
    };
    instant
        .filter(|instant| (1..=9999).contains(&instant.year()))
        .ok_or_else(|| D::Error::custom("no instant between the years 1 and 9999"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(serde::Serialize, Deserialize, PartialEq, Debug)]
    struct Held(#[serde(with = "super")] DateTime<Utc>);

    #[test]
    fn instant_is_stored_to_the_microsecond_and_read_back() {
        for (given, stored) in [
            ("2026-11-16T18:00:00Z", "2026-11-16T18:00:00.000000Z"),
            ("2016-04-20T07:00:00.000001Z", "2016-04-20T07:00:00.000001Z"),
            ("2026-01-05T10:00:00.1-08:00", "2026-01-05T18:00:00.100000Z"),
            ("1969-12-31T23:59:59.999999Z", "1969-12-31T23:59:59.999999Z"),
            ("0001-01-01T00:00:00Z", "0001-01-01T00:00:00.000000Z"),
            ("9999-12-31T23:59:59.5Z", "9999-12-31T23:59:59.500000Z"),
        ] {
            let held = Held(given.parse().expect("an instant"));
            let json = serde_json::to_string(&held).expect("JSON");
            assert_eq!(json, format!("{stored:?}"));
            assert_eq!(serde_json::from_str::<Held>(&json).expect("read"), held);
        }
    }

    #[test]
    fn instant_from_which_no_day_can_be_counted_is_rejected() {
        for (given, accepted) in [
            ("-262143-01-01T00:00:00Z", false),
            ("0000-12-31T23:59:59.999999Z", false),
            ("0001-01-01T00:00:00Z", true),
            ("9999-12-31T23:59:59.999999Z", true),
            ("+10000-01-01T00:00:00Z", false),
            ("+262142-12-31T23:59:59Z", false),
        ] {
            let read = serde_json::from_str::<Held>(&format!("\"{given}\""));
            assert_eq!(read.is_ok(), accepted, "{given}");
        }
    }

    #[test]
    fn nanoseconds_are_cut_not_rounded() {
        let at = |text: &str| text.parse::<DateTime<Utc>>().expect("an instant");
        assert_eq!(
            to_microsecond(at("2026-11-16T18:00:00.123456999Z")),
            at("2026-11-16T18:00:00.123456Z")
        );
    }
}
