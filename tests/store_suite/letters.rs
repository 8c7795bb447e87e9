//! Are letters kept with the decision that made them?

use std::sync::Arc;

use second_opinion::case::{Digest, NoticeKind, State};
use second_opinion::store::Store;
use uuid::Uuid;

use crate::support::change::{Change, made, read, submitted};
use crate::support::sample;

pub async fn a_letter_is_kept_with_its_decision<S: Store>(store: Arc<S>) {
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
        assert_eq!(case.file.state, state);
        assert_eq!(case.file.notices, std::slice::from_ref(&letter.reference));
        let id = letter.reference.notice_id;
        let stored = store.notice(id).await.expect("read").expect("a letter");
        assert_eq!(stored, letter);
        assert_eq!(Digest::of(&stored.bytes), stored.reference.sha256);
        assert_eq!(stored.reference.kind, kind);
    }
}

pub async fn an_unknown_letter_is_none<S: Store>(store: Arc<S>) {
    assert_eq!(store.notice(Uuid::now_v7()).await.expect("read"), None);
}
