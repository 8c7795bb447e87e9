//! Where do the issuer's public keys come from, and what can go wrong with that?

use std::fmt;
use std::io;
use std::path::PathBuf;
use std::str::FromStr;

use reqwest::Url;

/// The place of a JWKS.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum JwksSource {
    /// A file, read again at each refresh.
    File(PathBuf),
    /// A document at an https URL; one with another scheme is refused when it is loaded.
    Url(Url),
}

impl FromStr for JwksSource {
    type Err = JwksError;

    /// Reads an https URL, or else the path of a file.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if !text.contains("://") {
            return Ok(Self::File(PathBuf::from(text)));
        }
        match Url::parse(text) {
            Ok(url) if url.scheme() == "https" => Ok(Self::Url(url)),
            Ok(_) => Err(JwksError::NotHttps),
            Err(_) => Err(JwksError::NotAUrl),
        }
    }
}

/// The path, or the URL without user, password, query and fragment, which may hold secrets.
impl fmt::Display for JwksSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File(path) => write!(f, "{}", path.display()),
            Self::Url(url) => {
                write!(f, "{}://", url.scheme())?;
                f.write_str(url.host_str().unwrap_or_default())?;
                if let Some(port) = url.port() {
                    write!(f, ":{port}")?;
                }
                f.write_str(url.path())
            }
        }
    }
}

/// Why no key set came of a source.
#[derive(Debug, thiserror::Error)]
pub enum JwksError {
    /// It looks like a URL and is none.
    #[error("it is not a URL")]
    NotAUrl,
    /// The scheme is not https.
    #[error("it must be an https URL or the path of a file")]
    NotHttps,
    /// The file cannot be read.
    #[error("it cannot be read: {0}")]
    Read(#[from] io::Error),
    /// The server cannot be reached or does not keep to the protocol. The text holds no URL.
    #[error("it cannot be fetched: {0}")]
    Fetch(String),
    /// The server answered with this HTTP status.
    #[error("its server answered with status {0}")]
    Status(u16),
    /// The document is larger than 1 MiB.
    #[error("it is larger than 1 MiB")]
    TooLarge,
    /// It is not JSON, or not an object with a list of `keys`.
    #[error("it is not a JSON Web Key Set (line {line}, column {column})")]
    NotAKeySet {
        /// The line of the first thing that is wrong, from 1.
        line: usize,
        /// Its column.
        column: usize,
    },
    /// No key in it may verify tokens; the text says what is wrong with each.
    #[error("it has no key that can be used ({})", if .0.is_empty() { "it has none at all" } else { .0 })]
    NoUsableKey(String),
}

/// A JWKS that the service cannot start with.
#[derive(Debug, thiserror::Error)]
#[error("the JWKS `{origin}` cannot be used: {cause}")]
pub struct JwksLoadError {
    /// The source, without what may be secret in a URL.
    pub(super) origin: String,
    /// What is wrong with it.
    pub(super) cause: JwksError,
}

impl JwksLoadError {
    /// What is wrong with the source.
    #[must_use]
    pub const fn cause(&self) -> &JwksError {
        &self.cause
    }
}
