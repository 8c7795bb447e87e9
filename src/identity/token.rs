//! Does this bearer token verify, and if not, which check stopped it?

use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, Utc};

use super::Identity;
use super::cache::{Cache, ENTRIES_MAX, Entry, fingerprint};
use super::claims::Claims;
use super::form::{Form, bearer};
use super::keys::{Algorithm, Key};
use super::source::KeySource;

/// The check that a token did not pass. No message holds any part of the token.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, thiserror::Error)]
pub enum TokenError {
    /// There is no `authorization` metadata, or nothing in it.
    #[error("a bearer token is needed in the `authorization` metadata")]
    Missing,
    /// It is not a signed token of an agreed form, or a claim has a wrong type.
    #[error("the `authorization` metadata does not hold a well-formed bearer token")]
    Malformed,
    /// Its `exp` has passed, by more than the leeway.
    #[error("the token has expired (`exp`)")]
    Expired,
    /// Its `nbf` is to come, by more than the leeway.
    #[error("the token is not valid yet (`nbf`)")]
    NotYetValid,
    /// Its `aud` does not include this service.
    #[error("the token is for another audience (`aud`)")]
    Audience,
    /// Its `iss` is not the issuer that this service trusts.
    #[error("the token is from another issuer (`iss`)")]
    Issuer,
    /// Its `alg` is not accepted, or is not the key's.
    #[error("the token's algorithm (`alg`) is not accepted, or is not its key's")]
    Algorithm,
    /// No present key has its `kid`; or it has none and does not single out a key.
    #[error("the token's key (`kid`) is not among the issuer's present keys")]
    KeyUnknown,
    /// The signature does not fit the key.
    #[error("the token's signature does not verify")]
    Signature,
}

impl TokenError {
    /// The `reason` that callers get in `google.rpc.ErrorInfo`.
    #[must_use]
    pub const fn reason(self) -> &'static str {
        match self {
            Self::Missing => "TOKEN_MISSING",
            Self::Malformed => "TOKEN_MALFORMED",
            Self::Expired => "TOKEN_EXPIRED",
            Self::NotYetValid => "TOKEN_NOT_YET_VALID",
            Self::Audience => "TOKEN_AUDIENCE",
            Self::Issuer => "TOKEN_ISSUER",
            Self::Algorithm => "TOKEN_ALGORITHM",
            Self::KeyUnknown => "TOKEN_KEY_UNKNOWN",
            Self::Signature => "TOKEN_SIGNATURE",
        }
    }
}

/// Verifies bearer tokens of one issuer for one audience.
pub struct Verifier {
    issuer: String,
    audience: String,
    keys: KeySource,
    verified: Cache,
}

impl Verifier {
    /// A verifier of tokens whose `iss` is exactly `issuer` and whose `aud` is or has `audience`.
    #[must_use]
    pub fn new(issuer: impl Into<String>, audience: impl Into<String>, keys: KeySource) -> Self {
        Self {
            issuer: issuer.into(),
            audience: audience.into(),
            keys,
            verified: Cache::new(ENTRIES_MAX),
        }
    }

    /// How long ago the token keys were fetched well; `None`: they never change.
    #[must_use]
    pub fn keys_age(&self) -> Option<Duration> {
        self.keys.age()
    }

    /// Says whose token an `authorization` value holds, judged at `now`.
    ///
    /// A token seen before is answered from memory without awaiting. Otherwise the checks run in
    /// this order: form, algorithm, key, signature, and only then what is claimed: form again,
    /// `exp`, `nbf`, `iss`, `aud`. A `kid` that is not known has the keys fetched again, not more
    /// often than every 10 seconds however many callers ask.
    ///
    /// # Errors
    ///
    /// The first check that the token does not pass.
    pub async fn verify(
        &self,
        authorization: Option<&str>,
        now: DateTime<Utc>,
    ) -> Result<Arc<Identity>, TokenError> {
        let token = bearer(authorization)?;
        let fingerprint = fingerprint(token);
        if let Some(entry) = self.verified.get(&fingerprint, self.keys.generation()) {
            entry.window.check(now)?;
            return Ok(entry.identity);
        }

        let form = Form::parse(token)?;
        let algorithm = Algorithm::from_name(&form.algorithm).ok_or(TokenError::Algorithm)?;
        let (key, generation) = self.key(form.kid.as_deref(), algorithm).await?;
        if !key.verifies(form.signed, form.signature) {
            return Err(TokenError::Signature);
        }
        let claims = Claims::parse(&form.payload)?;
        let (identity, window) = claims.accept(&self.issuer, &self.audience, now)?;

        let identity = Arc::new(identity);
        let entry = Entry {
            identity: Arc::clone(&identity),
            window,
            generation,
        };
        self.verified.insert(fingerprint, entry, now);
        Ok(identity)
    }

    /// The key for a token, fetching the key set again once if it does not have it.
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
    pub(super) fn remembered(&self) -> usize {
        self.verified.len()
    }
}
