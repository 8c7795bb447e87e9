//! A throwaway PostgreSQL, which a test may kill, restart, and replace by a standby.

use std::path::PathBuf;
use std::process::Command;

use crate::program::text;

/// A PostgreSQL of one test, started by `scripts/postgres`.
pub struct Database {
    folder: PathBuf,
    pub url: String,
    /// The folder of the server's certificate. Without one it accepts connections without TLS.
    certificate: Option<PathBuf>,
}

impl Database {
    pub fn start() -> Self {
        Self::start_with(None)
    }

    pub fn start_with(certificate: Option<PathBuf>) -> Self {
        let mut database = Self::new();
        database.certificate = certificate;
        database.url = database.run_script("start", &[]);
        database
    }

    fn new() -> Self {
        let name = format!("second-opinion-test-{}", uuid::Uuid::now_v7());
        Self {
            folder: std::env::temp_dir().join(name),
            url: String::new(),
            certificate: None,
        }
    }

    fn run_script(&self, command: &str, arguments: &[&str]) -> String {
        let mut script = Command::new(concat!(env!("CARGO_MANIFEST_DIR"), "/scripts/postgres"));
        if let Some(certificate) = &self.certificate {
            script.env("SECOND_OPINION_POSTGRES_TLS", certificate);
        }
        script.arg(command).arg(&self.folder).args(arguments);
        let output = script.output().expect("the script");
        assert!(output.status.success(), "{}", text(&output.stderr));
        text(&output.stdout).trim().to_owned()
    }

    /// Starts a synchronous standby: from now on each commit waits for it.
    pub fn standby(&self) -> Self {
        let mut standby = Self::new();
        let primary = self.folder.to_str().expect("a path");
        standby.url = standby.run_script("standby", &[primary]);
        standby
    }

    /// Stops replication to the standby, as a network partition would.
    pub fn partition(&self) {
        self.run_script("part", &[]);
    }

    /// Promotes a standby to the primary.
    pub fn promote(&self) {
        self.run_script("promote", &[]);
    }

    /// Kills the server, as a power cut would.
    pub fn kill(&self) {
        self.run_script("kill", &[]);
    }

    /// Starts the server again, at the same address and with its data.
    pub fn restart(&self) {
        assert_eq!(self.run_script("start", &[]), self.url);
    }

    /// A URL with both hosts, of which a client takes the primary.
    pub fn url_with_standby(&self, other: &Self) -> String {
        let host = |url: &str| {
            let host = url.split(['@', '/']).nth(3).expect("a host");
            host.to_owned()
        };
        let (one, two) = (host(&self.url), host(&other.url));
        let both = self.url.replace(&one, &format!("{one},{two}"));
        format!("{both}?target_session_attrs=read-write")
    }
}

impl Drop for Database {
    fn drop(&mut self) {
        self.run_script("stop", &[]);
    }
}
