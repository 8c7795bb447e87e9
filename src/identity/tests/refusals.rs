//! The error of each check, and the order of the checks.

use serde_json::{Value, json};

use super::support::*;
use crate::identity::TokenError;

#[tokio::test]
async fn each_accepted_algorithm_verifies() {
    for pair in [es256("a"), rs256("b"), eddsa("c")] {
        let verifier = verifier([&pair.jwk]);
        let identity = verify(&verifier, &pair.bearer(&claims())).await.unwrap();
        assert_eq!(identity.subject, "tar-service", "{}", pair.name());
        // The algorithm is known from the kind of key too.
        let verifier = super::support::verifier([&without(pair.jwk.clone(), "alg")]);
        verify(&verifier, &pair.bearer(&claims())).await.unwrap();
    }
}

#[tokio::test]
async fn each_check_has_its_own_error() {
    let pair = es256("a");
    let token = |field: &str, value: Value| pair.bearer(&with(claims(), field, value));
    let header = |field: &str, value: &str| {
        let header = with(pair.header(), field, value);
        pair.bearer_with(&header, &claims())
    };
    let cases = [
        (Some(String::new()), TokenError::Missing),
        (Some("Bearer ".to_owned()), TokenError::Missing),
        (Some("Basic dTpw".to_owned()), TokenError::Malformed),
        (Some(token("exp", json!(0))), TokenError::Expired),
        (
            Some(token("nbf", json!(9_000_000_000_i64))),
            TokenError::NotYetValid,
        ),
        (Some(token("aud", json!("another"))), TokenError::Audience),
        (
            Some(token("iss", json!("https://other.example/"))),
            TokenError::Issuer,
        ),
        (Some(header("alg", "HS256")), TokenError::Algorithm),
        (Some(header("kid", "b")), TokenError::KeyUnknown),
        (Some(es256("a").bearer(&claims())), TokenError::Signature),
    ];
    let verifier = verifier([&pair.jwk]);
    assert_eq!(verifier.verify(None, now()).await, Err(TokenError::Missing));
    for (authorization, expected) in cases {
        let outcome = verifier.verify(authorization.as_deref(), now()).await;
        assert_eq!(outcome, Err(expected));
    }
}

#[tokio::test]
async fn text_that_is_not_a_signed_token_is_malformed() {
    let pair = es256("a");
    let verifier = verifier([&pair.jwk]);
    let good = pair.bearer(&claims());
    let (signed, signature) = good.rsplit_once('.').unwrap();
    let header = b64(pair.header().to_string());
    let twice = b64(r#"{"alg":"ES256","alg":"none","kid":"a"}"#);
    let crit = |value: Value| pair.bearer_with(&with(pair.header(), "crit", value), &claims());
    let cases = [
        ("one part", "Bearer abc".to_owned()),
        ("two parts", signed.to_owned()),
        ("four parts", format!("{good}.{signature}")),
        (
            "five parts, as if encrypted",
            format!("{good}.{signature}.{signature}"),
        ),
        ("padding", format!("{good}==")),
        ("not base64url", format!("{signed}.a+b/")),
        ("two tokens", format!("{good} {good}")),
        (
            "a header that is not JSON",
            format!("Bearer {}.e30.AA", b64("alg")),
        ),
        (
            "a header that is a list",
            pair.bearer_with(&json!(["ES256", "a"]), &claims()),
        ),
        (
            "a header without alg",
            format!("Bearer {}.e30.AA", b64(r#"{"kid":"a"}"#)),
        ),
        (
            "an alg that is no string",
            format!("Bearer {}.e30.AA", b64(r#"{"alg":1}"#)),
        ),
        (
            "a field twice in the header",
            format!("Bearer {twice}.e30.AA"),
        ),
        ("crit", crit(json!(["exp"]))),
        ("crit that is null", crit(Value::Null)),
        (
            "too long",
            format!("Bearer {header}.{}.AA", "A".repeat(8 * 1024)),
        ),
    ];
    for (what, bearer) in cases {
        let outcome = verify(&verifier, &bearer).await;
        assert_eq!(outcome, Err(TokenError::Malformed), "{what}");
    }
}

#[tokio::test]
async fn scheme_may_have_any_case() {
    let pair = es256("a");
    let verifier = verifier([&pair.jwk]);
    let good = pair.bearer(&claims());
    for scheme in ["bearer", "BEARER", "bEaReR", "Bearer  "] {
        let bearer = good.replacen("Bearer", scheme, 1);
        verify(&verifier, &bearer).await.unwrap();
    }
    let glued = good.replacen("Bearer ", "Bearer", 1);
    assert_eq!(verify(&verifier, &glued).await, Err(TokenError::Malformed));
}

/// The first failed check is the error, even where every later check fails too.
#[tokio::test]
async fn checks_run_in_order() {
    let pair = es256("a");
    let verifier = verifier([&pair.jwk]);
    let mut bad = json!({"iss": "x", "aud": "x", "sub": "s", "exp": 0, "nbf": 9_000_000_000_i64});
    let stranger = es256("a");
    let header = with(pair.header(), "alg", "none");
    let outcomes = [
        (stranger.bearer_with(&header, &bad), TokenError::Algorithm),
        (
            stranger.bearer_with(&with(pair.header(), "kid", "b"), &bad),
            TokenError::KeyUnknown,
        ),
        (stranger.bearer(&bad), TokenError::Signature),
        // Nothing about the claims shows before the signature is verified, not even their form.
        (stranger.bearer(&json!("not claims")), TokenError::Signature),
        (pair.bearer(&json!("not claims")), TokenError::Malformed),
        (pair.bearer(&bad), TokenError::Expired),
    ];
    for (bearer, expected) in outcomes {
        assert_eq!(verify(&verifier, &bearer).await, Err(expected));
    }
    bad["exp"] = json!(9_000_000_000_i64);
    let outcome = verify(&verifier, &pair.bearer(&bad)).await;
    assert_eq!(outcome, Err(TokenError::NotYetValid));
    let outcome = verify(&verifier, &pair.bearer(&without(bad.clone(), "nbf"))).await;
    assert_eq!(outcome, Err(TokenError::Issuer));
}

#[test]
fn reasons_are_those_of_the_contract() {
    let reasons = [
        (TokenError::Missing, "TOKEN_MISSING"),
        (TokenError::Malformed, "TOKEN_MALFORMED"),
        (TokenError::Expired, "TOKEN_EXPIRED"),
        (TokenError::NotYetValid, "TOKEN_NOT_YET_VALID"),
        (TokenError::Audience, "TOKEN_AUDIENCE"),
        (TokenError::Issuer, "TOKEN_ISSUER"),
        (TokenError::Algorithm, "TOKEN_ALGORITHM"),
        (TokenError::KeyUnknown, "TOKEN_KEY_UNKNOWN"),
        (TokenError::Signature, "TOKEN_SIGNATURE"),
    ];
    for (error, reason) in reasons {
        assert_eq!(error.reason(), reason);
        assert!(!error.to_string().is_empty());
    }
}
