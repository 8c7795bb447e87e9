//! PostgreSQL alone: several processes on one log, and lost connections.

use std::sync::Arc;
use std::time::Duration;

use futures::future::join_all;
use second_opinion::store::postgres::{self, PostgresStore};
use second_opinion::store::{CommitError, Store, StoreError, verify_log};
use tokio::task::JoinHandle;
use uuid::Uuid;

use crate::support::change::{self, Change, made, read, submitted};
use crate::support::postgres::Schema;
use crate::support::sample;
use crate::verification::filled;

/// The timeout of a test that hangs.
const TEST_TIMEOUT: Duration = Duration::from_secs(30);

/// A schema, and a store on it for each process.
pub async fn replicas<const N: usize>() -> (Schema, [Arc<PostgresStore>; N]) {
    let schema = Schema::migrated().await;
    let mut stores = Vec::new();
    for _ in 0..N {
        stores.push(Arc::new(schema.store().await));
    }
    (schema, stores.try_into().ok().expect("as many"))
}

/// Follows a store's log from the beginning, as a watcher does, and gives its positions up to `until`.
fn watching(store: &Arc<PostgresStore>, until: u64) -> JoinHandle<Vec<u64>> {
    let store = Arc::clone(store);
    tokio::spawn(async move {
        let mut changes = store.head_changes();
        let mut seen: Vec<u64> = Vec::new();
        while seen.last().is_none_or(|last| *last < until) {
            changes.mark_unchanged();
            let after = seen.last().copied().unwrap_or(0);
            let entries = store.log_after(after, 7).await.expect("read");
            if entries.is_empty() {
                changes.changed().await.expect("the store is open");
            }
            seen.extend(entries.iter().map(|entry| entry.position));
        }
        seen
    })
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs PostgreSQL: SECOND_OPINION_TEST_POSTGRES"]
async fn concurrent_processes_write_one_log() {
    let (_schema, stores) = replicas::<3>().await;
    let watchers = stores.each_ref().map(|store| watching(store, 180));
    let writers = (0..60).map(|n| {
        let stores = stores.clone();
        tokio::spawn(async move {
            let store = |step: usize| &*stores[(usize::try_from(n).expect("small") + step) % 3];
            let case = submitted(store(0), n, sample::later(i64::from(n % 7))).await;
            // Another process continues, and sees the commit of this one.
            let case_there = read(store(1), case.id).await;
            assert_eq!(case_there, case);
            made(store(1), Change::of(&case, sample::later(8)).verify()).await;
            let case = read(store(2), case.id).await;
            assert_eq!(case.version, 2);
            made(store(2), Change::of(&case, sample::later(9)).withdraw()).await;
            assert_eq!(read(store(0), case.id).await.version, 3);
        })
    });
    for writer in join_all(writers).await {
        writer.expect("no panic");
    }
    for watcher in watchers {
        let seen = tokio::time::timeout(TEST_TIMEOUT, watcher).await;
        let seen = seen.expect("in time").expect("no panic");
        assert_eq!(seen, (1..=180).collect::<Vec<u64>>());
    }
    assert!(verify_log(&*stores[0]).await.expect("read").is_clean());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs PostgreSQL: SECOND_OPINION_TEST_POSTGRES"]
async fn concurrent_changes_by_two_processes_commit_once() {
    let (_schema, stores) = replicas::<2>().await;
    for round in 0..40 {
        let case = submitted(&*stores[0], round, sample::start()).await;
        let race = [0, 1].map(|n| {
            let change = Change::of(&case, sample::later(1));
            let commit = if n == 0 {
                change.deny()
            } else {
                change.approve()
            };
            stores[n].commit(commit)
        });
        let [one, other] = race;
        let (one, other) = tokio::join!(one, other);
        assert!(
            matches!(
                (&one, &other),
                (Ok(_), Err(CommitError::VersionConflict))
                    | (Err(CommitError::VersionConflict), Ok(_))
            ),
            "{one:?} {other:?}"
        );
        let replay = change::key("a", Uuid::now_v7());
        let sent = [0, 1].map(|n| {
            let mut commit =
                Change::new_case(sample::start()).submit(sample::request(round, sample::start()));
            commit.replay = Some(replay.clone());
            stores[n].commit(commit)
        });
        let outcomes = join_all(sent).await;
        let made = outcomes.iter().flatten().next().expect("one was made");
        let repeated = outcomes.iter().find_map(|outcome| match outcome {
            Err(CommitError::Replayed(replay)) => Some(replay.determination_id),
            Ok(_) | Err(_) => None,
        });
        assert_eq!(repeated, Some(made.event.header.determination_id));
    }
}

/// A process in the middle of a commit: it has its positions and has not committed. Later commits wait; a watcher sees
/// nothing beyond it, and then everything in order.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs PostgreSQL: SECOND_OPINION_TEST_POSTGRES"]
async fn watcher_does_not_skip_an_open_transaction() {
    let (schema, stores) = replicas::<2>().await;
    let case = submitted(&*stores[0], 1, sample::start()).await;
    let slow = schema.client().await;
    // It opens a case; a copy of another case's event is enough here.
    slow.batch_execute(
        "BEGIN; SELECT * FROM log_head FOR UPDATE;
         INSERT INTO events SELECT 2, 2, occurred_at_us, NULL, due_at_us, state, urgency, kind, 1, gen_random_uuid(),
             sha256, NULL, NULL, NULL, bytes FROM events WHERE position = 1;
         UPDATE log_head SET position = 2",
    )
    .await
    .expect("begun");
    let watchers = stores.each_ref().map(|store| watching(store, 4));
    let others = [0, 1].map(|n| {
        let (store, case) = (Arc::clone(&stores[n]), case.clone());
        tokio::spawn(async move {
            let commit = if n == 0 {
                Change::of(&case, sample::later(1)).verify()
            } else {
                Change::new_case(sample::later(2)).submit(sample::request(2, sample::start()))
            };
            made(&*store, commit).await
        })
    });
    tokio::time::sleep(Duration::from_millis(300)).await;
    assert!(others.iter().all(|other| !other.is_finished()));
    assert_eq!(stores[1].head().await.expect("read").position, 1);
    assert_eq!(stores[1].log_after(0, 9).await.expect("read").len(), 1);
    slow.batch_execute("COMMIT").await.expect("committed");
    let mut positions = Vec::new();
    for other in others {
        positions.push(other.await.expect("no panic").position);
    }
    positions.sort_unstable();
    assert_eq!(positions, [3, 4]);
    for watcher in watchers {
        let seen = tokio::time::timeout(TEST_TIMEOUT, watcher).await;
        assert_eq!(seen.expect("in time").expect("no panic"), [1, 2, 3, 4]);
    }
}

#[tokio::test]
#[ignore = "needs PostgreSQL: SECOND_OPINION_TEST_POSTGRES"]
async fn read_sees_commits_acknowledged_by_another_process() {
    let (_schema, stores) = replicas::<2>().await;
    let mut case = submitted(&*stores[0], 1, sample::start()).await;
    for step in 1..40 {
        // Read twice, so that a cache would have it.
        assert_eq!(read(&*stores[1], case.id).await, case);
        assert_eq!(read(&*stores[1], case.id).await, case);
        made(&*stores[0], Change::of(&case, sample::later(step)).verify()).await;
        case = read(&*stores[1], case.id).await;
        assert_eq!(i64::from(case.version), step + 1);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs PostgreSQL: SECOND_OPINION_TEST_POSTGRES"]
async fn lost_connections_are_replaced() {
    let (schema, [store, other]) = replicas::<2>().await;
    let case = submitted(&*store, 1, sample::start()).await;
    let mut changes = store.head_changes();
    let cut = schema.client().await;
    cut.batch_execute("SET application_name = 'cuts'")
        .await
        .expect("set");
    let ours = schema.name.as_str();
    for round in 0..5 {
        changes.mark_unchanged();
        // Every connection of the two stores.
        let lost = cut
            .query(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = $1",
                &[&ours],
            )
            .await
            .expect("cut");
        assert!(round > 0 || lost.len() >= 4, "{}", lost.len());
        // A read at the moment of the loss may fail; soon after it does not.
        let began = std::time::Instant::now();
        loop {
            match (store.case(case.id).await, store.ping().await) {
                (Ok(Some(_)), Ok(())) => break,
                (read, pinged) => assert!(began.elapsed() < TEST_TIMEOUT, "{read:?} {pinged:?}"),
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        loop {
            let commit =
                Change::new_case(sample::start()).submit(sample::request(2, sample::start()));
            match other.commit(commit).await {
                Ok(_) => break,
                Err(CommitError::Store(StoreError::Unavailable(_))) => {
                    assert!(began.elapsed() < TEST_TIMEOUT);
                }
                Err(error) => panic!("{error}"),
            }
        }
        // The other process's commit is notified.
        let told = tokio::time::timeout(TEST_TIMEOUT, changes.changed()).await;
        told.expect("in time").expect("the store is open");
    }
    assert!(verify_log(&*store).await.expect("read").is_clean());
}

/// Makes the first inserts of an event fail with a SQLSTATE.
async fn failing(schema: &Schema, times: u32, code: &str) {
    schema
        .execute(&format!(
            "CREATE SEQUENCE failures;
             CREATE FUNCTION fails() RETURNS trigger LANGUAGE plpgsql AS $$BEGIN
                 IF nextval('failures') <= {times} THEN RAISE EXCEPTION 'canary' USING ERRCODE = '{code}'; END IF;
                 RETURN NULL;
             END$$;
             CREATE TRIGGER fails AFTER INSERT ON events FOR EACH STATEMENT EXECUTE FUNCTION fails()"
        ))
        .await;
}

#[tokio::test]
#[ignore = "needs PostgreSQL: SECOND_OPINION_TEST_POSTGRES"]
async fn serialization_failures_are_retried_up_to_a_maximum() {
    for code in ["40001", "40P01"] {
        let (schema, [store]) = replicas::<1>().await;
        failing(&schema, 3, code).await;
        let case = submitted(&*store, 1, sample::start()).await;
        assert_eq!(case.version, 1);
        let report = verify_log(&*store).await.expect("read");
        assert!(report.is_clean() && report.events == 1);
    }
    let (schema, [store]) = replicas::<1>().await;
    failing(&schema, 1_000, "40001").await;
    let commit = || Change::new_case(sample::start()).submit(sample::request(1, sample::start()));
    let refused = store.commit(commit()).await.expect_err("it never ends");
    assert!(
        refused.to_string().contains("40001") && !refused.to_string().contains("canary"),
        "{refused}"
    );
    // Any other error is returned at once.
    schema
        .execute("DROP TRIGGER fails ON events; DROP FUNCTION fails; DROP SEQUENCE failures")
        .await;
    failing(&schema, 1, "P0001").await;
    assert!(store.commit(commit()).await.is_err());
    store.commit(commit()).await.expect("the next one");
    assert_eq!(store.head().await.expect("read").position, 1);
}

#[tokio::test]
#[ignore = "needs PostgreSQL: SECOND_OPINION_TEST_POSTGRES"]
async fn commit_is_synchronous_whatever_the_servers_default() {
    let schema = Schema::migrated().await;
    schema
        .execute(
            "CREATE FUNCTION looks() RETURNS trigger LANGUAGE plpgsql AS $$BEGIN
                 IF current_setting('synchronous_commit') <> 'on' THEN RAISE EXCEPTION 'asynchronous'; END IF;
                 RETURN NULL;
             END$$;
             CREATE TRIGGER looks AFTER INSERT ON events FOR EACH STATEMENT EXECUTE FUNCTION looks()",
        )
        .await;
    for default in ["off", "local", "on"] {
        let url = format!("{}%20-csynchronous_commit%3D{default}", schema.url());
        let store = PostgresStore::open(&url).await.expect("a store");
        submitted(&store, 1, sample::start()).await;
        store.close().await;
    }
}

#[tokio::test]
#[ignore = "needs PostgreSQL: SECOND_OPINION_TEST_POSTGRES"]
async fn read_only_store_reads_beside_servers_and_cannot_write() {
    let (schema, [store]) = replicas::<1>().await;
    let reader = schema.reader().await;
    filled(&*store).await;
    assert!(verify_log(&reader).await.expect("read").is_clean());
    let commit = Change::new_case(sample::start()).submit(sample::request(1, sample::start()));
    let refused = reader.commit(commit).await;
    assert!(matches!(
        refused,
        Err(CommitError::Store(StoreError::Unavailable(_)))
    ));
}

#[tokio::test]
async fn error_of_an_unreachable_database_has_no_password() {
    // Nothing listens on port 1.
    for (url, said) in [
        (
            "postgres://app:canary@127.0.0.1:1/um",
            "error connecting to server",
        ),
        (
            "postgres://app:canary@127.0.0.1:1/um?x=canary",
            "postgres://",
        ),
    ] {
        for error in [
            PostgresStore::open(url).await.err(),
            postgres::migrate(url).await.err(),
        ] {
            let Some(StoreError::Unavailable(why)) = error else {
                panic!("{error:?}");
            };
            assert!(why.contains(said) && !why.contains("canary"), "{why}");
        }
    }
}
