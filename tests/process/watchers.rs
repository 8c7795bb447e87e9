//! Watchers of the log, and the check that each received all of it, in order, each event once.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use second_opinion::store::postgres::PostgresStore;
use second_opinion::store::{Store as _, verify_log};
use second_opinion::wire::v1;
use tokio::task::JoinHandle;

use crate::callers::{Acknowledged, Caller, Failures, TEST_TIMEOUT};
use crate::fleet::{Fleet, random_below};

/// The end of a log that still grows.
const NO_END: u64 = u64::MAX;
/// Maximum acknowledged changes that the check sends again.
const REPLAYS_MAX: usize = 200;

/// An event's position, case and version.
type SeenEvent = (u64, String, i64);

#[derive(Clone, Copy, PartialEq, Eq)]
enum WatcherKind {
    /// Starts at the first event and keeps its stream as long as it can.
    Steady,
    /// Starts at the first event and reconnects at random.
    Reconnecting,
    /// Starts at the log's present end and reconnects at random.
    Late,
}

const KINDS: [WatcherKind; 5] = [
    WatcherKind::Steady,
    WatcherKind::Steady,
    WatcherKind::Reconnecting,
    WatcherKind::Reconnecting,
    WatcherKind::Late,
];

pub struct Watchers {
    tasks: Vec<JoinHandle<(u64, Vec<SeenEvent>)>>,
    /// The last position, once it is known.
    end: Arc<AtomicU64>,
}

impl Watchers {
    pub fn start(fleet: &Arc<Fleet>) -> Self {
        let end = Arc::new(AtomicU64::new(NO_END));
        let tasks = KINDS.iter().enumerate().map(|(nth, kind)| {
            tokio::spawn(watch(Arc::clone(fleet), nth, *kind, Arc::clone(&end)))
        });
        Self {
            tasks: tasks.collect(),
            end,
        }
    }
}

/// Watches server after server, with one cursor, to the end. Returns the position at which it began, and the events.
async fn watch(
    fleet: Arc<Fleet>,
    nth: usize,
    kind: WatcherKind,
    end: Arc<AtomicU64>,
) -> (u64, Vec<SeenEvent>) {
    let mut seen = Vec::new();
    // An empty cursor is the present end.
    let mut cursor = if kind == WatcherKind::Late { "" } else { "0" }.to_owned();
    let mut began = cursor.parse().ok();
    for server in nth.. {
        if cursor.parse() == Ok(end.load(Ordering::SeqCst)) {
            break;
        }
        let mut client = fleet.client(server);
        let from = v1::WatchDeterminationsRequest {
            cursor: cursor.clone(),
        };
        let Ok(stream) = client.watch_determinations(from).await else {
            tokio::time::sleep(Duration::from_millis(50)).await;
            continue;
        };
        let mut stream = stream.into_inner();
        let messages = match kind {
            WatcherKind::Steady => usize::MAX,
            WatcherKind::Reconnecting | WatcherKind::Late => 1 + random_below(120),
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

/// The log, verified and read from the database.
async fn verified_log(url: &str) -> Vec<SeenEvent> {
    let store = PostgresStore::open_read_only(url).await.expect("a reader");
    let report = verify_log(&store).await.expect("read");
    assert!(report.is_clean(), "{:?}", report.findings);
    let head = store.head().await.expect("read").position;
    let log = store.log_after(0, usize::MAX).await.expect("the log");
    let log: Vec<SeenEvent> = log
        .iter()
        .map(|entry| {
            let id = entry.determination_id.to_string();
            (entry.position, id, i64::from(entry.version))
        })
        .collect();
    let positions = log.iter().map(|(position, ..)| *position);
    assert!(positions.eq(1..=head), "a gap in the positions");
    log
}

/// Checks that the log has each acknowledged change once and nothing else, that a retry gets the first answer, and that every
/// watcher received the log.
pub async fn check(
    fleet: &Arc<Fleet>,
    url: &str,
    acknowledged: &[Acknowledged],
    watchers: Watchers,
) {
    let log = verified_log(url).await;
    let mut times: HashMap<(&str, i64), usize> = HashMap::new();
    for (_, id, version) in &log {
        *times.entry((id, *version)).or_default() += 1;
    }
    for change in acknowledged {
        let key = (
            change.answer.determination_id.as_str(),
            change.request.version(),
        );
        assert_eq!(times.get(&key), Some(&1), "{key:?}");
    }
    assert_eq!(log.len(), acknowledged.len(), "each change is logged once");

    let step = acknowledged.len().div_ceil(REPLAYS_MAX).max(1);
    let mut caller = Caller::new(fleet, 0, &Arc::<Failures>::default());
    for change in acknowledged.iter().step_by(step) {
        let replay = caller.send_until_acknowledged(change.request.clone()).await;
        assert_eq!(replay.answer, change.answer, "the first answer");
    }

    let last = u64::try_from(log.len()).expect("few");
    watchers.end.store(last, Ordering::SeqCst);
    for watcher in watchers.tasks {
        let seen = tokio::time::timeout(TEST_TIMEOUT, watcher).await;
        let (began, seen) = seen.expect("in time").expect("no panic");
        let began = usize::try_from(began).expect("few");
        assert!(
            seen == log[began..],
            "a watcher did not receive the log after {began}"
        );
    }
}
