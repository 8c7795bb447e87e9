//! A JSON Web Token: its compact form, its header, and the checks of its claims.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::{DateTime, Utc};
use serde::de::{DeserializeOwned, IgnoredAny};
use serde::{Deserialize, Deserializer};
use serde_json::{Number, Value};

use super::caller::{ActorType, Identity};
use super::error::TokenError;
use super::scope::ScopeSet;

/// Longer than any real access token, and short enough that its hash costs nothing to speak of.
const TOKEN_BYTES_MAX: usize = 8 * 1024;

/// The maximum difference between the issuer's clock and ours.
const LEEWAY_SECONDS: i64 = 60;

/// The longest subject that `OpenID` Connect allows; a bound keeps callers' keys indexable.
const SUBJECT_CHARS_MAX: usize = 255;

/// A token split into its parts, none of them verified.
pub(super) struct UnverifiedToken<'t> {
    /// The signed text: header and payload as they were sent.
    pub signed: &'t str,
    /// The signature, in base64url.
    pub signature: &'t str,
    /// The claims' bytes, not to be parsed before the signature is verified.
    pub payload: Vec<u8>,
    /// The header's `alg`, whatever its value.
    pub algorithm: String,
    /// The header's `kid`.
    pub kid: Option<String>,
}

/// The header fields in use. A duplicate field is refused, so that no two readers disagree.
#[derive(Deserialize)]
struct Header {
    alg: String,
    kid: Option<String>,
    #[serde(default, deserialize_with = "is_present")]
    crit: bool,
}

/// Even `"crit": null` is a `crit`.
fn is_present<'de, D: Deserializer<'de>>(field: D) -> Result<bool, D::Error> {
    IgnoredAny::deserialize(field).map(|_| true)
}

/// The token in an `authorization` value. The scheme `Bearer` may have any case.
pub(super) fn bearer(authorization: Option<&str>) -> Result<&str, TokenError> {
    let value = authorization.map_or("", str::trim);
    if value.is_empty() {
        return Err(TokenError::Missing);
    }
    let (scheme, token) = value.split_once(' ').unwrap_or((value, ""));
    if !scheme.eq_ignore_ascii_case("bearer") {
        return Err(TokenError::Malformed);
    }
    match token.trim_start() {
        "" => Err(TokenError::Missing),
        token if token.len() > TOKEN_BYTES_MAX => Err(TokenError::Malformed),
        token => Ok(token),
    }
}

impl<'t> UnverifiedToken<'t> {
    /// Splits a token. An empty signature passes here, so that an unsigned token is refused for its algorithm.
    pub(super) fn parse(token: &'t str) -> Result<Self, TokenError> {
        let (signed, signature) = token.rsplit_once('.').ok_or(TokenError::Malformed)?;
        let (header, payload) = signed.split_once('.').ok_or(TokenError::Malformed)?;
        // A fourth part would have a dot, which is outside the base64url alphabet.
        let header: Header = object(&decode(header)?).ok_or(TokenError::Malformed)?;
        let payload = decode(payload)?;
        decode(signature)?;
        if header.crit {
            // RFC 7515 section 4.1.11: an extension that must be understood, and is not.
            return Err(TokenError::Malformed);
        }
        Ok(Self {
            signed,
            signature,
            payload,
            algorithm: header.alg,
            kid: header.kid,
        })
    }
}

/// Reads a JSON object. A list of the same values in the same order is refused: serde would accept it, but no other
/// reader of tokens does (RFC 7515 section 4, RFC 7519 section 4).
fn object<T: DeserializeOwned>(json: &[u8]) -> Option<T> {
    let is_object = json.trim_ascii_start().starts_with(b"{");
    serde_json::from_slice(json).ok().filter(|_| is_object)
}

fn decode(part: &str) -> Result<Vec<u8>, TokenError> {
    URL_SAFE_NO_PAD
        .decode(part)
        .map_err(|_| TokenError::Malformed)
}

/// A token's period of validity, in seconds since 1970, before leeway.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Validity {
    pub expires: i64,
    pub not_before: Option<i64>,
}

impl Validity {
    /// Checks the period at `now`.
    ///
    /// The end is exclusive and the start inclusive, as in RFC 7519: at `exp` + 60 s a token has expired, at `nbf` - 60 s
    /// it has begun.
    pub(super) fn check(self, now: DateTime<Utc>) -> Result<(), TokenError> {
        // A part of a second cannot matter: all bounds are whole seconds.
        if self.expires.saturating_add(LEEWAY_SECONDS) <= now.timestamp() {
            return Err(TokenError::Expired);
        }
        let latest_start = now.timestamp().saturating_add(LEEWAY_SECONDS);
        if self.not_before.is_some_and(|start| start > latest_start) {
            return Err(TokenError::NotYetValid);
        }
        Ok(())
    }
}

/// The claims in use. A claim of a wrong type, or a duplicate one, makes the token malformed.
#[derive(Deserialize)]
pub(super) struct Claims {
    iss: Option<String>,
    sub: String,
    aud: Option<Audience>,
    exp: Number,
    nbf: Option<Number>,
    scope: Option<String>,
    actor_type: Option<Value>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Audience {
    One(String),
    Several(Vec<String>),
}

impl Audience {
    fn includes(&self, wanted: &str) -> bool {
        match self {
            Self::One(audience) => audience == wanted,
            Self::Several(audiences) => audiences.iter().any(|audience| audience == wanted),
        }
    }
}

impl Claims {
    /// Parses the payload of a token after its signature is verified.
    pub(super) fn parse(payload: &[u8]) -> Result<Self, TokenError> {
        let claims: Self = object(payload).ok_or(TokenError::Malformed)?;
        let subject = &claims.sub;
        if subject.trim().is_empty()
            || subject.chars().count() > SUBJECT_CHARS_MAX
            || subject.chars().any(char::is_control)
        {
            return Err(TokenError::Malformed);
        }
        Ok(claims)
    }

    /// Checks period, issuer and audience, in this order, and returns the caller's identity.
    pub(super) fn accept(
        self,
        issuer: &str,
        audience: &str,
        now: DateTime<Utc>,
    ) -> Result<(Identity, Validity), TokenError> {
        let not_before = self.nbf.as_ref();
        let validity = Validity {
            expires: seconds(&self.exp, f64::floor)?,
            not_before: not_before
                .map(|start| seconds(start, f64::ceil))
                .transpose()?,
        };
        validity.check(now)?;
        if self.iss.as_deref() != Some(issuer) {
            return Err(TokenError::Issuer);
        }
        if !self.aud.is_some_and(|aud| aud.includes(audience)) {
            return Err(TokenError::Audience);
        }
        let actor_type = match self.actor_type {
            Some(Value::String(word)) if word == ActorType::Person.as_str() => ActorType::Person,
            Some(_) | None => ActorType::Service,
        };
        let identity = Identity {
            issuer: Some(issuer.to_owned()),
            subject: self.sub,
            actor_type,
            scopes: ScopeSet::parse(self.scope.as_deref().unwrap_or_default()),
        };
        Ok((identity, validity))
    }
}

/// A JSON date as whole seconds. RFC 7519 allows fractions; `round` rounds them against the caller.
fn seconds(date: &Number, round: fn(f64) -> f64) -> Result<i64, TokenError> {
    /// Whole numbers up to this one are exact in an `f64`.
    const EXACT_MAX: f64 = 9_007_199_254_740_992.0;

    if let Some(whole) = date.as_i64() {
        return Ok(whole);
    }
    let rounded = date.as_f64().map(round).ok_or(TokenError::Malformed)?;
    if rounded.abs() > EXACT_MAX {
        return Err(TokenError::Malformed);
    }
    #[expect(
        clippy::cast_possible_truncation,
        reason = "whole and within the exact range, by the lines above"
    )]
    Ok(rounded as i64)
}
