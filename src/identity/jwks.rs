//! The location of the issuer's JWKS, and the fetch of its bytes from a file or over https.

use std::error::Error;
use std::fmt;
use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::time::Duration;

use async_trait::async_trait;
use reqwest::{Client, ClientBuilder, Url, redirect};

use super::error::JwksError;

/// The limit of the whole exchange: a caller with an unknown `kid` waits for it.
const FETCH_TIMEOUT: Duration = Duration::from_secs(5);

/// The maximum size of a document; real key sets have a few KiB.
const BODY_BYTES_MAX: usize = 1024 * 1024;

/// The location of a JWKS.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum JwksLocation {
    /// A file, read again at each refresh.
    File(PathBuf),
    /// An https URL.
    Url(Url),
}

impl JwksLocation {
    /// Reads an https URL without credentials, or else the path of a file.
    ///
    /// # Errors
    ///
    /// What was expected, without any part of the text.
    pub fn parse(text: &str) -> Result<Self, String> {
        if !text.contains("://") && !text.is_empty() {
            return Ok(Self::File(PathBuf::from(text)));
        }
        match Url::parse(text) {
            Ok(url)
                if url.scheme() == "https"
                    && url.username().is_empty()
                    && url.password().is_none() =>
            {
                Ok(Self::Url(url))
            }
            Ok(_) | Err(_) => Err("a file or an https URL, without credentials in it".into()),
        }
    }

    /// A reader of the location.
    pub(super) fn fetcher(&self) -> Result<Box<dyn Fetch>, JwksError> {
        Ok(match self {
            Self::File(path) => Box::new(FromFile(path.clone())),
            Self::Url(url) => Box::new(FromUrl::new(url.clone(), Client::builder())?),
        })
    }
}

/// The path, or the URL without query and fragment, which may hold secrets.
impl fmt::Display for JwksLocation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File(path) => write!(f, "{}", path.display()),
            Self::Url(url) => write!(f, "{}{}", url.origin().ascii_serialization(), url.path()),
        }
    }
}

/// A reader of a JWKS.
#[async_trait]
pub(super) trait Fetch: Send + Sync {
    async fn fetch(&self) -> Result<Vec<u8>, JwksError>;
}

struct FromFile(PathBuf);

#[async_trait]
impl Fetch for FromFile {
    async fn fetch(&self) -> Result<Vec<u8>, JwksError> {
        let path = self.0.clone();
        tokio::task::spawn_blocking(move || read_file(&path))
            .await
            .map_err(std::io::Error::other)?
    }
}

fn read_file(path: &Path) -> Result<Vec<u8>, JwksError> {
    let mut body = Vec::new();
    let limit = BODY_BYTES_MAX as u64 + 1;
    File::open(path)?.take(limit).read_to_end(&mut body)?;
    if body.len() > BODY_BYTES_MAX {
        return Err(JwksError::TooLarge);
    }
    Ok(body)
}

/// A reader over https.
pub(super) struct FromUrl {
    url: Url,
    client: Client,
}

impl FromUrl {
    /// Sets the limits; a test's builder brings its own trust anchors.
    pub(super) fn new(url: Url, client: ClientBuilder) -> Result<Self, JwksError> {
        let client = client
            .https_only(true)
            // The configured host alone is trusted with the keys.
            .redirect(redirect::Policy::none())
            .referer(false)
            .timeout(FETCH_TIMEOUT)
            .user_agent(concat!("second-opinion/", env!("CARGO_PKG_VERSION")))
            .build()
            .map_err(describe)?;
        Ok(Self { url, client })
    }
}

#[async_trait]
impl Fetch for FromUrl {
    async fn fetch(&self) -> Result<Vec<u8>, JwksError> {
        let request = self.client.get(self.url.clone());
        let mut response = request.send().await.map_err(describe)?;
        if !response.status().is_success() {
            return Err(JwksError::Status(response.status().as_u16()));
        }
        let mut body = Vec::new();
        // Counted as it arrives: the announced length may be wrong.
        while let Some(chunk) = response.chunk().await.map_err(describe)? {
            if body.len() + chunk.len() > BODY_BYTES_MAX {
                return Err(JwksError::TooLarge);
            }
            body.extend_from_slice(&chunk);
        }
        Ok(body)
    }
}

/// The error with its causes but without the URL: its query may be a secret.
fn describe(error: reqwest::Error) -> JwksError {
    if error.is_timeout() {
        return JwksError::Fetch(format!("no answer within {} s", FETCH_TIMEOUT.as_secs()));
    }
    let error = error.without_url();
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(inner) = cause {
        if !inner.is::<reqwest::Error>() {
            text.push_str(": ");
            text.push_str(&inner.to_string());
        }
        cause = inner.source();
    }
    JwksError::Fetch(text)
}
