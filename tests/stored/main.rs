//! Golden files: events, letters and stores that earlier builds wrote and this build must read.
//!
//! The files under `tests/golden/stored/` never change. The results that this build must give stand under
//! `tests/golden/expected/`. `tests/golden/stored/README.md` says how both are written.

mod contract;
mod coverage;
mod events;
mod files;
mod letters;
mod plans;
mod postgres;
mod record;
mod script;
mod sqlite;
mod stores;
mod write;

#[path = "../support/mod.rs"]
mod support;
