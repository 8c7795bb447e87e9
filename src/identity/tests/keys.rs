//! Which keys of a JWKS are used, and which token gets which?

use std::path::PathBuf;

use serde_json::{Value, json};

use super::support::*;
use crate::identity::keys::Ignored;
use crate::identity::{JwksError, JwksSource, KeySet, KeySource, TokenError};

fn only(key: &Value) -> Result<KeySet, JwksError> {
    KeySet::parse(jwks([key]).as_bytes())
}

#[test]
fn keys_that_are_not_for_this_are_passed_over() {
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
        (without(good.jwk.clone(), "y"), Ignored::Broken),
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

#[test]
fn a_sign_byte_before_a_modulus_does_no_harm() {
    let pair = rs256("r");
    let n = pair.jwk["n"].as_str().unwrap();
    // Three bytes more are four letters more, so the rest of the text stays as it is.
    let padded = with(pair.jwk.clone(), "n", format!("AAAA{n}"));
    assert_eq!(only(&padded).unwrap(), only(&pair.jwk).unwrap());
}

#[test]
fn a_set_without_a_usable_key_is_refused_with_reasons() {
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
async fn without_a_kid_the_algorithm_must_single_out_a_key() {
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
    // A key without a name is nobody's answer to a name.
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
fn a_source_is_an_https_url_or_a_path() {
    let parse = str::parse::<JwksSource>;
    assert_eq!(
        parse("/etc/jwks.json").unwrap(),
        JwksSource::File(PathBuf::from("/etc/jwks.json"))
    );
    let url = parse("https://user:pass@issuer.example:8443/keys?secret=1#x").unwrap();
    assert_eq!(url.to_string(), "https://issuer.example:8443/keys");
    assert!(matches!(
        parse("http://issuer.example/keys"),
        Err(JwksError::NotHttps)
    ));
    assert!(matches!(
        parse("file:///etc/jwks.json"),
        Err(JwksError::NotHttps)
    ));
    assert!(matches!(parse("https://"), Err(JwksError::NotAUrl)));
}

#[tokio::test]
async fn a_source_that_cannot_be_used_stops_the_start() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("jwks.json");
    let source = JwksSource::File(path.clone());
    let cause = async || KeySource::load(&source).await.err().unwrap();

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
    KeySource::load(&source).await.unwrap();

    let plain = JwksSource::Url("http://127.0.0.1/keys".parse().unwrap());
    let error = KeySource::load(&plain).await.err().unwrap();
    assert!(matches!(error.cause(), JwksError::NotHttps));
}
