//! The verification of bearer tokens, with a cache of verified ones.

use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, Utc};
use jsonwebtoken::Algorithm;
use quick_cache::sync::Cache;
use sha2::{Digest, Sha256};

use super::caller::Identity;
use super::error::TokenError;
use super::jwt::{Claims, UnverifiedToken, Validity, bearer};
use super::keys::{Key, accepted_algorithm};
use super::source::KeySource;

/// The maximum number of cached tokens: some MB, and more callers than one server has in an hour.
const CACHED_TOKENS_MAX: usize = 10_000;

/// The SHA-256 of a token: no token can be stolen from the cache.
type Fingerprint = [u8; 32];

/// A verified token.
#[derive(Clone)]
struct VerifiedToken {
    identity: Arc<Identity>,
    validity: Validity,
    /// The number of the key set that verified it. A change of keys so invalidates the whole cache at once, for
    /// verifications in progress too.
    generation: u64,
}

/// Verifies bearer tokens of one issuer for one audience.
pub struct Verifier {
    issuer: String,
    audience: String,
    keys: KeySource,
    verified: Cache<Fingerprint, VerifiedToken>,
}

impl Verifier {
    /// A verifier of tokens with exactly `issuer` as `iss`, and with `audience` as or in `aud`.
    #[must_use]
    pub fn new(issuer: impl Into<String>, audience: impl Into<String>, keys: KeySource) -> Self {
        Self::with_capacity(issuer, audience, keys, CACHED_TOKENS_MAX)
    }

    pub(super) fn with_capacity(
        issuer: impl Into<String>,
        audience: impl Into<String>,
        keys: KeySource,
        cached_tokens_max: usize,
    ) -> Self {
        Self {
            issuer: issuer.into(),
            audience: audience.into(),
            keys,
            verified: Cache::new(cached_tokens_max),
        }
    }

    /// The time since the last successful fetch of the token keys; `None` for keys that never change.
    #[must_use]
    pub fn keys_age(&self) -> Option<Duration> {
        self.keys.age()
    }

    /// Returns the caller of an `authorization` value, checked at `now`.
    ///
    /// A cached token is answered without awaiting. For any other the checks run in this order: compact form, algorithm,
    /// key, signature, and then the claims: their form, `exp`, `nbf`, `iss`, `aud`. An unknown `kid` triggers a fetch of
    /// the keys, at most one every 10 seconds for all callers together.
    ///
    /// # Errors
    ///
    /// The first check that the token fails.
    pub async fn verify(
        &self,
        authorization: Option<&str>,
        now: DateTime<Utc>,
    ) -> Result<Arc<Identity>, TokenError> {
        let text = bearer(authorization)?;
        let fingerprint: Fingerprint = Sha256::digest(text.as_bytes()).into();
        if let Some(token) = self.verified.get(&fingerprint)
            && token.generation == self.keys.generation()
        {
            token.validity.check(now)?;
            return Ok(token.identity);
        }

        let token = UnverifiedToken::parse(text)?;
        let algorithm = accepted_algorithm(&token.algorithm).ok_or(TokenError::Algorithm)?;
        let (key, generation) = self.key(token.kid.as_deref(), algorithm).await?;
        if !key.verifies(token.signed, token.signature) {
            return Err(TokenError::Signature);
        }
        let claims = Claims::parse(&token.payload)?;
        let (identity, validity) = claims.accept(&self.issuer, &self.audience, now)?;

        let identity = Arc::new(identity);
        let verified = VerifiedToken {
            identity: Arc::clone(&identity),
            validity,
            generation,
        };
        self.verified.insert(fingerprint, verified);
        Ok(identity)
    }

    /// The key of a token; fetches the key set once more where it is not in it.
    async fn key(
        &self,
        kid: Option<&str>,
        algorithm: Algorithm,
    ) -> Result<(Arc<Key>, u64), TokenError> {
        let present = self.keys.present();
        let found = present.keys.find(kid, algorithm);
        if found != Err(TokenError::KeyUnknown) {
            return Ok((found?, present.number));
        }
        self.keys.refresh_for_unknown_key(present.number).await;
        let present = self.keys.present();
        Ok((present.keys.find(kid, algorithm)?, present.number))
    }

    #[cfg(test)]
    pub(super) fn cached(&self) -> usize {
        self.verified.len()
    }
}
