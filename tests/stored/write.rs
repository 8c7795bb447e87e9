//! The writer of golden files: it plays the script against a server of this build, and keeps the stored bytes.
//!
//! Files that exist stay as they are. The writer needs a PostgreSQL and `pg_dump`:
//! `SECOND_OPINION_TEST_POSTGRES=… cargo test --test stored manual_write -- --ignored`.

mod keep;

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use second_opinion::case::{Case, Digest};
use second_opinion::store::Store;
use second_opinion::store::sqlite::SqliteStore;
use serde_json::Value;
use tempfile::TempDir;
use uuid::Uuid;

use crate::contract::send;
use crate::plans;
use crate::record::{Caller, RenderingRecord, ReplayRecord, SQLITE};
use crate::script::Step;
use crate::stores::{client, wait_for_sweeper};
use crate::support::messages::id;
use crate::support::server::TestServer;

/// The sweeper's interval: short, so that no step waits for it.
const SWEEP_EVERY: Duration = Duration::from_millis(5);

/// The result of playing the script.
struct Recording {
    folder: TempDir,
    /// The cases by their names, in the order in which they were opened.
    cases: Vec<(String, Uuid)>,
    renderings: Vec<RenderingRecord>,
    /// The requests that are recorded, with their replies.
    replays: Vec<(ReplayRecord, String)>,
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "manual: writes golden files; tests/golden/stored/README.md says when"]
async fn manual_write_missing_files() {
    let recording = Recording::new().await;
    keep::cases(&recording).await;
    keep::store(&recording).await;
}

impl Recording {
    async fn new() -> Self {
        let mut recording = Self {
            folder: tempfile::tempdir().expect("a folder"),
            cases: Vec::new(),
            renderings: Vec::new(),
            replays: Vec::new(),
        };
        let mut running: Option<TestServer> = None;
        for step in Step::all() {
            if let Some(plan) = &step.plan {
                if let Some(mut server) = running.take() {
                    assert!(server.stop().await, "every call could finish");
                }
                running = Some(recording.serve(plan, &step).await);
            }
            let server = running.as_ref().expect("a first step that names a plan");
            if let Some(at) = step.at {
                server.clock.set(at);
            }
            wait_for_sweeper(server).await;
            if step.call.is_some() {
                recording.play(server, &step).await;
                wait_for_sweeper(server).await;
            }
        }
        assert!(
            running.expect("a server").stop().await,
            "every call could finish"
        );
        recording
    }

    fn path(&self) -> PathBuf {
        self.folder.path().join(SQLITE)
    }

    /// The store, which can be opened while no server runs.
    fn opened(&self) -> SqliteStore {
        open(&self.path())
    }

    async fn serve(&self, plan: &str, step: &Step) -> TestServer {
        let now = step.at.expect("the instant at which a server starts");
        let store: Arc<dyn Store> = Arc::new(self.opened());
        TestServer::start_sweeping(&plans::config(plan), SWEEP_EVERY, now, |_| store).await
    }

    fn id(&self, name: &str) -> Option<Uuid> {
        let mut cases = self.cases.iter();
        cases.find(|(case, _)| case == name).map(|(_, id)| *id)
    }

    async fn play(&mut self, server: &TestServer, step: &Step) {
        let call = step.call.as_deref().expect("a call");
        let name = step.case.as_deref().expect("a case");
        let case = match self.id(name) {
            Some(id) => Some(read(&*server.store, id).await),
            None => None,
        };
        let mut request = step.request(case.as_ref());
        if call != "GetNotice" {
            request["requestId"] = id().into();
            if let Some(case) = &case {
                request["determinationId"] = case.id.to_string().into();
            }
        }
        let by = if call == "GetNotice" {
            Caller::Person
        } else {
            step.caller()
        };
        let mut client = client(server, by).await;
        let text = send(&mut client, call, &request).await;
        let text = text.unwrap_or_else(|status| panic!("{name}: {call}: {status:?}\n{request:#}"));
        let reply: Value = serde_json::from_str(&text).expect("JSON");
        if case.is_none() {
            let id = reply["determination"]["determinationId"]
                .as_str()
                .expect("an id");
            self.cases
                .push((name.to_owned(), id.parse().expect("a UUID")));
        }
        if call == "GetNotice" {
            self.renderings.push(RenderingRecord {
                request: request.clone(),
                media_type: reply["mediaType"]
                    .as_str()
                    .expect("a media type")
                    .to_owned(),
                content_sha256: digest(&reply["contentSha256"]),
            });
        }
        if step.replay {
            let call = call.to_owned();
            self.replays
                .push((ReplayRecord { by, call, request }, text));
        }
    }
}

fn digest(value: &Value) -> Digest {
    value
        .as_str()
        .and_then(|text| text.parse().ok())
        .expect("a digest")
}

fn open(path: &Path) -> SqliteStore {
    SqliteStore::open(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

async fn read(store: &dyn Store, id: Uuid) -> Case {
    let case = store.case(id).await.expect("a case that can be read");
    Case::clone(&case.expect("a case"))
}
