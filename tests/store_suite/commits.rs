//! Commits: each as a whole, once, and only on its expected version.

use std::sync::Arc;

use chrono::TimeDelta;
use futures::future::join_all;
use second_opinion::case::{Digest, State};
use second_opinion::store::{CommitError, Replay, Store, StoreError, fold};
use uuid::Uuid;

use crate::support::change::{self, Change, RUNGS, made, read, submitted};
use crate::support::sample;

pub async fn commit_is_read_back<S: Store>(store: Arc<S>) {
    let change = Change::new_case(sample::start());
    let commit = change.submit(sample::request(1, sample::start()));
    let sealed = commit.event.clone();
    let committed = made(&*store, commit).await;
    assert_eq!((committed.position, &committed.event), (1, &sealed));
    let case = read(&*store, change.id).await;
    assert_eq!((case.id, case.version), (change.id, 1));
    assert_eq!(
        (case.head, case.command_head),
        (sealed.sha256, sealed.sha256)
    );
    assert_eq!(
        (case.created_at, case.updated_at),
        (sample::start(), sample::start())
    );
    assert_eq!(case.current.request, sample::request(1, sample::start()));
    let folded = fold(case.id, &store.history(case.id).await.expect("read"));
    assert_eq!(folded.expect("a case"), case);
    assert_eq!(store.case(Uuid::now_v7()).await.expect("read"), None);
}

pub async fn history_is_in_order<S: Store>(store: Arc<S>) {
    let mut case = submitted(&*store, 1, sample::start()).await;
    for step in 1..=4 {
        submitted(&*store, 2, sample::later(step * 10)).await;
        made(
            &*store,
            Change::of(&case, sample::later(step * 10)).verify(),
        )
        .await;
        case = read(&*store, case.id).await;
    }
    made(&*store, Change::of(&case, sample::later(90)).withdraw()).await;
    let history = store.history(case.id).await.expect("read");
    let versions: Vec<u32> = history.iter().map(|record| record.version).collect();
    let positions: Vec<u64> = history.iter().map(|record| record.position).collect();
    assert_eq!(versions, [1, 2, 3, 4, 5, 6]);
    assert_eq!(positions, [1, 3, 5, 7, 9, 10]);
    let case = read(&*store, case.id).await;
    assert_eq!(case.current.state, State::Withdrawn);
    assert_eq!(fold(case.id, &history).expect("a case"), case);
    let unknown = store.history(Uuid::now_v7()).await.expect("read");
    assert!(unknown.is_empty());
}

pub async fn stale_version_conflicts<S: Store>(store: Arc<S>) {
    let case = submitted(&*store, 1, sample::start()).await;
    let stale = Change::of(&case, sample::later(2)).withdraw();
    made(&*store, Change::of(&case, sample::later(1)).verify()).await;
    let refused = store.commit(stale).await;
    assert!(matches!(refused, Err(CommitError::VersionConflict)));
    // A later version than the present one conflicts too.
    let case = read(&*store, case.id).await;
    let mut early = Change::of(&case, sample::later(3)).withdraw();
    early.expected_version += 1;
    let refused = store.commit(early).await;
    assert!(matches!(refused, Err(CommitError::VersionConflict)));
}

pub async fn event_with_another_previous_digest_conflicts<S: Store>(store: Arc<S>) {
    let mut case = submitted(&*store, 1, sample::start()).await;
    case.head = Digest::of(b"another");
    let refused = store
        .commit(Change::of(&case, sample::later(1)).verify())
        .await;
    assert!(matches!(refused, Err(CommitError::VersionConflict)));
}

pub async fn new_case_conflicts_with_an_existing_one<S: Store>(store: Arc<S>) {
    let change = Change::new_case(sample::start());
    made(&*store, change.submit(sample::request(1, sample::start()))).await;
    let refused = store
        .commit(change.submit(sample::request(1, sample::start())))
        .await;
    assert!(matches!(refused, Err(CommitError::VersionConflict)));
    // And a change conflicts with a case that does not exist.
    let mut case = read(&*store, change.id).await;
    case.id = Uuid::now_v7();
    let refused = store
        .commit(Change::of(&case, sample::later(1)).verify())
        .await;
    assert!(matches!(refused, Err(CommitError::VersionConflict)));
}

pub async fn only_a_callers_change_moves_the_etag<S: Store>(store: Arc<S>) {
    let first = submitted(&*store, 1, sample::start()).await;
    let soon = first.next_sweep(&RUNGS).expect("a clock runs");
    let committed = made(&*store, Change::of(&first, soon).sweep()).await;
    let second = read(&*store, first.id).await;
    assert_eq!((second.version, second.head), (2, committed.event.sha256));
    assert_eq!(
        (second.etag(), second.updated_at),
        (first.etag(), first.updated_at)
    );
    let folded = fold(first.id, &store.history(first.id).await.expect("read"));
    assert_eq!(folded.expect("a case"), second);
    let later = soon + TimeDelta::milliseconds(1);
    made(&*store, Change::of(&second, later).verify()).await;
    let third = read(&*store, first.id).await;
    assert_ne!(third.etag(), first.etag());
    assert_eq!(third.updated_at, later);
}

pub async fn unknown_snapshot_is_folded_from_the_events<S: Store>(store: Arc<S>) {
    let case = submitted(&*store, 1, sample::start()).await;
    let mut commit = Change::of(&case, sample::later(1)).withdraw();
    commit.snapshot = vec![255, 1, 2, 3];
    made(&*store, commit).await;
    let read = read(&*store, case.id).await;
    assert_eq!((read.version, read.current.state), (2, State::Withdrawn));
    let history = store.history(case.id).await.expect("read");
    assert_eq!(fold(case.id, &history).expect("a case"), read);
}

pub async fn repeated_request_is_replayed_even_under_a_stale_version<S: Store>(store: Arc<S>) {
    let change = Change::new_case(sample::start());
    let (key, content) = change::key("a", Uuid::now_v7());
    let mut first = change.submit(sample::request(1, sample::start()));
    first.replay = Some((key.clone(), content));
    assert_eq!(store.replay(&key).await.expect("read"), None);
    made(&*store, first).await;
    let expected = Replay {
        content,
        determination_id: change.id,
        version: 1,
    };
    assert_eq!(store.replay(&key).await.expect("read"), Some(expected));
    let case = read(&*store, change.id).await;
    made(&*store, Change::of(&case, sample::later(1)).verify()).await;

    let mut stale = Change::of(&case, sample::later(2)).withdraw();
    stale.replay = Some((key.clone(), content));
    let again = store.commit(stale).await;
    assert!(matches!(again, Err(CommitError::Replayed(replay)) if replay == expected));
    assert_eq!(store.head().await.expect("read").position, 2);
}

pub async fn repeated_request_with_other_content_gets_the_recorded_digest<S: Store>(store: Arc<S>) {
    let (key, content) = change::key("a", Uuid::now_v7());
    let change = Change::new_case(sample::start());
    let mut first = change.submit(sample::request(1, sample::start()));
    first.replay = Some((key.clone(), content));
    made(&*store, first).await;
    let other = Change::new_case(sample::start());
    let mut second = other.submit(sample::request(2, sample::start()));
    second.replay = Some((key, Digest::of(b"other content")));
    let again = store.commit(second).await;
    assert!(
        matches!(again, Err(CommitError::Replayed(replay)) if replay.content == content
            && replay.determination_id == change.id)
    );
    assert_eq!(store.case(other.id).await.expect("read"), None);
}

pub async fn request_id_of_two_callers_is_two_requests<S: Store>(store: Arc<S>) {
    let request_id = Uuid::now_v7();
    for (n, caller) in (1..).zip(["a", "b"]) {
        let change = Change::new_case(sample::start());
        let mut commit = change.submit(sample::request(n, sample::start()));
        commit.replay = Some(change::key(caller, request_id));
        made(&*store, commit).await;
        let (key, _) = change::key(caller, request_id);
        let replay = store.replay(&key).await.expect("read").expect("a record");
        assert_eq!(replay.determination_id, change.id);
    }
    let (unused, _) = change::key("c", request_id);
    assert_eq!(store.replay(&unused).await.expect("read"), None);
}

pub async fn concurrent_repeats_of_a_request_commit_once<S: Store>(store: Arc<S>) {
    let replay = change::key("a", Uuid::now_v7());
    let sent = (0..50).map(|n| {
        let mut commit =
            Change::new_case(sample::start()).submit(sample::request(n, sample::start()));
        commit.replay = Some(replay.clone());
        let store = Arc::clone(&store);
        tokio::spawn(async move { store.commit(commit).await })
    });
    let (mut ids, mut replayed) = (Vec::new(), Vec::new());
    for outcome in join_all(sent).await {
        match outcome.expect("no panic") {
            Ok(committed) => ids.push(committed.event.header.determination_id),
            Err(CommitError::Replayed(replay)) => replayed.push(replay.determination_id),
            Err(error) => panic!("{error}"),
        }
    }
    assert_eq!((ids.len(), replayed.len()), (1, 49));
    assert!(replayed.iter().all(|id| *id == ids[0]));
    assert_eq!(store.head().await.expect("read").position, 1);
}

pub async fn concurrent_changes_of_a_version_commit_once<S: Store>(store: Arc<S>) {
    let case = submitted(&*store, 1, sample::start()).await;
    let sent = (0..20).map(|n| {
        let commit = Change::of(&case, sample::later(n)).withdraw();
        let store = Arc::clone(&store);
        tokio::spawn(async move { store.commit(commit).await })
    });
    let outcomes = join_all(sent).await;
    let won = outcomes
        .iter()
        .filter(|outcome| matches!(outcome, Ok(Ok(_))))
        .count();
    let lost = outcomes
        .iter()
        .filter(|outcome| matches!(outcome, Ok(Err(CommitError::VersionConflict))))
        .count();
    assert_eq!((won, lost), (1, 19));
}

pub async fn refused_commit_changes_nothing<S: Store>(store: Arc<S>) {
    let case = submitted(&*store, 1, sample::start()).await;
    let stale = Change::of(&case, sample::later(2)).deny();
    let (key, _) = stale.replay.clone().expect("a caller's");
    let letter = stale.letters[0].reference.notice_id;
    made(&*store, Change::of(&case, sample::later(1)).verify()).await;
    assert!(store.commit(stale).await.is_err());
    assert_eq!(store.replay(&key).await.expect("read"), None);
    assert_eq!(store.notice(letter).await.expect("read"), None);
    assert_eq!(store.head().await.expect("read").position, 2);
    assert_eq!(read(&*store, case.id).await.version, 2);
}

pub async fn closed_store_is_unavailable<S: Store>(store: Arc<S>) {
    fn closed<T>(result: &Result<T, StoreError>) -> bool {
        matches!(result, Err(StoreError::Unavailable(_)))
    }
    let case = submitted(&*store, 1, sample::start()).await;
    store.ping().await.expect("it is open");
    store.close().await;
    store.close().await;
    let commit = Change::of(&case, sample::later(1)).verify();
    let refused = store.commit(commit).await;
    assert!(matches!(
        refused,
        Err(CommitError::Store(StoreError::Unavailable(_)))
    ));
    assert!(closed(&store.case(case.id).await) && closed(&store.history(case.id).await));
    assert!(closed(&store.head().await) && closed(&store.ping().await));
    assert!(closed(&store.log_after(0, 1).await) && closed(&store.records_after(0, 1).await));
    assert!(closed(&store.notice(case.id).await));
    assert!(closed(
        &store
            .list(&second_opinion::store::Worklist::default())
            .await
    ));
}
