//! The log: in commit order, without gaps, with time that runs forward.

use std::sync::Arc;

use futures::future::join_all;
use second_opinion::case::{Digest, EventKind, SealedEvent, State};
use second_opinion::store::{CaseColumns, Head, Store};

use crate::support::change::{Change, made, read, submitted};
use crate::support::sample;

pub async fn positions_have_no_gaps_under_many_writers<S: Store>(store: Arc<S>) {
    let writers = (0..64).map(|n| {
        let store = Arc::clone(&store);
        tokio::spawn(async move {
            let case = submitted(&*store, n, sample::later(i64::from(n % 7))).await;
            let second = made(&*store, Change::of(&case, sample::later(8)).verify()).await;
            let case = read(&*store, case.id).await;
            let third = made(&*store, Change::of(&case, sample::later(9)).withdraw()).await;
            assert!(second.position < third.position);
            [second, third].map(|made| (made.position, made.event.sha256))
        })
    });
    let written = join_all(writers).await;
    let records = store.records_after(0, 1_000).await.expect("read");
    let positions: Vec<u64> = records.iter().map(|record| record.position).collect();
    assert_eq!(positions, (1..=192).collect::<Vec<u64>>());
    for (position, sha256) in written.into_iter().flat_map(|one| one.expect("no panic")) {
        let at = usize::try_from(position).expect("small") - 1;
        assert_eq!(records[at].sha256, sha256);
    }
}

pub async fn pages_of_the_log_are_contiguous<S: Store>(store: Arc<S>) {
    for n in 0..23 {
        submitted(&*store, n, sample::start()).await;
    }
    for limit in [1, 4, 23, 100] {
        for from in 0..=23 {
            let (mut at, mut seen) = (from, Vec::new());
            loop {
                let entries = store.log_after(at, limit).await.expect("read");
                let records = store.records_after(at, limit).await.expect("read");
                assert!(entries.len() <= limit);
                assert!(
                    entries
                        .iter()
                        .map(|entry| entry.position)
                        .eq(records.iter().map(|record| record.position))
                );
                let Some(last) = entries.last() else { break };
                at = last.position;
                seen.extend(entries.iter().map(|entry| entry.position));
            }
            assert_eq!(seen, (from + 1..=23).collect::<Vec<u64>>(), "from {from}");
        }
    }
    assert!(store.log_after(u64::MAX, 5).await.expect("read").is_empty());
    assert!(store.log_after(0, 0).await.expect("read").is_empty());
}

pub async fn log_entry_has_the_case_after_the_event<S: Store>(store: Arc<S>) {
    let mut request = sample::urgent_request(7, sample::start());
    request.treatment_authorization_number.push_str("TAR-7");
    let change = Change::new_case(sample::start());
    made(&*store, change.submit(request)).await;
    let case = read(&*store, change.id).await;
    made(&*store, Change::of(&case, sample::later(1)).deny()).await;
    let denied = read(&*store, change.id).await;

    let entries = store.log_after(0, 10).await.expect("read");
    let [first, second] = entries.as_slice() else {
        panic!("two entries");
    };
    assert_eq!(
        (first.kind, first.state),
        (EventKind::Submitted, State::PendingReview)
    );
    assert_eq!(
        (second.kind, second.state),
        (EventKind::Denied, State::Denied)
    );
    for (entry, case) in [(first, &case), (second, &denied)] {
        let columns = CaseColumns::of(case, &[]);
        assert_eq!(
            (entry.determination_id, entry.version),
            (case.id, case.version)
        );
        assert_eq!(
            (entry.urgency, entry.due_at),
            (columns.urgency, columns.due_at)
        );
        assert_eq!(entry.occurred_at, case.updated_at);
        assert_eq!(entry.referral_number, "RAF-7");
        assert_eq!(entry.treatment_authorization_number, "TAR-7");
    }
    assert!(first.due_at.is_some());
}

pub async fn log_time_never_runs_backwards<S: Store>(store: Arc<S>) {
    let late = submitted(&*store, 1, sample::later(1_000)).await;
    let early = submitted(&*store, 2, sample::start()).await;
    assert_eq!(early.created_at, late.created_at);
    // The event itself has the later instant, and is sealed anew.
    let history = store.history(early.id).await.expect("read");
    let (header, _) = SealedEvent::unseal(&history[0].bytes, history[0].sha256).expect("an event");
    assert_eq!(header.occurred_at, sample::later(1_000));
    assert_eq!(early.head, history[0].sha256);
    // The case's own instants are as they were decided.
    assert_eq!(early.current.request.received_at, sample::start());
    made(&*store, Change::of(&early, sample::later(5)).verify()).await;
    submitted(&*store, 3, sample::later(2_000)).await;
    let log = store.log_after(0, 10).await.expect("read");
    let instants: Vec<_> = log.iter().map(|entry| entry.occurred_at).collect();
    let expected = [1_000, 1_000, 1_000, 2_000].map(sample::later);
    assert_eq!(instants, expected);
}

pub async fn head_is_the_digest_over_all_events<S: Store>(store: Arc<S>) {
    let empty = store.head().await.expect("read");
    assert_eq!((empty.position, empty.digest), (0, Digest::ZERO));
    let case = submitted(&*store, 1, sample::start()).await;
    submitted(&*store, 2, sample::later(1)).await;
    made(&*store, Change::of(&case, sample::later(2)).deny()).await;
    let records = store.records_after(0, 10).await.expect("read");
    let digest = records.iter().fold(Digest::ZERO, |digest, record| {
        digest.roll(record.position, record.sha256)
    });
    let expected = Head {
        position: 3,
        digest,
        occurred_at: sample::later(2),
    };
    assert_eq!(store.head().await.expect("read"), expected);
}

pub async fn head_changes_wake_receivers<S: Store>(store: Arc<S>) {
    let mut changes = store.head_changes();
    assert_eq!(*changes.borrow_and_update(), 0);
    submitted(&*store, 1, sample::start()).await;
    changes.changed().await.expect("the store is open");
    assert_eq!(*changes.borrow_and_update(), 1);
}
