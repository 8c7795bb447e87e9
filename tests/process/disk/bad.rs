//! How does a test get a bad disk under a server? A library that is loaded before the C library, and a file that tells it
//! what to do.

use std::fs::{self, File, OpenOptions};
use std::os::unix::fs::FileExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use tempfile::TempDir;

use crate::program::{Server, program};

/// Whom faults hit, as `disk.c` numbers the kinds of files.
pub mod kind {
    pub const DATABASE: u64 = 1;
    pub const LOG: u64 = 2;
    pub const FOLDER: u64 = 16;
    pub const ALL: u64 = 63;
}

/// What the disk is told, by its place in the control file.
#[derive(Clone, Copy)]
pub enum Tell {
    Kinds = 0,
    Room = 1,
    WriteError = 2,
    OpenError = 3,
    SyncError = 4,
    SyncPasses = 5,
    SyncFails = 6,
    SyncMs = 7,
}

/// Numbers of errors, as Linux has them.
pub mod errno {
    pub const EIO: u64 = 5;
    pub const EACCES: u64 = 13;
    pub const EROFS: u64 = 30;
}

const NUMBERS: usize = 10;
const SYNCS: usize = 8;
const FAULTS: usize = 9;

/// A folder on a disk that fails as it is told.
pub struct BadDisk {
    folder: TempDir,
    control: File,
    keeps_journal: bool,
}

impl BadDisk {
    /// A disk that works well, for now.
    pub fn new() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let at = |name: &str| folder.path().join(name);
        fs::create_dir(at("root")).expect("a folder");
        File::create(at("journal")).expect("a file");
        let mut options = OpenOptions::new();
        let options = options.read(true).write(true).create_new(true);
        let control = options.open(at("control")).expect("a file");
        control.set_len(8 * NUMBERS as u64).expect("its size");
        let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/process/disk/disk.c");
        let compiled = Command::new("cc")
            // What stands in for calls of the C library is not to be made of its own stand-ins.
            .args(["-O0", "-U_FORTIFY_SOURCE", "-Wall", "-Wextra"])
            .args(["-shared", "-fPIC", "-pthread", "-o"])
            .args([at("disk.so"), source])
            .output()
            .expect("a C compiler");
        let said = String::from_utf8_lossy(&compiled.stderr);
        assert!(compiled.status.success(), "{said}");
        let disk = Self {
            folder,
            control,
            keeps_journal: false,
        };
        disk.mended();
        disk
    }

    /// One that writes down what it is asked to do.
    pub fn with_journal() -> Self {
        Self {
            keeps_journal: true,
            ..Self::new()
        }
    }

    /// What stands on the disk.
    pub fn root(&self) -> PathBuf {
        self.folder.path().join("root")
    }

    /// The server's data, in a folder that is not there yet, nor the one around it.
    pub fn data(&self) -> PathBuf {
        self.root().join("plan/data")
    }

    pub fn journal(&self) -> PathBuf {
        self.folder.path().join("journal")
    }

    /// As many bytes as the journal has. What was acknowledged before holds for every cut from here on.
    pub fn now(&self) -> usize {
        let length = fs::metadata(self.journal()).expect("a journal").len();
        usize::try_from(length).expect("it fits")
    }

    pub fn tell(&self, what: Tell, number: u64) {
        let at = 8 * what as u64;
        let told = self.control.write_all_at(&number.to_ne_bytes(), at);
        told.expect("told");
    }

    /// Faults hit these files, from the next thing that is told on.
    pub fn of(&self, kinds: u64) -> &Self {
        self.tell(Tell::Kinds, kinds);
        self
    }

    /// No faults any more.
    pub fn mended(&self) {
        for what in [
            Tell::WriteError,
            Tell::OpenError,
            Tell::SyncFails,
            Tell::SyncPasses,
            Tell::SyncMs,
        ] {
            self.tell(what, 0);
        }
        self.tell(Tell::Room, u64::MAX);
        self.tell(Tell::SyncError, errno::EIO);
        self.tell(Tell::Kinds, kind::ALL);
    }

    fn counted(&self, at: usize) -> u64 {
        let mut number = [0; 8];
        let read = self.control.read_exact_at(&mut number, 8 * at as u64);
        read.expect("a number");
        u64::from_ne_bytes(number)
    }

    /// Syncs that were let through, of the files that faults would hit.
    pub fn syncs(&self) -> u64 {
        self.counted(SYNCS)
    }

    /// Calls that the disk failed.
    pub fn faults(&self) -> u64 {
        self.counted(FAULTS)
    }

    fn variables(&self) -> Vec<(&'static str, PathBuf)> {
        let at = |name: &str| self.folder.path().join(name);
        let mut variables = vec![
            ("LD_PRELOAD", at("disk.so")),
            ("DISK_ROOT", at("root")),
            ("DISK_CONTROL", at("control")),
        ];
        if self.keeps_journal {
            variables.push(("DISK_JOURNAL", self.journal()));
        }
        variables
    }

    /// A server on this disk.
    pub fn serve(&self) -> Server {
        let served = self.try_serve();
        served.unwrap_or_else(|(code, said)| panic!("the server ended with {code:?}: {said}"))
    }

    /// The same; of one that ends before it serves, its exit code and what it said.
    pub fn try_serve(&self) -> Result<Server, (Option<i32>, String)> {
        let variables = self.variables();
        let variables: Vec<(&str, &Path)> = variables
            .iter()
            .map(|(name, value)| (*name, value.as_path()))
            .collect();
        Server::try_start(&self.data(), &[], &variables)
    }

    /// The program on this disk, which ends by itself: its exit code and what it says.
    pub fn run(&self, arguments: &[&str]) -> (Option<i32>, String) {
        let output = program(&self.data())
            .envs(self.variables())
            .args(arguments)
            .output()
            .expect("the program");
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        (output.status.code(), said)
    }
}
