//! The writer's output: each case under a name that is free, each store under the schemas of what it holds.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use second_opinion::case::{Case, EVENT_SCHEMA, SealedEvent};
use second_opinion::notice::LETTER_SCHEMA;
use second_opinion::store::{Store, copy};
use serde::Serialize;

use super::{Recording, read};
use crate::events::file_name;
use crate::files::{expected, stored, write_sums};
use crate::letters::kind_name;
use crate::record::{CaseRecord, POSTGRES, RECORD, REPLAYS, SQLITE, StoreRecord};
use crate::support::postgres::Schema;

/// The rows that a copy carries over in one transaction.
const BATCH_ROWS: usize = 1_000;

/// Keeps the events and the letters of each case.
pub async fn cases(recording: &Recording) {
    let store = recording.opened();
    let events = stored().join(format!("events/{EVENT_SCHEMA}"));
    let letters = stored().join(format!("letters/{LETTER_SCHEMA}"));
    for (name, id) in &recording.cases {
        let case = read(&store, *id).await;
        let Some(name) = free_name(name, &case, &events, &letters) else {
            continue;
        };
        for record in store.history(*id).await.expect("a history") {
            let (_, event) = SealedEvent::read(&record.bytes).expect("an event");
            let file = file_name(record.version, event.body.kind());
            write(&events.join(&name).join(file), &record.bytes);
        }
        for (notice, number) in case.current.notices.iter().zip(1..) {
            let letter = store.notice(notice.notice_id).await.expect("it");
            let (kind, language) = (kind_name(notice.kind), notice.language.as_str());
            let file = format!("{number}-{kind}-{language}.json");
            write(
                &letters.join(&name).join(file),
                &letter.expect("a letter").bytes,
            );
        }
    }
    store.close().await;
    write_sums(&events);
    write_sums(&letters);
}

/// The name under which a case is kept; `None`: it is held already, by the same schemas.
fn free_name(name: &str, case: &Case, events: &Path, letters: &Path) -> Option<String> {
    let letters_are_held = case.current.notices.is_empty() || letters.join(name).exists();
    if events.join(name).exists() && letters_are_held {
        return None;
    }
    let numbered = (2..).map(|number| format!("{name}-{number}"));
    let mut names = std::iter::once(name.to_owned()).chain(numbered);
    names.find(|name| !events.join(name).exists() && !letters.join(name).exists())
}

/// Keeps the store, in both of its kinds.
pub async fn store(recording: &Recording) {
    let schema = Schema::migrated().await;
    let (sqlite, postgres) = (
        file_version(&recording.path()),
        schema_version(&schema).await,
    );
    let name = format!(
        "stores/events-{EVENT_SCHEMA}-letters-{LETTER_SCHEMA}-sqlite-{sqlite}-postgres-{postgres}"
    );
    let folder = stored().join(&name);
    if folder.exists() {
        return;
    }
    write_json(&folder.join(RECORD), &record(recording).await);
    for ((replay, reply), number) in recording.replays.iter().zip(1..) {
        let file = format!("{REPLAYS}/{number:02}-{}.json", replay.call);
        write_json(&folder.join(&file), replay);
        write(&expected(&format!("{name}/{file}")), reply.as_bytes());
    }
    let copied = copy(&recording.path(), &schema.url(), BATCH_ROWS, &mut |_| {}).await;
    copied.expect("a copy");
    write(&folder.join(POSTGRES), dump(&schema).as_bytes());
    let file = compact(&recording.path());
    write(&folder.join(SQLITE), &fs::read(file).expect("a store"));
    write_sums(&folder);
}

async fn record(recording: &Recording) -> StoreRecord {
    let store = recording.opened();
    let head = store.head().await.expect("a head");
    let mut cases = Vec::new();
    for (name, id) in &recording.cases {
        let case = read(&store, *id).await;
        cases.push(CaseRecord {
            name: name.clone(),
            id: *id,
            version: case.version,
            head: case.head,
            etag: case.etag(),
        });
    }
    store.close().await;
    StoreRecord {
        position: head.position,
        digest: head.digest,
        cases,
        renderings: recording.renderings.clone(),
    }
}

/// The store as one file, its write-ahead log carried over.
fn compact(path: &Path) -> PathBuf {
    let file = rusqlite::Connection::open(path).expect("the file");
    let carried = "PRAGMA wal_checkpoint(TRUNCATE); VACUUM; PRAGMA wal_checkpoint(TRUNCATE);";
    file.execute_batch(carried).expect("a checkpoint");
    file.close().expect("no statement that runs");
    let log = path.with_extension("db-wal");
    let left = fs::metadata(&log).map_or(0, |log| log.len());
    assert_eq!(left, 0, "{} is not carried over", log.display());
    path.to_owned()
}

const NEWEST_SQL: &str = "SELECT max(version) FROM refinery_schema_history";

fn file_version(path: &Path) -> i64 {
    let file = rusqlite::Connection::open(path).expect("the file");
    let version = file.query_row(NEWEST_SQL, [], |row| row.get(0));
    version.expect("a version")
}

async fn schema_version(schema: &Schema) -> i32 {
    let row = schema.client().await.query_one(NEWEST_SQL, &[]).await;
    row.expect("a row").get(0)
}

/// The statements that fill an empty schema as this one is filled, whatever its name and the server's version.
fn dump(schema: &Schema) -> String {
    let options = [
        "--no-owner",
        "--no-privileges",
        "--no-toast-compression",
        "--inserts",
    ];
    let dumped = Command::new("pg_dump")
        .args(options)
        .args(["--schema", &schema.name, "--dbname", &schema.url()])
        .output()
        .expect("pg_dump is installed");
    let said = String::from_utf8_lossy(&dumped.stderr);
    assert!(dumped.status.success(), "{said}");
    let dumped = String::from_utf8(dumped.stdout).expect("UTF-8");
    let own = format!("{}.", schema.name);
    let mut statements = String::new();
    for line in dumped
        .lines()
        .filter(|line| is_portable(line, &schema.name))
    {
        let line = match line.split_once(" VALUES ") {
            Some((into, values)) if line.starts_with("INSERT ") => {
                format!("{} VALUES {values}", into.replace(&own, ""))
            }
            _ => line.replace(&own, ""),
        };
        statements.push_str(&line);
        statements.push('\n');
    }
    assert!(!statements.contains(&schema.name), "the schema is named");
    statements
}

/// Whether a line of a dump is about neither the session, the server's version nor the schema itself.
fn is_portable(line: &str, schema: &str) -> bool {
    let others = ["--", "\\", "SET ", "SELECT pg_catalog.set_config"];
    let named = format!("CREATE SCHEMA {schema}");
    !line.is_empty()
        && !others.iter().any(|start| line.starts_with(start))
        && !line.starts_with(&named)
}

fn write_json(path: &Path, value: &impl Serialize) {
    let text = serde_json::to_string_pretty(value).expect("JSON") + "\n";
    write(path, text.as_bytes());
}

fn write(path: &Path, bytes: &[u8]) {
    assert!(!path.exists(), "{} is held already", path.display());
    fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
    fs::write(path, bytes).expect("a file");
}
