//! The well-known forgeries, and the reason each one is refused for.

use jsonwebtoken::{Algorithm, EncodingKey};
use serde_json::json;

use super::support::*;
use crate::identity::TokenError;

#[tokio::test]
async fn unsigned_token_is_refused_for_its_algorithm() {
    let pair = es256("a");
    let verifier = verifier([&pair.jwk]);
    let payload = b64(claims().to_string());
    for name in ["none", "None", "NONE", "nOnE", ""] {
        let header = b64(json!({"alg": name, "kid": "a"}).to_string());
        for signature in ["", "AAAA"] {
            let bearer = format!("Bearer {header}.{payload}.{signature}");
            let outcome = verify(&verifier, &bearer).await;
            assert_eq!(outcome, Err(TokenError::Algorithm), "`{name}`");
        }
    }
    // An empty signature under a good algorithm is a wrong signature.
    let header = b64(pair.header().to_string());
    let outcome = verify(&verifier, &format!("Bearer {header}.{payload}.")).await;
    assert_eq!(outcome, Err(TokenError::Signature));
}

/// The public key is public: as an HMAC secret, in any encoding, it verifies nothing.
#[tokio::test]
async fn hmac_with_the_public_key_is_refused() {
    for pair in [es256("a"), rs256("a"), eddsa("a")] {
        let verifier = verifier([&pair.jwk]);
        let x = pair.jwk["x"].as_str().or(pair.jwk["n"].as_str()).unwrap();
        let secrets = [
            pair.pem.clone(),
            pair.jwk.to_string(),
            jwks([&pair.jwk]),
            x.to_owned(),
        ];
        for secret in secrets {
            let key = EncodingKey::from_secret(secret.as_bytes());
            for (name, algorithm) in [
                ("HS256", Algorithm::HS256),
                ("HS384", Algorithm::HS384),
                ("HS512", Algorithm::HS512),
            ] {
                let header = json!({"alg": name, "kid": "a"});
                let bearer = signed(&header, &claims(), &key, algorithm);
                let outcome = verify(&verifier, &bearer).await;
                assert_eq!(outcome, Err(TokenError::Algorithm), "{name}");
            }
            // With the key's own algorithm in the header it is only a wrong signature.
            let bearer = signed(&pair.header(), &claims(), &key, Algorithm::HS256);
            let outcome = verify(&verifier, &bearer).await;
            assert_eq!(outcome, Err(TokenError::Signature), "{}", pair.name());
        }
    }
}

#[tokio::test]
async fn algorithm_is_the_keys_not_the_tokens() {
    let (ec, rsa, ed) = (es256("ec"), rs256("rsa"), eddsa("ed"));
    let verifier = verifier([&ec.jwk, &rsa.jwk, &ed.jwk]);
    let pairs = [&ec, &rsa, &ed];
    for signer in pairs {
        for named in pairs {
            let header = json!({"alg": signer.name(), "kid": named.kid()});
            let outcome = verify(&verifier, &signer.bearer_with(&header, &claims())).await;
            if signer.kid() == named.kid() {
                outcome.unwrap();
            } else {
                assert_eq!(outcome, Err(TokenError::Algorithm));
            }
        }
    }
}

#[tokio::test]
async fn other_algorithm_of_the_same_key_is_refused() {
    let rsa = rs256("rsa");
    let verifier = verifier([&rsa.jwk]);
    for (name, algorithm) in [
        ("RS384", Algorithm::RS384),
        ("RS512", Algorithm::RS512),
        ("PS256", Algorithm::PS256),
    ] {
        let header = json!({"alg": name, "kid": "rsa"});
        let bearer = signed(&header, &claims(), &rsa.signing, algorithm);
        assert_eq!(verify(&verifier, &bearer).await, Err(TokenError::Algorithm));
        // With RS256 in the header it is only a wrong signature.
        let bearer = signed(&rsa.header(), &claims(), &rsa.signing, algorithm);
        assert_eq!(verify(&verifier, &bearer).await, Err(TokenError::Signature));
    }
}

/// A key inside the token, or the URL of one, is ignored.
#[tokio::test]
async fn key_inside_the_token_is_ignored() {
    let (issuer, attacker) = (es256("a"), es256("a"));
    let verifier = verifier([&issuer.jwk]);
    let header = with(issuer.header(), "jwk", attacker.jwk.clone());
    let header = with(header, "jku", "https://attacker.example/jwks.json");
    let bearer = attacker.bearer_with(&header, &claims());
    assert_eq!(verify(&verifier, &bearer).await, Err(TokenError::Signature));
}

#[tokio::test]
async fn changed_byte_anywhere_is_refused() {
    let pair = es256("a");
    let verifier = verifier([&pair.jwk]);
    let good = pair.bearer(&claims());
    verify(&verifier, &good).await.unwrap();
    for position in ("Bearer ".len()..good.len()).step_by(7) {
        let mut bytes = good.clone().into_bytes();
        bytes[position] = if bytes[position] == b'A' { b'B' } else { b'A' };
        let changed = String::from_utf8(bytes).unwrap();
        assert!(verify(&verifier, &changed).await.is_err(), "{position}");
    }
}
