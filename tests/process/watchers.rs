//! Does everyone who follows the changes see the log: in its order, nothing skipped and nothing twice?

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use second_opinion::store::postgres::PostgresStore;
use second_opinion::store::{Store as _, verify_log};
use second_opinion::wire::v1;
use tokio::task::JoinHandle;

use crate::callers::{Acknowledged, Caller, Failures, TEST_TIMEOUT};
use crate::fleet::{Fleet, chance};

/// A log without an end yet.
const NO_END: u64 = u64::MAX;
/// As many acknowledged changes are asked for once more at the end.
const ASKED_AGAIN: usize = 200;

/// Where an event stands, its case and its version.
type Seen = (u64, String, i64);

/// How a watcher begins, and whether it is cut.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Habit {
    /// From the first event, for as long as the server lets it.
    Steady,
    /// From the first event, cut at random.
    Cut,
    /// From where the log was when it came, cut at random.
    Late,
}

const HABITS: [Habit; 5] = [
    Habit::Steady,
    Habit::Steady,
    Habit::Cut,
    Habit::Cut,
    Habit::Late,
];

/// Five who follow.
pub struct Watchers {
    watching: Vec<JoinHandle<(u64, Vec<Seen>)>>,
    /// The last position, once it is known.
    end: Arc<AtomicU64>,
}

impl Watchers {
    pub fn start(fleet: &Arc<Fleet>) -> Self {
        let end = Arc::new(AtomicU64::new(NO_END));
        let watching = HABITS.iter().enumerate().map(|(nth, habit)| {
            tokio::spawn(watch(Arc::clone(fleet), nth, *habit, Arc::clone(&end)))
        });
        Self {
            watching: watching.collect(),
            end,
        }
    }
}

/// Follows from one server to the next, with its cursor, to the end; gives where it began, and what it saw.
async fn watch(
    fleet: Arc<Fleet>,
    nth: usize,
    habit: Habit,
    end: Arc<AtomicU64>,
) -> (u64, Vec<Seen>) {
    let mut seen = Vec::new();
    // Empty: from now on.
    let mut cursor = if habit == Habit::Late { "" } else { "0" }.to_owned();
    let mut began = cursor.parse().ok();
    for at in nth.. {
        if cursor.parse() == Ok(end.load(Ordering::SeqCst)) {
            break;
        }
        let mut client = fleet.client(at);
        let from = v1::WatchDeterminationsRequest {
            cursor: cursor.clone(),
        };
        let Ok(stream) = client.watch_determinations(from).await else {
            tokio::time::sleep(Duration::from_millis(50)).await;
            continue;
        };
        let mut stream = stream.into_inner();
        let messages = match habit {
            Habit::Steady => usize::MAX,
            Habit::Cut | Habit::Late => 1 + chance(120),
        };
        for _ in 0..messages {
            let message = tokio::time::timeout(Duration::from_millis(500), stream.message());
            let Ok(Ok(Some(message))) = message.await else {
                break;
            };
            cursor = message.cursor;
            let position = cursor.parse().expect("a position");
            began.get_or_insert(position);
            if let Some(event) = message.event {
                seen.push((position, event.determination_id, event.version));
            }
        }
    }
    (began.expect("a first message"), seen)
}

/// The log, as a reader of the database has it; its chains are proved.
async fn proved_log(url: &str) -> Vec<Seen> {
    let store = PostgresStore::open_read_only(url).await.expect("a reader");
    let report = verify_log(&store).await.expect("read");
    assert!(report.is_clean(), "{:?}", report.findings);
    let head = store.head().await.expect("read").position;
    let log = store.log_after(0, usize::MAX).await.expect("the log");
    let log: Vec<Seen> = log
        .iter()
        .map(|entry| {
            let id = entry.determination_id.to_string();
            (entry.position, id, i64::from(entry.version))
        })
        .collect();
    let positions = log.iter().map(|(position, ..)| *position);
    assert!(positions.eq(1..=head), "positions with gaps");
    log
}

/// Each acknowledged change is in the log once and nothing else is, whoever asks again gets the first answer, and every
/// watcher has seen the log.
pub async fn check(fleet: &Arc<Fleet>, url: &str, acknowledged: &[Acknowledged], all: Watchers) {
    let log = proved_log(url).await;
    let mut times: HashMap<(&str, i64), usize> = HashMap::new();
    for (_, id, version) in &log {
        *times.entry((id, *version)).or_default() += 1;
    }
    for made in acknowledged {
        let key = (
            made.answer.determination_id.as_str(),
            made.request.version(),
        );
        assert_eq!(times.get(&key), Some(&1), "{key:?}");
    }
    assert_eq!(log.len(), acknowledged.len(), "each change is there once");

    let step = acknowledged.len().div_ceil(ASKED_AGAIN).max(1);
    let mut caller = Caller::new(fleet, 0, &Arc::<Failures>::default());
    for made in acknowledged.iter().step_by(step) {
        let again = caller.until_acknowledged(made.request.clone()).await;
        assert_eq!(again.answer, made.answer, "the first answer again");
    }

    let last = u64::try_from(log.len()).expect("few");
    all.end.store(last, Ordering::SeqCst);
    for watcher in all.watching {
        let seen = tokio::time::timeout(TEST_TIMEOUT, watcher).await;
        let (began, seen) = seen.expect("in time").expect("no panic");
        let began = usize::try_from(began).expect("few");
        assert!(seen == log[began..], "not the log after {began}");
    }
}
