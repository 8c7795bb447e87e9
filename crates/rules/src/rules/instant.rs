//! How is an instant written in the record? As text in UTC to the microsecond where people read it, else as a number.
//!
//! An event holds a dozen of them. Each is made in place, digit by digit: a formatter that serves every shape would
//! take longer than the rest of the event together.

use chrono::{DateTime, Datelike, Timelike, Utc};
use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serializer};

/// `2026-11-16T18:00:00.000000Z`
const LENGTH: usize = 27;

/// Writes an instant; for `#[serde(with)]`.
///
/// # Errors
/// As the serializer has them.
pub fn serialize<S: Serializer>(at: &DateTime<Utc>, serializer: S) -> Result<S::Ok, S::Error> {
    if !serializer.is_human_readable() {
        return serializer.serialize_i64(at.timestamp_micros());
    }
    match text(at) {
        Some(text) => serializer.serialize_str(std::str::from_utf8(&text).unwrap_or_default()),
        None => serializer.collect_str(&at.format("%+")),
    }
}

/// Reads an instant; for `#[serde(with)]`.
///
/// # Errors
/// When there is none, or it is before the year 1 or after 9999: no request can state it, and days could not be counted
/// from it.
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

/// Adds an instant to a text, as it stands in the record.
pub fn push(to: &mut String, at: &DateTime<Utc>) {
    match text(at) {
        Some(text) => to.push_str(std::str::from_utf8(&text).unwrap_or_default()),
        None => to.push_str(&at.format("%+").to_string()),
    }
}

/// The text of an instant between the years 0 and 9999; `None`: it is outside of them.
fn text(at: &DateTime<Utc>) -> Option<[u8; LENGTH]> {
    let mut text = *b"0000-00-00T00:00:00.000000Z";
    let year = u32::try_from(at.year())
        .ok()
        .filter(|year| *year < 10_000)?;
    // A leap second is told as the last microsecond before it.
    let microsecond = (at.nanosecond() / 1_000).min(999_999);
    let mut rest = text.as_mut_slice();
    for (places, number) in [
        (4, year),
        (2, at.month()),
        (2, at.day()),
        (2, at.hour()),
        (2, at.minute()),
        (2, at.second()),
        (6, microsecond),
    ] {
        let (field, after) = std::mem::take(&mut rest).split_at_mut(places);
        digits(field, number);
        // Each field has one sign after it.
        rest = after.get_mut(1..).unwrap_or_default();
    }
    Some(text)
}

fn digits(places: &mut [u8], mut number: u32) {
    for place in places.iter_mut().rev() {
        // INVARIANT: a digit is less than ten.
        *place = b'0' + u8::try_from(number % 10).unwrap_or_default();
        number /= 10;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(serde::Serialize, Deserialize, PartialEq, Debug)]
    struct Held(#[serde(with = "super")] DateTime<Utc>);

    #[test]
    fn an_instant_is_read_back_as_it_was_to_the_microsecond() {
        for given in [
            "2026-11-16T18:00:00Z",
            "2016-04-20T07:00:00.000001Z",
            "2099-12-31T23:59:59.999999Z",
            "1969-12-31T23:59:59.999999Z",
            "0001-01-01T00:00:00Z",
            "9999-12-31T23:59:59.5Z",
        ] {
            let held = Held(given.parse().expect("an instant"));
            let json = serde_json::to_string(&held).expect("JSON");
            assert_eq!(
                json,
                format!(
                    "{:?}",
                    held.0.to_rfc3339_opts(chrono::SecondsFormat::Micros, true)
                )
            );
            assert_eq!(
                serde_json::from_str::<Held>(&json).expect("an instant"),
                held
            );
            let mut line = "at ".to_owned();
            push(&mut line, &held.0);
            assert_eq!(format!("\"{}\"", &line[3..]), json);
        }
    }

    #[test]
    fn an_instant_outside_of_four_digit_years_is_written_in_its_own_length() {
        for given in [
            "+10000-01-01T00:00:00+00:00",
            "-0001-12-31T23:59:59.999999+00:00",
        ] {
            let held = Held(given.parse().expect("an instant"));
            let json = serde_json::to_string(&held).expect("JSON");
            assert_eq!(json, format!("{given:?}"));
            let mut line = String::new();
            push(&mut line, &held.0);
            assert_eq!(line, given);
        }
    }

    #[test]
    fn a_leap_second_is_told_as_the_last_microsecond_before_it() {
        let leap = "2016-12-31T23:59:60.5Z".parse().expect("an instant");
        let mut line = String::new();
        push(&mut line, &leap);
        assert_eq!(line, "2016-12-31T23:59:59.999999Z");
    }

    #[test]
    fn an_instant_from_which_no_day_can_be_counted_is_refused() {
        for (given, taken) in [
            ("-262143-01-01T00:00:00Z", false),
            ("0000-12-31T23:59:59.999999Z", false),
            ("0001-01-01T00:00:00Z", true),
            ("9999-12-31T23:59:59.999999Z", true),
            ("+10000-01-01T00:00:00Z", false),
            ("+262142-12-31T23:59:59Z", false),
        ] {
            let json = format!("\"{given}\"");
            assert_eq!(
                serde_json::from_str::<Held>(&json).is_ok(),
                taken,
                "{given}"
            );
        }
    }
}
