//! Which public keys does a JWKS hold that may verify a token, and which one fits this token?

use std::sync::Arc;

use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED, ED25519, RSA_PKCS1_2048_8192_SHA256, RsaPublicKeyComponents,
    UnparsedPublicKey,
};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::DecodingKey;
use serde::Deserialize;
use serde_json::Value;
use sha2::{Digest, Sha256};

use super::jwks::JwksError;
use super::token::TokenError;

/// NIST SP 800-131A: nothing shorter for signatures.
const RSA_BITS_MIN: usize = 2048;

/// The algorithms accepted; symmetric ones and `none` cannot even be named.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Algorithm {
    Es256,
    Rs256,
    EdDsa,
}

impl Algorithm {
    /// The algorithm that a JOSE `alg` names, if it is accepted.
    pub(super) fn from_name(name: &str) -> Option<Self> {
        match name {
            "ES256" => Some(Self::Es256),
            "RS256" => Some(Self::Rs256),
            "EdDSA" => Some(Self::EdDsa),
            _ => None,
        }
    }

    const fn library(self) -> jsonwebtoken::Algorithm {
        match self {
            Self::Es256 => jsonwebtoken::Algorithm::ES256,
            Self::Rs256 => jsonwebtoken::Algorithm::RS256,
            Self::EdDsa => jsonwebtoken::Algorithm::EdDSA,
        }
    }
}

/// A public key, bound to the one algorithm that it verifies.
#[derive(Debug)]
pub(super) struct Key {
    kid: Option<String>,
    algorithm: Algorithm,
    /// The SHA-256 of its numbers: tells whether a fetched set is another one.
    digest: [u8; 32],
    decoding: DecodingKey,
}

impl PartialEq for Key {
    fn eq(&self, other: &Self) -> bool {
        (&self.kid, self.algorithm, self.digest) == (&other.kid, other.algorithm, other.digest)
    }
}

impl Key {
    /// Whether the signature (in base64url) over `signed` is this key's. The algorithm is the key's
    /// own, never the token's.
    pub(super) fn verifies(&self, signed: &str, signature: &str) -> bool {
        let algorithm = self.algorithm.library();
        jsonwebtoken::crypto::verify(signature, signed.as_bytes(), &self.decoding, algorithm)
            .unwrap_or(false)
    }
}

/// Why a key of a JWKS is not used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(super) enum Ignored {
    #[error("it is symmetric")]
    Symmetric,
    #[error("it is an RSA key of fewer than {RSA_BITS_MIN} bits")]
    Weak,
    #[error("it has its private part with it, so it is nobody's secret any more")]
    Private,
    #[error("it has the same `kid` and algorithm as one before it")]
    Repeated,
    #[error("its numbers are not a public key")]
    Broken,
    #[error("it is not for verifying signatures")]
    Use,
    #[error("it is of a kind or for an algorithm that this service does not accept")]
    Kind,
}

impl Ignored {
    /// Whether someone should look into it, or the key is merely for others.
    pub(super) const fn is_suspicious(self) -> bool {
        match self {
            Self::Symmetric | Self::Weak | Self::Private | Self::Repeated | Self::Broken => true,
            Self::Use | Self::Kind => false,
        }
    }
}

/// The keys of a JWKS that may verify a token; never empty.
#[derive(Debug)]
pub struct KeySet {
    keys: Vec<Arc<Key>>,
    /// What was passed over, by position in the document.
    pub(super) ignored: Vec<(usize, Ignored)>,
}

/// Sets are equal when their usable keys are.
impl PartialEq for KeySet {
    fn eq(&self, other: &Self) -> bool {
        self.keys == other.keys
    }
}

/// Only the outer shape: what is inside a key may be of any kind.
#[derive(Deserialize)]
struct Document {
    keys: Vec<Value>,
}

#[derive(Deserialize)]
struct Jwk {
    kty: String,
    crv: Option<String>,
    alg: Option<String>,
    kid: Option<String>,
    #[serde(rename = "use")]
    purpose: Option<String>,
    key_ops: Option<Vec<String>>,
    n: Option<String>,
    e: Option<String>,
    x: Option<String>,
    y: Option<String>,
    d: Option<Value>,
}

impl KeySet {
    /// Reads a JWKS (RFC 7517). Keys of unknown kinds, not for signatures, symmetric, or too weak
    /// are passed over.
    ///
    /// # Errors
    ///
    /// If it is not a JWKS, or none of its keys can be used.
    pub fn parse(json: &[u8]) -> Result<Self, JwksError> {
        let document: Document =
            serde_json::from_slice(json).map_err(|error| JwksError::NotAKeySet {
                line: error.line(),
                column: error.column(),
            })?;
        let mut set = Self {
            keys: Vec::new(),
            ignored: Vec::new(),
        };
        for (position, value) in document.keys.into_iter().enumerate() {
            match key(value) {
                Ok(key) if set.has_twin(&key) => set.ignored.push((position, Ignored::Repeated)),
                Ok(key) => set.keys.push(Arc::new(key)),
                Err(reason) => set.ignored.push((position, reason)),
            }
        }
        if set.keys.is_empty() {
            let reasons = set.ignored.iter();
            let reasons = reasons.map(|(position, reason)| format!("key {position}: {reason}"));
            return Err(JwksError::NoUsableKey(
                reasons.collect::<Vec<_>>().join("; "),
            ));
        }
        Ok(set)
    }

    /// The key for a token with this `kid` and `alg`.
    ///
    /// Without a `kid` the set must have exactly one key for the algorithm.
    pub(super) fn find(
        &self,
        kid: Option<&str>,
        algorithm: Algorithm,
    ) -> Result<Arc<Key>, TokenError> {
        let fits = |key: &&Arc<Key>| key.algorithm == algorithm;
        let Some(kid) = kid else {
            let mut fitting = self.keys.iter().filter(fits);
            return match (fitting.next(), fitting.next()) {
                (Some(key), None) => Ok(Arc::clone(key)),
                (None | Some(_), _) => Err(TokenError::KeyUnknown),
            };
        };
        let mut named = self
            .keys
            .iter()
            .filter(|key| key.kid.as_deref() == Some(kid))
            .peekable();
        if named.peek().is_none() {
            return Err(TokenError::KeyUnknown);
        }
        // RFC 7517 lets keys of different kinds share a `kid`.
        let key = named.find(fits).ok_or(TokenError::Algorithm)?;
        Ok(Arc::clone(key))
    }

    fn has_twin(&self, key: &Key) -> bool {
        key.kid.is_some()
            && self
                .keys
                .iter()
                .any(|other| other.kid == key.kid && other.algorithm == key.algorithm)
    }
}

fn key(value: Value) -> Result<Key, Ignored> {
    let jwk: Jwk = serde_json::from_value(value).map_err(|_| Ignored::Kind)?;
    if jwk.kty == "oct" {
        return Err(Ignored::Symmetric);
    }
    let for_signatures = jwk
        .purpose
        .as_deref()
        .is_none_or(|purpose| purpose == "sig");
    let for_verifying =
        (jwk.key_ops.as_ref()).is_none_or(|ops| ops.iter().any(|op| op == "verify"));
    if !for_signatures || !for_verifying {
        return Err(Ignored::Use);
    }
    let algorithm = match (jwk.kty.as_str(), jwk.crv.as_deref()) {
        ("EC", Some("P-256")) => Algorithm::Es256,
        ("RSA", _) => Algorithm::Rs256,
        ("OKP", Some("Ed25519")) => Algorithm::EdDsa,
        _ => return Err(Ignored::Kind),
    };
    if (jwk.alg.as_deref()).is_some_and(|alg| Algorithm::from_name(alg) != Some(algorithm)) {
        return Err(Ignored::Kind);
    }
    if jwk.d.is_some() {
        return Err(Ignored::Private);
    }
    let (decoding, numbers) = match algorithm {
        Algorithm::Es256 => p256(&jwk)?,
        Algorithm::Rs256 => rsa(&jwk)?,
        Algorithm::EdDsa => ed25519(&jwk)?,
    };
    Ok(Key {
        kid: jwk.kid,
        algorithm,
        digest: Sha256::digest(&numbers).into(),
        decoding,
    })
}

/// A key for the library, and the numbers that make it up.
type Made = (DecodingKey, Vec<u8>);

fn p256(jwk: &Jwk) -> Result<Made, Ignored> {
    let (x, y) = (number(jwk.x.as_ref())?, number(jwk.y.as_ref())?);
    if x.len() != 32 || y.len() != 32 {
        return Err(Ignored::Broken);
    }
    // SEC 1 section 2.3.3: an uncompressed point.
    let point = [&[4], x.as_slice(), y.as_slice()].concat();
    UnparsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, &point)
        .parse()
        .map_err(|_| Ignored::Broken)?;
    Ok((DecodingKey::from_ec_der(&point), point))
}

fn ed25519(jwk: &Jwk) -> Result<Made, Ignored> {
    let x = number(jwk.x.as_ref())?;
    if x.len() != 32 {
        return Err(Ignored::Broken);
    }
    UnparsedPublicKey::new(&ED25519, &x)
        .parse()
        .map_err(|_| Ignored::Broken)?;
    Ok((DecodingKey::from_ed_der(&x), x))
}

fn rsa(jwk: &Jwk) -> Result<Made, Ignored> {
    let (n, e) = (number(jwk.n.as_ref())?, number(jwk.e.as_ref())?);
    let (n, e) = (without_leading_zeros(&n), without_leading_zeros(&e));
    let top_byte_zeros = n.first().map_or(0, |top| top.leading_zeros() as usize);
    if n.len() * 8 - top_byte_zeros < RSA_BITS_MIN {
        return Err(Ignored::Weak);
    }
    RsaPublicKeyComponents { n, e }
        .to_parsed_public_key(&RSA_PKCS1_2048_8192_SHA256)
        .map_err(|_| Ignored::Broken)?;
    Ok((DecodingKey::from_rsa_raw_components(n, e), [n, e].concat()))
}

fn number(text: Option<&String>) -> Result<Vec<u8>, Ignored> {
    let text = text.ok_or(Ignored::Broken)?;
    URL_SAFE_NO_PAD.decode(text).map_err(|_| Ignored::Broken)
}

/// Some issuers write a sign byte, which RFC 7518 forbids and the library refuses.
fn without_leading_zeros(bytes: &[u8]) -> &[u8] {
    let zeros = bytes.iter().take_while(|byte| **byte == 0).count();
    &bytes[zeros..]
}
