//! The URL of a store.

use std::fmt;
use std::path::PathBuf;

use crate::postgres::Address;
use crate::secret::{Secret, redact_url};

/// The store that holds the determinations.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum StoreUrl {
    /// The embedded store: one file.
    Sqlite(PathBuf),
    /// A `PostgreSQL` service; the URL may hold a password.
    Postgres(Secret),
}

impl StoreUrl {
    /// Reads `sqlite://PATH`, with a path that may be relative, or `postgres://…`.
    ///
    /// # Errors
    ///
    /// The expected form. The text itself is not repeated: it may hold a password.
    pub fn parse(text: &str) -> Result<Self, String> {
        if let Some(path) = text.strip_prefix("sqlite://") {
            return match path {
                "" => Err("a path after `sqlite://`".into()),
                ":memory:" => {
                    Err("a path on disk after `sqlite://`, for the record has to last".into())
                }
                path => Ok(Self::Sqlite(path.into())),
            };
        }
        let rest = text
            .strip_prefix("postgres://")
            .or_else(|| text.strip_prefix("postgresql://"));
        match rest {
            Some(rest) if !rest.is_empty() && !rest.contains(char::is_whitespace) => {
                Address::parse(text)?;
                Ok(Self::Postgres(Secret::from(text.to_owned())))
            }
            Some(_) => Err("a host and a database after `postgres://`, without white space".into()),
            None => Err("`sqlite://PATH` or `postgres://…`".into()),
        }
    }
}

impl fmt::Display for StoreUrl {
    /// The URL without its password.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Sqlite(path) => write!(formatter, "sqlite://{}", path.display()),
            Self::Postgres(url) => formatter.write_str(&redact_url(url.expose())),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn store_url_is_a_path_or_a_postgresql_url() {
        assert_eq!(
            StoreUrl::parse("sqlite://a/b.db"),
            Ok(StoreUrl::Sqlite("a/b.db".into()))
        );
        assert_eq!(
            StoreUrl::parse("sqlite:///a/b.db"),
            Ok(StoreUrl::Sqlite("/a/b.db".into()))
        );
        let store = StoreUrl::parse("postgresql://app:canary@db/um").expect("a store");
        assert_eq!(
            format!("{store} {store:?}"),
            "postgresql://app:***@db/um Postgres(***)"
        );
        for bad in [
            "",
            "sqlite://",
            "sqlite://:memory:",
            "postgres://",
            "postgres://a b",
            "postgres://db/um?sslmode=maybe",
            "mysql://db",
            "x.db",
        ] {
            assert!(StoreUrl::parse(bad).is_err(), "{bad}");
        }
    }
}
