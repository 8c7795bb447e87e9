//! Changes of keys, and the cache of verified tokens.

use std::sync::Arc;
use std::time::Duration;

use serde_json::json;

use super::support::*;
use crate::identity::{JwksLocation, KeySet, KeySource, TokenError, Verifier};

const NO_INTERVAL: Duration = Duration::ZERO;
const HOUR: Duration = Duration::from_hours(1);

#[tokio::test]
async fn unknown_kid_fetches_the_keys_once() {
    let (old, new) = (es256("old"), es256("new"));
    let issuer = Issuer::new(jwks([&old.jwk]));
    let verifier = issuer.verifier(HOUR).await;
    verify(&verifier, &old.bearer(&claims())).await.unwrap();
    assert_eq!(issuer.fetches(), 1, "the first load");

    issuer.publish(jwks([&old.jwk, &new.jwk]));
    verify(&verifier, &new.bearer(&claims())).await.unwrap();
    assert_eq!(issuer.fetches(), 2, "one refresh");

    let stranger = es256("stranger");
    for _ in 0..3 {
        let outcome = verify(&verifier, &stranger.bearer(&claims())).await;
        assert_eq!(outcome, Err(TokenError::KeyUnknown));
    }
    assert_eq!(issuer.fetches(), 2, "no more within the interval");
}

#[tokio::test]
async fn unknown_kid_after_the_interval_fetches_again() {
    let pair = es256("a");
    let issuer = Issuer::new(jwks([&pair.jwk]));
    let verifier = issuer.verifier(NO_INTERVAL).await;
    for fetches in 2..5 {
        let outcome = verify(&verifier, &es256("stranger").bearer(&claims())).await;
        assert_eq!(outcome, Err(TokenError::KeyUnknown));
        assert_eq!(issuer.fetches(), fetches);
    }
}

#[tokio::test]
async fn concurrent_callers_share_one_fetch() {
    for interval in [HOUR, NO_INTERVAL] {
        let (old, new) = (es256("old"), es256("new"));
        let issuer = Issuer::new(jwks([&old.jwk]));
        let verifier = Arc::new(issuer.verifier(interval).await);
        issuer.publish(jwks([&new.jwk]));
        let callers = (0..50).map(|_| {
            let (verifier, bearer) = (Arc::clone(&verifier), new.bearer(&claims()));
            tokio::spawn(async move { verify(&verifier, &bearer).await })
        });
        for caller in callers.collect::<Vec<_>>() {
            caller.await.unwrap().unwrap();
        }
        assert_eq!(issuer.fetches(), 2);
    }
}

#[tokio::test]
async fn caller_that_disconnects_does_not_cancel_the_fetch() {
    let (old, new) = (es256("old"), es256("new"));
    let issuer = Issuer::new(jwks([&old.jwk]));
    let verifier = issuer.verifier(HOUR).await;
    issuer.publish(jwks([&new.jwk]));
    let bearer = new.bearer(&claims());
    tokio::select! {
        biased;
        outcome = verify(&verifier, &bearer) => panic!("too early: {outcome:?}"),
        () = tokio::task::yield_now() => {}
    }
    verify(&verifier, &bearer).await.unwrap();
    assert_eq!(issuer.fetches(), 2);
}

#[tokio::test]
async fn changed_keys_invalidate_the_cache() {
    let (old, new) = (es256("old"), es256("new"));
    let issuer = Issuer::new(jwks([&old.jwk]));
    let verifier = issuer.verifier(NO_INTERVAL).await;
    let bearer = old.bearer(&claims());
    verify(&verifier, &bearer).await.unwrap();

    // Its key is withdrawn; another caller's token triggers the refresh.
    issuer.publish(jwks([&new.jwk]));
    verify(&verifier, &bearer).await.unwrap();
    verify(&verifier, &new.bearer(&claims())).await.unwrap();
    let outcome = verify(&verifier, &bearer).await;
    assert_eq!(outcome, Err(TokenError::KeyUnknown));
}

#[tokio::test]
async fn unchanged_keys_keep_the_cache() {
    let pair = es256("a");
    let issuer = Issuer::new(jwks([&pair.jwk]));
    let source = issuer.source(NO_INTERVAL).await;
    let before = source.generation();
    // Other bytes, one more key that is ignored, and the same usable key.
    let other = json!({"kty": "oct", "k": "AAAA"});
    issuer.publish(jwks([&pair.jwk, &other]));
    source.refresh_for_unknown_key(before).await;
    assert_eq!(issuer.fetches(), 2);
    assert_eq!(source.generation(), before);
}

#[tokio::test]
async fn bad_document_leaves_the_last_good_keys_in_use() {
    let pair = es256("a");
    let issuer = Issuer::new(jwks([&pair.jwk]));
    let verifier = issuer.verifier(NO_INTERVAL).await;
    for document in ["", "<html>maintenance</html>", "{\"keys\": []}"] {
        issuer.publish(document);
        let outcome = verify(&verifier, &es256("stranger").bearer(&claims())).await;
        assert_eq!(outcome, Err(TokenError::KeyUnknown));
        verify(&verifier, &pair.bearer(&claims())).await.unwrap();
    }
    assert_eq!(issuer.fetches(), 4);
}

#[tokio::test]
async fn background_refresh_runs_until_it_is_dropped() {
    let (old, new) = (es256("old"), es256("new"));
    let issuer = Issuer::new(jwks([&old.jwk]));
    let source = issuer.source(HOUR).await;
    let task = source.refresh_every(Duration::from_millis(5));
    issuer.publish(jwks([&new.jwk]));
    while source.generation() == 0 {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    drop(task);
    tokio::time::sleep(Duration::from_millis(50)).await;
    let fetches = issuer.fetches();
    tokio::time::sleep(Duration::from_millis(100)).await;
    assert_eq!(issuer.fetches(), fetches);
}

#[tokio::test]
async fn file_is_read_again() {
    let (old, new) = (es256("old"), es256("new"));
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("jwks.json");
    std::fs::write(&path, jwks([&old.jwk])).unwrap();
    let source = KeySource::load(&JwksLocation::File(path.clone()))
        .await
        .unwrap();
    let verifier = Verifier::new(ISSUER, AUDIENCE, source);
    std::fs::write(&path, jwks([&new.jwk])).unwrap();
    verify(&verifier, &new.bearer(&claims())).await.unwrap();
}

#[tokio::test]
async fn cached_token_still_expires() {
    let pair = es256("a");
    let verifier = verifier([&pair.jwk]);
    let bearer = pair.bearer(&with(claims(), "nbf", now().timestamp()));
    let first = verify(&verifier, &bearer).await.unwrap();
    let again = verify(&verifier, &bearer).await.unwrap();
    assert!(Arc::ptr_eq(&first, &again), "from the cache");
    assert_eq!(verifier.cached(), 1);

    verifier.verify(Some(&bearer), after(659)).await.unwrap();
    let outcome = verifier.verify(Some(&bearer), after(660)).await;
    assert_eq!(outcome, Err(TokenError::Expired));
    let outcome = verifier.verify(Some(&bearer), after(-61)).await;
    assert_eq!(outcome, Err(TokenError::NotYetValid));
}

#[tokio::test]
async fn refused_tokens_are_not_cached() {
    let pair = es256("a");
    let verifier = verifier([&pair.jwk]);
    for claims in [
        with(claims(), "exp", 0),
        with(claims(), "aud", "x"),
        json!({}),
    ] {
        verify(&verifier, &pair.bearer(&claims)).await.unwrap_err();
    }
    verify(&verifier, &es256("a").bearer(&claims()))
        .await
        .unwrap_err();
    assert_eq!(verifier.cached(), 0);
}

#[tokio::test]
async fn cache_is_bounded() {
    let pair = es256("a");
    let keys = KeySource::fixed(KeySet::parse(jwks([&pair.jwk]).as_bytes()).unwrap());
    let verifier = Verifier::with_capacity(ISSUER, AUDIENCE, keys, 100);
    for number in 0..300 {
        let claims = with(claims(), "sub", number.to_string());
        verify(&verifier, &pair.bearer(&claims)).await.unwrap();
    }
    let cached = verifier.cached();
    assert!((50..=100).contains(&cached), "{cached}");
}
