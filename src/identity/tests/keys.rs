//! The usable keys of a JWKS, and the choice of a token's key.

use serde_json::{Value, json};

use super::support::*;
use crate::identity::keys::Ignored;
use crate::identity::{JwksError, JwksLocation, KeySet, KeySource, TokenError};

fn only(key: &Value) -> Result<KeySet, JwksError> {
    KeySet::parse(jwks([key]).as_bytes())
}

#[test]
fn unusable_keys_are_ignored_with_their_reason() {
    let good = es256("good");
    let rsa_bits = |top: u8| {
        let mut n = vec![0xff_u8; 256];
        n[0] = top;
        json!({"kty": "RSA", "n": b64(n), "e": "AQAB"})
    };
    let cases = [
        (
            json!({"kty": "oct", "k": "c2VjcmV0", "alg": "HS256"}),
            Ignored::Symmetric,
        ),
        (
            json!({"kty": "RSA", "n": b64([0xff; 128]), "e": "AQAB"}),
            Ignored::Weak,
        ),
        (rsa_bits(0x7f), Ignored::Weak),
        (with(rsa_bits(0xff), "e", "AA"), Ignored::Broken),
        (with(good.jwk.clone(), "d", "AAAA"), Ignored::Private),
        (good.jwk.clone(), Ignored::Repeated),
        (
            with(good.jwk.clone(), "y", good.jwk["x"].clone()),
            Ignored::Broken,
        ),
        (with(good.jwk.clone(), "x", "AAAA"), Ignored::Broken),
        (without(good.jwk.clone(), "y"), Ignored::Kind),
        (with(good.jwk.clone(), "use", "enc"), Ignored::Use),
        (
            with(good.jwk.clone(), "key_ops", json!(["sign"])),
            Ignored::Use,
        ),
        (with(good.jwk.clone(), "crv", "P-384"), Ignored::Kind),
        (with(good.jwk.clone(), "alg", "RS256"), Ignored::Kind),
        (with(good.jwk.clone(), "alg", "HS256"), Ignored::Kind),
        (with(rs256("r").jwk, "alg", "PS256"), Ignored::Kind),
        (with(eddsa("e").jwk, "crv", "X25519"), Ignored::Kind),
        (
            json!({"kty": "AKP", "alg": "ML-DSA-44", "pub": "AAAA"}),
            Ignored::Kind,
        ),
        (json!("not a key"), Ignored::Kind),
    ];
    for (key, expected) in cases {
        let set = KeySet::parse(jwks([&good.jwk, &key]).as_bytes()).unwrap();
        assert_eq!(set.ignored, [(1, expected)], "{key}");
    }
}

#[tokio::test]
async fn sign_byte_before_a_modulus_is_dropped() {
    let pair = rs256("r");
    let n = pair.jwk["n"].as_str().unwrap();
    // Three more bytes are four more letters, so the rest of the text stays the same.
    let padded = with(pair.jwk.clone(), "n", format!("AAAA{n}"));
    let verifier = verifier([&padded]);
    verify(&verifier, &pair.bearer(&claims())).await.unwrap();
}

#[test]
fn set_without_a_usable_key_is_refused_with_reasons() {
    for document in ["{\"keys\": []}", "{\"keys\": [{\"kty\": \"oct\"}]}"] {
        let error = KeySet::parse(document.as_bytes()).unwrap_err();
        assert!(matches!(error, JwksError::NoUsableKey(_)), "{error}");
    }
    let error = only(&json!({"kty": "oct", "k": "c2VjcmV0"})).unwrap_err();
    assert_eq!(
        error.to_string(),
        "it has no key that can be used (key 0: it is symmetric)"
    );
    for document in [
        "",
        "[]",
        "{}",
        "-----BEGIN PUBLIC KEY-----",
        "{\"keys\": {}}",
    ] {
        let error = KeySet::parse(document.as_bytes()).unwrap_err();
        assert!(matches!(error, JwksError::NotAKeySet { .. }), "{document}");
    }
}

#[tokio::test]
async fn token_without_kid_needs_exactly_one_key_of_its_algorithm() {
    let (one, two, rsa) = (es256("one"), es256("two"), rs256("rsa"));
    let nameless = one.bearer_with(&json!({"alg": "ES256"}), &claims());
    let verifier_of = |keys: &[&Value]| verifier(keys.iter().copied());

    verify(&verifier_of(&[&one.jwk]), &nameless).await.unwrap();
    verify(&verifier_of(&[&one.jwk, &rsa.jwk]), &nameless)
        .await
        .unwrap();
    let bare = without(one.jwk.clone(), "kid");
    verify(&verifier_of(&[&bare]), &nameless).await.unwrap();
    for keys in [&[&one.jwk, &two.jwk][..], &[&rsa.jwk]] {
        let outcome = verify(&verifier_of(keys), &nameless).await;
        assert_eq!(outcome, Err(TokenError::KeyUnknown));
    }
    // A key without a `kid` matches no `kid`.
    let outcome = verify(&verifier_of(&[&bare]), &one.bearer(&claims())).await;
    assert_eq!(outcome, Err(TokenError::KeyUnknown));
}

#[tokio::test]
async fn keys_of_two_kinds_may_share_a_kid() {
    let (ec, rsa) = (es256("same"), rs256("same"));
    let verifier = verifier([&ec.jwk, &rsa.jwk]);
    for pair in [ec, rsa] {
        verify(&verifier, &pair.bearer(&claims())).await.unwrap();
    }
}

#[test]
fn location_is_an_https_url_or_a_path() {
    let parse = JwksLocation::parse;
    for path in ["/etc/jwks.json", "keys/jwks.json"] {
        assert_eq!(parse(path), Ok(JwksLocation::File(path.into())));
    }
    let url = parse("https://issuer.example:8443/keys?secret=1#x").unwrap();
    assert_eq!(url.to_string(), "https://issuer.example:8443/keys");
    for bad in [
        "",
        "http://issuer.example/keys",
        "file:///etc/jwks.json",
        "https://",
        "https://user:pass@issuer.example/",
        "https://user@issuer.example/",
    ] {
        assert!(parse(bad).is_err(), "{bad}");
    }
}

#[tokio::test]
async fn unusable_jwks_is_an_error_at_the_start() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("jwks.json");
    let location = JwksLocation::File(path.clone());
    let cause = async || KeySource::load(&location).await.err().unwrap();

    let missing = cause().await;
    assert!(matches!(missing.cause(), JwksError::Read(_)));
    assert!(missing.to_string().contains("jwks.json"), "{missing}");
    std::fs::write(&path, "keys").unwrap();
    assert!(matches!(
        cause().await.cause(),
        JwksError::NotAKeySet { .. }
    ));
    std::fs::write(&path, "{\"keys\": []}").unwrap();
    assert!(matches!(cause().await.cause(), JwksError::NoUsableKey(_)));
    std::fs::write(&path, vec![b' '; 1024 * 1024 + 1]).unwrap();
    assert!(matches!(cause().await.cause(), JwksError::TooLarge));
    std::fs::write(&path, jwks([&es256("a").jwk])).unwrap();
    KeySource::load(&location).await.unwrap();

    let plain = JwksLocation::Url("http://127.0.0.1/keys".parse().unwrap());
    let error = KeySource::load(&plain).await.err().unwrap();
    assert!(matches!(error.cause(), JwksError::Fetch(_)), "{error}");
}
