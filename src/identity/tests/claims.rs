//! The exact limits of the claims.

use serde_json::{Value, json};

use super::support::*;
use crate::identity::{ActorType, Scope, TokenError};

/// The end is exclusive: with 60 s of leeway a token is refused from `exp` + 60 s on.
#[tokio::test]
async fn expiry_has_sixty_seconds_of_leeway_end_exclusive() {
    let pair = es256("a");
    let verifier = verifier([&pair.jwk]);
    let cases = [
        (json!(now().timestamp() - 59), Ok(())),
        (json!(now().timestamp() - 60), Err(TokenError::Expired)),
        (json!(now().timestamp() - 61), Err(TokenError::Expired)),
        // A fraction is rounded against the caller.
        (json!(1_772_470_741.9), Ok(())),
        (json!(1_772_470_740.9), Err(TokenError::Expired)),
    ];
    for (exp, expected) in cases {
        let bearer = pair.bearer(&with(claims(), "exp", exp.clone()));
        let outcome = verify(&verifier, &bearer).await;
        assert_eq!(outcome.map(|_| ()), expected, "{exp}");
    }
    // The last moment, to the microsecond.
    let bearer = pair.bearer(&claims());
    let end = after(660);
    let last = end - chrono::TimeDelta::microseconds(1);
    verifier.verify(Some(&bearer), last).await.unwrap();
    let outcome = verifier.verify(Some(&bearer), end).await;
    assert_eq!(outcome, Err(TokenError::Expired));
}

/// The start is inclusive: with 60 s of leeway a token is good from `nbf` - 60 s on.
#[tokio::test]
async fn not_before_has_sixty_seconds_of_leeway_start_inclusive() {
    let pair = es256("a");
    let verifier = verifier([&pair.jwk]);
    let cases = [
        (json!(now().timestamp() + 59), Ok(())),
        (json!(now().timestamp() + 60), Ok(())),
        (json!(now().timestamp() + 61), Err(TokenError::NotYetValid)),
        (json!(1_772_470_860.1), Err(TokenError::NotYetValid)),
        (Value::Null, Ok(())),
    ];
    for (nbf, expected) in cases {
        let bearer = pair.bearer(&with(claims(), "nbf", nbf.clone()));
        let outcome = verify(&verifier, &bearer).await;
        assert_eq!(outcome.map(|_| ()), expected, "{nbf}");
    }
}

#[tokio::test]
async fn missing_or_mistyped_claim_is_malformed() {
    let pair = es256("a");
    let verifier = verifier([&pair.jwk]);
    let mut cases = vec![
        without(claims(), "exp"),
        without(claims(), "sub"),
        json!([]),
        json!(null),
    ];
    for (field, value) in [
        ("exp", json!("1772471400")),
        ("exp", json!(null)),
        ("exp", json!(1e300)),
        ("exp", json!(u64::MAX)),
        ("exp", json!([1_772_471_400])),
        ("nbf", json!("0")),
        ("nbf", json!(-1e300)),
        ("sub", json!("")),
        ("sub", json!("  ")),
        ("sub", json!(7)),
        ("sub", json!("line\nbreak")),
        ("sub", json!("s".repeat(256))),
        ("iss", json!([ISSUER])),
        ("aud", json!({"x": AUDIENCE})),
        ("aud", json!([AUDIENCE, 1])),
        ("scope", json!(["second-opinion.read"])),
    ] {
        cases.push(with(claims(), field, value));
    }
    for claims in cases {
        let outcome = verify(&verifier, &pair.bearer(&claims)).await;
        assert_eq!(outcome, Err(TokenError::Malformed), "{claims}");
    }
}

/// Every claim in the order of the struct's fields, but in a list instead of an object.
#[tokio::test]
async fn list_of_claims_is_malformed() {
    let pair = es256("a");
    let expires = now().timestamp() + 600;
    let list = json!([ISSUER, "tar-service", AUDIENCE, expires, null, "", "person"]);
    let outcome = verify(&verifier([&pair.jwk]), &pair.bearer(&list)).await;
    assert_eq!(outcome, Err(TokenError::Malformed));
}

#[tokio::test]
async fn duplicate_claim_is_malformed() {
    let pair = es256("a");
    let payload = format!(
        r#"{{"iss":"{ISSUER}","aud":"{AUDIENCE}","exp":9000000000,"sub":"me","sub":"you"}}"#
    );
    let message = format!("{}.{}", b64(pair.header().to_string()), b64(payload));
    let signature =
        jsonwebtoken::crypto::sign(message.as_bytes(), &pair.signing, pair.algorithm).unwrap();
    let outcome = verify(
        &verifier([&pair.jwk]),
        &format!("Bearer {message}.{signature}"),
    )
    .await;
    assert_eq!(outcome, Err(TokenError::Malformed));
}

#[tokio::test]
async fn audience_may_be_one_or_several() {
    let pair = es256("a");
    let verifier = verifier([&pair.jwk]);
    for aud in [
        json!(AUDIENCE),
        json!([AUDIENCE]),
        json!(["other", AUDIENCE]),
    ] {
        let bearer = pair.bearer(&with(claims(), "aud", aud));
        verify(&verifier, &bearer).await.unwrap();
    }
    let others = [
        json!("second-opinion-2"),
        json!("Second-Opinion"),
        json!([]),
        json!(["other"]),
        Value::Null,
    ];
    for aud in others {
        let bearer = pair.bearer(&with(claims(), "aud", aud.clone()));
        let outcome = verify(&verifier, &bearer).await;
        assert_eq!(outcome, Err(TokenError::Audience), "{aud}");
    }
}

#[tokio::test]
async fn issuer_is_compared_byte_by_byte() {
    let pair = es256("a");
    let verifier = verifier([&pair.jwk]);
    for iss in [
        json!("https://issuer.example"),
        json!("https://ISSUER.example/"),
        json!(""),
        Value::Null,
    ] {
        let bearer = pair.bearer(&with(claims(), "iss", iss.clone()));
        let outcome = verify(&verifier, &bearer).await;
        assert_eq!(outcome, Err(TokenError::Issuer), "{iss}");
    }
}

#[tokio::test]
async fn only_the_word_person_makes_a_person() {
    let pair = es256("a");
    let verifier = verifier([&pair.jwk]);
    for (claim, expected) in [
        (json!("person"), ActorType::Person),
        (json!("service"), ActorType::Service),
        (json!("Person"), ActorType::Service),
        (json!("person "), ActorType::Service),
        (json!(["person"]), ActorType::Service),
        (json!(true), ActorType::Service),
        (Value::Null, ActorType::Service),
    ] {
        let bearer = pair.bearer(&with(claims(), "actor_type", claim.clone()));
        let identity = verify(&verifier, &bearer).await.unwrap();
        assert_eq!(identity.actor_type, expected, "{claim}");
    }
}

#[tokio::test]
async fn token_without_scope_claim_has_no_scope() {
    let pair = es256("a");
    let verifier = verifier([&pair.jwk]);
    let identity = verify(&verifier, &pair.bearer(&claims())).await.unwrap();
    assert!(identity.has(Scope::Submit) && identity.has(Scope::Read));
    assert!(!identity.has(Scope::ReadPhi));
    let bearer = pair.bearer(&without(claims(), "scope"));
    let identity = verify(&verifier, &bearer).await.unwrap();
    assert!(identity.scopes.is_empty());
}
