//! A disk with fault injection: a library that is loaded before the C library, and its control file.

use std::fs::{self, File, OpenOptions};
use std::os::unix::fs::FileExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use tempfile::TempDir;

use crate::program::{Server, program};

/// Kinds of files that faults apply to, as `disk.c` numbers them.
pub mod kind {
    pub const DATABASE: u64 = 1;
    pub const LOG: u64 = 2;
    pub const FOLDER: u64 = 16;
    pub const ALL: u64 = 63;
}

/// A number in the control file, by its index there.
#[derive(Clone, Copy)]
pub enum Control {
    Kinds = 0,
    FreeBytes = 1,
    WriteErrno = 2,
    OpenErrno = 3,
    SyncErrno = 4,
    SyncsBeforeFailures = 5,
    SyncFailures = 6,
    SyncMillis = 7,
}

/// Error numbers of Linux.
pub mod errno {
    pub const EIO: u64 = 5;
    pub const EACCES: u64 = 13;
    pub const EROFS: u64 = 30;
}

/// Numbers in the control file. The last two are counters of `disk.c`.
const NUMBERS: usize = 10;
const SYNCS: usize = 8;
const FAILED_CALLS: usize = 9;

/// A folder on a disk with fault injection.
pub struct FaultyDisk {
    folder: TempDir,
    control: File,
    has_journal: bool,
}

impl FaultyDisk {
    /// A disk without a fault for now.
    pub fn new() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let path = |name: &str| folder.path().join(name);
        fs::create_dir(path("root")).expect("a folder");
        File::create(path("journal")).expect("a file");
        let mut options = OpenOptions::new();
        let options = options.read(true).write(true).create_new(true);
        let control = options.open(path("control")).expect("a file");
        control.set_len(8 * NUMBERS as u64).expect("its size");
        let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/process/disk/disk.c");
        let compiler = Command::new("cc")
            // With FORTIFY_SOURCE the C library replaces some of the calls that this library replaces.
            .args(["-O0", "-U_FORTIFY_SOURCE", "-Wall", "-Wextra"])
            .args(["-shared", "-fPIC", "-pthread", "-o"])
            .args([path("disk.so"), source])
            .output()
            .expect("a C compiler");
        let errors = String::from_utf8_lossy(&compiler.stderr);
        assert!(compiler.status.success(), "{errors}");
        let disk = Self {
            folder,
            control,
            has_journal: false,
        };
        disk.repair();
        disk
    }

    /// A disk that keeps a journal of its operations.
    pub fn with_journal() -> Self {
        Self {
            has_journal: true,
            ..Self::new()
        }
    }

    /// The folder in which faults happen.
    pub fn root(&self) -> PathBuf {
        self.folder.path().join("root")
    }

    /// The server's data folder. The server creates it, and the folder around it.
    pub fn data(&self) -> PathBuf {
        self.root().join("plan/data")
    }

    pub fn journal(&self) -> PathBuf {
        self.folder.path().join("journal")
    }

    /// The journal's length in bytes. A change acknowledged by now has to survive every later cut.
    pub fn journal_length(&self) -> usize {
        let length = fs::metadata(self.journal()).expect("a journal").len();
        usize::try_from(length).expect("it fits")
    }

    pub fn set(&self, control: Control, number: u64) {
        let offset = 8 * control as u64;
        let written = self.control.write_all_at(&number.to_ne_bytes(), offset);
        written.expect("the control file");
    }

    /// Applies the faults that are set from now on to these kinds of files.
    pub fn target(&self, kinds: u64) -> &Self {
        self.set(Control::Kinds, kinds);
        self
    }

    /// Ends every fault.
    pub fn repair(&self) {
        for control in [
            Control::WriteErrno,
            Control::OpenErrno,
            Control::SyncFailures,
            Control::SyncsBeforeFailures,
            Control::SyncMillis,
        ] {
            self.set(control, 0);
        }
        self.set(Control::FreeBytes, u64::MAX);
        self.set(Control::SyncErrno, errno::EIO);
        self.set(Control::Kinds, kind::ALL);
    }

    fn counter(&self, index: usize) -> u64 {
        let mut number = [0; 8];
        let read = self.control.read_exact_at(&mut number, 8 * index as u64);
        read.expect("the control file");
        u64::from_ne_bytes(number)
    }

    /// Syncs that succeeded, of the kinds of files that faults apply to.
    pub fn syncs(&self) -> u64 {
        self.counter(SYNCS)
    }

    /// Calls that failed by fault injection.
    pub fn failed_calls(&self) -> u64 {
        self.counter(FAILED_CALLS)
    }

    fn variables(&self) -> Vec<(&'static str, PathBuf)> {
        let path = |name: &str| self.folder.path().join(name);
        let mut variables = vec![
            ("LD_PRELOAD", path("disk.so")),
            ("DISK_ROOT", path("root")),
            ("DISK_CONTROL", path("control")),
        ];
        if self.has_journal {
            variables.push(("DISK_JOURNAL", self.journal()));
        }
        variables
    }

    /// Starts a server on this disk.
    pub fn serve(&self) -> Server {
        let started = self.try_serve();
        started.unwrap_or_else(|(code, errors)| panic!("the server exited with {code:?}: {errors}"))
    }

    /// Starts a server on this disk. If it exits before it serves, returns its exit code and error output.
    pub fn try_serve(&self) -> Result<Server, (Option<i32>, String)> {
        let variables = self.variables();
        let variables: Vec<(&str, &Path)> = variables
            .iter()
            .map(|(name, value)| (*name, value.as_path()))
            .collect();
        Server::try_start(&self.data(), &[], &variables)
    }

    /// Runs the program on this disk until it exits. Returns its exit code and error output.
    pub fn run(&self, arguments: &[&str]) -> (Option<i32>, String) {
        let output = program(&self.data())
            .envs(self.variables())
            .args(arguments)
            .output()
            .expect("the program");
        let errors = String::from_utf8_lossy(&output.stderr).into_owned();
        (output.status.code(), errors)
    }
}
