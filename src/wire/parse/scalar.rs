//! Parses single values: texts, codes, dates, instants, enums.

use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use prost_types::Timestamp;
use uuid::Uuid;

use super::path::At;
use super::violations::Violations;
use crate::case::{Private, is_phone};
use crate::rules::instant::to_microsecond;

/// Maximum length of a text, in characters. The contract states it.
const TEXT_CHARS_MAX: usize = 4_000;
/// Maximum length of a name, a title, a line or a code, in characters. The contract states it.
const LINE_CHARS_MAX: usize = 200;
/// Maximum number of items of a list. The contract states it.
const LIST_ITEMS_MAX: usize = 50;
/// Maximum time by which an instant may be ahead of the server's clock, in seconds: callers' clocks are not exact.
const CLOCK_SKEW_SECONDS_MAX: i64 = 60;

impl Violations {
    /// A name, a title, a line or a code: trimmed, at most 200 characters, no line break.
    pub(super) fn line(&mut self, at: At<'_>, text: &str) -> String {
        let text = text.trim();
        if text
            .chars()
            .any(|c| c.is_control() || matches!(c, '\u{2028}' | '\u{2029}'))
        {
            self.add(
                at,
                "must not contain line breaks or other control characters",
            );
        }
        self.limit(at, text, LINE_CHARS_MAX);
        text.to_owned()
    }

    /// As [`Violations::line`], for personal data.
    pub(super) fn private_line(&mut self, at: At<'_>, text: &str) -> Private {
        Private(self.line(at, text))
    }

    /// A line that is required.
    pub(super) fn required_line(&mut self, at: At<'_>, text: &str) -> String {
        let line = self.line(at, text);
        if line.is_empty() {
            self.add(at, "is required");
        }
        line
    }

    /// A text: trimmed, at most 4,000 characters, line breaks allowed.
    pub(super) fn text(&mut self, at: At<'_>, text: &str) -> Private {
        let text = text.trim();
        if text
            .chars()
            .any(|c| c.is_control() && !matches!(c, '\n' | '\r'))
        {
            self.add(
                at,
                "must not contain control characters other than line breaks",
            );
        }
        self.limit(at, text, TEXT_CHARS_MAX);
        Private(text.to_owned())
    }

    /// A text that is required.
    pub(super) fn required_text(&mut self, at: At<'_>, text: &str) -> Private {
        let text = self.text(at, text);
        if text.is_empty() {
            self.add(at, "is required");
        }
        text
    }

    fn limit(&mut self, at: At<'_>, text: &str, chars_max: usize) {
        if text.len() > chars_max && text.chars().count() > chars_max {
            self.add(at, format!("must have at most {chars_max} characters"));
        }
    }

    /// A list, cut to its maximum length; the items beyond it are not checked.
    pub(super) fn list<'a, T>(&mut self, at: At<'_>, items: &'a [T]) -> &'a [T] {
        if items.len() > LIST_ITEMS_MAX {
            self.add(at, format!("must have at most {LIST_ITEMS_MAX} items"));
        }
        &items[..items.len().min(LIST_ITEMS_MAX)]
    }

    /// Address lines.
    pub(super) fn lines(&mut self, at: At<'_>, items: &[String]) -> Vec<String> {
        let items = self.list(at, items);
        items
            .iter()
            .enumerate()
            .map(|(index, line)| self.line(at.index(index), line))
            .collect()
    }

    /// Address lines of a person, as personal data.
    pub(super) fn private_lines(&mut self, at: At<'_>, items: &[String]) -> Vec<Private> {
        self.lines(at, items).into_iter().map(Private).collect()
    }

    /// A phone or fax number; empty: not given.
    pub(super) fn phone(&mut self, at: At<'_>, text: &str) -> String {
        let phone = self.line(at, text);
        if !phone.is_empty() && !is_phone(&phone) {
            self.add(
                at,
                "must be a phone number of 10 digits; spaces, ( ) - . + / and an extension are allowed",
            );
        }
        phone
    }

    /// An identifier; empty: not given.
    pub(super) fn identifier<T>(
        &mut self,
        at: At<'_>,
        text: &str,
        parse: fn(&str) -> Option<T>,
        expected: &str,
    ) -> Option<T> {
        let text = text.trim();
        if text.is_empty() {
            return None;
        }
        let parsed = parse(text);
        if parsed.is_none() {
            self.add(at, format!("must be {expected}"));
        }
        parsed
    }

    /// An identifier that is required.
    pub(super) fn required_identifier<T>(
        &mut self,
        at: At<'_>,
        text: &str,
        parse: fn(&str) -> Option<T>,
        expected: &str,
    ) -> Option<T> {
        if text.trim().is_empty() {
            self.add(at, format!("is required: {expected}"));
            return None;
        }
        self.identifier(at, text, parse, expected)
    }

    /// A UUID that is required.
    pub(super) fn uuid(&mut self, at: At<'_>, text: &str) -> Option<Uuid> {
        if text.trim().is_empty() {
            self.add(at, "is required: a UUID");
            return None;
        }
        self.optional_uuid(at, text)
    }

    /// A UUID in the form with hyphens; empty: not given.
    pub(super) fn optional_uuid(&mut self, at: At<'_>, text: &str) -> Option<Uuid> {
        let text = text.trim();
        if text.is_empty() {
            return None;
        }
        let parsed = if text.len() == 36 {
            Uuid::try_parse(text).ok()
        } else {
            None
        };
        if parsed.is_none() {
            self.add(at, "must be a UUID");
        }
        parsed
    }

    /// A local day, `YYYY-MM-DD`; empty: not given.
    pub(super) fn date(&mut self, at: At<'_>, text: &str) -> Option<NaiveDate> {
        let text = text.trim();
        if text.is_empty() {
            return None;
        }
        let shape = text.len() == 10
            && text.bytes().enumerate().all(|(index, c)| match index {
                4 | 7 => c == b'-',
                _ => c.is_ascii_digit(),
            });
        let parsed = if shape { text.parse().ok() } else { None };
        if parsed.is_none() {
            self.add(at, "must be an existing date, as YYYY-MM-DD");
        }
        parsed
    }

    /// An instant, truncated to the microsecond; absent: not given.
    pub(super) fn instant(
        &mut self,
        at: At<'_>,
        timestamp: Option<&Timestamp>,
    ) -> Option<DateTime<Utc>> {
        let timestamp = timestamp?;
        let parsed = u32::try_from(timestamp.nanos)
            .ok()
            .filter(|nanos| *nanos < 1_000_000_000)
            .and_then(|nanos| DateTime::from_timestamp(timestamp.seconds, nanos))
            .filter(|instant| (1..=9999).contains(&chrono::Datelike::year(instant)));
        if parsed.is_none() {
            self.add(
                at,
                "must be an instant between the years 1 and 9999 with nanos from 0 to 999,999,999",
            );
        }
        parsed.map(to_microsecond)
    }

    /// Rejects an instant further ahead of the server's clock than clocks differ.
    pub(super) fn reject_future(&mut self, at: At<'_>, instant: DateTime<Utc>, now: DateTime<Utc>) {
        if instant > now + TimeDelta::seconds(CLOCK_SKEW_SECONDS_MAX) {
            self.add(
                at,
                format!("must not be more than {CLOCK_SKEW_SECONDS_MAX} seconds ahead of the server's clock"),
            );
        }
    }

    /// The value of an enum; a number unknown to this version is a violation.
    pub(super) fn enumeration<T: TryFrom<i32> + Default>(&mut self, at: At<'_>, number: i32) -> T {
        T::try_from(number).unwrap_or_else(|_| {
            self.add(at, format!("{number} is not a value known to this version"));
            T::default()
        })
    }
}
