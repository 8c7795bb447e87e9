//! Letters, stored with their decision, and their renderings.

use std::sync::Arc;

use second_opinion::case::{Digest, NoticeKind, State};
use second_opinion::notice::{Form, Rendition};
use second_opinion::store::{Store, StoreError, StoredRendering};
use uuid::Uuid;

use crate::support::change::{Change, made, read, submitted};
use crate::support::sample;

pub async fn letter_is_stored_with_its_decision<S: Store>(store: Arc<S>) {
    for (n, kind) in (1..).zip([NoticeKind::Denial, NoticeKind::Approval]) {
        let case = submitted(&*store, n, sample::start()).await;
        let change = Change::of(&case, sample::later(5));
        let (commit, state) = match kind {
            NoticeKind::Denial => (change.deny(), State::Denied),
            _ => (change.approve(), State::Approved),
        };
        let letter = commit.letters[0].clone();
        made(&*store, commit).await;
        let case = read(&*store, case.id).await;
        assert_eq!(case.current.state, state);
        assert_eq!(
            case.current.notices,
            std::slice::from_ref(&letter.reference)
        );
        let id = letter.reference.notice_id;
        let stored = store.notice(id).await.expect("read").expect("a letter");
        assert_eq!(stored, letter);
        assert_eq!(Digest::of(&stored.bytes), stored.reference.sha256);
        assert_eq!(stored.reference.kind, kind);
    }
}

pub async fn unknown_letter_is_none<S: Store>(store: Arc<S>) {
    assert_eq!(store.notice(Uuid::now_v7()).await.expect("read"), None);
}

pub async fn first_rendering_is_returned_from_then_on<S: Store>(store: Arc<S>) {
    let case = submitted(&*store, 1, sample::start()).await;
    let commit = Change::of(&case, sample::later(5)).deny();
    let notice_id = commit.letters[0].reference.notice_id;
    made(&*store, commit).await;
    let rendering = |form, language: &str, large_print, bytes: &[u8]| StoredRendering {
        notice_id,
        rendition: Rendition {
            form,
            language: language.to_owned(),
            large_print,
        },
        sha256: Digest::of(bytes),
        bytes: bytes.to_vec(),
    };
    let first = rendering(Form::Html, "en", false, b"first");
    let none = store.rendering(notice_id, &first.rendition).await;
    assert_eq!(none.expect("read"), None);
    let kept = store.store_rendering(first.clone()).await.expect("kept");
    assert_eq!(kept, first);
    let later = rendering(Form::Html, "en", false, b"later");
    let kept = store.store_rendering(later).await.expect("kept");
    assert_eq!(kept, first, "the first one wins");
    for other in [
        rendering(Form::Text, "en", false, b"another form"),
        rendering(Form::Html, "es", false, b"another language"),
        rendering(Form::Html, "en", true, b"another size"),
    ] {
        let kept = store.store_rendering(other.clone()).await.expect("kept");
        assert_eq!(kept, other);
    }
    let held = store.rendering(notice_id, &first.rendition).await;
    assert_eq!(held.expect("read"), Some(first));
}

pub async fn concurrent_renderings_of_a_letter_are_stored_once<S: Store>(store: Arc<S>) {
    let case = submitted(&*store, 1, sample::start()).await;
    let commit = Change::of(&case, sample::later(5)).deny();
    let notice_id = commit.letters[0].reference.notice_id;
    made(&*store, commit).await;
    let rendition = Rendition {
        form: Form::Pdf,
        language: "en".to_owned(),
        large_print: true,
    };
    let mut waiting = tokio::task::JoinSet::new();
    for n in 0..20_u8 {
        let (store, rendition) = (Arc::clone(&store), rendition.clone());
        waiting.spawn(async move {
            let rendering = StoredRendering {
                notice_id,
                rendition,
                sha256: Digest::of(&[n]),
                bytes: vec![n],
            };
            store.store_rendering(rendering).await.expect("kept")
        });
    }
    let kept = waiting.join_all().await;
    assert!(kept.iter().all(|one| *one == kept[0]));
    let held = store.rendering(notice_id, &rendition).await.expect("read");
    assert_eq!(held.as_ref(), Some(&kept[0]));
}

pub async fn refused_rendering_does_not_fail_a_commit<S: Store>(store: Arc<S>) {
    let unknown = StoredRendering {
        notice_id: Uuid::now_v7(),
        rendition: Rendition {
            form: Form::Pdf,
            language: "en".to_owned(),
            large_print: false,
        },
        sha256: Digest::of(b"pages"),
        bytes: b"pages".to_vec(),
    };
    let submission = Change::new_case(sample::start());
    let commit = submission.submit(sample::request(1, sample::start()));
    let (stored, committed) = tokio::join!(store.store_rendering(unknown), store.commit(commit));
    assert!(matches!(stored, Err(StoreError::Unavailable(_))));
    committed.expect("committed");
    store.ping().await.expect("it takes commits");
}
