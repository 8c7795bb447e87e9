//! SQLite alone: the file's lock and schema, backups, and a killed process.

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use rusqlite::Connection;
use second_opinion::case::State;
use second_opinion::store::sqlite::{self, SqliteStore};
use second_opinion::store::{CommitError, Store, StoreError, Worklist, verify_log};
use tempfile::TempDir;

use crate::open_cases::filled_with_urgent;
use crate::support::change::{Change, made, read, submitted};
use crate::support::sample;
use crate::verification::filled;

/// The variable with the file of the test that runs as a process of its own.
const KILLED_FILE: &str = "STORE_SUITE_KILLED_FILE";

/// Takes a file back to the schema before open cases had columns of their own.
const WITHOUT_OPEN_CASES: &str =
    "DROP INDEX cases_open; ALTER TABLE cases DROP COLUMN determination_due_us;
     ALTER TABLE cases DROP COLUMN member_notification_due_us;
     ALTER TABLE cases DROP COLUMN provider_notification_due_us; ALTER TABLE cases DROP COLUMN undecided_since_us;
     CREATE TABLE dials (dial INTEGER); DELETE FROM refinery_schema_history WHERE version = 5";

pub fn folder() -> TempDir {
    tempfile::tempdir().expect("a folder")
}

pub fn raw(path: &Path) -> Connection {
    Connection::open(path).expect("a connection")
}

pub fn open(path: &Path) -> SqliteStore {
    SqliteStore::open(path).expect("a store")
}

#[tokio::test]
async fn reopened_file_has_every_record() {
    let folder = folder();
    let path = folder.path().join("deep/er/cases.db");
    let store = open(&path);
    filled(&store).await;
    let head = store.head().await.expect("read");
    let cases = all_cases(&store).await;
    store.close().await;
    assert!(
        !folder.path().join("deep/er/cases.db-wal").exists(),
        "one file is left behind"
    );
    for _ in 0..2 {
        // The second time it is dropped without being closed.
        let store = open(&path);
        assert_eq!(store.head().await.expect("read"), head);
        assert_eq!(*store.head_changes().borrow(), head.position);
        assert_eq!(all_cases(&store).await, cases);
    }
}

async fn all_cases(store: &SqliteStore) -> Vec<second_opinion::case::Case> {
    let all = Worklist {
        limit: 1_000,
        ..Worklist::default()
    };
    store.list(&all).await.expect("read").cases
}

#[cfg(unix)]
#[tokio::test]
async fn files_are_private_to_their_owner() {
    use std::os::unix::fs::PermissionsExt as _;
    let folder = folder();
    let path = folder.path().join("made/cases.db");
    let store = open(&path);
    submitted(&store, 1, sample::start()).await;
    let mode = |path: &Path| path.metadata().expect("a file").permissions().mode() & 0o777;
    assert_eq!(mode(path.parent().expect("a folder")), 0o700);
    for name in ["cases.db", "cases.db-wal", "cases.db-shm", "cases.db.lock"] {
        assert_eq!(mode(&path.with_file_name(name)), 0o600, "{name}");
    }
}

#[tokio::test]
async fn second_server_is_refused_while_the_first_runs() {
    let folder = folder();
    let path = folder.path().join("cases.db");
    let first = open(&path);
    let refused = SqliteStore::open(&path)
        .err()
        .map(|error| error.to_string());
    assert!(refused.is_some_and(|why| why.contains("another process is serving")));
    assert!(matches!(
        sqlite::migrate(&path),
        Err(StoreError::Unavailable(_))
    ));
    first.close().await;
    open(&path).ping().await.expect("it is open");
}

#[tokio::test]
async fn read_only_store_reads_beside_a_server_and_cannot_write() {
    let folder = folder();
    let path = folder.path().join("cases.db");
    assert!(SqliteStore::open_read_only(&path).is_err(), "no file yet");
    assert!(!path.exists(), "reading makes no file");
    let server = open(&path);
    let reader = SqliteStore::open_read_only(&path).expect("a reader");
    filled(&server).await;
    assert!(verify_log(&reader).await.expect("read").is_clean());
    let commit = Change::new_case(sample::start()).submit(sample::request(1, sample::start()));
    let refused = reader.commit(commit).await;
    assert!(matches!(
        refused,
        Err(CommitError::Store(StoreError::Unavailable(_)))
    ));
    server.close().await;
    // Once the server has stopped, too.
    let reader = SqliteStore::open_read_only(&path).expect("a reader");
    assert_eq!(reader.head().await.expect("read").position, 24);
}

#[test]
fn migration_applies_each_version_once() {
    let folder = folder();
    let path = folder.path().join("cases.db");
    assert_eq!(sqlite::migrate(&path).expect("migrated"), [1, 2, 3, 4, 5]);
    assert!(sqlite::migrate(&path).expect("migrated").is_empty());
}

/// A file from before cases had the instant of their next sweep.
#[tokio::test]
async fn cases_from_before_the_sweeper_are_swept_after_migration() {
    let folder = folder();
    let path = folder.path().join("cases.db");
    let store = open(&path);
    let running = submitted(&store, 1, sample::start()).await;
    let withdrawn = submitted(&store, 2, sample::start()).await;
    made(&store, Change::of(&withdrawn, sample::later(1)).withdraw()).await;
    store.close().await;
    raw(&path)
        .execute_batch(
            &format!("{WITHOUT_OPEN_CASES}; DROP INDEX cases_sweep; ALTER TABLE cases DROP COLUMN sweep_at_us;
             DROP TABLE dials; DELETE FROM refinery_schema_history WHERE version >= 3"),
        )
        .expect("changed back");
    let store = open(&path);
    let found = store.to_sweep(chrono::DateTime::UNIX_EPOCH, 9).await;
    assert_eq!(found.expect("read"), [running.id]);
    assert_eq!(read(&store, running.id).await, running);
}

/// A file from before open cases had columns of their own.
#[tokio::test]
async fn open_cases_of_an_older_file_are_counted_after_migration() {
    let folder = folder();
    let path = folder.path().join("cases.db");
    let store = open(&path);
    filled_with_urgent(&store).await;
    let expected = store.open_cases(sample::start()).await.expect("read");
    store.close().await;
    raw(&path)
        .execute_batch(WITHOUT_OPEN_CASES)
        .expect("changed back");
    for _ in 0..2 {
        let store = open(&path);
        let counted = store.open_cases(sample::start()).await.expect("read");
        assert_eq!(counted, expected);
        store.close().await;
    }
}

#[test]
fn unknown_schema_is_refused() {
    let changes = [
        (
            "INSERT INTO refinery_schema_history VALUES (99, 'later', '2026-01-01T00:00:00Z', '1')",
            "version 99",
        ),
        (
            "UPDATE refinery_schema_history SET checksum = '1'",
            "version 1",
        ),
        (
            "DROP TABLE refinery_schema_history",
            "tables of another program",
        ),
    ];
    for (change, said) in changes {
        let folder = folder();
        let path = folder.path().join("cases.db");
        sqlite::migrate(&path).expect("migrated");
        raw(&path).execute_batch(change).expect("changed");
        let refusals = [
            SqliteStore::open(&path).err(),
            SqliteStore::open_read_only(&path).err(),
            sqlite::migrate(&path).err(),
            sqlite::backup(&path, &folder.path().join("copy.db")).err(),
        ];
        for refusal in refusals {
            let Some(StoreError::Schema(why)) = refusal else {
                panic!("{change}: {refusal:?}");
            };
            assert!(why.contains(said), "{why}");
        }
    }
    let folder = folder();
    let path = folder.path().join("empty.db");
    drop(raw(&path));
    assert!(matches!(
        SqliteStore::open_read_only(&path),
        Err(StoreError::Schema(_) | StoreError::Unavailable(_))
    ));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn backup_during_commits_is_complete() {
    let folder = folder();
    let (path, copy) = (
        folder.path().join("cases.db"),
        folder.path().join("copy.db"),
    );
    let store = Arc::new(open(&path));
    filled(&*store).await;
    let stop = Arc::new(AtomicBool::new(false));
    let writing = tokio::spawn({
        let (store, stop) = (Arc::clone(&store), Arc::clone(&stop));
        async move {
            let mut n = 100;
            while !stop.load(Ordering::Relaxed) {
                submitted(&*store, n, sample::later(40)).await;
                n += 1;
            }
        }
    });
    let head = tokio::task::spawn_blocking({
        let (path, copy) = (path.clone(), copy.clone());
        move || sqlite::backup(&path, &copy)
    });
    let head = head.await.expect("no panic").expect("a copy");
    assert!(
        sqlite::backup(&path, &copy).is_err(),
        "a copy replaces nothing"
    );
    stop.store(true, Ordering::Relaxed);
    writing.await.expect("no panic");

    let report = verify_log(&open(&copy)).await.expect("read");
    assert!(report.is_clean(), "{:?}", report.findings);
    assert_eq!(report.head, head);
    assert!(head.position >= 24 && head.position <= store.head().await.expect("read").position);
    assert!(!folder.path().join("copy.db.part").exists());
}

#[tokio::test]
async fn commit_after_a_refused_group_succeeds() {
    let folder = folder();
    let path = folder.path().join("cases.db");
    let store = open(&path);
    let case = submitted(&store, 1, sample::start()).await;
    let head = store.head().await.expect("read");
    raw(&path)
        .execute_batch(
            "CREATE TRIGGER refused BEFORE INSERT ON notices BEGIN SELECT RAISE(ABORT, 'Sample Member'); END",
        )
        .expect("a trigger");
    let refused = store.commit(Change::of(&case, sample::later(1)).deny());
    let Err(CommitError::Store(StoreError::Unavailable(why))) = refused.await else {
        panic!("it was made");
    };
    assert!(!why.contains("Member"), "{why}");
    assert_eq!(store.head().await.expect("read"), head);
    assert_eq!(read(&store, case.id).await, case);
    raw(&path)
        .execute_batch("DROP TRIGGER refused")
        .expect("gone");
    made(&store, Change::of(&case, sample::later(1)).deny()).await;
    assert!(verify_log(&store).await.expect("read").is_clean());
}

#[tokio::test]
async fn log_and_letters_refuse_changes() {
    let folder = folder();
    let path = folder.path().join("cases.db");
    filled(&open(&path)).await;
    for change in [
        "UPDATE events SET kind = 2",
        "DELETE FROM events",
        "UPDATE notices SET bytes = x''",
        "DELETE FROM notices",
    ] {
        assert!(raw(&path).execute_batch(change).is_err(), "{change}");
    }
}

// === killed process ===

/// Run as a process of its own by the test below: commits, and prints the id of each case once it is acknowledged.
#[tokio::test]
#[ignore = "manual: the process that another test kills"]
async fn manual_commit_until_killed() {
    let path = std::env::var_os(KILLED_FILE).expect("the variable with a file");
    let store = Arc::new(open(Path::new(&path)));
    let writers = (0..8).map(|writer| {
        let store = Arc::clone(&store);
        tokio::spawn(async move {
            for n in 0.. {
                let case = submitted(&*store, writer * 1_000 + n % 1_000, sample::start()).await;
                println!("acknowledged {}", case.id);
            }
        })
    });
    futures::future::join_all(writers).await;
}

#[tokio::test]
async fn acknowledged_commits_survive_a_kill() {
    let folder = folder();
    let path = folder.path().join("cases.db");
    let mut child = Command::new(std::env::current_exe().expect("this program"))
        .args([
            "--exact",
            "sqlite::manual_commit_until_killed",
            "--ignored",
            "--nocapture",
        ])
        .env(KILLED_FILE, &path)
        .stdout(Stdio::piped())
        .spawn()
        .expect("a process");
    let lines = BufReader::new(child.stdout.take().expect("its output")).lines();
    let mut acknowledged = Vec::new();
    for line in lines {
        let line = line.expect("a line");
        // The test harness may print lines before it.
        if let Some((_, id)) = line.split_once("acknowledged ")
            && let Ok(id) = id.parse()
        {
            acknowledged.push(id);
        }
        if acknowledged.len() == 200 {
            child.kill().expect("killed");
        }
    }
    child.wait().expect("ended");
    assert!(acknowledged.len() >= 200);
    // A tool may be the first to open the file.
    let reader = SqliteStore::open_read_only(&path).expect("a reader");
    assert!(verify_log(&reader).await.expect("read").is_clean());
    drop(reader);
    let store = open(&path);
    for id in &acknowledged {
        assert_eq!(read(&store, *id).await.current.state, State::PendingReview);
    }
    let report = verify_log(&store).await.expect("read");
    assert!(report.is_clean(), "{:?}", report.findings);
    assert!(report.cases >= u64::try_from(acknowledged.len()).expect("small"));
    made(
        &store,
        Change::new_case(sample::start()).submit(sample::request(1, sample::start())),
    )
    .await;
}
