//! Runs the command and ends the process with its exit code.

use std::process::ExitCode;

fn main() -> ExitCode {
    second_opinion::cli::Cli::run().into()
}
