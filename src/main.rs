//! Runs the command, and ends the process with its exit code.

use std::process::ExitCode;

/// A call allocates some hundred small values on one thread and frees some on another: mimalloc is faster at both than the
/// system's allocator, and returns memory.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    second_opinion::cli::Cli::run().into()
}
