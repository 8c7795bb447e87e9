//! What does a token with a good signature claim, and is it for us and for now?

use chrono::{DateTime, Utc};
use serde::Deserialize;
use serde_json::{Number, Value};

use super::form::object;
use super::token::TokenError;
use super::{ActorType, Identity, ScopeSet};

/// How far the issuer's clock and ours may be apart.
const LEEWAY_SECONDS: i64 = 60;

/// The longest subject `OpenID` Connect allows; a bound keeps callers' keys indexable.
const SUBJECT_CHARACTERS_MAX: usize = 255;

/// The times between which a token is good, in seconds since 1970, before leeway.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Window {
    pub expires: i64,
    pub not_before: Option<i64>,
}

impl Window {
    /// Judges the window at `now`.
    ///
    /// The end is exclusive and the start inclusive, as in RFC 7519: at `exp` + 60 s a token has
    /// expired, at `nbf` - 60 s it has begun.
    pub(super) fn check(self, now: DateTime<Utc>) -> Result<(), TokenError> {
        if self.expired(now) {
            return Err(TokenError::Expired);
        }
        // A part of a second cannot matter: all bounds are whole seconds.
        let latest_start = now.timestamp().saturating_add(LEEWAY_SECONDS);
        if self.not_before.is_some_and(|start| start > latest_start) {
            return Err(TokenError::NotYetValid);
        }
        Ok(())
    }

    pub(super) fn expired(self, now: DateTime<Utc>) -> bool {
        self.expires.saturating_add(LEEWAY_SECONDS) <= now.timestamp()
    }
}

/// The claims that are read. A claim of a wrong type, or given twice, makes the token malformed.
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
    /// Reads the payload of a token whose signature is good.
    pub(super) fn parse(payload: &[u8]) -> Result<Self, TokenError> {
        let claims: Self = object(payload).ok_or(TokenError::Malformed)?;
        let subject = &claims.sub;
        if subject.trim().is_empty()
            || subject.chars().count() > SUBJECT_CHARACTERS_MAX
            || subject.chars().any(char::is_control)
        {
            return Err(TokenError::Malformed);
        }
        Ok(claims)
    }

    /// Judges time, issuer and audience, in this order, and says who calls.
    pub(super) fn accept(
        self,
        issuer: &str,
        audience: &str,
        now: DateTime<Utc>,
    ) -> Result<(Identity, Window), TokenError> {
        let window = Window {
            expires: seconds(&self.exp, f64::floor)?,
            not_before: match &self.nbf {
                Some(start) => Some(seconds(start, f64::ceil)?),
                None => None,
            },
        };
        window.check(now)?;
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
            scopes: self
                .scope
                .as_deref()
                .map_or(ScopeSet::EMPTY, ScopeSet::parse),
        };
        Ok((identity, window))
    }
}

/// A JSON date as whole seconds. RFC 7519 allows fractions; `round` takes them against the caller.
fn seconds(date: &Number, round: fn(f64) -> f64) -> Result<i64, TokenError> {
    /// Whole numbers up to here are exact in an `f64`.
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
