//! A fleet of servers on one PostgreSQL, in which a test replaces servers, and the sizes of tests.

use std::path::Path;
use std::sync::{Arc, Mutex};

use uuid::Uuid;

use crate::program::{Server, lazy_client, run, text};
use crate::support::server::Client;

/// Servers with one database.
pub struct Fleet {
    folder: tempfile::TempDir,
    pub url: String,
    servers: Mutex<Vec<Server>>,
}

impl Fleet {
    /// Migrates a database and starts servers on it.
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

    /// A client of the nth server, modulo their number, with its own connection. It connects with the first call.
    pub fn client(&self, nth: usize) -> Client {
        let servers = self.servers.lock().expect("a lock");
        let address = servers[nth % servers.len()].address.clone();
        lazy_client(&address, self.data())
    }

    /// Replaces the nth server, after `kill -9`, by one at another address.
    pub fn replace(&self, nth: usize) {
        let index = nth % self.servers.lock().expect("a lock").len();
        let new = Server::start_with(self.data(), &["--store", &self.url]);
        let old = std::mem::replace(&mut self.servers.lock().expect("a lock")[index], new);
        old.kill();
    }
}

/// A random number below a limit.
pub fn random_below(limit: usize) -> usize {
    let random = Uuid::now_v7().as_u128() & 0xffff_ffff;
    usize::try_from(random).expect("32 bits") % limit
}

/// The size of a test: the number in the variable `SECOND_OPINION_TEST_…`, or the default for every run.
pub fn size(variable: &str, default: usize) -> usize {
    let name = format!("SECOND_OPINION_TEST_{variable}");
    match std::env::var(&name) {
        Ok(number) => number
            .parse()
            .unwrap_or_else(|_| panic!("{name}: not a number")),
        Err(_) => default,
    }
}
