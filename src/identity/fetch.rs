//! How are the bytes of a JWKS got without trusting where they come from?

use std::error::Error;
use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::time::Duration;

use async_trait::async_trait;
use reqwest::{Client, ClientBuilder, Url, redirect};

use super::jwks::{JwksError, JwksSource};

/// For the whole exchange: a caller with a new `kid` waits for it.
const TIMEOUT: Duration = Duration::from_secs(5);

/// Enough for an issuer's document to have moved; a chain of them is a mistake.
const REDIRECTS_MAX: usize = 3;

/// Real key sets have a few KiB.
pub(super) const BODY_BYTES_MAX: usize = 1024 * 1024;

/// Something that yields the bytes of a JWKS.
#[async_trait]
pub(super) trait Fetch: Send + Sync {
    async fn fetch(&self) -> Result<Vec<u8>, JwksError>;
}

/// A reader for the source.
pub(super) fn fetcher(source: &JwksSource) -> Result<Box<dyn Fetch>, JwksError> {
    Ok(match source {
        JwksSource::File(path) => Box::new(FromFile(path.clone())),
        JwksSource::Url(url) => Box::new(FromUrl::new(url.clone(), Client::builder())?),
    })
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

/// A document behind https.
pub(super) struct FromUrl {
    url: Url,
    client: Client,
}

impl FromUrl {
    /// The builder lets a caller bring trust anchors of its own; the limits are set here.
    pub(super) fn new(url: Url, client: ClientBuilder) -> Result<Self, JwksError> {
        if url.scheme() != "https" {
            return Err(JwksError::NotHttps);
        }
        let client = client
            // Of redirects too.
            .https_only(true)
            .redirect(redirect::Policy::limited(REDIRECTS_MAX))
            .referer(false)
            .timeout(TIMEOUT)
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
        // Counted as it arrives: the length that a server announces is only its word.
        while let Some(chunk) = response.chunk().await.map_err(describe)? {
            if body.len() + chunk.len() > BODY_BYTES_MAX {
                return Err(JwksError::TooLarge);
            }
            body.extend_from_slice(&chunk);
        }
        Ok(body)
    }
}

/// The error with its causes but without any URL, whose query may be a secret.
fn describe(error: reqwest::Error) -> JwksError {
    if error.is_timeout() {
        return JwksError::Fetch(format!("no answer within {} s", TIMEOUT.as_secs()));
    }
    if error.is_redirect() {
        return JwksError::Fetch("redirected too often, or to where https is not spoken".into());
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
