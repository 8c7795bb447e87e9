//! Standard output and the runtime of a subcommand.

use std::io::{self, ErrorKind, Write as _};

use tokio::runtime::{Builder, Runtime};

use super::failure::Failure;

/// Prints a result on standard output. A reader that stops early is not a failure.
pub(super) fn print(result: &str) -> Result<(), Failure> {
    let mut out = io::stdout().lock();
    match writeln!(out, "{}", result.trim_end_matches('\n')).and_then(|()| out.flush()) {
        Err(error) if error.kind() != ErrorKind::BrokenPipe => Err(Failure::other(error)),
        Ok(()) | Err(_) => Ok(()),
    }
}

/// A runtime for a command that does one thing at a time.
pub(super) fn runtime() -> Result<Runtime, Failure> {
    Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(Failure::other)
}
