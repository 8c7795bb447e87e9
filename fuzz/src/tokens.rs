//! Is a token taken only if our issuer signed it, for us and for now?

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

/// An issuer that we trust, and one that we do not. Their keys are made anew for each process.
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
        let signed = format!("{}.{}", encoded(header), encoded(claims));
        let signature =
            jsonwebtoken::crypto::sign(signed.as_bytes(), &self.signing, Algorithm::ES256)
                .expect("a signature");
        format!("Bearer {signed}.{signature}")
    }
}

static OURS: LazyLock<Issuer> = LazyLock::new(Issuer::new);
static ANOTHER: LazyLock<Issuer> = LazyLock::new(Issuer::new);
static VERIFIER: LazyLock<Verifier> = LazyLock::new(|| OURS.identity.verifier());
/// The first byte says what is done with the others.
pub fn tokens(data: &[u8]) {
    let Some((way, rest)) = data.split_first() else {
        return;
    };
    let mut bytes = Unstructured::new(rest);
    match way % 6 {
        0 => {
            // Whoever has no key writes no token.
            if let Ok(value) = std::str::from_utf8(rest) {
                assert!(verify(value).is_err(), "a token out of nothing");
            }
        }
        1 => claims_of_ours(std::str::from_utf8(rest).unwrap_or_default()),
        2 => header_of_ours(std::str::from_utf8(rest).unwrap_or_default()),
        3 => {
            let header = header(&text(&mut bytes));
            let forged = ANOTHER.bearer(&header, &good_claims());
            assert!(verify(&forged).is_err(), "another's signature was taken");
        }
        4 => changed(&mut bytes),
        _ => key_set(rest),
    }
}

fn verify(authorization: &str) -> Result<std::sync::Arc<Identity>, TokenError> {
    wait(VERIFIER.verify(Some(authorization), now()))
}

fn encoded(part: &str) -> String {
    URL_SAFE_NO_PAD.encode(part)
}

fn header(kid: &str) -> String {
    let kid = if kid.is_empty() { &OURS.kid } else { kid };
    serde_json::json!({"alg": "ES256", "kid": kid}).to_string()
}

fn good_claims() -> String {
    serde_json::json!({
        "iss": DEVELOPMENT_ISSUER, "aud": DEVELOPMENT_AUDIENCE, "sub": "fuzz",
        "exp": now().timestamp() + 600, "scope": "second-opinion.read",
    })
    .to_string()
}

/// Any claims with a good signature: who is let in is who they say, for us and for now.
fn claims_of_ours(claims: &str) {
    let Ok(identity) = verify(&OURS.bearer(&header(""), claims)) else {
        return;
    };
    let claims: Value = serde_json::from_str(claims).expect("claims that were taken are JSON");
    assert_eq!(claims["iss"], DEVELOPMENT_ISSUER);
    let for_us = |audience: &Value| *audience == DEVELOPMENT_AUDIENCE;
    let audience = &claims["aud"];
    assert!(for_us(audience) || audience.as_array().is_some_and(|it| it.iter().any(for_us)));
    let expires = claims["exp"].as_f64().expect("an end");
    let at = |seconds: i64| now().timestamp() + seconds;
    #[allow(
        clippy::cast_precision_loss,
        reason = "instants of this century are exact"
    )]
    let (earliest, latest) = (at(-61) as f64, at(61) as f64);
    assert!(expires > earliest, "a token that has expired");
    if let Some(begins) = claims["nbf"].as_f64() {
        assert!(begins < latest, "a token that has not begun");
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

/// As many parts as bare `|` make of a key.
fn key_parts(key: &str) -> usize {
    let mut escaped = false;
    let bare = key.chars().filter(|character| {
        let bare = *character == '|' && !escaped;
        escaped = *character == '\\' && !escaped;
        bare
    });
    bare.count() + 1
}

/// Any header with a good signature: the algorithm and the key are those that we know.
fn header_of_ours(header: &str) {
    if verify(&OURS.bearer(header, &good_claims())).is_ok() {
        let header: Value = serde_json::from_str(header).expect("a header that was taken is JSON");
        assert_eq!(header["alg"], "ES256");
        assert!(header["kid"].is_null() || header["kid"] == OURS.kid.as_str());
        assert!(header.get("crit").is_none(), "an extension was passed over");
    }
}

/// A good token of which one byte is another.
fn changed(bytes: &mut Unstructured<'_>) {
    let token = OURS.bearer(&header(""), &good_claims());
    assert!(verify(&token).is_ok(), "a good token");
    let mut changed = token.clone().into_bytes();
    let from = "Bearer ".len();
    let at = from + below(bytes, changed.len() - from);
    changed[at] = bytes.arbitrary().unwrap_or(b'A');
    if let Ok(changed) = String::from_utf8(changed)
        && changed.trim() != token
    {
        assert!(verify(&changed).is_err(), "a token that was changed");
    }
}

/// A key set is read in one way, and ours is read.
fn key_set(bytes: &[u8]) {
    if let Ok(keys) = KeySet::parse(bytes) {
        assert_eq!(KeySet::parse(bytes).ok(), Some(keys));
    }
}
