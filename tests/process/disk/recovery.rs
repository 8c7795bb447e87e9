//! Checks of a store that was recovered after a power cut: it is sound and has every acknowledged change.

use std::collections::HashSet;
use std::path::Path;

use second_opinion::identity::DevelopmentIdentity;
use second_opinion::store::sqlite::SqliteStore;
use second_opinion::store::{ReplayKey, Store as _, verify_log};

use super::image::{Image, write_into};
use super::workload::{AcknowledgedChange, CallRecord};
use crate::support::change::{Change, made};
use crate::support::sample;

/// The tests' caller as idempotency records name it.
const CALLER: &str = "second-opinion-development|reviewer";
/// More than any of these logs has.
const LOG_ENTRIES_MAX: usize = 100_000;
/// Begins the message of a lost change.
pub const LOST: &str = "lost a change that was acknowledged";

/// The changes that a recovered store must have, and the number that it can have.
pub struct Expected<'a> {
    pub acknowledged: Vec<&'a AcknowledgedChange>,
    /// The number of changes that were requested.
    pub requested: usize,
}

impl<'a> Expected<'a> {
    /// The expectation for a cut at a length of the journal.
    pub fn at(calls: &'a CallRecord, journal_length: usize) -> Self {
        let acknowledged = calls.acknowledged.iter();
        let requested = calls.requested_at.iter();
        Self {
            acknowledged: acknowledged
                .filter(|change| change.journal_length <= journal_length)
                .collect(),
            requested: requested.filter(|at| **at < journal_length).count(),
        }
    }
}

/// Opens a recovered store, checks it, and, with `writes`, adds a case to it.
pub fn check(image: &Image, expected: &Expected<'_>, writes: bool) -> Result<(), String> {
    let folder = tempfile::tempdir().expect("a folder");
    write_into(folder.path(), image);
    let data = folder.path().join("plan/data");
    let path = data.join("second-opinion.db");
    if writes && path.exists() {
        // The log's index may hold anything after a cut: the first process to open the file makes it anew.
        let index = path.with_file_name("second-opinion.db-shm");
        std::fs::write(index, vec![0x5a; 32_768]).expect("a file");
    }
    let runtime = tokio::runtime::Builder::new_current_thread().build();
    runtime
        .expect("a runtime")
        .block_on(check_store(&path, expected, writes))?;
    DevelopmentIdentity::load_or_create(&data).map_err(|error| error.to_string())?;
    Ok(())
}

async fn check_store(path: &Path, expected: &Expected<'_>, writes: bool) -> Result<(), String> {
    let store = SqliteStore::open(path).map_err(|error| format!("does not open: {error}"))?;
    check_log(&store).await?;
    check_changes(&store, expected).await?;
    if writes {
        let request = sample::request(1, sample::start());
        made(&store, Change::new_case(sample::start()).submit(request)).await;
        check_log(&store).await?;
    }
    store.close().await;
    let file = rusqlite::Connection::open(path).expect("the file");
    let integrity: String = file
        .query_row("PRAGMA integrity_check", [], |row| row.get(0))
        .map_err(|error| error.to_string())?;
    if integrity == "ok" {
        Ok(())
    } else {
        Err(integrity)
    }
}

/// Checks that each acknowledged change is there, and no change that was not requested.
async fn check_changes(store: &SqliteStore, expected: &Expected<'_>) -> Result<(), String> {
    let unreadable = |error: second_opinion::store::StoreError| error.to_string();
    for change in &expected.acknowledged {
        let key = ReplayKey {
            caller: CALLER.to_owned(),
            request_id: change.request_id.parse().expect("a UUID"),
        };
        let Some(replay) = store.replay(&key).await.map_err(unreadable)? else {
            return Err(format!("{LOST} at {}", change.journal_length));
        };
        let id = replay.determination_id;
        if id.to_string() != change.determination_id {
            return Err("another case has the request id".to_owned());
        }
        let history = store.history(id).await.map_err(unreadable)?;
        if !history.iter().any(|event| event.version == replay.version) {
            return Err("the request id's event is missing".to_owned());
        }
    }
    let log = store.log_after(0, LOG_ENTRIES_MAX).await;
    let log = log.map_err(unreadable)?;
    let events: HashSet<_> = log
        .iter()
        .map(|entry| (entry.determination_id, entry.version))
        .collect();
    if events.len() != log.len() || events.len() > expected.requested {
        return Err(format!(
            "{} log entries for {} events, of {} requested",
            log.len(),
            events.len(),
            expected.requested
        ));
    }
    Ok(())
}

/// Checks the chains, the letters, and that each case is what its events fold to.
async fn check_log(store: &SqliteStore) -> Result<(), String> {
    let report = verify_log(store).await.map_err(|error| error.to_string())?;
    match report.findings.first() {
        None => Ok(()),
        Some(finding) => Err(format!("{} findings: {finding}", report.found)),
    }
}
