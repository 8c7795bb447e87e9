//! A PostgreSQL of the test's own: how is it started, ended, followed by a standby, and found by several servers?

use std::path::PathBuf;
use std::process::Command;

use crate::program::text;

/// A PostgreSQL of the test's own, which it may end as it likes.
pub struct Database {
    folder: PathBuf,
    pub url: String,
    /// The folder of its certificate; `None`: it takes connections in the clear.
    certificate: Option<PathBuf>,
}

impl Database {
    pub fn start() -> Self {
        Self::start_with(None)
    }

    pub fn start_with(certificate: Option<PathBuf>) -> Self {
        let mut database = Self::placed();
        database.certificate = certificate;
        database.url = database.script("start", &[]);
        database
    }

    fn placed() -> Self {
        let name = format!("second-opinion-test-{}", uuid::Uuid::now_v7());
        Self {
            folder: std::env::temp_dir().join(name),
            url: String::new(),
            certificate: None,
        }
    }

    fn script(&self, command: &str, further: &[&str]) -> String {
        let mut script = Command::new(concat!(env!("CARGO_MANIFEST_DIR"), "/scripts/postgres"));
        if let Some(certificate) = &self.certificate {
            script.env("SECOND_OPINION_POSTGRES_TLS", certificate);
        }
        script.arg(command).arg(&self.folder).args(further);
        let done = script.output().expect("the script");
        assert!(done.status.success(), "{}", text(&done.stderr));
        text(&done.stdout).trim().to_owned()
    }

    /// A standby of it, for which each of its commits waits from now on.
    pub fn standby(&self) -> Self {
        let mut standby = Self::placed();
        let primary = self.folder.to_str().expect("a path");
        standby.url = standby.script("standby", &[primary]);
        standby
    }

    /// Its standby hears nothing more of it.
    pub fn part(&self) {
        self.script("part", &[]);
    }

    /// Makes a standby the one that takes changes.
    pub fn promote(&self) {
        self.script("promote", &[]);
    }

    /// As a power cut ends it.
    pub fn kill(&self) {
        self.script("kill", &[]);
    }

    /// Where it was, with what it had.
    pub fn restart(&self) {
        assert_eq!(self.script("start", &[]), self.url);
    }

    /// The URL of whichever of two takes changes.
    pub fn or(&self, other: &Self) -> String {
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
        self.script("stop", &[]);
    }
}
