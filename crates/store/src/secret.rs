//! Secrets: texts that are never shown, and URLs without their passwords.

use std::fmt;

/// The placeholder of a secret.
const HIDDEN: &str = "***";

/// A text that neither `Debug` nor `Display` shows.
#[derive(Clone, Eq, PartialEq)]
pub struct Secret(String);

impl Secret {
    /// The text itself, for the one place that needs it.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl From<String> for Secret {
    fn from(text: String) -> Self {
        Self(text)
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(HIDDEN)
    }
}

impl fmt::Display for Secret {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(HIDDEN)
    }
}

/// A URL without its passwords: the one before the `@`, and any parameter with a name that ends in `password`.
///
/// When in doubt it hides more: a text that is no URL and mentions a password is hidden as a whole.
#[must_use]
pub fn redact_url(text: &str) -> String {
    let Some((scheme, rest)) = text.split_once("://") else {
        let suspicious = text.contains('@') || text.to_ascii_lowercase().contains("password");
        return if suspicious {
            HIDDEN.into()
        } else {
            text.into()
        };
    };
    let rest = match rest.rsplit_once('@') {
        Some((credentials, host)) => match credentials.split_once(':') {
            Some((user, _password)) => format!("{user}:{HIDDEN}@{host}"),
            None => format!("{credentials}@{host}"),
        },
        None => rest.into(),
    };
    format!("{scheme}://{}", hide_parameters(&rest))
}

fn hide_parameters(text: &str) -> String {
    const NAME: &str = "password=";
    let lower = text.to_ascii_lowercase();
    let (mut shown, mut from) = (String::new(), 0);
    while let Some(at) = lower[from..].find(NAME) {
        let value = from + at + NAME.len();
        shown.push_str(&text[from..value]);
        shown.push_str(HIDDEN);
        from = text[value..]
            .find('&')
            .map_or(text.len(), |end| value + end);
    }
    shown.push_str(&text[from..]);
    shown
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn passwords_are_hidden_in_every_part_of_a_url() {
        for (given, shown) in [
            (
                "postgres://app:pw@db:5432/um",
                "postgres://app:***@db:5432/um",
            ),
            ("postgres://app:p@w:x/y@db/um", "postgres://app:***@db/um"),
            ("postgres://app@db/um", "postgres://app@db/um"),
            (
                "postgres://db/um?user=a&password=pw&sslmode=require",
                "postgres://db/um?user=a&password=***&sslmode=require",
            ),
            (
                "postgres://db/um?sslPassword=p@w",
                "postgres://db/um?sslPassword=***",
            ),
            ("mysql://app:pw@db/um", "mysql://app:***@db/um"),
            ("sqlite://here/there.db", "sqlite://here/there.db"),
            ("host=db password=pw", "***"),
            ("postgres:/app:pw@db", "***"),
        ] {
            assert_eq!(redact_url(given), shown);
        }
    }

    #[test]
    fn secret_is_not_shown() {
        let secret = Secret::from("canary".to_owned());
        assert_eq!(format!("{secret} {secret:?}"), "*** ***");
        assert_eq!(secret.expose(), "canary");
    }
}
