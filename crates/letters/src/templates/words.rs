//! The short words of a language: months, time spans, contact methods.

use chrono::{Datelike, NaiveDate};
use serde::Deserialize;

/// The short words of one language. A missing or unknown key is an error.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Words {
    pub(super) months: [String; 12],
    pub(super) date: String,
    pub(super) hours: String,
    pub(super) business_days: String,
    pub(super) calendar_days: String,
    pub(super) by_phone: String,
    pub(super) tty: String,
    pub(super) by_mail: String,
    pub(super) online: String,
    pub(super) provider_by_npi: String,
    pub(super) and: String,
    pub(super) page: String,
    pub(super) asked_by: AskedBy,
    pub(super) reasons: Reasons,
}

/// The words for each requesting party.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct AskedBy {
    pub(super) member: String,
    pub(super) representative: String,
    pub(super) health_professional: String,
}

/// The words for each denial reason.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "SCREAMING_SNAKE_CASE")]
pub(super) struct Reasons {
    pub(super) qualified_network_provider_available: String,
    pub(super) provider_not_medi_cal_certified: String,
    pub(super) provider_not_qualified: String,
    pub(super) reason_not_supported: String,
    pub(super) insufficient_information: String,
    pub(super) member_not_eligible: String,
}

impl Words {
    /// Reads a file of words and checks that each text has its placeholders.
    pub(super) fn read(text: &str) -> Result<Self, String> {
        let words: Self = toml::from_str(text).map_err(|error| error.message().to_owned())?;
        let wanted: [(&str, &str, &[&str]); 9] = [
            ("date", &words.date, &["{day}", "{month}", "{year}"]),
            ("hours", &words.hours, &["{n}"]),
            ("business_days", &words.business_days, &["{n}"]),
            ("calendar_days", &words.calendar_days, &["{n}"]),
            ("by_phone", &words.by_phone, &["{number}"]),
            ("tty", &words.tty, &["{number}"]),
            ("by_mail", &words.by_mail, &["{address}"]),
            ("online", &words.online, &["{address}"]),
            ("page", &words.page, &["{page}", "{pages}"]),
        ];
        for (key, text, places) in wanted {
            if let Some(place) = places.iter().find(|place| !text.contains(**place)) {
                return Err(format!("key `{key}` lacks `{place}`"));
            }
        }
        Ok(words)
    }

    /// A local day in words: `January 22, 2027`, `22 de enero de 2027`.
    pub(super) fn date(&self, day: NaiveDate) -> String {
        // INVARIANT: a date's month0 is 0 to 11.
        let month = &self.months[day.month0() as usize];
        self.date
            .replace("{day}", &day.day().to_string())
            .replace("{month}", month)
            .replace("{year}", &day.year().to_string())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_are_written_in_the_style_of_the_language() {
        let day = NaiveDate::from_ymd_opt(2027, 1, 22).expect("a day");
        for (file, expected) in [
            (include_str!("en/words.toml"), "January 22, 2027"),
            (include_str!("es/words.toml"), "22 de enero de 2027"),
        ] {
            assert_eq!(Words::read(file).expect("words").date(day), expected);
        }
    }

    #[test]
    fn missing_key_is_named() {
        let file = include_str!("es/words.toml");
        for key in ["date", "by_phone", "page", "MEMBER_NOT_ELIGIBLE", "member"] {
            let kept = file
                .lines()
                .filter(|line| !line.starts_with(&format!("{key} =")));
            let without = kept.collect::<Vec<_>>().join("\n");
            assert_ne!(without, file, "{key}");
            let error = Words::read(&without).expect_err("it is missing");
            assert!(error.contains(key), "{error}");
        }
        let error = Words::read(&file.replace("{year}", "")).expect_err("no year");
        assert_eq!(error, "key `date` lacks `{year}`");
    }
}
