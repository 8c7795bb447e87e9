//! Many callers and reviewers over several servers: does one log come of it, and one decision a case?
//!
//! As much as `scripts/nightly` says by its variables, and a little in every other run.

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

/// Cases that are decided at the same time.
const LANES: usize = 4;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs PostgreSQL: SECOND_OPINION_TEST_POSTGRES"]
async fn many_write_through_three_servers_and_five_watchers_see_the_log() {
    let database = Database::start();
    let fleet = Fleet::start(&database.url, 3);
    let clients = size("CLIENTS", 12);
    let watchers = Watchers::start(&fleet);
    let load = Load::start(&fleet, clients);
    let (failures, began) = (Arc::clone(&load.failures), Instant::now());
    tokio::time::sleep(Duration::from_secs(size("SECONDS", 3) as u64)).await;
    let acknowledged = load.finish().await;
    println!(
        "{clients} clients made {} changes in {:?}",
        acknowledged.len(),
        began.elapsed()
    );
    // Nothing was lost on the way: none had to ask twice.
    assert_eq!(failures.unavailable.load(Ordering::SeqCst), 0);
    assert_eq!(failures.cut.load(Ordering::SeqCst), 0);
    check(&fleet, &database.url, &acknowledged, watchers).await;
}

/// Who won how often, and what the others were told.
#[derive(Default)]
struct Rounds {
    denied: AtomicUsize,
    approved: AtomicUsize,
    aborted: AtomicUsize,
    refused: AtomicUsize,
}

/// Two reviewers decide one case at once, each through a server of their own; gives its id and the decision.
async fn decided(fleet: &Arc<Fleet>, nth: usize, rounds: &Rounds) -> (String, EventKind) {
    let mut caller = Caller::new(fleet, nth, &Arc::<Failures>::default());
    let case = caller.until_acknowledged(undecided()).await.answer;
    let id = case.determination_id.clone();
    // Every other time they say what they last saw.
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
    // Connected before: neither has a start.
    for client in [&mut one, &mut other] {
        let seen = client.get_determination(get(&id, v1::View::Basic)).await;
        let seen = seen.expect("it").into_inner().determination.expect("it");
        assert_eq!(seen.state(), v1::State::PendingReview);
    }
    let both = tokio::join!(one.issue_denial(denial), other.issue_approval(approval));
    let (won, answer, lost) = match both {
        (Ok(answer), Err(lost)) => {
            rounds.denied.fetch_add(1, Ordering::SeqCst);
            (EventKind::Denied, answer.into_inner().determination, lost)
        }
        (Err(lost), Ok(answer)) => {
            rounds.approved.fetch_add(1, Ordering::SeqCst);
            (EventKind::Approved, answer.into_inner().determination, lost)
        }
        (one, other) => panic!("not one decision: {one:?} {other:?}"),
    };
    match lost.code() {
        // The state forbids it now; or, to whoever named what they saw, that it is another now.
        Code::FailedPrecondition => rounds.refused.fetch_add(1, Ordering::SeqCst),
        Code::Aborted if !etag.is_empty() => rounds.aborted.fetch_add(1, Ordering::SeqCst),
        _ => panic!("{lost:?}"),
    };
    // On either server: the state, the etag and the letters of the one decision.
    for client in [&mut one, &mut other] {
        let seen = client.get_determination(get(&id, v1::View::Basic)).await;
        assert_eq!(seen.expect("it").into_inner().determination, answer);
    }
    (id, won)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs PostgreSQL: SECOND_OPINION_TEST_POSTGRES"]
async fn two_reviewers_decide_at_once_over_two_servers_and_one_wins() {
    let database = Database::start();
    let fleet = Fleet::start(&database.url, 2);
    let (count, rounds) = (size("ROUNDS", 60), Rounds::default());
    let all = futures::stream::iter(0..count).map(|nth| decided(&fleet, nth, &rounds));
    let decisions: HashMap<String, EventKind> = all.buffer_unordered(LANES).collect().await;
    println!(
        "{count} rounds: {:?} denied, {:?} approved; the others were told ABORTED {:?} times, FAILED_PRECONDITION {:?} times",
        rounds.denied, rounds.approved, rounds.aborted, rounds.refused
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
