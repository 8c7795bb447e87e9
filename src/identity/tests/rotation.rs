//! What happens when keys change, and when tokens end while they are remembered?

use std::sync::Arc;
use std::time::Duration;

use serde_json::json;

use super::support::*;
use crate::identity::cache::{Cache, Entry, fingerprint};
use crate::identity::claims::Window;
use crate::identity::{Identity, JwksSource, KeySource, ScopeSet, TokenError, Verifier};

const AT_ONCE: Duration = Duration::ZERO;
const HOUR: Duration = Duration::from_hours(1);

#[tokio::test]
async fn an_unknown_kid_fetches_the_keys_once() {
    let (old, new) = (es256("old"), es256("new"));
    let issuer = Issuer::new(jwks([&old.jwk]));
    let verifier = issuer.verifier(HOUR).await;
    verify(&verifier, &old.bearer(&claims())).await.unwrap();
    assert_eq!(issuer.asked(), 1, "the first load");

    issuer.publish(jwks([&old.jwk, &new.jwk]));
    verify(&verifier, &new.bearer(&claims())).await.unwrap();
    assert_eq!(issuer.asked(), 2, "one refresh");

    let stranger = es256("stranger");
    for _ in 0..3 {
        let outcome = verify(&verifier, &stranger.bearer(&claims())).await;
        assert_eq!(outcome, Err(TokenError::KeyUnknown));
    }
    assert_eq!(issuer.asked(), 2, "no more within the interval");
}

#[tokio::test]
async fn once_the_interval_is_over_there_is_another_fetch() {
    let pair = es256("a");
    let issuer = Issuer::new(jwks([&pair.jwk]));
    let verifier = issuer.verifier(AT_ONCE).await;
    for fetches in 2..5 {
        let outcome = verify(&verifier, &es256("stranger").bearer(&claims())).await;
        assert_eq!(outcome, Err(TokenError::KeyUnknown));
        assert_eq!(issuer.asked(), fetches);
    }
}

#[tokio::test]
async fn callers_that_come_together_share_one_fetch() {
    for interval in [HOUR, AT_ONCE] {
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
        assert_eq!(issuer.asked(), 2);
    }
}

#[tokio::test]
async fn a_caller_that_hangs_up_does_not_undo_the_fetch() {
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
    assert_eq!(issuer.asked(), 2);
}

#[tokio::test]
async fn a_change_of_keys_empties_the_memory() {
    let (old, new) = (es256("old"), es256("new"));
    let issuer = Issuer::new(jwks([&old.jwk]));
    let verifier = issuer.verifier(AT_ONCE).await;
    let bearer = old.bearer(&claims());
    verify(&verifier, &bearer).await.unwrap();

    // Its key is withdrawn, which the service hears of through another caller.
    issuer.publish(jwks([&new.jwk]));
    verify(&verifier, &bearer).await.unwrap();
    verify(&verifier, &new.bearer(&claims())).await.unwrap();
    let outcome = verify(&verifier, &bearer).await;
    assert_eq!(outcome, Err(TokenError::KeyUnknown));
}

#[tokio::test]
async fn the_same_keys_again_keep_the_memory() {
    let pair = es256("a");
    let issuer = Issuer::new(jwks([&pair.jwk]));
    let source = issuer.source(AT_ONCE).await;
    let before = source.generation();
    // Other bytes, another key that is not ours to use, and the same usable key.
    let other = json!({"kty": "oct", "k": "AAAA"});
    issuer.publish(jwks([&pair.jwk, &other]));
    source.refresh_for_unknown_key(before).await;
    assert_eq!(issuer.asked(), 2);
    assert_eq!(source.generation(), before);
}

#[tokio::test]
async fn a_bad_document_leaves_the_last_good_keys() {
    let pair = es256("a");
    let issuer = Issuer::new(jwks([&pair.jwk]));
    let verifier = issuer.verifier(AT_ONCE).await;
    for document in ["", "<html>maintenance</html>", "{\"keys\": []}"] {
        issuer.publish(document);
        let outcome = verify(&verifier, &es256("stranger").bearer(&claims())).await;
        assert_eq!(outcome, Err(TokenError::KeyUnknown));
        verify(&verifier, &pair.bearer(&claims())).await.unwrap();
    }
    assert_eq!(issuer.asked(), 4);
}

#[tokio::test]
async fn the_background_refresh_finds_withdrawn_keys_until_it_is_dropped() {
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
    let asked = issuer.asked();
    tokio::time::sleep(Duration::from_millis(100)).await;
    assert_eq!(issuer.asked(), asked);
}

#[tokio::test]
async fn a_file_is_read_again() {
    let (old, new) = (es256("old"), es256("new"));
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("jwks.json");
    std::fs::write(&path, jwks([&old.jwk])).unwrap();
    let source = KeySource::load(&JwksSource::File(path.clone()))
        .await
        .unwrap();
    let verifier = Verifier::new(ISSUER, AUDIENCE, source);
    std::fs::write(&path, jwks([&new.jwk])).unwrap();
    verify(&verifier, &new.bearer(&claims())).await.unwrap();
}

#[tokio::test]
async fn a_remembered_token_still_expires() {
    let pair = es256("a");
    let verifier = verifier([&pair.jwk]);
    let bearer = pair.bearer(&with(claims(), "nbf", now().timestamp()));
    let first = verify(&verifier, &bearer).await.unwrap();
    let again = verify(&verifier, &bearer).await.unwrap();
    assert!(Arc::ptr_eq(&first, &again), "from memory");
    assert_eq!(verifier.remembered(), 1);

    verifier.verify(Some(&bearer), after(659)).await.unwrap();
    let outcome = verifier.verify(Some(&bearer), after(660)).await;
    assert_eq!(outcome, Err(TokenError::Expired));
    let outcome = verifier.verify(Some(&bearer), after(-61)).await;
    assert_eq!(outcome, Err(TokenError::NotYetValid));
}

#[tokio::test]
async fn refused_tokens_are_not_remembered() {
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
    assert_eq!(verifier.remembered(), 0);
}

#[test]
fn the_memory_is_bounded_and_forgets_the_expired_first() {
    let cache = Cache::new(16);
    let entry = |expires_in: i64, generation| Entry {
        identity: Arc::new(Identity::from_certificate("s", ScopeSet::EMPTY)),
        window: Window {
            expires: after(expires_in).timestamp(),
            not_before: None,
        },
        generation,
    };
    // One entry a shard: each token below shares the first one's shard.
    let mut tokens = (0..).map(|n: u32| fingerprint(&n.to_string()));
    let first = tokens.next().unwrap();
    let mut neighbours = tokens.filter(|token| token[0] % 16 == first[0] % 16);
    let (second, third) = (neighbours.next().unwrap(), neighbours.next().unwrap());

    cache.insert(first, entry(600, 0), now());
    cache.insert(second, entry(500, 0), now());
    assert_eq!(cache.len(), 1);
    assert!(cache.get(&first, 0).is_none());
    assert!(cache.get(&second, 0).is_some());
    assert!(cache.get(&second, 1).is_none(), "verified by other keys");
    cache.insert(third, entry(600, 1), now());
    assert_eq!(cache.len(), 1);

    let roomy = Cache::new(32);
    roomy.insert(first, entry(-61, 0), now());
    roomy.insert(second, entry(10, 0), now());
    roomy.insert(third, entry(600, 0), now());
    assert!(roomy.get(&first, 0).is_none(), "had expired");
    assert!(roomy.get(&second, 0).is_some() && roomy.get(&third, 0).is_some());

    let rotated = Cache::new(32);
    rotated.insert(first, entry(6_000, 0), now());
    rotated.insert(second, entry(10, 1), now());
    rotated.insert(third, entry(600, 1), now());
    assert!(rotated.get(&first, 0).is_none(), "verified by older keys");
    assert!(rotated.get(&second, 1).is_some() && rotated.get(&third, 1).is_some());

    let many = Cache::new(1_000);
    for n in 0..5_000_u32 {
        many.insert(fingerprint(&n.to_string()), entry(600, 0), now());
    }
    assert!(many.len() <= 1_000);
}
