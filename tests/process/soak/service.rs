//! Servers on one store that are ended and started again: where are they, and when was which of them away?

use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use super::keys::Keys;
use super::report::Process;
use crate::program::{Server, run, text};
use crate::support::server::Client;

/// So long after a server or its database is back a call may still be told of the loss.
const AFTERWARDS: Duration = Duration::from_secs(5);

/// Servers on one store, each in a place of its own.
pub struct Service {
    pub name: &'static str,
    folder: tempfile::TempDir,
    /// A database's URL; `None`: a file in the folder.
    pub store: Option<String>,
    keys: Arc<Keys>,
    places: Vec<Place>,
}

/// Where one server stands after the other.
struct Place {
    server: Mutex<Option<Server>>,
    client: Mutex<Client>,
    /// How many stood here before.
    life: AtomicUsize,
    /// From when to when none was here that could answer; no end: not back yet.
    away: Mutex<Vec<(Instant, Option<Instant>)>>,
}

impl Service {
    pub fn start(
        name: &'static str,
        store: Option<&str>,
        servers: usize,
        keys: &Arc<Keys>,
    ) -> Arc<Self> {
        let mut service = Self {
            name,
            folder: tempfile::tempdir().expect("a folder"),
            store: store.map(str::to_owned),
            keys: Arc::clone(keys),
            places: Vec::new(),
        };
        if store.is_some() {
            service.command("migrate");
        }
        for _ in 0..servers {
            let server = service.server();
            service.places.push(Place {
                client: Mutex::new(keys.client(&server.address)),
                server: Mutex::new(Some(server)),
                life: AtomicUsize::new(0),
                away: Mutex::default(),
            });
        }
        Arc::new(service)
    }

    pub fn data(&self) -> &Path {
        self.folder.path()
    }

    fn server(&self) -> Server {
        let mut arguments = self.keys.arguments();
        if let Some(store) = &self.store {
            arguments.extend(["--store".to_owned(), store.clone()]);
        }
        let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
        Server::start_with(self.data(), &arguments)
    }

    /// Runs a command on the store; it must be content. Gives what it said of that.
    pub fn command(&self, command: &str) -> String {
        let store = self.store.iter().flat_map(|store| ["--store", store]);
        let arguments: Vec<&str> = store.chain([command]).collect();
        let done = run(self.data(), &arguments, "");
        let said = text(&done.stderr);
        assert_eq!(done.status.code(), Some(0), "{}: {said}", self.name);
        said
    }

    /// How many servers it has.
    pub fn size(&self) -> usize {
        self.places.len()
    }

    pub fn client(&self, nth: usize) -> Client {
        self.places[nth].client.lock().expect("a lock").clone()
    }

    /// Every caller connects anew, with the token of the moment.
    pub fn reconnect(&self) {
        for place in &self.places {
            if let Some(server) = &*place.server.lock().expect("a lock") {
                let client = self.keys.client(&server.address);
                *place.client.lock().expect("a lock") = client;
            }
        }
    }

    /// Ends a server, by SIGTERM or by `kill -9`, and starts another one in its place.
    pub fn restart(&self, nth: usize, kindly: bool) {
        let place = &self.places[nth];
        place.leave();
        let old = place.server.lock().expect("a lock").take();
        end(old.expect("a server"), kindly);
        let new = self.server();
        *place.client.lock().expect("a lock") = self.keys.client(&new.address);
        *place.server.lock().expect("a lock") = Some(new);
        place.life.fetch_add(1, Ordering::SeqCst);
        place.come_back();
    }

    /// What all its servers need goes away, and comes back.
    pub fn without(&self, restart: impl FnOnce()) {
        self.places.iter().for_each(Place::leave);
        restart();
        self.places.iter().for_each(Place::come_back);
    }

    /// Ends all its servers by SIGTERM.
    pub fn stop(&self) {
        for place in &self.places {
            place.leave();
            let server = place.server.lock().expect("a lock").take();
            end(server.expect("a server"), true);
        }
    }

    /// Whether a call of that time may have been told that a server was away.
    pub fn was_away(&self, nth: usize, began: Instant, ended: Instant) -> bool {
        let away = self.places[nth].away.lock().expect("a lock");
        away.iter().any(|(left, back)| {
            let back = back.is_none_or(|back| began <= back + AFTERWARDS);
            *left <= ended && back
        })
    }

    pub fn processes(&self) -> impl Iterator<Item = Process> {
        self.places.iter().map(|place| {
            let server = place.server.lock().expect("a lock");
            let kilobytes = server.as_ref().expect("a server").resident_kilobytes();
            let kilobytes = u32::try_from(kilobytes).expect("less than terabytes");
            Process {
                life: place.life.load(Ordering::SeqCst),
                megabytes: f64::from(kilobytes) / 1_024.0,
            }
        })
    }
}

impl Place {
    fn leave(&self) {
        let mut away = self.away.lock().expect("a lock");
        away.push((Instant::now(), None));
    }

    fn come_back(&self) {
        let mut away = self.away.lock().expect("a lock");
        if let Some((_, back)) = away.last_mut() {
            *back = Some(Instant::now());
        }
    }
}

fn end(server: Server, kindly: bool) {
    if !kindly {
        return server.kill();
    }
    let (code, _, errors) = server.terminate_and_read();
    let panic = errors.lines().find(|line| line.contains("panicked"));
    assert_eq!((code, panic), (Some(0), None));
}
