//! Identifiers, checked when they are made, and private text.

use std::fmt;

use serde::{Deserialize, Serialize};

/// Text about a person or a person's care. `Debug` never shows it.
#[derive(Clone, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Private(pub String);

impl fmt::Debug for Private {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.0.is_empty() {
            "\"\""
        } else {
            "[redacted]"
        })
    }
}

impl Private {
    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether it is empty.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl From<&str> for Private {
    fn from(text: &str) -> Self {
        Self(text.to_owned())
    }
}

macro_rules! identifier {
    ($(#[$doc:meta])* $name:ident, $expected:literal, $check:expr) => {
        $(#[$doc])*
        #[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(String);

        impl $name {
            /// The expected shape, for a message to the caller.
            pub const EXPECTED: &str = $expected;

            /// The identifier; `None`: the text is not well formed.
            #[must_use]
            pub fn parse(text: &str) -> Option<Self> {
                let check: fn(&[u8]) -> bool = $check;
                check(text.as_bytes()).then(|| Self(text.to_owned()))
            }

            /// The text.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }
    };
}

macro_rules! shown {
    ($($name:ident),+) => {$(
        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "{}({})", stringify!($name), self.0)
            }
        }
    )+};
}

/// Implements `Debug` with the type's name alone, for a type with health information in any field.
macro_rules! redacted_debug {
    ($($name:ident),+) => {$(
        impl std::fmt::Debug for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(concat!(stringify!($name), "([redacted])"))
            }
        }
    )+};
}
pub(super) use redacted_debug;

identifier!(
    /// A National Provider Identifier: ten digits, the first 1 or 2, the last the Luhn check digit over `80840` and
    /// the first nine.
    ///
    /// ```
    /// use second_opinion_rules::case::Npi;
    /// assert!(Npi::parse("1234567893").is_some());
    /// assert!(Npi::parse("1234567890").is_none());
    /// ```
    Npi,
    "10 digits, the first 1 or 2, with a valid check digit",
    |text| text.len() == 10 && matches!(text[0], b'1' | b'2') && digits(text) && luhn_80840(text)
);
identifier!(
    /// A Medi-Cal Client Index Number: 9, seven digits, a capital letter.
    Cin,
    "9, seven digits and a capital letter",
    |text| text.len() == 9 && text[0] == b'9' && digits(&text[..8]) && text[8].is_ascii_uppercase()
);
identifier!(
    /// An ICD-10-CM code, with or without its dot. Only the shape is checked.
    IcdCode,
    "an ICD-10-CM code such as `C50.911`",
    icd_10_cm
);
identifier!(
    /// A CPT or HCPCS level II code.
    ProcedureCode,
    "a CPT code (four digits and a digit or one of AFMTU) or a HCPCS level II code (a letter and four digits)",
    |text| {
        text.len() == 5
            && (digits(&text[..4]) && (text[4].is_ascii_digit() || b"AFMTU".contains(&text[4]))
                || digits(&text[1..]) && matches!(text[0], b'A'..=b'C' | b'E' | b'G' | b'H' | b'J'..=b'M' | b'P'..=b'V'))
    }
);
identifier!(
    /// A NUCC provider taxonomy code such as `207RC0000X`.
    Taxonomy,
    "a NUCC taxonomy code such as `207RC0000X`",
    |text| {
        text.len() == 10
            && digits(&text[..3])
            && text[3..5].iter().all(|c| c.is_ascii_digit() || c.is_ascii_uppercase())
            && digits(&text[5..9])
            && text[9] == b'X'
    }
);
identifier!(
    /// A BCP 47 language tag such as `es` or `zh-Hant`.
    LanguageTag,
    "a BCP 47 language tag such as `es` or `zh-Hant`",
    bcp_47
);
shown!(Npi, Taxonomy, LanguageTag);
redacted_debug!(Cin, IcdCode, ProcedureCode);

fn digits(text: &[u8]) -> bool {
    text.iter().all(u8::is_ascii_digit)
}

/// Luhn over `80840` and the ten digits. The prefix adds 24.
fn luhn_80840(ten_digits: &[u8]) -> bool {
    let sum: u32 = ten_digits
        .iter()
        .rev()
        .enumerate()
        .map(|(index, digit)| {
            let digit = u32::from(digit - b'0');
            match (index % 2, digit * 2) {
                (0, _) => digit,
                (_, doubled) if doubled >= 10 => doubled - 9,
                (_, doubled) => doubled,
            }
        })
        .sum();
    (sum + 24).is_multiple_of(10)
}

fn icd_10_cm(text: &[u8]) -> bool {
    let alphanumeric = |c: &u8| c.is_ascii_digit() || c.is_ascii_uppercase();
    if text.len() < 3 || !text[0].is_ascii_uppercase() || !text[1].is_ascii_digit() {
        return false;
    }
    if !(text[2].is_ascii_digit() || matches!(text[2], b'A' | b'B')) {
        return false;
    }
    match &text[3..] {
        [] => true,
        [b'.', rest @ ..] | rest => (1..=4).contains(&rest.len()) && rest.iter().all(alphanumeric),
    }
}

/// The shape of RFC 5646: a primary subtag of two, three or five to eight letters (or `x` for private use), then
/// subtags of one to eight letters or digits.
fn bcp_47(text: &[u8]) -> bool {
    if text.len() > 35 {
        return false;
    }
    let mut subtags = text.split(|c| *c == b'-');
    let primary = subtags.next().unwrap_or_default();
    let rest: Vec<&[u8]> = subtags.collect();
    let primary_fits = match primary.len() {
        1 => matches!(primary, b"x" | b"X" | b"i" | b"I") && !rest.is_empty(),
        2 | 3 | 5..=8 => true,
        _ => false,
    };
    primary_fits
        && primary.iter().all(u8::is_ascii_alphabetic)
        && rest
            .iter()
            .all(|part| (1..=8).contains(&part.len()) && part.iter().all(u8::is_ascii_alphanumeric))
        && rest
            .last()
            .is_none_or(|last| last.len() > 1 || matches!(primary, b"x" | b"X"))
}

impl LanguageTag {
    /// English.
    #[must_use]
    pub fn english() -> Self {
        Self("en".to_owned())
    }

    /// The primary language, in lower case: `es` of `es-MX`.
    ///
    /// ```
    /// use second_opinion_rules::case::LanguageTag;
    /// assert_eq!(LanguageTag::parse("ES-mx").unwrap().primary(), "es");
    /// ```
    #[must_use]
    pub fn primary(&self) -> String {
        self.0
            .split('-')
            .next()
            .unwrap_or_default()
            .to_ascii_lowercase()
    }
}

/// Whether a text is a phone number: ten digits, or eleven that begin with 1, among the usual separators, and at most one
/// extension of up to six digits.
#[must_use]
pub fn is_phone(text: &str) -> bool {
    let lower = text.to_ascii_lowercase();
    let (number, extension) = match lower.find("ext").or_else(|| lower.find('x')) {
        Some(at) => lower.split_at(at),
        None => (lower.as_str(), ""),
    };
    let count = number.bytes().filter(u8::is_ascii_digit).count();
    let begins_with_one = number.bytes().find(u8::is_ascii_digit) == Some(b'1');
    let separators_fit = number
        .chars()
        .all(|c| c.is_ascii_digit() || " ()-.+/".contains(c));
    let extension_digits = extension.bytes().filter(u8::is_ascii_digit).count();
    let extension_rest = extension.trim_start_matches(|c: char| "ext. #:".contains(c));
    let extension_fits = extension.is_empty()
        || (1..=6).contains(&extension_digits)
            && extension_rest.bytes().all(|c| c.is_ascii_digit());
    separators_fit && extension_fits && (count == 10 || count == 11 && begins_with_one)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn npi_needs_its_check_digit() {
        for good in ["1234567893", "1993999998", "1245319599"] {
            assert!(Npi::parse(good).is_some(), "{good}");
        }
        for bad in [
            "1234567890",
            "3234567893",
            "123456789",
            "12345678933",
            "123456789a",
            "",
            "１２３４５６７８９３",
        ] {
            assert!(Npi::parse(bad).is_none(), "{bad}");
        }
    }

    #[test]
    fn check_digit_detects_every_single_wrong_digit() {
        let good = b"1234567893";
        for at in 1..10 {
            for digit in b'0'..=b'9' {
                let mut other = *good;
                other[at] = digit;
                let text = String::from_utf8(other.to_vec()).unwrap();
                assert_eq!(Npi::parse(&text).is_some(), other == *good, "{text}");
            }
        }
    }

    #[test]
    fn each_identifier_has_its_shape() {
        let cin = |text| Cin::parse(text).is_some();
        assert!(
            cin("90000000A")
                && !cin("80000000A")
                && !cin("90000000a")
                && !cin("9000000A")
                && !cin("90000000AA")
        );
        let icd = |text| IcdCode::parse(text).is_some();
        assert!(icd("C50.911") && icd("C50911") && icd("E11") && icd("C4A.0") && icd("S72.001A"));
        assert!(
            !icd("C5")
                && !icd("c50.911")
                && !icd("C50.")
                && !icd("C50.91111")
                && !icd("C5C.1")
                && !icd("C50..1")
        );
        let code = |text| ProcedureCode::parse(text).is_some();
        assert!(
            code("99243")
                && code("0001F")
                && code("G0463")
                && !code("D1234")
                && !code("9924")
                && !code("9924B")
        );
        let taxonomy = |text| Taxonomy::parse(text).is_some();
        assert!(taxonomy("207RC0000X") && !taxonomy("207RC0000Y") && !taxonomy("207rc0000X"));
        let tag = |text| LanguageTag::parse(text).is_some();
        assert!(
            tag("en")
                && tag("es-MX")
                && tag("zh-Hant-TW")
                && tag("tl")
                && tag("hmn")
                && tag("x-own")
                && tag("x-a")
                && tag("i-klingon")
                && tag("de-CH-1901")
                && tag("abcde-abcdefgh-abcdefgh-abcdefgh-ab")
        );
        assert!(
            !tag("e")
                && !tag("english language")
                && !tag("en_US")
                && !tag("-en")
                && !tag("en-")
                && !tag("12")
                && !tag("x")
                && !tag("e-own")
                && !tag("abcd")
                && !tag("abcdefghi")
                && !tag("12-US")
                && !tag("en-US_a")
                && !tag("en--US")
                && !tag("en-abcdefghi")
                && !tag("en-a")
                && !tag("abcde-abcdefgh-abcdefgh-abcdefgh-abc")
        );
        assert_eq!(LanguageTag::english().primary(), "en");
        assert_eq!(
            LanguageTag::parse("ES-mx").map(|tag| tag.primary()),
            Some("es".to_owned())
        );
    }

    #[test]
    fn phone_numbers() {
        for good in [
            "(707) 555-0100",
            "707.555.0100",
            "+1 707 555 0100",
            "7075550100",
            "707-555-0100 ext. 12",
            "707-555-0100 x12",
        ] {
            assert!(is_phone(good), "{good}");
        }
        for bad in [
            "555-0100",
            "707-555-01000",
            "call me",
            "707-555-0100 ask for Ann",
            "2 707 555 0100",
            "707-555-0100 ext",
            "707-555-0100 ext. 1234567",
            "707-555-0100 x12a",
            "ext. 12",
        ] {
            assert!(!is_phone(bad), "{bad}");
        }
    }

    #[test]
    fn debug_output_shows_no_personal_data() {
        let shown = format!(
            "{:?} {:?} {:?} {:?} {:?}",
            Private::from("Ann"),
            Private::default(),
            Cin::parse("90000000A"),
            IcdCode::parse("C50.911"),
            Npi::parse("1234567893"),
        );
        assert_eq!(
            shown,
            "[redacted] \"\" Some(Cin([redacted])) Some(IcdCode([redacted])) Some(Npi(1234567893))"
        );
        assert_eq!(Private::from("Ann").as_str(), "Ann");
    }
}
