//! Concurrent callers and reviewers on several servers: they make one log, and one decision for each case.
//!
//! The load is small here and large in `scripts/nightly`.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use futures::StreamExt as _;
use second_opinion::case::EventKind;
use second_opinion::store::Store as _;
use second_opinion::store::postgres::PostgresStore;
use second_opinion::wire::v1;
use tonic::Code;

use crate::callers::{Caller, Failures, Load, timely_approval, undecided};
use crate::database::Database;
use crate::fleet::{Fleet, size};
use crate::support::messages::{denial, get};
use crate::watchers::{Watchers, check};

/// Cases that are decided concurrently.
const CONCURRENCY: usize = 4;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs PostgreSQL: SECOND_OPINION_TEST_POSTGRES"]
async fn three_servers_make_one_log_and_five_watchers_receive_it() {
    let database = Database::start();
    let fleet = Fleet::start(&database.url, 3);
    let clients = size("CLIENTS", 12);
    let watchers = Watchers::start(&fleet);
    let load = Load::start(&fleet, clients);
    let (failures, start) = (Arc::clone(&load.failures), Instant::now());
    tokio::time::sleep(Duration::from_secs(size("SECONDS", 3) as u64)).await;
    let acknowledged = load.finish().await;
    println!(
        "{clients} clients made {} changes in {:?}",
        acknowledged.len(),
        start.elapsed()
    );
    // No call had to be retried.
    assert_eq!(failures.unavailable.load(Ordering::SeqCst), 0);
    assert_eq!(failures.disconnected.load(Ordering::SeqCst), 0);
    check(&fleet, &database.url, &acknowledged, watchers).await;
}

/// The number of rounds that each decision won, and of each error of the other reviewer.
#[derive(Default)]
struct Outcomes {
    denied: AtomicUsize,
    approved: AtomicUsize,
    aborted: AtomicUsize,
    precondition_failed: AtomicUsize,
}

/// Has two reviewers decide one case at once, each on another server. Returns its id and the decision.
async fn decide_twice(fleet: &Arc<Fleet>, nth: usize, outcomes: &Outcomes) -> (String, EventKind) {
    let mut caller = Caller::new(fleet, nth, &Arc::<Failures>::default());
    let case = caller.send_until_acknowledged(undecided()).await.answer;
    let id = case.determination_id.clone();
    // In every other round the reviewers send the etag.
    let etag = match nth % 2 {
        0 => case.etag,
        _ => String::new(),
    };
    let denial = v1::IssueDenialRequest {
        etag: etag.clone(),
        ..denial(&id)
    };
    let approval = v1::IssueApprovalRequest {
        etag: etag.clone(),
        ..timely_approval(&id)
    };
    let (mut one, mut other) = (fleet.client(nth), fleet.client(nth + 1));
    // Connects both: neither has a head start.
    for client in [&mut one, &mut other] {
        let read = client.get_determination(get(&id, v1::View::Basic)).await;
        let read = read
            .expect("an answer")
            .into_inner()
            .determination
            .expect("a determination");
        assert_eq!(read.state(), v1::State::PendingReview);
    }
    let both = tokio::join!(one.issue_denial(denial), other.issue_approval(approval));
    let (decision, answer, error) = match both {
        (Ok(answer), Err(error)) => {
            outcomes.denied.fetch_add(1, Ordering::SeqCst);
            (EventKind::Denied, answer.into_inner().determination, error)
        }
        (Err(error), Ok(answer)) => {
            outcomes.approved.fetch_add(1, Ordering::SeqCst);
            (
                EventKind::Approved,
                answer.into_inner().determination,
                error,
            )
        }
        (one, other) => panic!("not exactly one decision: {one:?} {other:?}"),
    };
    match error.code() {
        // The state is final now; or, with an etag, the etag is stale.
        Code::FailedPrecondition => outcomes.precondition_failed.fetch_add(1, Ordering::SeqCst),
        Code::Aborted if !etag.is_empty() => outcomes.aborted.fetch_add(1, Ordering::SeqCst),
        _ => panic!("{error:?}"),
    };
    // Both servers have the state, the etag and the letters of the one decision.
    for client in [&mut one, &mut other] {
        let read = client.get_determination(get(&id, v1::View::Basic)).await;
        assert_eq!(read.expect("an answer").into_inner().determination, answer);
    }
    (id, decision)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs PostgreSQL: SECOND_OPINION_TEST_POSTGRES"]
async fn two_reviewers_decide_at_once_on_two_servers_and_one_wins() {
    let database = Database::start();
    let fleet = Fleet::start(&database.url, 2);
    let (count, outcomes) = (size("ROUNDS", 60), Outcomes::default());
    let all = futures::stream::iter(0..count).map(|nth| decide_twice(&fleet, nth, &outcomes));
    let decisions: HashMap<String, EventKind> = all.buffer_unordered(CONCURRENCY).collect().await;
    println!(
        "{count} rounds: {:?} denied, {:?} approved; the other reviewer got ABORTED {:?} times, FAILED_PRECONDITION {:?} times",
        outcomes.denied, outcomes.approved, outcomes.aborted, outcomes.precondition_failed
    );
    assert_eq!(decisions.len(), count);

    let store = PostgresStore::open_read_only(&database.url).await;
    let log = store.expect("a reader").log_after(0, usize::MAX).await;
    let mut events: HashMap<String, Vec<EventKind>> = HashMap::new();
    for entry in log.expect("the log") {
        let id = entry.determination_id.to_string();
        events.entry(id).or_default().push(entry.kind);
    }
    assert_eq!(events.len(), count);
    for (id, kinds) in events {
        assert_eq!(kinds, [EventKind::Submitted, decisions[&id]], "{id}");
    }
}
