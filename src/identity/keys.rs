//! The public keys of a JWKS that may verify tokens, each bound to one algorithm.

use std::sync::Arc;

use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED, ED25519, RSA_PKCS1_2048_8192_SHA256, RsaPublicKeyComponents,
    UnparsedPublicKey, VerificationAlgorithm,
};
use jsonwebtoken::jwk::{
    AlgorithmParameters, EllipticCurve, Jwk, KeyAlgorithm, KeyOperations, PublicKeyUse,
};
use jsonwebtoken::{Algorithm, DecodingKey, DecodingKeyKind};
use serde::Deserialize;
use serde_json::Value;

use super::error::{JwksError, TokenError};

/// NIST SP 800-131A: nothing shorter for signatures.
const RSA_BITS_MIN: usize = 2048;

/// The accepted algorithms: neither symmetric ones nor `none`.
const ACCEPTED: [Algorithm; 3] = [Algorithm::ES256, Algorithm::RS256, Algorithm::EdDSA];

/// The algorithm with this JOSE name, if it is accepted.
pub(super) fn accepted_algorithm(name: &str) -> Option<Algorithm> {
    let algorithm = name.parse().ok()?;
    ACCEPTED.contains(&algorithm).then_some(algorithm)
}

/// A public key with the one algorithm that it verifies.
#[derive(Debug)]
pub(super) struct Key {
    jwk: Jwk,
    algorithm: Algorithm,
    decoding: DecodingKey,
}

impl PartialEq for Key {
    fn eq(&self, other: &Self) -> bool {
        self.jwk == other.jwk
    }
}

impl Key {
    fn kid(&self) -> Option<&str> {
        self.jwk.common.key_id.as_deref()
    }

    /// Whether the signature (in base64url) over `signed` is this key's. The algorithm is the key's own, never the
    /// token's.
    pub(super) fn verifies(&self, signed: &str, signature: &str) -> bool {
        let signed = signed.as_bytes();
        jsonwebtoken::crypto::verify(signature, signed, &self.decoding, self.algorithm)
            .unwrap_or(false)
    }
}

/// The reason why a key of a JWKS is ignored.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(super) enum Ignored {
    #[error("it is symmetric")]
    Symmetric,
    #[error("it is an RSA key of fewer than {RSA_BITS_MIN} bits")]
    Weak,
    #[error("its private part is published with it")]
    Private,
    #[error("it has the same `kid` and algorithm as one before it")]
    Repeated,
    #[error("its numbers are not a public key")]
    Broken,
    #[error("it is not for verifying signatures")]
    Use,
    #[error("its kind or algorithm is not accepted")]
    Kind,
}

impl Ignored {
    /// Whether the issuer may have made a mistake; otherwise the key is for other services.
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
    /// The ignored keys, by position in the document.
    pub(super) ignored: Vec<(usize, Ignored)>,
}

/// Sets are equal when their usable keys are.
impl PartialEq for KeySet {
    fn eq(&self, other: &Self) -> bool {
        self.keys == other.keys
    }
}

/// A JWKS. Its keys are parsed one by one, so that an odd key of another service hides no other.
#[derive(Deserialize)]
struct Document {
    keys: Vec<Value>,
}

impl KeySet {
    /// Parses a JWKS (RFC 7517). Keys of unknown kinds, not for signatures, symmetric, or too weak are ignored.
    ///
    /// # Errors
    ///
    /// When it is not a JWKS, or none of its keys can be used.
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
            match parse_key(value) {
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

    /// The key of a token with this `kid` and `alg`.
    ///
    /// Without a `kid` the set must have exactly one key with the algorithm.
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
            .filter(|key| key.kid() == Some(kid))
            .peekable();
        if named.peek().is_none() {
            return Err(TokenError::KeyUnknown);
        }
        // RFC 7517 lets keys of different kinds share a `kid`.
        let key = named.find(fits).ok_or(TokenError::Algorithm)?;
        Ok(Arc::clone(key))
    }

    fn has_twin(&self, key: &Key) -> bool {
        let mut keys = self.keys.iter();
        key.kid().is_some()
            && keys.any(|other| other.kid() == key.kid() && other.algorithm == key.algorithm)
    }
}

fn parse_key(value: Value) -> Result<Key, Ignored> {
    // The library's type drops the private part.
    let is_private = value.get("d").is_some();
    let jwk: Jwk = serde_json::from_value(value).map_err(|_| Ignored::Kind)?;
    if matches!(jwk.algorithm, AlgorithmParameters::OctetKey(_)) {
        return Err(Ignored::Symmetric);
    }
    let common = &jwk.common;
    let for_signatures =
        (common.public_key_use.as_ref()).is_none_or(|it| *it == PublicKeyUse::Signature);
    let for_verifying =
        (common.key_operations.as_ref()).is_none_or(|it| it.contains(&KeyOperations::Verify));
    if !for_signatures || !for_verifying {
        return Err(Ignored::Use);
    }
    let algorithm = match &jwk.algorithm {
        AlgorithmParameters::EllipticCurve(ec) if ec.curve == EllipticCurve::P256 => {
            Algorithm::ES256
        }
        AlgorithmParameters::RSA(_) => Algorithm::RS256,
        AlgorithmParameters::OctetKeyPair(pair) if pair.curve == EllipticCurve::Ed25519 => {
            Algorithm::EdDSA
        }
        _ => return Err(Ignored::Kind),
    };
    if (common.key_algorithm).is_some_and(|it| it != KeyAlgorithm::from(algorithm)) {
        return Err(Ignored::Kind);
    }
    if is_private {
        return Err(Ignored::Private);
    }
    Ok(Key {
        decoding: decode(&jwk, algorithm)?,
        jwk,
        algorithm,
    })
}

/// Decodes the numbers, and checks them: the library does so only when it verifies.
fn decode(jwk: &Jwk, algorithm: Algorithm) -> Result<DecodingKey, Ignored> {
    let key = DecodingKey::from_jwk(jwk).map_err(|_| Ignored::Broken)?;
    match key.kind() {
        DecodingKeyKind::RsaModulusExponent { n, e } => {
            let (n, e) = (without_leading_zeros(n), without_leading_zeros(e));
            let top_byte_zeros = n.first().map_or(0, |top| top.leading_zeros() as usize);
            if n.len() * 8 - top_byte_zeros < RSA_BITS_MIN {
                return Err(Ignored::Weak);
            }
            RsaPublicKeyComponents { n, e }
                .to_parsed_public_key(&RSA_PKCS1_2048_8192_SHA256)
                .map_err(|_| Ignored::Broken)?;
            Ok(DecodingKey::from_rsa_raw_components(n, e))
        }
        DecodingKeyKind::SecretOrDer(point) => {
            let curve: &dyn VerificationAlgorithm = if algorithm == Algorithm::EdDSA {
                &ED25519
            } else {
                &ECDSA_P256_SHA256_FIXED
            };
            let parsed = UnparsedPublicKey::new(curve, point).parse();
            parsed.map(|_| key.clone()).map_err(|_| Ignored::Broken)
        }
    }
}

/// Some issuers write a sign byte, which RFC 7518 forbids and the library refuses.
fn without_leading_zeros(bytes: &[u8]) -> &[u8] {
    let zeros = bytes.iter().take_while(|byte| **byte == 0).count();
    &bytes[zeros..]
}
