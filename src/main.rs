//! Runs the command and ends the process with its exit code.

use std::process::ExitCode;

/// A call makes and drops some hundred small things on one thread and some on another: mimalloc is quicker at both than
/// the system's allocator, and gives memory back.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    second_opinion::cli::Cli::run().into()
}
