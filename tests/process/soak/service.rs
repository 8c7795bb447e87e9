//! Servers on one store that are stopped and started again, and the record of their outages.

use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use super::credentials::Credentials;
use super::report::Process;
use crate::program::{Server, run, text};
use crate::support::server::Client;

/// A call this long after an outage may still fail by it.
const OUTAGE_GRACE: Duration = Duration::from_secs(5);

/// Servers on one store.
pub struct Service {
    pub name: &'static str,
    folder: tempfile::TempDir,
    /// A database's URL; `None`: a file in the folder.
    pub store: Option<String>,
    credentials: Arc<Credentials>,
    slots: Vec<Slot>,
}

/// One server and its successors.
struct Slot {
    server: Mutex<Option<Server>>,
    client: Mutex<Client>,
    /// The number of earlier servers.
    generation: AtomicUsize,
    /// The start and end of each outage; no end: it lasts.
    outages: Mutex<Vec<(Instant, Option<Instant>)>>,
}

impl Service {
    pub fn start(
        name: &'static str,
        store: Option<&str>,
        servers: usize,
        credentials: &Arc<Credentials>,
    ) -> Arc<Self> {
        let mut service = Self {
            name,
            folder: tempfile::tempdir().expect("a folder"),
            store: store.map(str::to_owned),
            credentials: Arc::clone(credentials),
            slots: Vec::new(),
        };
        if store.is_some() {
            service.command("migrate");
        }
        for _ in 0..servers {
            let server = service.server();
            service.slots.push(Slot {
                client: Mutex::new(credentials.client(&server.address)),
                server: Mutex::new(Some(server)),
                generation: AtomicUsize::new(0),
                outages: Mutex::default(),
            });
        }
        Arc::new(service)
    }

    pub fn data(&self) -> &Path {
        self.folder.path()
    }

    fn server(&self) -> Server {
        let mut arguments = self.credentials.arguments();
        if let Some(store) = &self.store {
            arguments.extend(["--store".to_owned(), store.clone()]);
        }
        let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
        Server::start_with(self.data(), &arguments)
    }

    /// Runs a command on the store, which must succeed. Returns its error output.
    pub fn command(&self, command: &str) -> String {
        let store = self.store.iter().flat_map(|store| ["--store", store]);
        let arguments: Vec<&str> = store.chain([command]).collect();
        let done = run(self.data(), &arguments, "");
        let errors = text(&done.stderr);
        assert_eq!(done.status.code(), Some(0), "{}: {errors}", self.name);
        errors
    }

    pub fn servers(&self) -> usize {
        self.slots.len()
    }

    pub fn client(&self, nth: usize) -> Client {
        self.slots[nth].client.lock().expect("a lock").clone()
    }

    /// Replaces every client: callers connect again and send the current token.
    pub fn reconnect(&self) {
        for slot in &self.slots {
            if let Some(server) = &*slot.server.lock().expect("a lock") {
                let client = self.credentials.client(&server.address);
                *slot.client.lock().expect("a lock") = client;
            }
        }
    }

    /// Stops a server, by SIGTERM or by `kill -9`, and starts its successor.
    pub fn restart(&self, nth: usize, is_graceful: bool) {
        let slot = &self.slots[nth];
        slot.begin_outage();
        let old = slot.server.lock().expect("a lock").take();
        stop(old.expect("a server"), is_graceful);
        let new = self.server();
        *slot.client.lock().expect("a lock") = self.credentials.client(&new.address);
        *slot.server.lock().expect("a lock") = Some(new);
        slot.generation.fetch_add(1, Ordering::SeqCst);
        slot.end_outage();
    }

    /// Restarts a dependency of all its servers, and records the outage.
    pub fn restart_dependency(&self, restart: impl FnOnce()) {
        self.slots.iter().for_each(Slot::begin_outage);
        restart();
        self.slots.iter().for_each(Slot::end_outage);
    }

    /// Stops all its servers by SIGTERM.
    pub fn stop(&self) {
        for slot in &self.slots {
            slot.begin_outage();
            let server = slot.server.lock().expect("a lock").take();
            stop(server.expect("a server"), true);
        }
    }

    /// Whether a call between these instants may have failed by an outage of the server.
    pub fn had_outage(&self, nth: usize, start: Instant, end: Instant) -> bool {
        let outages = self.slots[nth].outages.lock().expect("a lock");
        outages.iter().any(|(outage_start, outage_end)| {
            let is_before_end =
                outage_end.is_none_or(|outage_end| start <= outage_end + OUTAGE_GRACE);
            *outage_start <= end && is_before_end
        })
    }

    pub fn processes(&self) -> impl Iterator<Item = Process> {
        self.slots.iter().map(|slot| {
            let server = slot.server.lock().expect("a lock");
            let kilobytes = server.as_ref().expect("a server").resident_kilobytes();
            let kilobytes = u32::try_from(kilobytes).expect("less than terabytes");
            Process {
                generation: slot.generation.load(Ordering::SeqCst),
                megabytes: f64::from(kilobytes) / 1_024.0,
            }
        })
    }
}

impl Slot {
    fn begin_outage(&self) {
        let mut outages = self.outages.lock().expect("a lock");
        outages.push((Instant::now(), None));
    }

    fn end_outage(&self) {
        let mut outages = self.outages.lock().expect("a lock");
        if let Some((_, end)) = outages.last_mut() {
            *end = Some(Instant::now());
        }
    }
}

fn stop(server: Server, is_graceful: bool) {
    if !is_graceful {
        return server.kill();
    }
    let (code, _, errors) = server.terminate_and_read();
    let panic = errors.lines().find(|line| line.contains("panicked"));
    assert_eq!((code, panic), (Some(0), None));
}
