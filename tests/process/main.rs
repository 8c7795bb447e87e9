//! The program as an operator runs it: commands, exit codes, servers that are stopped, killed and flooded.

#[path = "../support/mod.rs"]
mod support;

mod callers;
mod commands;
mod copying;
mod database;
mod deadlines;
#[cfg(target_os = "linux")]
mod disk;
mod ending;
mod fleet;
mod floods;
mod letters;
mod ops;
mod postgres;
mod program;
mod serving;
mod soak;
mod sweeping;
mod traces;
mod watchers;
