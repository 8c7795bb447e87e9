//! Several servers on one PostgreSQL: who calls which of them, and what takes the place of one that is lost?

use std::path::Path;
use std::sync::{Arc, Mutex};

use uuid::Uuid;

use crate::program::{Server, lazily, run, text};
use crate::support::server::Client;

/// Servers that have a database in common.
pub struct Fleet {
    folder: tempfile::TempDir,
    pub url: String,
    servers: Mutex<Vec<Server>>,
}

impl Fleet {
    /// Brings a database to the present schema and starts servers on it.
    pub fn start(url: &str, servers: usize) -> Arc<Self> {
        let folder = tempfile::tempdir().expect("a folder");
        let store = ["--store", url];
        let migrated = run(folder.path(), &[store[0], store[1], "migrate"], "");
        assert!(migrated.status.success(), "{}", text(&migrated.stderr));
        let servers = (0..servers).map(|_| Server::start_with(folder.path(), &store));
        let servers = Mutex::new(servers.collect());
        Arc::new(Self {
            folder,
            url: url.to_owned(),
            servers,
        })
    }

    pub fn data(&self) -> &Path {
        self.folder.path()
    }

    /// A client with a connection of its own to the nth server, counted round and round. It connects when it first calls.
    pub fn client(&self, nth: usize) -> Client {
        let servers = self.servers.lock().expect("a lock");
        let address = servers[nth % servers.len()].address.clone();
        lazily(&address, self.data())
    }

    /// `kill -9` of the nth server; another one, at another address, takes its place.
    pub fn replace(&self, nth: usize) {
        let at = nth % self.servers.lock().expect("a lock").len();
        let new = Server::start_with(self.data(), &["--store", &self.url]);
        let old = std::mem::replace(&mut self.servers.lock().expect("a lock")[at], new);
        old.kill();
    }
}

/// A number below a limit, by chance.
pub fn chance(limit: usize) -> usize {
    let random = Uuid::now_v7().as_u128() & 0xffff_ffff;
    usize::try_from(random).expect("32 bits") % limit
}

/// How much a test does: a number in a variable, or the one that suits every run.
pub fn size(variable: &str, usual: usize) -> usize {
    let name = format!("SECOND_OPINION_TEST_{variable}");
    match std::env::var(&name) {
        Ok(number) => number
            .parse()
            .unwrap_or_else(|_| panic!("{name}: no number")),
        Err(_) => usual,
    }
}
