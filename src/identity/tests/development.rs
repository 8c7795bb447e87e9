//! The development identity: private to its folder, and valid nowhere else.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use chrono::TimeDelta;

use super::support::{after, now};
use crate::identity::{
    ActorType, DEVELOPMENT_ISSUER, DevelopmentIdentity, DevelopmentKeyError, Scope, TokenError,
};

const KEY: &str = "development-key.pem";

fn bearer(identity: &DevelopmentIdentity) -> String {
    let scopes = "second-opinion.review second-opinion.read";
    let ttl = TimeDelta::hours(8);
    let token = identity.token("reviewer", scopes, ActorType::Person, ttl, now());
    format!("Bearer {token}")
}

fn refusal(dir: &Path) -> DevelopmentKeyError {
    DevelopmentIdentity::load_or_create(dir).err().unwrap()
}

#[tokio::test]
async fn tokens_verify_after_a_restart() {
    let folder = tempfile::tempdir().unwrap();
    let first = DevelopmentIdentity::load_or_create(folder.path()).unwrap();
    let second = DevelopmentIdentity::load_or_create(folder.path()).unwrap();
    let verifier = second.verifier();
    let bearer = bearer(&first);
    let identity = verifier.verify(Some(&bearer), now()).await.unwrap();
    assert_eq!(identity.key(), format!("{DEVELOPMENT_ISSUER}|reviewer"));
    assert_eq!(identity.actor_type, ActorType::Person);
    assert!(identity.has(Scope::Review) && !identity.has(Scope::Submit));
    let outcome = verifier.verify(Some(&bearer), after(8 * 3600 + 60)).await;
    assert_eq!(outcome, Err(TokenError::Expired));
}

#[tokio::test]
async fn token_of_another_folder_is_refused() {
    let (one, two) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let one = DevelopmentIdentity::load_or_create(one.path()).unwrap();
    let two = DevelopmentIdentity::load_or_create(two.path()).unwrap();
    let outcome = two.verifier().verify(Some(&bearer(&one)), now()).await;
    assert_eq!(outcome, Err(TokenError::KeyUnknown));
}

#[test]
fn key_file_has_mode_0600_and_no_leftover_beside_it() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data").join("deeper");
    DevelopmentIdentity::load_or_create(&data).unwrap();
    let mode = fs::metadata(data.join(KEY)).unwrap().permissions().mode();
    assert_eq!(mode & 0o7777, 0o600);
    let files = fs::read_dir(&data)
        .unwrap()
        .map(|file| file.unwrap().file_name());
    assert_eq!(files.collect::<Vec<_>>(), [KEY]);
}

#[test]
fn key_file_open_to_others_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    DevelopmentIdentity::load_or_create(folder.path()).unwrap();
    let path = folder.path().join(KEY);
    for mode in [0o640, 0o620, 0o610, 0o604, 0o602, 0o601, 0o644, 0o666] {
        fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
        let error = refusal(folder.path());
        assert!(
            matches!(error, DevelopmentKeyError::Exposed { .. }),
            "{error}"
        );
    }
    for mode in [0o600, 0o400] {
        fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
        DevelopmentIdentity::load_or_create(folder.path()).unwrap();
    }
}

#[test]
fn file_without_a_key_is_refused_and_not_changed() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join(KEY);
    for text in [
        "",
        "not a key",
        "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n",
    ] {
        fs::write(&path, text).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
        let error = refusal(folder.path());
        assert!(
            matches!(error, DevelopmentKeyError::NotAKey { .. }),
            "{error}"
        );
        assert_eq!(fs::read_to_string(&path).unwrap(), text);
    }
}

#[test]
fn unusable_folder_is_an_error() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("file");
    fs::write(&file, "").unwrap();
    let error = refusal(&file);
    assert!(matches!(error, DevelopmentKeyError::File { .. }), "{error}");
}

#[test]
fn concurrent_starts_get_the_same_key() {
    let folder = tempfile::tempdir().unwrap();
    let start = || {
        let identity = DevelopmentIdentity::load_or_create(folder.path()).unwrap();
        identity.jwks().to_owned()
    };
    let keys = std::thread::scope(|scope| {
        let starts = [(); 8].map(|()| scope.spawn(start));
        starts.map(|start| start.join().unwrap())
    });
    assert!(keys.iter().all(|key| *key == keys[0]));
}
