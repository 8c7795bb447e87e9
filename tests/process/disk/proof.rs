//! Is a store that was found after a power cut sound, and does it hold all that was acknowledged?

use std::collections::HashSet;
use std::path::Path;

use second_opinion::identity::DevelopmentIdentity;
use second_opinion::store::sqlite::SqliteStore;
use second_opinion::store::{ReplayKey, Store as _, verify_log};

use super::image::{Image, put_into};
use super::work::{Acknowledged, Told};
use crate::support::change::{Change, made};
use crate::support::sample;

/// Who the tests' caller is in the record.
const CALLER: &str = "second-opinion-development|reviewer";

/// What must be there after a cut, and how much can be.
pub struct Expected<'a> {
    pub acknowledged: Vec<&'a Acknowledged>,
    /// As many changes as were asked for.
    pub asked: usize,
}

impl<'a> Expected<'a> {
    /// Of a cut where the journal ends.
    pub fn at(told: &'a Told, end: usize) -> Self {
        let acknowledged = told.acknowledged.iter();
        Self {
            acknowledged: acknowledged.filter(|one| one.at <= end).collect(),
            asked: told.begun.iter().filter(|begun| **begun < end).count(),
        }
    }
}

/// Opens what was found, and says what is wrong with it.
pub fn prove(image: &Image, expected: &Expected<'_>, writes: bool) -> Result<(), String> {
    let folder = tempfile::tempdir().expect("a folder");
    put_into(folder.path(), image);
    let data = folder.path().join("plan/data");
    let path = data.join("second-opinion.db");
    if writes && path.exists() {
        // The index of the log may hold anything: whoever opens the file first makes it anew.
        let index = path.with_file_name("second-opinion.db-shm");
        std::fs::write(index, vec![0x5a; 32_768]).expect("a file");
    }
    let runtime = tokio::runtime::Builder::new_current_thread().build();
    runtime
        .expect("a runtime")
        .block_on(open_and_prove(&path, expected, writes))?;
    DevelopmentIdentity::load_or_create(&data).map_err(|error| error.to_string())?;
    Ok(())
}

async fn open_and_prove(path: &Path, expected: &Expected<'_>, writes: bool) -> Result<(), String> {
    let store = SqliteStore::open(path).map_err(|error| format!("does not open: {error}"))?;
    is_clean(&store).await?;
    let failed = |error: second_opinion::store::StoreError| error.to_string();
    for told in &expected.acknowledged {
        let key = ReplayKey {
            caller: CALLER.to_owned(),
            request_id: told.request_id.parse().expect("a UUID"),
        };
        let Some(held) = store.replay(&key).await.map_err(failed)? else {
            return Err(format!("lost what was acknowledged at {}", told.at));
        };
        if held.determination_id.to_string() != told.determination_id {
            return Err("another case has the request id".to_owned());
        }
        let history = store.history(held.determination_id).await.map_err(failed)?;
        if !history.iter().any(|event| event.version == held.version) {
            return Err("the request id's event is missing".to_owned());
        }
    }
    let entries = store.log_after(0, 100_000).await.map_err(failed)?;
    let events: HashSet<_> = entries
        .iter()
        .map(|entry| (entry.determination_id, entry.version))
        .collect();
    if events.len() != entries.len() || events.len() > expected.asked {
        return Err(format!(
            "{} events, {} of them different, where {} were asked for",
            entries.len(),
            events.len(),
            expected.asked
        ));
    }
    if writes {
        let request = sample::request(1, sample::start());
        made(&store, Change::new_case(sample::start()).submit(request)).await;
        is_clean(&store).await?;
    }
    store.close().await;
    let file = rusqlite::Connection::open(path).expect("the file");
    let found: String = file
        .query_row("PRAGMA integrity_check", [], |row| row.get(0))
        .map_err(|error| error.to_string())?;
    if found == "ok" { Ok(()) } else { Err(found) }
}

/// The chains, the letters, and each case what its events say.
async fn is_clean(store: &SqliteStore) -> Result<(), String> {
    let report = verify_log(store).await.map_err(|error| error.to_string())?;
    match report.findings.first() {
        None => Ok(()),
        Some(finding) => Err(format!("{} findings: {finding}", report.found)),
    }
}
