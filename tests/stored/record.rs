//! The record beside a golden store: its content when it was written, and requests that it answered.

use second_opinion::case::Digest;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use uuid::Uuid;

use crate::files::Folder;

/// The file of a store's record.
pub const RECORD: &str = "record.json";
/// The folder of the requests that can be replayed.
pub const REPLAYS: &str = "replays";
/// The embedded store, named as in a server's data folder.
pub const SQLITE: &str = "second-opinion.db";
/// The same content as statements that fill an empty PostgreSQL schema.
pub const POSTGRES: &str = "postgres.sql";

/// The content of a store.
#[derive(Debug, Deserialize, Serialize)]
pub struct StoreRecord {
    /// The position of the last event.
    pub position: u64,
    /// The rolling digest over all events.
    pub digest: Digest,
    /// Its cases.
    pub cases: Vec<CaseRecord>,
    /// Its renderings.
    pub renderings: Vec<RenderingRecord>,
}

/// A case of a store.
#[derive(Debug, Deserialize, Serialize)]
pub struct CaseRecord {
    /// Its name in the script.
    pub name: String,
    /// Its id.
    pub id: Uuid,
    /// How many events it had.
    pub version: u32,
    /// The digest of the last of them.
    pub head: Digest,
    /// The etag that callers were given.
    pub etag: String,
}

/// A rendering of a letter, by the request that made it.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct RenderingRecord {
    /// The `GetNoticeRequest`.
    pub request: Value,
    /// The media type.
    pub media_type: String,
    /// The digest of the content.
    pub content_sha256: Digest,
}

/// The caller of a recorded request: the token's subject and kind follow from it.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Caller {
    /// A reviewer.
    Person,
    /// A service with every scope.
    Service,
}

/// A request with a request id that was carried out.
#[derive(Debug, Deserialize, Serialize)]
pub struct ReplayRecord {
    /// The caller.
    pub by: Caller,
    /// The name of the call.
    pub call: String,
    /// The request.
    pub request: Value,
}

impl StoreRecord {
    /// The record of a golden store.
    pub fn of(folder: &Folder) -> Self {
        serde_json::from_slice(&folder.read(RECORD)).expect("a record")
    }

    /// A case by its name.
    pub fn case(&self, name: &str) -> &CaseRecord {
        let mut cases = self.cases.iter();
        let found = cases.find(|case| case.name == name);
        found.unwrap_or_else(|| panic!("no case `{name}`"))
    }
}

/// The requests beside a golden store, each with the name of its file.
pub fn replays(folder: &Folder) -> Vec<(String, ReplayRecord)> {
    let files = folder.files().map(|(file, _)| file);
    let found: Vec<(String, ReplayRecord)> = files
        .filter(|file| file.starts_with(REPLAYS))
        .map(|file| {
            let replay = serde_json::from_slice(&folder.read(file)).expect("a request");
            (file.to_owned(), replay)
        })
        .collect();
    assert!(!found.is_empty(), "{}: no request", folder.name);
    found
}
