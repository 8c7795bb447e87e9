//! The audit sink: where the audit line of each call goes, whatever the log filter says.

use std::fmt;
use std::fs::{File, OpenOptions};
use std::io;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

/// The log target of audit lines.
pub const TARGET: &str = "audit";

/// Where audit lines go.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum AuditSink {
    /// Among the log's lines.
    Log,
    /// To standard output, as JSON.
    Stdout,
    /// To the end of a file, as JSON.
    File(PathBuf),
}

impl fmt::Display for AuditSink {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Log => formatter.write_str("log"),
            Self::Stdout => formatter.write_str("stdout"),
            Self::File(path) => write!(formatter, "{}", path.display()),
        }
    }
}

/// Opens an audit file for appending, so that it may be truncated from outside.
///
/// It names callers and cases, so that its owner alone may read it.
pub(super) fn open(path: &Path) -> io::Result<File> {
    OpenOptions::new()
        .append(true)
        .create(true)
        .mode(0o600)
        .open(path)
}
