//! The program itself, as an operator runs it: exit codes, commands, a second server, kill -9.

#[path = "../support/mod.rs"]
mod support;

mod callers;
mod commands;
mod copying;
mod database;
#[cfg(target_os = "linux")]
mod disk;
mod ending;
mod fleet;
mod floods;
mod hurried;
mod letters;
mod ops;
mod postgres;
mod program;
mod serving;
mod soak;
mod sweeping;
mod traces;
mod watchers;
