//! Is this text a signed token at all, and what does its header say?

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::de::{DeserializeOwned, IgnoredAny};
use serde::{Deserialize, Deserializer};

use super::token::TokenError;

/// Longer than any real access token, short enough that hashing one costs nothing to speak of.
const TOKEN_BYTES_MAX: usize = 8 * 1024;

/// A token taken apart. Nothing in it has been verified.
pub(super) struct Form<'t> {
    /// What the signature is over: header and payload as they were sent.
    pub signed: &'t str,
    /// The signature, in base64url.
    pub signature: &'t str,
    /// The claims' bytes. They are not looked at before the signature is good.
    pub payload: Vec<u8>,
    /// The header's `alg`, whatever it says.
    pub algorithm: String,
    /// The header's `kid`.
    pub kid: Option<String>,
}

/// The header fields that matter. A field given twice is refused, so no two readers can disagree.
#[derive(Deserialize)]
struct Header {
    alg: String,
    kid: Option<String>,
    #[serde(default, deserialize_with = "present")]
    crit: bool,
}

/// Even `"crit": null` is a `crit`.
fn present<'de, D: Deserializer<'de>>(field: D) -> Result<bool, D::Error> {
    IgnoredAny::deserialize(field).map(|_| true)
}

/// The token in an `authorization` value of the scheme `Bearer`, in any case.
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

impl<'t> Form<'t> {
    /// Takes a token apart. An empty signature is let through, so that an unsigned token is refused
    /// for its algorithm.
    pub(super) fn parse(token: &'t str) -> Result<Self, TokenError> {
        let (signed, signature) = token.rsplit_once('.').ok_or(TokenError::Malformed)?;
        let (header, payload) = signed.split_once('.').ok_or(TokenError::Malformed)?;
        // A further dot is outside the base64url alphabet, so three parts are exactly three.
        let header: Header = object(&decode(header)?).ok_or(TokenError::Malformed)?;
        let payload = decode(payload)?;
        decode(signature)?;
        if header.crit {
            // RFC 7515 section 4.1.11: an extension that one must understand and does not.
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

/// What a JSON object holds. A list of the same values in their order is none, though serde would take it for one: no
/// other reader of tokens does (RFC 7515 section 4, RFC 7519 section 4).
pub(super) fn object<T: DeserializeOwned>(json: &[u8]) -> Option<T> {
    let is_object = json.trim_ascii_start().starts_with(b"{");
    serde_json::from_slice(json).ok().filter(|_| is_object)
}

fn decode(part: &str) -> Result<Vec<u8>, TokenError> {
    URL_SAFE_NO_PAD
        .decode(part)
        .map_err(|_| TokenError::Malformed)
}
