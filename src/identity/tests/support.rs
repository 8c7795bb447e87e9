//! Issuers, keys and tokens of the tests, generated for each test.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, LazyLock, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use aws_lc_rs::encoding::{AsDer, Pkcs8V1Der, PublicKeyX509Der};
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::{KeyPair as RsaKeyPair, KeySize};
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, Ed25519KeyPair, KeyPair,
};
use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use chrono::{DateTime, TimeDelta, Utc};
use jsonwebtoken::{Algorithm, EncodingKey};
use serde_json::{Value, json};

use crate::identity::jwks::Fetch;
use crate::identity::{Identity, JwksError, KeySet, KeySource, TokenError, Verifier};

pub const ISSUER: &str = "https://issuer.example/";
pub const AUDIENCE: &str = "second-opinion";

/// The instant at which the tests' tokens are verified: 2026-03-02T17:00:00Z.
pub fn now() -> DateTime<Utc> {
    DateTime::from_timestamp(1_772_470_800, 0).unwrap()
}

pub fn after(seconds: i64) -> DateTime<Utc> {
    now() + TimeDelta::seconds(seconds)
}

/// A key pair of an issuer.
#[derive(Clone)]
pub struct Pair {
    pub signing: EncodingKey,
    pub algorithm: Algorithm,
    pub jwk: Value,
    /// The public key, PEM.
    pub pem: String,
}

fn pem(tag: &str, der: &[u8]) -> String {
    let body = STANDARD.encode(der);
    format!("-----BEGIN {tag}-----\n{body}\n-----END {tag}-----\n")
}

fn public_pem(key: &impl AsDer<PublicKeyX509Der<'static>>) -> String {
    pem("PUBLIC KEY", key.as_der().unwrap().as_ref())
}

pub fn b64(bytes: impl AsRef<[u8]>) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

pub fn es256(kid: &str) -> Pair {
    let pkcs8 =
        EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &SystemRandom::new())
            .unwrap();
    let pair = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, pkcs8.as_ref()).unwrap();
    let point = pair.public_key().as_ref();
    Pair {
        signing: EncodingKey::from_ec_der(pkcs8.as_ref()),
        algorithm: Algorithm::ES256,
        jwk: json!({
            "kty": "EC", "crv": "P-256", "alg": "ES256", "use": "sig", "kid": kid,
            "x": b64(&point[1..33]), "y": b64(&point[33..]),
        }),
        pem: public_pem(pair.public_key()),
    }
}

pub fn eddsa(kid: &str) -> Pair {
    let pkcs8 = Ed25519KeyPair::generate_pkcs8(&SystemRandom::new()).unwrap();
    let pair = Ed25519KeyPair::from_pkcs8(pkcs8.as_ref()).unwrap();
    Pair {
        signing: EncodingKey::from_ed_der(pkcs8.as_ref()),
        algorithm: Algorithm::EdDSA,
        jwk: json!({
            "kty": "OKP", "crv": "Ed25519", "alg": "EdDSA", "kid": kid,
            "x": b64(pair.public_key()),
        }),
        pem: public_pem(pair.public_key()),
    }
}

/// Generated once: it is slow.
static RSA: LazyLock<RsaKeyPair> =
    LazyLock::new(|| RsaKeyPair::generate(KeySize::Rsa2048).unwrap());

pub fn rs256(kid: &str) -> Pair {
    let der = AsDer::<Pkcs8V1Der>::as_der(&*RSA).unwrap();
    let private = pem("PRIVATE KEY", der.as_ref());
    let public = RSA.public_key();
    Pair {
        signing: EncodingKey::from_rsa_pem(private.as_bytes()).unwrap(),
        algorithm: Algorithm::RS256,
        jwk: json!({
            "kty": "RSA", "alg": "RS256", "use": "sig", "kid": kid,
            "n": b64(public.modulus().big_endian_without_leading_zero()),
            "e": b64(public.exponent().big_endian_without_leading_zero()),
        }),
        pem: public_pem(public),
    }
}

pub fn without(mut object: Value, field: &str) -> Value {
    object.as_object_mut().unwrap().remove(field);
    object
}

pub fn with(mut object: Value, field: &str, value: impl Into<Value>) -> Value {
    object[field] = value.into();
    object
}

pub fn jwks<'k>(keys: impl IntoIterator<Item = &'k Value>) -> String {
    json!({"keys": keys.into_iter().collect::<Vec<_>>()}).to_string()
}

/// Claims that are valid at [`now`] for ten minutes.
pub fn claims() -> Value {
    json!({
        "iss": ISSUER,
        "aud": AUDIENCE,
        "sub": "tar-service",
        "exp": now().timestamp() + 600,
        "scope": "openid second-opinion.submit second-opinion.read",
    })
}

impl Pair {
    pub fn kid(&self) -> &str {
        self.jwk["kid"].as_str().unwrap()
    }

    pub fn name(&self) -> &str {
        self.jwk["alg"].as_str().unwrap()
    }

    pub fn header(&self) -> Value {
        json!({"typ": "JWT", "alg": self.name(), "kid": self.kid()})
    }

    /// An `authorization` value with the pair's usual header.
    pub fn bearer(&self, claims: &Value) -> String {
        self.bearer_with(&self.header(), claims)
    }

    /// The same with another header.
    pub fn bearer_with(&self, header: &Value, claims: &Value) -> String {
        signed(header, claims, &self.signing, self.algorithm)
    }
}

/// An `authorization` value with a header that may differ from the key that signed it.
pub fn signed(header: &Value, claims: &Value, key: &EncodingKey, algorithm: Algorithm) -> String {
    let message = format!("{}.{}", b64(header.to_string()), b64(claims.to_string()));
    let signature = jsonwebtoken::crypto::sign(message.as_bytes(), key, algorithm).unwrap();
    format!("Bearer {message}.{signature}")
}

pub fn verifier<'k>(keys: impl IntoIterator<Item = &'k Value>) -> Verifier {
    let keys = KeySet::parse(jwks(keys).as_bytes()).unwrap();
    Verifier::new(ISSUER, AUDIENCE, KeySource::fixed(keys))
}

pub async fn verify(verifier: &Verifier, bearer: &str) -> Result<Arc<Identity>, TokenError> {
    verifier.verify(Some(bearer), now()).await
}

/// An issuer with a key set that a test changes. It counts the fetches.
#[derive(Clone)]
pub struct Issuer {
    document: Arc<Mutex<String>>,
    fetches: Arc<AtomicUsize>,
}

impl Issuer {
    pub fn new(document: String) -> Self {
        Self {
            document: Arc::new(Mutex::new(document)),
            fetches: Arc::default(),
        }
    }

    pub fn publish(&self, document: impl Into<String>) {
        *self.document.lock().unwrap() = document.into();
    }

    pub fn fetches(&self) -> usize {
        self.fetches.load(Ordering::SeqCst)
    }

    pub async fn source(&self, unknown_key_interval_min: Duration) -> KeySource {
        let fetch = Box::new(self.clone());
        KeySource::open("issuer".to_owned(), fetch, unknown_key_interval_min)
            .await
            .unwrap()
    }

    pub async fn verifier(&self, unknown_key_interval_min: Duration) -> Verifier {
        let source = self.source(unknown_key_interval_min).await;
        Verifier::new(ISSUER, AUDIENCE, source)
    }
}

#[async_trait]
impl Fetch for Issuer {
    async fn fetch(&self) -> Result<Vec<u8>, JwksError> {
        self.fetches.fetch_add(1, Ordering::SeqCst);
        // Long enough that other callers queue.
        tokio::time::sleep(Duration::from_millis(30)).await;
        Ok(self.document.lock().unwrap().clone().into_bytes())
    }
}
