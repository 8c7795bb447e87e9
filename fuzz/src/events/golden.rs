//! The golden events of every schema (`tests/golden/stored/events/`), unchanged and with a few bytes damaged.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::LazyLock;

use arbitrary::Unstructured;
use second_opinion::case::{Digest, SealedEvent};
use second_opinion::store::{Record, fold};

use super::super::support::below;
use super::damaged_store::damage;

const FOLDER: &str = "tests/golden/stored/events";
/// Maximum number of damaged places in one history.
const DAMAGES_MAX: usize = 4;

/// The events of each golden case. Loading them unseals every event and folds every case.
static CASES: LazyLock<Vec<Vec<Vec<u8>>>> = LazyLock::new(|| {
    // This crate's folder is below that of the main crate, which runs the same targets as tests.
    let manifest = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut roots = manifest.ancestors().map(|root| root.join(FOLDER));
    let folder = roots.find(|folder| folder.is_dir()).expect("golden events");
    let schemas = folders_in(&folder).into_iter();
    let cases: Vec<Vec<Vec<u8>>> = schemas
        .flat_map(|schema| folders_in(&schema))
        .map(|case| read(&case))
        .collect();
    assert!(!cases.is_empty(), "no golden event");
    cases
});

/// Panics if this build cannot read a golden event.
pub fn check() {
    LazyLock::force(&CASES);
}

/// Returns the history of one golden case, one event per line, damaged in a few places.
pub fn damaged_history(bytes: &mut Unstructured<'_>) -> Vec<u8> {
    let case = &CASES[below(bytes, CASES.len())];
    let mut history = case.join(&b'\n');
    for _ in 0..below(bytes, DAMAGES_MAX + 1) {
        damage(&mut history, bytes);
    }
    history
}

fn read(folder: &Path) -> Vec<Vec<u8>> {
    let events: Vec<Vec<u8>> = paths_in(folder)
        .iter()
        .map(|path| fs::read(path).expect("an event"))
        .collect();
    let mut records = Vec::new();
    for (bytes, version) in events.iter().zip(1..) {
        let sha256 = Digest::of(bytes);
        let (header, _) = SealedEvent::unseal(bytes, sha256)
            .unwrap_or_else(|error| panic!("{} {version}: {error}", folder.display()));
        records.push(Record {
            position: version.into(),
            determination_id: header.determination_id,
            version,
            bytes: bytes.clone(),
            sha256,
        });
    }
    let id = records[0].determination_id;
    fold(id, &records).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    events
}

fn folders_in(folder: &Path) -> Vec<PathBuf> {
    let mut folders = paths_in(folder);
    folders.retain(|path| path.is_dir());
    folders
}

fn paths_in(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).expect("a folder");
    let mut paths: Vec<PathBuf> = entries
        .map(|entry| entry.expect("an entry").path())
        .collect();
    paths.sort();
    paths
}
