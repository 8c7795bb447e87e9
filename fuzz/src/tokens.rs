//! The target for access tokens: only tokens signed by the trusted issuer, for this audience and time, are accepted.

use std::fs;
use std::sync::LazyLock;

use arbitrary::Unstructured;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::{Algorithm, EncodingKey};
use second_opinion::identity::{
    ActorType, DEVELOPMENT_AUDIENCE, DEVELOPMENT_ISSUER, DevelopmentIdentity, Identity, KeySet,
    ScopeSet, TokenError, Verifier,
};
use serde_json::Value;

use super::support::{below, now, text, wait};

/// A token issuer with a new key.
struct Issuer {
    identity: DevelopmentIdentity,
    signing: EncodingKey,
    kid: String,
}

impl Issuer {
    fn new() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let identity = DevelopmentIdentity::load_or_create(folder.path()).expect("a key");
        let pem = fs::read(folder.path().join("development-key.pem")).expect("its file");
        let keys: Value = serde_json::from_str(identity.jwks()).expect("a key set");
        Self {
            signing: EncodingKey::from_ec_pem(&pem).expect("a key"),
            kid: keys["keys"][0]["kid"].as_str().expect("a kid").to_owned(),
            identity,
        }
    }

    /// A bearer token with any header and any claims.
    fn bearer(&self, header: &str, claims: &str) -> String {
        let signed = format!("{}.{}", encode(header), encode(claims));
        let signature =
            jsonwebtoken::crypto::sign(signed.as_bytes(), &self.signing, Algorithm::ES256)
                .expect("a signature");
        format!("Bearer {signed}.{signature}")
    }
}

static TRUSTED: LazyLock<Issuer> = LazyLock::new(Issuer::new);
static UNTRUSTED: LazyLock<Issuer> = LazyLock::new(Issuer::new);
static VERIFIER: LazyLock<Verifier> = LazyLock::new(|| TRUSTED.identity.verifier());

/// The first byte selects how the rest is used.
pub fn tokens(data: &[u8]) {
    let Some((mode, rest)) = data.split_first() else {
        return;
    };
    let mut bytes = Unstructured::new(rest);
    match mode % 6 {
        0 => {
            // No token can be built without a key.
            if let Ok(value) = std::str::from_utf8(rest) {
                assert!(verify(value).is_err(), "arbitrary bytes were accepted");
            }
        }
        1 => check_claims(std::str::from_utf8(rest).unwrap_or_default()),
        2 => check_header(std::str::from_utf8(rest).unwrap_or_default()),
        3 => {
            let header = header(&text(&mut bytes));
            let forged = UNTRUSTED.bearer(&header, &valid_claims());
            assert!(
                verify(&forged).is_err(),
                "an untrusted signature was accepted"
            );
        }
        4 => check_changed_token(&mut bytes),
        _ => check_key_set(rest),
    }
}

fn verify(authorization: &str) -> Result<std::sync::Arc<Identity>, TokenError> {
    wait(VERIFIER.verify(Some(authorization), now()))
}

fn encode(part: &str) -> String {
    URL_SAFE_NO_PAD.encode(part)
}

fn header(kid: &str) -> String {
    let kid = if kid.is_empty() { &TRUSTED.kid } else { kid };
    serde_json::json!({"alg": "ES256", "kid": kid}).to_string()
}

fn valid_claims() -> String {
    serde_json::json!({
        "iss": DEVELOPMENT_ISSUER, "aud": DEVELOPMENT_AUDIENCE, "sub": "fuzz",
        "exp": now().timestamp() + 600, "scope": "second-opinion.read",
    })
    .to_string()
}

/// Signs arbitrary claims, and checks that an accepted token's identity, audience and time match them.
fn check_claims(claims: &str) {
    let Ok(identity) = verify(&TRUSTED.bearer(&header(""), claims)) else {
        return;
    };
    let claims: Value = serde_json::from_str(claims).expect("accepted claims are JSON");
    assert_eq!(claims["iss"], DEVELOPMENT_ISSUER);
    let matches = |audience: &Value| *audience == DEVELOPMENT_AUDIENCE;
    let audience = &claims["aud"];
    assert!(matches(audience) || audience.as_array().is_some_and(|it| it.iter().any(matches)));
    let expires = claims["exp"].as_f64().expect("an expiry");
    let at = |seconds: i64| now().timestamp() + seconds;
    #[allow(
        clippy::cast_precision_loss,
        reason = "instants of this century are exact"
    )]
    let (earliest, latest) = (at(-61) as f64, at(61) as f64);
    assert!(expires > earliest, "an expired token was accepted");
    if let Some(begins) = claims["nbf"].as_f64() {
        assert!(begins < latest, "a token was accepted before `nbf`");
    }
    assert_eq!(claims["sub"], identity.subject.as_str());
    assert!(!identity.subject.trim().is_empty());
    assert!(!identity.subject.chars().any(char::is_control));
    let person = claims["actor_type"] == "person";
    assert_eq!(identity.actor_type == ActorType::Person, person);
    let scopes = claims["scope"].as_str().unwrap_or_default();
    assert_eq!(identity.scopes, ScopeSet::parse(scopes));
    for scope in identity.scopes.iter() {
        assert!(scopes.split(' ').any(|word| word == scope.as_str()));
    }
    assert_eq!(key_parts(&identity.key()), 2, "a caller's key");
}

/// Number of parts of a key, separated by `|` without an escape.
fn key_parts(key: &str) -> usize {
    let mut escaped = false;
    let separators = key.chars().filter(|character| {
        let separator = *character == '|' && !escaped;
        escaped = *character == '\\' && !escaped;
        separator
    });
    separators.count() + 1
}

/// Signs with an arbitrary header, and checks that an accepted one has the known algorithm and key.
fn check_header(header: &str) {
    if verify(&TRUSTED.bearer(header, &valid_claims())).is_ok() {
        let header: Value = serde_json::from_str(header).expect("an accepted header is JSON");
        assert_eq!(header["alg"], "ES256");
        assert!(header["kid"].is_null() || header["kid"] == TRUSTED.kid.as_str());
        assert!(
            header.get("crit").is_none(),
            "a critical extension was ignored"
        );
    }
}

/// Checks that a valid token with one byte changed is rejected.
fn check_changed_token(bytes: &mut Unstructured<'_>) {
    let token = TRUSTED.bearer(&header(""), &valid_claims());
    assert!(verify(&token).is_ok(), "the valid token");
    let mut changed = token.clone().into_bytes();
    let from = "Bearer ".len();
    let index = from + below(bytes, changed.len() - from);
    changed[index] = bytes.arbitrary().unwrap_or(b'A');
    if let Ok(changed) = String::from_utf8(changed)
        && changed.trim() != token
    {
        assert!(verify(&changed).is_err(), "a changed token was accepted");
    }
}

/// Checks that a key set always parses to the same keys.
fn check_key_set(bytes: &[u8]) {
    if let Ok(keys) = KeySet::parse(bytes) {
        assert_eq!(KeySet::parse(bytes).ok(), Some(keys));
    }
}
